"""Random generators whose numbers are written beforehand, so that the ends of every range are met and not hoped for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

GREATEST = 1 - 2.0**-53  # float64 below 1
EDGES = (0.0, 2.0**-53, 0.5 - 2.0**-54, 0.5, 0.5 + 2.0**-53, GREATEST)


@attrs.frozen(eq=False)
class Scripted:
    """Stands where a numpy generator is asked for uniform numbers: it hands out `uniforms` in turn, for ever.

    It has the methods by which the library draws: `random`, `integers` (⌊u·(high − low)⌋ + low), `standard_normal` (by
    the inverse distribution function, of at most ±8) and `permutation` (by the order of the u).

    Attributes:
        uniforms: numbers in [0, 1), at least one.

    >>> scripted = Scripted((0.0, 0.5, GREATEST))
    >>> scripted.random(4).tolist()[:2], scripted.integers(0, 10, 3).tolist()
    ([0.0, 0.5], [5, 9, 0])
    """

    uniforms: tuple[float, ...]
    _turn: Any = attrs.field(init=False)

    @_turn.default
    def _from_the_first(self) -> Any:
        return itertools.cycle(self.uniforms)

    def random(self, size: Any = None, dtype: Any = np.float64, out: NDArray[Any] | None = None) -> Any:
        """Uniform numbers in [0, 1), also in float32, where the greatest is 1 − 2⁻²⁴."""
        if size is None and out is None:
            return next(self._turn)
        shape = out.shape if out is not None else size
        drawn = np.array(list(itertools.islice(self._turn, int(np.prod(shape)))), np.float64).reshape(shape)
        drawn = np.minimum(drawn.astype(dtype), np.nextafter(np.asarray(1, dtype), np.asarray(0, dtype)))
        if out is None:
            return drawn
        out[...] = drawn
        return out

    def integers(self, low: int, high: int | None = None, size: Any = None) -> Any:
        """Whole numbers from `low` to `high` − 1, or below `low`."""
        least, most = (0, low) if high is None else (low, high)
        found = np.floor(np.asarray(self.random(size)) * (most - least)).astype(np.int64) + least
        return int(found) if size is None else found

    def standard_normal(self, size: Any = None, dtype: Any = np.float64, out: NDArray[Any] | None = None) -> Any:
        """Normal numbers of the u in turn."""
        uniform = np.asarray(self.random(size if out is None else out.shape))
        drawn = np.vectorize(lambda u: max(-8.0, NormalDist().inv_cdf(u)) if u > 0 else -8.0)(uniform).astype(dtype)
        if out is None:
            return drawn if drawn.ndim else float(drawn)
        out[...] = drawn
        return out

    def permutation(self, count: int) -> NDArray[np.int64]:
        """The order of so many u."""
        return np.argsort(self.random(count), kind="stable").astype(np.int64)


@st.composite
def scripted_generators(draw: st.DrawFn, boundaries: Sequence[float] = ()) -> Scripted:
    """Generators whose numbers are 0, the least and the greatest float64 in (0, 1), ½ and its neighbours, and others.

    Args:
        draw: from hypothesis.
        boundaries: further numbers in (0, 1), such as the shares of rows; each and its two neighbours are among them.

    >>> from hypothesis import find, settings
    >>> find(scripted_generators(), lambda it: GREATEST in it.uniforms, settings=settings(database=None)).random() < 1
    True
    """
    near = [side for at in boundaries for side in (math.nextafter(at, 0), at, math.nextafter(at, 1))]
    edges = [u for u in (*EDGES, *near) if 0 <= u < 1]
    numbers = st.sampled_from(edges) | st.floats(0, GREATEST)
    return Scripted(tuple(draw(st.lists(numbers, min_size=1, max_size=12))))
