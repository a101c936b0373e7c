"""Discounted sums of rewards; their laws are asked in tests/test_laws.py."""

from return_chunks import VALUES, chunk

from rlblocks.returns import MonteCarlo


def test_with_a_value_network():
    """Truncated and last rows bootstrap, and the value is the baseline."""
    found, advantage = MonteCarlo().compute(**chunk(*VALUES))

    assert found.tolist() == [[3.5, 1.0], [5.0, 6.0], [8.0, 8.0]]
    assert advantage.tolist() == [[2.5, 0.0], [3.0, 4.0], [5.0, 5.0]]


def test_without_a_value_network():
    """Nothing stands for what is not known, and there is no baseline."""
    found, advantage = MonteCarlo().compute(**chunk())

    assert found.tolist() == advantage.tolist() == [[2.0, 1.0], [2.0, 4.0], [4.0, 4.0]]
    assert found.data_ptr() != advantage.data_ptr()
