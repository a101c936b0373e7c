"""Blocks, roles and the registry.

A block is a small frozen value of one role. It is registered by its decorator, once, under a name within its role.
"""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar, dataclass_transform

import attrs

from rlblocks._core import fields
from rlblocks._core.declare import REQUIRED, Declared, Draw, Fn, Known, Read, Scheduled, Size
from rlblocks._core.errors import BlockError, RecipeError, did_you_mean, nearest
from rlblocks._core.keys import Spec, parse

LISTED = 30  # names that one can read in an error
MAX_FIELDS = 7  # a block with more knobs than this is two blocks


class Block:
    """The root of every role. It only states what a block may declare.

    Attributes:
        inputs: keyword of `compute` to what it is: `read`, `raw`, `draw`, `scheduled`, `fn` or `size`.
        outputs: the keys that `compute` writes, in the order in which it returns them.
        specs: what is known of those of `outputs` that are not one float32 a row.
        equation: one line, in the symbols of the cited paper; `explain` prints it beside the call.
        tags: conventions that laws ask about (a tie rule, a flush rule); never "skip this law".
    """

    role: ClassVar[str] = ""
    registered_name: ClassVar[str] = ""
    inputs: Mapping[str, Declared] = {}
    outputs: tuple[str, ...] = ()
    specs: Mapping[str, Spec] = {}
    equation: ClassVar[str] = ""
    tags: ClassVar[Mapping[str, str]] = {}


BlockT = TypeVar("BlockT", bound=type[Block])

_ROLES: dict[str, type[Block]] = {}
_BLOCKS: dict[str, dict[str, type[Block]]] = {}


def role(name: str) -> Callable[[BlockT], BlockT]:
    """Declare an abstract class as a role."""

    def declare(cls: BlockT) -> BlockT:
        cls.role = name
        _ROLES[name] = cls
        _BLOCKS.setdefault(name, {})
        return cls

    return declare


def snake(name: str) -> str:
    """The registry name that belongs to a class name.

    >>> snake("DoubleQ"), snake("NStep"), snake("MLP"), snake("NatureCNN"), snake("RMSprop"), snake("TDLambda")
    ('double_q', 'n_step', 'mlp', 'nature_cnn', 'rmsprop', 'td_lambda')
    """
    name = name.replace("RMSprop", "Rmsprop")  # its s belongs to both words
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    name = re.sub(r"^([A-Z]{1,2})(?=[A-Z][a-z]{2})", r"\1_", name)
    return name.lower()


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(
        attrs.field, fields.number, fields.integer, fields.schedule, fields.slot, fields.duration, fields.choice,
        fields.sizes, fields.numbers, fields.text, fields.column,
    ),
)  # fmt: skip
def block(name: str) -> Callable[[BlockT], BlockT]:
    """Make a class a block: a frozen attrs value, checked, and registered under `name` within its role.

    Raises:
        BlockError: the class has no role, is no final class, or its `compute` and its declarations disagree.
    """

    def declare(cls: BlockT) -> BlockT:
        _check_shape(cls, name)
        made: BlockT = attrs.frozen(cls)
        made.registered_name = name
        _check_declarations(made)
        known = _BLOCKS[made.role].get(name)
        if known is not None and (known.__module__, known.__qualname__) != (made.__module__, made.__qualname__):
            raise BlockError(
                f"{made.__name__} wants the name {name!r} in role {made.role!r}, which {known.__qualname__} has",
                fix="register it under a name of your own, such as 'lab/" + name.rsplit("/", maxsplit=1)[-1] + "'",
                block=made, name=name,
            )  # fmt: skip
        _BLOCKS[made.role][name] = made
        return made

    return declare


def _check_shape(cls: type[Block], name: str) -> None:
    if not issubclass(cls, Block) or not cls.role:
        raise BlockError(
            f"{cls.__name__} has no role", fix="derive it from a role, as in `class MyTarget(Target)`", block=cls
        )
    parent = next((base for base in cls.__mro__[1:] if "registered_name" in vars(base) and base is not Block), None)
    if parent is not None:
        raise BlockError(
            f"{cls.__name__} derives from the block {parent.__name__}, and blocks are final",
            fix="derive from the role and wrap the block in a field", block=cls,
        )  # fmt: skip
    if hasattr(builtins, cls.__name__):
        raise BlockError(f"{cls.__name__} would shadow a builtin", fix="give it another name", block=cls)
    if not re.fullmatch(r"([a-z0-9_-]+/)?[a-z][a-z0-9_]*", name):
        raise BlockError(
            f"{name!r} is no registry name", fix="use snake case, with your package in front: 'lab/soft_q'", block=cls
        )
    if not cls.__doc__:
        raise BlockError(
            f"{cls.__name__} has no docstring", fix="say in one line what it computes, then the equation", block=cls
        )


def fields_of(kind: type[Block]) -> dict[str, attrs.Attribute[Any]]:
    """The fields of a block's class, by name."""
    return attrs.fields_dict(kind)  # type: ignore[arg-type]  # attrs made it, behind the decorator


def _check_declarations(cls: type[Block]) -> None:
    known = fields_of(cls)
    count = len(known)
    if count > MAX_FIELDS:
        raise BlockError(f"{cls.__name__} has {count} fields, more than {MAX_FIELDS}", fix="split it", block=cls)
    compute = getattr(cls, "compute", None)
    inputs = cls.inputs
    if not isinstance(inputs, Mapping):  # a property: a wrapper that reads what it wraps
        return
    for argument, declared in inputs.items():
        if not isinstance(declared, Read | Draw | Scheduled | Fn | Size | Known):
            raise BlockError(
                f"{cls.__name__}.inputs[{argument!r}] is {declared!r}",
                fix="declare it with read, raw, draw, scheduled, fn or size", block=cls,
            )  # fmt: skip
        if isinstance(declared, Read):
            _check_key(cls, argument, declared.key)
        if isinstance(declared, Scheduled) and not (
            declared.name in known or callable(getattr(cls, declared.name, None))
        ):
            raise BlockError(
                f"{cls.__name__}.inputs[{argument!r}] is scheduled by {declared.name!r}, which it does not have",
                fix=did_you_mean(declared.name, known), block=cls,
            )  # fmt: skip
    if compute is None:
        return
    parameters = inspect.signature(compute).parameters
    _check_defaults(cls, parameters)
    taken = {n for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY} - set(
        getattr(cls, "handed", ())
    )
    if taken != set(inputs):
        declared_only, taken_only = sorted(set(inputs) - taken), sorted(taken - set(inputs))
        raise BlockError(
            f"{cls.__name__}.compute and its inputs disagree: declared and not taken {declared_only}, "
            f"taken and not declared {taken_only}",
            fix="make the keyword-only parameters of compute exactly the keys of inputs", block=cls,
        )  # fmt: skip


def _check_defaults(cls: type[Block], parameters: Mapping[str, inspect.Parameter]) -> None:
    """The default of a read is that of the parameter: the argument is left out where nobody writes the key."""
    for argument, declared in cls.inputs.items():
        if isinstance(declared, Read) and declared.default is not REQUIRED and argument in parameters:
            held = parameters[argument].default
            if held is not declared.default and held != declared.default:
                raise BlockError(
                    f"{cls.__name__}.inputs[{argument!r}] has the default {declared.default!r}, and compute does not",
                    fix=f"write {argument}={declared.default!r} in the parameters of compute", block=cls,
                )  # fmt: skip


def _check_key(cls: type[Block], argument: str, key: str) -> None:
    try:
        parse(key)
    except RecipeError as error:
        raise BlockError(f"{cls.__name__}.inputs[{argument!r}]: {error.what}", fix=error.fix, block=cls) from None


def roles() -> Mapping[str, type[Block]]:
    """The abstract class of every role, by the role's name."""
    _load()
    return dict(_ROLES)


def blocks_of(role_name: str) -> Mapping[str, type[Block]]:
    """The registered blocks of a role, by registry name."""
    _load()
    if role_name not in _BLOCKS:
        raise RecipeError(f"there is no role {role_name!r}", fix=did_you_mean(role_name, _BLOCKS))
    return dict(sorted(_BLOCKS[role_name].items()))


def find(role_name: str, name: str) -> type[Block]:
    """The block registered as `name` in a role.

    Raises:
        RecipeError: there is none; the message offers the nearest spelling.
    """
    known = blocks_of(role_name)
    if name not in known:
        elsewhere = [other for other, members in _BLOCKS.items() if name in members]
        hint = f"it is registered in {elsewhere[0]!r}" if elsewhere else nearest_block(name, known)
        raise RecipeError(f"no block {name!r} in role {role_name!r}", fix=hint, role=role_name, name=name)
    return known[name]


def nearest_block(name: str, known: Iterable[str]) -> str:
    """What to do about a block that is not there: the nearest spelling, or those there are."""
    listed = sorted(known)
    of_package = "/" in name
    near = nearest(name, [other for other in listed if "/" in other] if of_package else listed)
    if near:
        return f"did you mean {near!r}?"
    there = f"there are: {', '.join(listed)}" if len(listed) <= LISTED else "rlblocks list shows all blocks, by role"
    return f"is the package that registers it installed? without it {there}" if of_package else there


def with_fields(value: Any, **changes: Any) -> Any:
    """A copy of a block with some fields changed.

    Raises:
        FieldError: no such field; the message offers the nearest spelling.
    """
    known = attrs.fields_dict(type(value))
    for name in changes:
        if name not in known:
            raise fields.unknown_field(type(value).__name__, name, known)
    return attrs.evolve(value, **changes)


_loaded = False


def _load() -> None:
    """Import the built-in members of every role, and the blocks that installed packages offer."""
    global _loaded  # noqa: PLW0603  the registry is the one module-level state there is
    if _loaded:
        return
    _loaded = True
    import importlib

    from rlblocks._core.plug_ins import load_plug_ins

    for package in (
        "schedules", "envs", "distributions", "networks", "explorers", "stores", "returns", "transforms",
        "aggregates", "targets", "losses", "normalizers", "target_updates", "optimizers", "early_stops", "cadences",
    ):  # fmt: skip
        importlib.import_module(f"rlblocks.{package}")
    load_plug_ins()
