"""A vector of real numbers as one of a number of states."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium import wrappers as gym

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError, FieldError, RunError
from rlblocks.envs.base import Wrapper

if TYPE_CHECKING:
    from numpy.typing import NDArray

Env = gymnasium.Env[Any, Any]


@block("discretise")
class Discretise(Wrapper):
    """A vector `[k]` as one of Π_i bins_i states: which cell of a grid it lies in.

    i_j = ⌊bins_j·(o_j − low_j)/(high_j − low_j)⌋, cut to [0, bins_j), and the state is Σ_j i_j·Π_{l>j} bins_l: the last
    component counts fastest. What lies outside of the bounds falls into the outermost bins (Sutton and Barto, 2018,
    section 9.5.3, with one tiling).

    Attributes:
        bins: how many bins each component has, at least 1.
        low: the lower bounds, one for each component; those of the space if left out.
        high: the upper bounds, likewise.

    >>> env = Discretise((2, 3), low=(-1.0, 0.0), high=(1.0, 3.0))
    >>> env.state(np.array([0.5, 1.5])), env.state(np.array([-7.0, 99.0]))
    (4, 2)
    """

    bins: tuple[int, ...] = fields.sizes((8,))
    low: tuple[float, ...] = fields.numbers(())
    high: tuple[float, ...] = fields.numbers(())

    def __attrs_post_init__(self) -> None:
        if not self.bins:
            raise FieldError(
                "Discretise.bins is (), but must say how many bins each component has",
                fix="write one number for each, such as bins=(8, 8)", block="Discretise", field="bins",
            )  # fmt: skip
        for name, bound in (("low", self.low), ("high", self.high)):
            if bound and len(bound) != len(self.bins):
                raise FieldError(
                    f"Discretise.{name} is {bound}, but there are {len(self.bins)} bins of components",
                    fix=f"write one number for each: {len(self.bins)} of them", block="Discretise", field=name,
                )  # fmt: skip
        if self.low and self.high:
            _wide(self.low, self.high)

    def state(self, observation: NDArray[Any]) -> int:
        """The state of a vector, where both bounds are given.

        Raises:
            RunError: a component is NaN, which lies in no bin.
        """
        return _state(observation, self.bins, np.array(self.low), np.array(self.high))

    def wrap(self, env: Env) -> Env:
        """The environment with whole numbers for observations.

        Raises:
            BuildError: its observation is no vector of as many components, or has no bounds and none are given.
        """
        space = env.observation_space
        if not isinstance(space, spaces.Box) or space.shape != (len(self.bins),):
            raise BuildError(
                f"Discretise takes a vector of {len(self.bins)} numbers, one for each of bins={self.bins}, and the "
                f"observation is {space}",
                fix=_fix(space), block="Discretise", field="bins", value=self.bins,
            )  # fmt: skip
        low = np.array(self.low or space.low, np.float64)
        high = np.array(self.high or space.high, np.float64)
        for name, bound in (("low", low), ("high", high)):
            if not np.isfinite(bound).all():
                raise BuildError(
                    f"Discretise cannot part component {int(np.argmin(np.isfinite(bound)))} into bins, because its "
                    f"space has no bound: {name} is {tuple(float(x) for x in bound)}",
                    fix=f"say between which numbers the bins lie: Discretise({self.bins}, low=..., high=...)",
                    block="Discretise", field=name,
                )  # fmt: skip
        _wide(tuple(low.tolist()), tuple(high.tolist()), BuildError)
        if (states := math.prod(self.bins)) > np.iinfo(np.int64).max:
            raise BuildError(
                f"Discretise({self.bins}) makes {states:.0e} states, more than a whole number of 64 bits counts",
                fix="give fewer bins, or leave components out with Select", block="Discretise", field="bins",
            )  # fmt: skip
        counted = spaces.Discrete(states)
        return gym.TransformObservation(env, lambda observation: _state(observation, self.bins, low, high), counted)


def _state(
    observation: NDArray[Any], bins: tuple[int, ...], low: NDArray[np.float64], high: NDArray[np.float64]
) -> int:
    share = (np.asarray(observation, np.float64) - low) / (high - low)
    if np.isnan(share).any():
        raise RunError(
            f"component {int(np.argmax(np.isnan(share)))} of the observation is NaN, which lies in no bin",
            fix="look in the environment for a division by zero",
        )
    counts = np.array(bins)
    cell = np.clip(np.floor(np.clip(share, 0.0, 1.0) * counts).astype(np.int64), 0, counts - 1)
    return int(np.ravel_multi_index(tuple(cell), bins))


def _wide(low: tuple[float, ...], high: tuple[float, ...], told: type[FieldError | BuildError] = FieldError) -> None:
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        if not a < b:
            raise told(
                f"the bins of component {i} of Discretise have no width: low is {a:g} and high is {b:g}",
                fix=f"make high[{i}] greater than {a:g}, or leave the component out with Select",
                block="Discretise", field="high", component=i,
            )  # fmt: skip


def _fix(space: spaces.Space[Any]) -> str:
    if isinstance(space, spaces.Discrete):
        return "leave it out: the observation is counted already"
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return f"give {space.shape[0]} numbers of bins, or fewer components by Select"
    if isinstance(space, spaces.Box) and len(space.shape) > 1:
        return "use a body that reads it, such as NatureCNN() of images: a table would need a row for every picture"
    return "put the wrapper Flatten before it"
