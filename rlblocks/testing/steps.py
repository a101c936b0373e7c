"""What a few environments went through, for normalizers: ends of every kind, and dummy steps that hold poison.

Inside an episode the next observation of a row is the observation of the row after it; at an end and in the last row it
is independent of all others, as a true final observation is.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks.normalizers.base import Steps
from rlblocks.testing.strategies import GAMMAS, floats, raw_bytes
from rlblocks.testing.trajectories import Shape, shapes

_KINDS = (
    (150, False, False),
    (185, True, False),
    (220, False, True),
    (256, True, True),
)  # below which byte, which flags
POISON = (float("nan"), float("inf"), 1e6)


@functools.cache
@st.composite
def steps(
    draw: st.DrawFn, shape: tuple[int, ...], batch: int | None = None, *, dummies: bool = True, closed: bool = False
) -> Steps:
    """Steps of one to three environments.

    Args:
        draw: from hypothesis.
        shape: of one observation.
        batch: how many environments; None draws a number.
        dummies: whether some of the rows after ends are not real.
        closed: whether every environment is at an end after the last row.
    """
    size = draw(shapes(batch))
    lead = (size.time, size.batch)
    seen, final = draw(floats(*lead, *shape)).numpy(), draw(floats(*lead, *shape)).numpy()
    terminated, truncated, real = _flags(draw(raw_bytes(size.time * size.batch)), size, dummies=dummies)
    if closed:
        truncated[-1] |= real[-1] & ~terminated[-1]
    gamma = draw(raw_bytes(size.time * size.batch if draw(st.booleans()) else 1)).astype(np.int64) % len(GAMMAS)
    discount = np.broadcast_to(np.array(GAMMAS)[gamma].reshape(-1 if gamma.size == 1 else lead), lead) * ~terminated
    goes_on = ~(terminated | truncated)[:-1].reshape(size.time - 1, size.batch, *[1] * len(shape))
    after = np.concatenate((np.where(goes_on, seen[1:], final[:-1]), final[-1:]))
    reward = draw(floats(*lead)).numpy().astype(np.float64)
    made = Steps(seen, after, reward, discount, terminated, truncated, real)
    return with_dummies(made, draw(st.sampled_from(POISON)) if not real.all() else 0.0)


def _flags(drawn: NDArray[np.uint8], size: Shape, *, dummies: bool) -> tuple[NDArray[np.bool_], ...]:
    """How each row ends, and which are real: after an end, those of an odd byte are not."""
    byte = drawn.reshape(size.time, size.batch)
    kind = np.searchsorted([limit for limit, *_ in _KINDS], byte, side="right")
    terminated, truncated = (np.array([flags[i] for _, *flags in _KINDS])[kind] for i in (0, 1))
    real = np.ones_like(terminated)
    for row in range(1, size.time if dummies else 0):
        real[row] = ~((terminated | truncated)[row - 1] & real[row - 1] & (byte[row] % 2 == 1))
        terminated[row] &= real[row]
    return terminated, truncated, real


def with_dummies(made: Steps, poison: float) -> Steps:
    """The same steps, with another number wherever a row is not real."""
    real = made.real

    def spoilt(column: NDArray[Any]) -> NDArray[Any]:
        return np.where(real.reshape(*real.shape, *[1] * (column.ndim - 2)), column, column.dtype.type(poison))

    return made._replace(
        observation=spoilt(made.observation),
        next_observation=spoilt(made.next_observation),
        reward=spoilt(made.reward),
    )


def spread(shape: tuple[int, ...], environments: int) -> Steps:
    """Two episodes of one step in each environment, of 4 and −4 in every column, so that there is a variance."""
    column = np.repeat([[4.0], [-4.0]], environments, axis=1)
    seen = np.broadcast_to(column.reshape(2, environments, *[1] * len(shape)), (2, environments, *shape))
    seen, yes = seen.astype(np.float32), np.ones((2, environments), bool)
    return Steps(seen, seen.copy(), column, 0.0 * column, yes, ~yes, yes.copy())


def cut(made: Steps, sizes: list[int]) -> list[Steps]:
    """Chunks of so many rows each."""
    edges = np.cumsum([0, *sizes]).tolist()
    return [Steps(*(column[start:end].copy() for column in made)) for start, end in pairwise(edges)]


def environment(made: Steps, index: int) -> Steps:
    """The steps of one environment alone."""
    return Steps(*(column[:, index : index + 1].copy() for column in made))


def joined(parts: list[Steps]) -> Steps:
    """Chunks after each other."""
    return Steps(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def without_dummies(made: Steps) -> Steps:
    """The real rows of one environment."""
    return Steps(*(column[made.real[:, 0]] for column in made))


def facts(made: Steps) -> list[str]:
    """What steps contain, by the names that laws ask for."""
    terminated, truncated, real = made.terminated & made.real, made.truncated & made.real, made.real
    end = terminated | truncated
    found = {
        "a termination": (terminated & ~truncated).any(),
        "a truncation": (truncated & ~terminated).any(),
        "both flags": (terminated & truncated).any(),
        "an end inside": end[:-1].any(),
        "a last row that goes on": (~end & real)[-1].any(),
        "an episode of one step": (end[1:] & end[:-1]).any(),
        "several environments": end.shape[1] > 1,
        "a dummy step": not real.all(),
    }
    return [what for what, there in found.items() if bool(there)]


@attrs.frozen
class Column:
    """A column that a normalizer may serve.

    Attributes:
        key: its key.
        shape: of one entry.
        observation: the shape of an observation beside it.
    """

    key: str
    shape: tuple[int, ...]
    observation: tuple[int, ...]


COLUMNS = (Column("observation", (3,), (3,)), Column("reward", (), (2,)), Column("observation", (2, 3), (2, 3)),
           Column("observation", (), ()))  # fmt: skip
