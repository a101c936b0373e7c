"""Fields of blocks: each says what it takes, and refuses anything else when the block is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from rlblocks._core.clocks import Clock, clock_from_text
from rlblocks._core.errors import FieldError, RecipeError, did_you_mean
from rlblocks._core.keys import parse


def _refuse(owner: object, attribute: Any, value: object, expected: str, fix: str = "") -> FieldError:
    block = type(owner).__name__
    return FieldError(
        f"{block}.{attribute.name} is {value!r}, but must be {expected}",
        fix=fix, block=block, field=attribute.name, value=value, expected=expected,
    )  # fmt: skip


def unknown_field(block: str, name: str, known: Iterable[str]) -> FieldError:
    """The error for a field that a block does not have."""
    return FieldError(f"{block} has no field {name!r}", fix=did_you_mean(name, known), block=block, field=name)


def _range_text(ge: float | None, gt: float | None, le: float | None, lt: float | None, unit: str) -> str:
    low = f"at least {ge:g}" if ge is not None else f"above {gt:g}" if gt is not None else ""
    high = f"at most {le:g}" if le is not None else f"below {lt:g}" if lt is not None else ""
    return " and ".join(part for part in (low, high) if part) + (f" ({unit})" if unit else "")


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every double
        return False


def _in_range(value: float, ge: float | None, gt: float | None, le: float | None, lt: float | None) -> bool:
    return (
        (ge is None or value >= ge)
        and (gt is None or value > gt)
        and (le is None or value <= le)
        and (lt is None or value < lt)
    )


def number(
    default: Any = attrs.NOTHING,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    unit: str = "",
) -> Any:
    """A finite real number in a range. A bool is not a number."""
    span = _range_text(ge, gt, le, lt, unit)

    def check(owner: object, attribute: Any, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _refuse(owner, attribute, value, f"a number{', ' + span if span else ''}")
        if not _finite(value) or not _in_range(value, ge, gt, le, lt):
            raise _refuse(owner, attribute, value, f"a finite number{', ' + span if span else ''}")

    return attrs.field(default=default, validator=check, metadata={"kind": "number", "range": span})


def integer(
    default: Any = attrs.NOTHING, *, ge: int | None = None, le: int | None = None, unit: str = "", later: bool = False
) -> Any:
    """A whole number in a range. A bool is not a number, and 3.0 is not a whole one.

    `later` says that the field came when recipes were in files already: it is not written where it has its default.
    """
    span = _range_text(ge, None, le, None, unit)

    def check(owner: object, attribute: Any, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not _in_range(value, ge, None, le, None):
            raise _refuse(owner, attribute, value, f"a whole number{', ' + span if span else ''}")

    return attrs.field(default=default, validator=check, metadata={"kind": "integer", "range": span, "later": later})


def schedule(default: Any = attrs.NOTHING, *, ge: float | None = None, le: float | None = None) -> Any:
    """A schedule; a plain number stands for a constant one. Its end points must lie in the range."""
    span = _range_text(ge, None, le, None, "")

    def convert(value: Any) -> Any:
        from rlblocks.schedules import Constant

        if isinstance(value, int | float) and not isinstance(value, bool) and _finite(value):
            return Constant(float(value))
        return value

    def check(owner: object, attribute: Any, value: Any) -> None:
        from rlblocks.schedules import Schedule

        if not isinstance(value, Schedule):
            raise _refuse(owner, attribute, value, f"a finite number or a schedule{', ' + span if span else ''}")
        if not all(_in_range(end, ge, None, le, None) for end in value.span()):
            raise _refuse(owner, attribute, value, f"a schedule whose values are {span}")

    if default is not attrs.NOTHING:
        plain = default
        default = attrs.Factory(lambda: convert(plain))
    return attrs.field(
        default=default, converter=convert, validator=check, metadata={"kind": "slot", "role": "schedules"}
    )


def _members_of(role: str) -> str:
    from rlblocks._core.block import blocks_of

    return f"blocks of that role: {', '.join(blocks_of(role))}"


def slot(role: str, default: Any = attrs.NOTHING) -> Any:
    """A field that holds a block of a role, by the role's name. A default is given as a factory."""

    def check(owner: object, attribute: Any, value: Any) -> None:
        found = getattr(type(value), "role", "")
        if found != role:
            what = f"a {type(value).__name__} of role {found!r}" if found else f"{value!r}"
            raise FieldError(
                f"{type(owner).__name__}.{attribute.name} holds {what}, but takes a block of role {role!r}",
                fix=f"make the block first: {value.__name__}()" if isinstance(value, type) else _members_of(role),
                block=type(owner).__name__, field=attribute.name, value=value, expected=role,
            )  # fmt: skip

    made = attrs.Factory(default) if callable(default) else default
    return attrs.field(default=made, validator=check, metadata={"kind": "slot", "role": role})


def duration(default: Any = attrs.NOTHING, *, clocks: tuple[type[Clock], ...] = ()) -> Any:
    """A duration on a typed clock, such as `EnvSteps(500)`, or its text, "500 env_steps"."""

    def convert(value: Any) -> Any:
        return clock_from_text(value) if isinstance(value, str) else value

    def check(owner: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, clocks or Clock):
            names = ", ".join(kind.__name__ for kind in clocks) or "EnvSteps, Updates, Episodes or OfRun"
            fix = f"say which clock counts: EnvSteps({value})" if isinstance(value, int) else ""
            raise _refuse(owner, attribute, value, f"a duration on a clock: {names}", fix)

    return attrs.field(default=default, converter=convert, validator=check, metadata={"kind": "duration"})


def choice(options: Mapping[str, Callable[..., Any]] | tuple[str, ...], default: Any = attrs.NOTHING) -> Any:
    """One of a few names."""

    def check(owner: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, str) or value not in options:
            raise _refuse(owner, attribute, value, f"one of {', '.join(options)}", did_you_mean(str(value), options))

    return attrs.field(default=default, validator=check, metadata={"kind": "choice", "options": tuple(options)})


def sizes(default: Any = attrs.NOTHING, *, least: int = 1) -> Any:
    """A tuple of whole numbers, such as layer widths, each at least `least`; may be empty."""

    def convert(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    def check(owner: object, attribute: Any, value: Any) -> None:
        good = isinstance(value, tuple) and all(
            isinstance(w, int) and not isinstance(w, bool) and w >= least for w in value
        )
        if not good:
            raise _refuse(
                owner, attribute, value, f"a tuple of whole numbers, at least {least} each", "write (128, 128)"
            )

    return attrs.field(default=default, converter=convert, validator=check, metadata={"kind": "sizes"})


def numbers(default: Any = attrs.NOTHING) -> Any:
    """A tuple of finite real numbers, such as bounds, one for each component; may be empty."""

    def convert(value: Any) -> Any:
        items = tuple(value) if isinstance(value, list) else value
        plain = isinstance(items, tuple) and all(isinstance(x, int) and not isinstance(x, bool) for x in items)
        return tuple(map(float, items)) if plain else items

    def check(owner: object, attribute: Any, value: Any) -> None:
        good = isinstance(value, tuple) and all(
            isinstance(x, int | float) and not isinstance(x, bool) and _finite(x) for x in value
        )
        if not good:
            raise _refuse(owner, attribute, value, "a tuple of finite numbers", "write (-1.0, 0.5)")

    return attrs.field(default=default, converter=convert, validator=check, metadata={"kind": "numbers"})


def text(default: Any = attrs.NOTHING) -> Any:
    """A non-empty string."""

    def check(owner: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, str) or not value:
            raise _refuse(owner, attribute, value, "a non-empty text")

    return attrs.field(default=default, validator=check, metadata={"kind": "text"})


def column(default: Any = attrs.NOTHING) -> Any:
    """The key of a column, such as `advantage` or `next.value`, without an `@`."""

    def check(owner: object, attribute: Any, value: Any) -> None:
        try:
            plain = isinstance(value, str) and not parse(value).which
        except RecipeError:
            plain = False
        if not plain:
            raise _refuse(owner, attribute, value, "the key of a column, such as 'advantage', without an '@'")

    return attrs.field(default=default, validator=check, metadata={"kind": "text"})
