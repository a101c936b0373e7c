"""V-trace; its laws are asked in tests/test_laws.py."""

import torch
from return_chunks import RATIOS, VALUES, chunk

from rlblocks.returns import VTrace


def test_hand_worked_values():
    """Ratios (2, 1, ½), ρ̄ = 1.5, c̄ = 1: corrections (1.5·1 + ½·1·3, 3, ½·5) in the first environment."""
    found, advantage = VTrace(1.0, rho_max=1.5, c_max=1.0).compute(**chunk(*VALUES, *RATIOS))

    due = [[1 + 1.5 + 1.5, 1.0], [2 + 3.0, 2 + 1.5 + 0.5 * 2.5], [3 + 2.5, 3 + 2.5]]
    torch.testing.assert_close(found, torch.tensor(due))
    due = [[1.5 * (1 + 0.5 * (2 + 3) - 1), 0.0], [3.0, 2 + 0.5 * (3 + 2.5) - 2], [2.5, 2.5]]
    torch.testing.assert_close(advantage, torch.tensor(due))
