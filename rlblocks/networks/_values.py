"""What heads of action values share."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rlblocks._core.keys import Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from rlblocks.networks.base import ValueForm


def value_specs(form: ValueForm, actions: int) -> dict[str, Spec]:
    """What a head of action values writes."""
    specs = {"q": Spec((actions,), dims=("batch", "action"))}
    if form.dims():
        specs[form.key] = Spec((actions, form.width()), dims=("batch", "action", *form.dims()))
    return specs


def action_count(action: Spec) -> int:
    """How many actions there are; 0 where they are not Discrete."""
    return action.n if isinstance(action.n, int) and not action.shape else 0


def no_actions(action: Spec) -> str:
    """Why there can be no value for each action, to stand after the name of the head; empty where there can."""
    return "" if action_count(action) else "writes a value for each action, and the actions are not Discrete"


def shaper(form: ValueForm, count: int) -> Callable[[Tensor], Tensor]:
    """The function from `[B, count·width]` numbers to `[B, count, *form]`."""
    return functools.partial(as_form, count=count) if form.dims() else as_scalar


def as_scalar(numbers: Tensor) -> Tensor:
    """Numbers that are the values."""
    return numbers


def single(form: ValueForm) -> Callable[[Tensor], Tensor]:
    """The function from `[B, width]` numbers to one value a row, `[B, *form]`."""
    return as_scalar if form.dims() else without_column


def without_column(numbers: Tensor) -> Tensor:
    """One number a row: `[B, 1] -> [B]`."""
    return numbers.squeeze(1)


def as_form(numbers: Tensor, count: int) -> Tensor:
    """Numbers that are atoms or quantiles of `count` values."""
    return numbers.unflatten(1, (count, -1))  # type: ignore[no-untyped-call,no-any-return]


def writer(form: ValueForm) -> Callable[[Tensor], dict[str, Tensor]]:
    """The function from `[B, A, *form]` values to what a head of action values writes."""
    return functools.partial(write_form, form=form) if form.dims() else write_scalar


def write_scalar(value: Tensor) -> dict[str, Tensor]:
    """Values that are their own mean."""
    return {"q": value}


def write_form(value: Tensor, form: ValueForm) -> dict[str, Tensor]:
    """Values in a form, and their mean."""
    return {"q": form.mean(value), form.key: value}
