"""Fields that environments have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

from rlblocks._core.errors import FieldError
from rlblocks._core.frozen import FrozenDict
from rlblocks.envs.base import Wrapper


def wrappers() -> Any:
    """A tuple of wrappers, the first one innermost; a single wrapper stands for a tuple of one."""

    def convert(value: Any) -> Any:
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    def check(owner: object, attribute: Any, value: tuple[Any, ...]) -> None:
        for index, item in enumerate(value):
            if not isinstance(item, Wrapper):
                name = item.__name__ if isinstance(item, type) else ""
                raise FieldError(
                    f"{type(owner).__name__}.wrappers[{index}] is {item!r}, but must be a block of role 'wrappers'",
                    fix=f"make the block first: {name}()" if name else "", block=type(owner).__name__, value=item,
                    field=attribute.name,
                )  # fmt: skip

    return attrs.field(default=(), converter=convert, validator=check, metadata={"kind": "slots", "role": "wrappers"})


def options() -> Any:
    """A frozen mapping of texts, numbers, booleans, lists and mappings: what a recipe file can hold."""

    def convert(value: Any) -> Any:
        return _frozen(value) if isinstance(value, Mapping) else value

    def check(owner: object, attribute: Any, value: Any) -> None:
        where = f"{type(owner).__name__}.{attribute.name}"
        facts = {"block": type(owner).__name__, "field": attribute.name, "value": value}
        if not isinstance(value, FrozenDict):
            raise FieldError(f"{where} is {value!r}, but must be a mapping", fix='write {"name": value}', **facts)
        if "render_mode" in value:
            fix = "leave it out: videos and `play` ask for what they need"
            raise FieldError(f"{where} holds 'render_mode', which the run decides", fix=fix, **facts)
        for path, leaf in _leaves(value, where):
            if not isinstance(leaf, str | bool | int | float) or (isinstance(leaf, float) and not math.isfinite(leaf)):
                raise FieldError(
                    f"{path} is {leaf!r}, but must be a text, a finite number, a bool, a list or a mapping of such",
                    fix="as_environment takes a function that makes the environment with any argument", **facts,
                )  # fmt: skip

    return attrs.field(factory=lambda: FrozenDict({}), converter=convert, validator=check, metadata={"kind": "options"})


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return FrozenDict({str(key): _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [leaf for key, item in value.items() for leaf in _leaves(item, f"{path}[{key!r}]")]
    if isinstance(value, tuple):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, f"{path}[{index}]")]
    return [(path, value)]


def thawed(value: Any) -> Any:
    """The plain dict and lists that environments take."""
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    return [thawed(item) for item in value] if isinstance(value, tuple) else value


def source(kind: type, what: str) -> Any:
    """A field that holds an object or a function that makes one; no file can hold either."""

    def check(owner: object, attribute: Any, value: Any) -> None:
        if not callable(value) and not isinstance(value, kind):
            raise FieldError(
                f"{type(owner).__name__}.source is {value!r}, but must be {what} or a function that makes one",
                fix="write lambda: MyEnvironment(...)", block=type(owner).__name__, field=attribute.name, value=value,
            )  # fmt: skip

    why = (
        "it holds an object or a function; to be written to a file, register the environment with gymnasium and use Gym"
    )
    return attrs.field(validator=check, metadata={"kind": "opaque", "why": why})
