"""The target of soft actor-critic over Discrete actions; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks.aggregates import Average
from rlblocks.targets import DiscreteSoftQ
from tests.targets.control_rows import ROWS

GIVEN = {
    **ROWS,
    "logits": torch.tensor([[math.log(3.0), 0.0], [math.nan, math.nan]]),  # π = ¾, ¼
    "q": torch.tensor([[[4.0, 8.0], [0.0, 0.0]], [[6.0, 0.0], [0.0, 0.0]]]),
    "log_alpha": torch.tensor(0.0),
}
ENTROPY = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)


def test_hand_worked_values():
    """The least of both critics is 4 and 0, whose mean is 3; the mean of both is 5 and 4, whose mean is 4¾."""
    torch.testing.assert_close(DiscreteSoftQ().compute(**GIVEN), torch.tensor([1 + 0.5 * (3 + ENTROPY), 1.0]))
    torch.testing.assert_close(DiscreteSoftQ(Average()).compute(**GIVEN)[0].item(), 1 + 0.5 * (4.75 + ENTROPY))


def test_one_legal_action_is_taken():
    """Its value counts alone, and there is no entropy."""
    mask = torch.tensor([[False, True], [True, True]])

    assert DiscreteSoftQ(Average()).compute(**GIVEN, action_mask=mask).tolist() == [3.0, 1.0]


def test_values_of_other_actions_are_refused():
    """Three actions of which the policy knows two."""
    with pytest.raises(ValueError, match="logits has shape"):
        DiscreteSoftQ().compute(**{**GIVEN, "q": torch.zeros(2, 2, 3)})
