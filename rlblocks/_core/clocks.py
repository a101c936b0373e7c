"""Typed clocks: a duration always says what it counts, and two clocks never mix.

>>> EnvSteps(500)
EnvSteps(500)
>>> clock_from_text("1_000 updates")
Updates(1000)
"""

from __future__ import annotations

import math
import re
from typing import ClassVar, Protocol

import attrs

from rlblocks._core.errors import FieldError, did_you_mean


class Times(Protocol):
    """Where a run stands: what every clock reads."""

    @property
    def env_steps(self) -> int: ...
    @property
    def updates(self) -> int: ...
    @property
    def episodes(self) -> int: ...
    @property
    def budget(self) -> int: ...


@attrs.frozen(repr=False)
class Clock:
    """A duration on one clock. Abstract: use `EnvSteps`, `Updates`, `Episodes` or `OfRun`."""

    unit: ClassVar[str] = ""
    count: float = attrs.field()

    @count.validator
    def _positive(self, _: object, value: object) -> None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        fraction = isinstance(value, float) and math.isfinite(value) and self.unit == OfRun.unit
        if not (whole or fraction) or not isinstance(value, int | float) or value <= 0:
            need = "a share of the run above 0" if self.unit == OfRun.unit else "a whole number above 0"
            raise FieldError(f"{type(self).__name__}({value!r}): a duration in {self.unit} must be {need}", value=value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.count})"

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"

    def now(self, times: Times) -> float:
        """The reading of this clock at `times`, in its own unit."""
        raise NotImplementedError

    def fired(self, times: Times) -> int:
        """How often "every self" has fired by then: ⌊now / self⌋."""
        reading = self.now(times)
        if isinstance(self.count, int):
            return int(reading // self.count)
        return int(reading / self.count + 1e-9)  # a hair for shares: in doubles 0.3 is less than three times 0.1


@attrs.frozen(repr=False)
class EnvSteps(Clock):
    """Environment steps, summed over all environments, warm-up included."""

    unit: ClassVar[str] = "env_steps"

    def now(self, times: Times) -> float:
        return times.env_steps


@attrs.frozen(repr=False)
class Updates(Clock):
    """Learn steps (gradient steps of the whole learn step, not of one objective)."""

    unit: ClassVar[str] = "updates"

    def now(self, times: Times) -> float:
        return times.updates


@attrs.frozen(repr=False)
class Episodes(Clock):
    """Finished episodes, summed over all environments."""

    unit: ClassVar[str] = "episodes"

    def now(self, times: Times) -> float:
        return times.episodes


@attrs.frozen(repr=False)
class OfRun(Clock):
    """A share of the planned run: `OfRun(0.2)` is a fifth of its environment steps."""

    unit: ClassVar[str] = "of_run"

    def now(self, times: Times) -> float:
        return times.env_steps / times.budget if times.budget else 1.0


CLOCKS: dict[str, type[Clock]] = {kind.unit: kind for kind in (EnvSteps, Updates, Episodes, OfRun)}


def clock_from_text(text: str) -> Clock:
    """Read "500 env_steps", "0.2 of_run", "100 updates" or "10 episodes"."""
    match = re.fullmatch(r"\s*([0-9_.+-]+(?:[eE][0-9+-]+)?)\s*([A-Za-z_]*)\s*", text)
    if not match:
        raise FieldError(
            f"{text!r} is not a duration", fix="write a number and a clock, as in '500 env_steps'", value=text
        )
    number, unit = match.groups()
    if unit not in CLOCKS:
        said = f"{unit!r} is no clock; {did_you_mean(unit, CLOCKS)}" if unit else f"{text!r} names no clock"
        raise FieldError(said, fix=f"write one of {', '.join(f'{number} {name}' for name in CLOCKS)}", value=text)
    digits = number.replace("_", "")
    try:
        count = int(digits) if digits.isdecimal() and unit != OfRun.unit else float(digits)
    except ValueError:
        raise FieldError(f"{number!r} is not a number", fix="write it as in '500 env_steps'", value=text) from None
    whole = isinstance(count, float) and unit != OfRun.unit and count.is_integer()
    return CLOCKS[unit](int(count) if whole else count)
