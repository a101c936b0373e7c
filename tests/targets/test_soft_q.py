"""The target of soft actor-critic; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.aggregates import Average
from rlblocks.targets import SoftQ
from tests.targets.control_rows import SOFT, critics


def test_hand_worked_values():
    """The least critic says 6, and −α log π = 2: 1 + ½·8 = 5. With the mean of both, 7: 1 + ½·9."""
    torch.testing.assert_close(SoftQ().compute(**SOFT, q=critics), torch.tensor([5.0, 1.0]))
    torch.testing.assert_close(SoftQ(Average()).compute(**SOFT, q=critics), torch.tensor([5.5, 1.0]))
