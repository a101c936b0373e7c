"""λ-returns; their laws are asked in tests/test_laws.py."""

from return_chunks import VALUES, chunk

from rlblocks.returns import TDLambda


def test_hand_worked_values():
    """1 + ½(½·2 + ½·5) = 2.75 for the first row of the first environment."""
    found, advantage = TDLambda(0.5).compute(**chunk(*VALUES))

    assert found.tolist() == [[2.75, 1.0], [5.0, 4.75], [8.0, 8.0]]
    assert advantage.tolist() == [[1.75, 0.0], [3.0, 2.75], [5.0, 5.0]]
