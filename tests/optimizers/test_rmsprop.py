"""RMSprop."""

import optimizer_runs as runs
import pytest
import torch

from rlblocks.optimizers import RMSprop


def test_hand_worked_values():
    """ρ = ¾: g = 4 gives v = 4 and a step of 4/2; then g = 2 gives v = 4 again and, with μ = ½, a step of 1 + 1."""
    param = [torch.tensor([10.0], dtype=torch.float64)]
    grads = [[torch.tensor([g], dtype=torch.float64)] for g in (4.0, 2.0)]

    runs.run(RMSprop(lr=1.0, decay=0.75, eps=1e-30, momentum=0.5), param, grads)

    assert param[0].item() == pytest.approx(10.0 - 2.0 - 2.0, rel=1e-12)
