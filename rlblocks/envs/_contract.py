"""What an environment must return, checked at every step, and what to say where it does not."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rlblocks.envs._choices import UNMASKED, Choices

_NUMBERS = (int, float, np.number, np.bool_)
_RETURN = "in the environment, return "


class Wrong(Exception):  # noqa: N818  it says what is wrong; whoever knows where and when makes the fault of it
    """A value that may not be returned, how to mend it, and in which row of a batch it stands, where it is in one."""

    def __init__(self, what: str, fix: str, index: int | None = None) -> None:
        self.what, self.fix, self.index = what, fix, index


@attrs.frozen
class Contract:
    """What observations, rewards, flags and masks of actions must be.

    Attributes:
        shape: of one observation.
        dtype: of one observation, as stored.
        n: how many values a Discrete observation has; 0 for a Box.
        start: the least value of a Discrete observation; it is stored counting from 0.
        finite: whether an array of observations holds no NaN and no infinity.
        low, high: the bounds of a Box; empty where the type itself enforces them.
        choices: what a mask of actions is of; `UNMASKED` where actions are not masked.
        goals: the shape of a goal; empty where there are none.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    finite: Callable[[NDArray[Any]], bool]
    n: int = 0
    start: int = 0
    low: NDArray[Any] | None = None
    high: NDArray[Any] | None = None
    choices: Choices = UNMASKED
    goals: tuple[int, ...] = ()

    def observation(self, value: Any) -> Any:
        """The observation as it is stored.

        Raises:
            Wrong: not an array of the space's shape and dtype; for a Discrete space, not a whole number in it.
        """
        if self.n:
            usual = type(value) is int and 0 <= value - self.start < self.n
            return value - self.start if usual else self._discrete(value)
        if not isinstance(value, np.ndarray):
            raise Wrong(
                f"the observation is {_short(value)} of type {type(value).__name__}, not an array",
                f"{_RETURN}np.asarray(observation, dtype=np.{self.dtype})",
            )
        if value.shape != self.shape:
            raise Wrong(
                f"the observation has shape {value.shape}, and its space says {self.shape}",
                "make the environment's observation_space and its observations agree",
            )
        if value.dtype != self.dtype:
            raise Wrong(
                f"the observation has dtype {value.dtype}, and its space says {self.dtype}",
                f"{_RETURN}observation.astype(np.{self.dtype})",
            )
        return value

    def _discrete(self, value: Any) -> int:
        try:
            number = operator.index(value) - self.start
        except TypeError:
            raise Wrong(
                f"the observation is {_short(value)} of type {type(value).__name__}, and its space is discrete",
                f"{_RETURN}int(observation)",
            ) from None
        if not 0 <= number < self.n:
            raise Wrong(
                f"the observation is {number + self.start}, outside its space "
                f"{self.start} to {self.start + self.n - 1}",
                "make the environment's observation_space large enough",
            )
        return number

    def must_be_finite(self, observation: Any) -> None:
        """Refuse an observation that holds NaN or infinity.

        Raises:
            Wrong: it does.
        """
        observation = np.asarray(observation)
        if self.finite(observation):
            return
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(observation))[0])
        at = f" at {list(where)}" if where else ""
        raise Wrong(
            f"the observation holds {float(observation[where])}{at}",
            "look in the environment for a division by zero, or end the episode before it diverges",
        )

    def warn_outside(self, observations: NDArray[Any], name: str) -> None:
        """Warn of observations `[n, ...]` outside the bounds of their space. No fault: nothing relies on the bounds."""
        if self.low is None or self.high is None:
            return
        outside = (observations < self.low) | (observations > self.high)
        if outside.any():
            where = tuple(int(i) for i in np.argwhere(outside)[0])
            at = where[1:]
            warnings.warn(
                f"environment {name!r}: component {list(at)} of its observation is {observations[where]:g}, "
                f"and its space says {self.low[at]:g} to {self.high[at]:g}",
                stacklevel=3,
            )


def _always(_: NDArray[Any]) -> bool:
    """Integers are finite."""
    return True


def _all_finite(observations: NDArray[Any]) -> bool:
    """The same as `np.isfinite(observations).all()`, in half the time where there are few."""
    return b"\0" not in np.isfinite(observations).tobytes()


def contract_of(space: spaces.Space[Any], choices: Choices = UNMASKED) -> Contract:
    """The contract of a Box or Discrete observation space, and of masks of such choices."""
    if isinstance(space, spaces.Discrete):
        return Contract((), np.dtype(np.int64), _always, n=int(space.n), start=int(space.start), choices=choices)
    assert isinstance(space, spaces.Box)
    dtype = np.dtype(space.dtype)
    finite = _all_finite if dtype.kind == "f" else _always
    if dtype.kind in "iub":
        least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        unbounded = bool((space.low == least).all() and (space.high == most).all())
    else:
        unbounded = bool(np.isneginf(space.low).all() and np.isposinf(space.high).all())
    if unbounded:
        return Contract(space.shape, dtype, finite, choices=choices)
    return Contract(space.shape, dtype, finite, low=space.low, high=space.high, choices=choices)


def reward_of(value: Any) -> float:
    """A reward as a finite float.

    Raises:
        Wrong: no number, not finite, or an array.
    """
    if type(value) is not int:  # the usual one of those that are no floats
        scalar_array = isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "biuf"
        if not scalar_array and not isinstance(value, _NUMBERS):
            raise Wrong(
                f"the reward is {_short(value)} of type {type(value).__name__}, not a number",
                _RETURN + "float(reward)",
            )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if value > 0 else -math.inf
    if not math.isfinite(number):
        raise Wrong(f"the reward is {number}", "look in the environment for a division by zero or an overflow")
    return number


def flag_of(value: Any, name: str) -> bool:
    """A flag as a bool.

    Raises:
        Wrong: it is an int, None or anything else.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise Wrong(f"{name} is {_short(value)} of type {type(value).__name__}, not a bool", f"{_RETURN}bool({name})")


def raised(method: str, error: Exception) -> Wrong:
    """What to say of a method that raised."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    worker = isinstance(error, EOFError | ConnectionError)  # all that a dead worker leaves behind
    fix = (
        "a worker process has ended: it was killed, ran out of memory, or its environment left Python"
        if worker
        else "the traceback above this one shows where in the environment"
    )
    return Wrong(f"{method} raised {said}", fix)


def wrong_step(result: Any) -> Wrong:
    """What to say of a step that did not return five values."""
    count = f"{len(result)} values" if isinstance(result, tuple | list) else f"a {type(result).__name__}"
    old = ", as environments did before gym 0.26" if count == "4 values" else ""
    return Wrong(
        f"step returned {count}{old}; it takes five",
        _RETURN + "observation, reward, terminated, truncated, info",
    )


def wrong_reset(result: Any) -> Wrong:
    """What to say of a reset that did not return two values."""
    count = f"{len(result)} values" if isinstance(result, tuple | list) else f"a {type(result).__name__}"
    return Wrong(f"reset returned {count}; it takes two", _RETURN + "observation, info")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004  what fits on a line beside the rest
