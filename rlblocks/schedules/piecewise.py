"""Schedules one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.block import block
from rlblocks._core.errors import FieldError
from rlblocks.schedules.base import Schedule
from rlblocks.schedules.constant import Constant

if TYPE_CHECKING:
    from rlblocks._core.clocks import Clock


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _follow_each_other(_: object, __: object, value: Any) -> None:
    """Refuse pieces that are no schedules, that never end before another begins, or that read different clocks."""
    if not isinstance(value, tuple) or not value or not all(isinstance(piece, Schedule) for piece in value):
        raise FieldError(
            f"Piecewise.pieces is {value!r}, but must be a tuple of schedules, at least one",
            fix="write Piecewise((Linear(0.0, 1.0, over=EnvSteps(500)), Constant(1.0)))", value=value,
        )  # fmt: skip
    for index, piece in enumerate(value[:-1]):
        if isinstance(piece, Constant):
            c = piece.amount
            raise FieldError(
                f"Piecewise.pieces[{index}] is {piece!r}, which has no duration, so that no piece can follow it",
                fix=f"write Linear({c}, {c}, over=EnvSteps(…)), which holds {c} for a while", value=piece,
            )  # fmt: skip
    clocks = [type(piece.over) for piece in value if not isinstance(piece, Constant)]
    if len(set(clocks)) > 1:
        names = ", ".join(dict.fromkeys(clock.__name__ for clock in clocks))
        raise FieldError(f"Piecewise.pieces read different clocks: {names}", fix="give all one clock", value=value)


@block("piecewise")
class Piecewise(Schedule):
    """Schedules one after another, each for its own duration: v(t) = vᵢ(t − (D₀ + … + Dᵢ₋₁)) in the i-th piece.

    At a knot the piece that begins there rules. After the last duration the last piece goes on.

    Attributes:
        pieces: schedules on one and the same clock; only the last may be a `Constant`, which has no duration.

    >>> from rlblocks.schedules import Linear
    >>> from rlblocks._core.clocks import Updates
    >>> warmed = Piecewise((Linear(0.0, 1.0, over=Updates(10)), Linear(1.0, 0.5, over=Updates(100))))
    >>> warmed.at(5), warmed.at(10), warmed.at(60), warmed.at(999), warmed.over
    (0.5, 1.0, 0.75, 0.5, Updates(110))
    """

    equation = "v(t) = vᵢ(t − ΣDⱼ), j < i, in the i-th piece"
    tags = {"tail": "last", "knots": "right"}

    pieces: tuple[Schedule, ...] = attrs.field(
        converter=_as_tuple, validator=_follow_each_other, metadata={"kind": "slots", "role": "schedules"}
    )

    @property
    def over(self) -> Clock:
        """The sum of the durations; of a `Constant` at the end nothing."""
        timed = [piece.over for piece in self.pieces if not isinstance(piece, Constant)]
        return type(timed[0])(sum(clock.count for clock in timed)) if timed else self.pieces[0].over

    def at(self, t: float) -> float:
        """The value of the piece that rules at `t`, at its own local time."""
        for piece in self.pieces[:-1]:
            if t < piece.over.count:
                return piece.at(t)
            t -= piece.over.count
        return self.pieces[-1].at(t)

    def span(self) -> tuple[float, ...]:
        """The extreme values of all pieces."""
        return tuple(end for piece in self.pieces for end in piece.span())
