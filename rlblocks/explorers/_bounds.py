"""What explorers ask about the bounds of real actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rlblocks._core.keys import Spec

Bound: TypeAlias = "float | tuple[float, ...]"


def no_bounds(action: Spec) -> str:
    """Why noise of an action has no scale, to stand after a name; empty where it has."""
    if action.n:
        what = f"{len(action.n)} choices" if isinstance(action.n, tuple) else f"one of {action.n}"
        return f"chooses real numbers, and the action is {what}"
    bounded = action.low is not None and action.high is not None
    return "" if bounded else "needs actions between finite bounds, and in this environment a component has none"


def bounds_of(action: Spec) -> tuple[Bound, Bound]:
    """The bounds of an action that has them."""
    assert action.low is not None, "wiring refuses actions without bounds"
    assert action.high is not None, "wiring refuses actions without bounds"
    return action.low, action.high
