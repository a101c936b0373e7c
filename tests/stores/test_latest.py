"""The newest rows only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_streams import KEYS, LAW, row, same_rows, spec_for, stack, streams

from rlblocks._core.errors import RunError
from rlblocks.stores import Latest


@LAW
@given(streams(), st.integers(1, 20), st.integers(1, 12), st.data())
def test_hands_over_the_newest_rows_in_order(stream, capacity, steps, data):
    """A sample of b rows is the last b rows written, oldest first, and is the same when asked again."""
    memory, written = Latest(capacity).build(spec_for(stream.environments)), []
    for _ in range(steps):
        rows, environments = stream.step()
        memory.add(rows, environments)
        written += [{key: value[i] for key, value in rows.items()} for i in range(len(environments))]
    batch = data.draw(st.integers(1, len(memory)))
    expected = stack(written[-batch:])

    same_rows(memory.sample(batch, KEYS), expected)
    same_rows(memory.sample(batch, KEYS), expected)


def test_draws_nothing():
    """The generator is not moved."""
    spec = spec_for()
    before = spec.generator.bit_generator.state
    memory = Latest(4).build(spec)
    memory.add(stack([row(0, 0, 0)]), np.zeros(1, np.int64))
    memory.sample(1, KEYS)

    assert spec.generator.bit_generator.state == before


@pytest.mark.parametrize(("capacity", "fix"), [(3, r"Latest\(capacity=5\)"), (9, "warm up for 5 rows")])
def test_more_rows_than_there_are(capacity, fix):
    """No row is handed over twice: a larger batch is refused, and the fix depends on what is lacking."""
    memory = Latest(capacity).build(spec_for())
    memory.add(stack([row(0, 0, t) for t in range(4)]), np.zeros(4, np.int64))
    with pytest.raises(RunError, match=fix):
        memory.sample(5, KEYS)
