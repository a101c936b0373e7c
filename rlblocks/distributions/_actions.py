"""What distributions ask about actions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks._core.errors import FieldError

if TYPE_CHECKING:
    from rlblocks._core.keys import Spec

LARGEST = 1e30  # bounds beyond it stand for none, and the distance between two of them would not be finite


def choices(action: Spec) -> tuple[int, ...]:
    """How many entries each choice of an action has; none where actions are real numbers."""
    if isinstance(action.n, tuple):
        return action.n
    return (action.n,) * math.prod(action.shape) if action.n else ()


def components(action: Spec) -> int:
    """How many numbers an action has."""
    return math.prod(action.shape)


def not_real(action: Spec) -> str:
    """Why actions are not vectors of real numbers, to stand after a name; empty where they are."""
    if action.n or action.dtype != "float32":
        return f"chooses real numbers, as in a Box of floats, and the action is {action}"
    return "" if components(action) else f"chooses one number or more, and the action is {action}"


def bounds(action: Spec) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The least and the greatest value of each component, in flat order; −∞ and ∞ where there is none."""
    return _each(action.low, -math.inf, action), _each(action.high, math.inf, action)


def _each(bound: float | tuple[float, ...] | None, missing: float, action: Spec) -> tuple[float, ...]:
    if isinstance(bound, tuple):
        return bound
    return (missing if bound is None else bound,) * components(action)


def not_bounded(action: Spec) -> str:
    """Why actions have no bounds to be squashed into, to stand after a name; empty where they have."""
    if why := not_real(action):
        return why
    each = list(zip(*bounds(action), strict=True))
    if not all(low > -LARGEST and high < LARGEST for low, high in each):
        return "squashes actions into finite bounds, and the environment's have none in some component"
    for number, (low, high) in enumerate(each):
        if low >= high:
            return (
                f"squashes actions into finite bounds with room between them, and component {number} can only be {low}"
            )
    return ""


def crossed(owner: object, low: float, high: float) -> None:
    """Refuse a range of log σ that holds nothing.

    Raises:
        FieldError: `low` is not below `high`.
    """
    name = type(owner).__name__
    if low >= high:
        raise FieldError(
            f"{name}.low is {low:g} and {name}.high is {high:g}: no log σ lies between",
            fix=f"write {name}(low={high:g}, high={low:g})" if low > high else "write two numbers, the lower one first",
            block=name, field="low", value=low, expected=f"a number below {high:g}",
        )  # fmt: skip
