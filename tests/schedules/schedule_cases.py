"""Schedules and times to try them with."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from rlblocks._core.clocks import Updates
from rlblocks.schedules import Constant, Cosine, Exponential, Linear, Piecewise

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)

values = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 0.05, -1.0])
counts = st.integers(1, 5) | st.integers(1, 10**7)


@st.composite
def piecewise(draw: st.DrawFn) -> Piecewise:
    """Ramps of any kind on one clock, now and then with a constant at the end."""
    kinds = draw(st.lists(st.sampled_from([Linear, Cosine, Exponential]), min_size=1, max_size=4))
    pieces = [kind(draw(values), draw(values), over=Updates(draw(counts))) for kind in kinds]
    tail = [Constant(draw(values))] if draw(st.booleans()) else []
    return Piecewise((*pieces, *tail))
