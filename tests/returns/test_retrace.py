"""Retrace(λ); its laws are asked in tests/test_laws.py."""

import torch
from return_chunks import RATIOS, VALUES, chunk

from rlblocks.returns import Retrace


def test_hand_worked_values():
    """Errors (1, 4, 7) and (0, 2.5, 7): the third row's ratio ½ weighs it, and no ratio above 1 weighs more than 1."""
    found, advantage = Retrace(1.0).compute(**chunk(*VALUES, "q", *RATIOS))

    torch.testing.assert_close(found, torch.tensor([[1 + 1 + 2.0, 1.0], [5.0, 1 + 2.5 + 0.25 * 7], [8.0, 8.0]]))
    torch.testing.assert_close(advantage, found - chunk("value")["value"])
