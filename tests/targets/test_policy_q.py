"""The target of deterministic policy gradients; its laws are asked in tests/test_laws.py."""

from rlblocks.aggregates import Average, Least
from rlblocks.targets import PolicyQ
from tests.targets.control_rows import ACTION, ROWS, critics


def test_hand_worked_values():
    """1 + ½·6 with the first critic, 1 + ½·7 with the mean of both; a terminated row is its reward."""
    assert PolicyQ().compute(**ROWS, **ACTION, q=critics).tolist() == [4.0, 1.0]
    assert PolicyQ(Average()).compute(**ROWS, **ACTION, q=critics).tolist() == [4.5, 1.0]
    assert PolicyQ(Least()).compute(**ROWS, **ACTION, q=lambda a: critics(a)[1]).tolist() == [5.0, 1.0]
