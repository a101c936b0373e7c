"""Plain data, as files and command lines hold it, made into blocks; and what each slot of a recipe takes."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, mapping_structure_factory, override

from rlblocks._core.block import Block, blocks_of, find, roles
from rlblocks._core.clocks import Clock, clock_from_text
from rlblocks._core.errors import RecipeError, RlblocksError, did_you_mean
from rlblocks._core.paths import Step, join

RENAMES: dict[str, str] = {}
"""What older files call otherwise: "targets.double_dqn" to "double_q", "stores.uniform_replay.size" to "capacity"."""


class Leaf:
    """Stands for a slot that takes plain values and checks them itself."""


class Anything:
    """Stands for a slot of which nothing is known: it takes plain values, and blocks that also say their role."""


def takes(owner: type, attribute: attrs.Attribute[Any]) -> Any:
    """What a field takes: an abstract role, `Clock`, a class, a tuple or mapping of these, `Leaf` or `Anything`."""
    kind = attribute.metadata.get("kind")
    role: Any = roles().get(attribute.metadata.get("role", ""), Anything)
    if kind == "slot":
        return role
    if kind == "slots":
        return tuple[role, ...]
    if kind == "duration":
        return Clock
    return Leaf if kind else _annotation(owner, attribute.name)


@functools.cache
def _annotation(owner: type, name: str) -> Any:
    try:
        found = typing.get_type_hints(owner).get(name, Anything)
    except (NameError, TypeError):  # a name that is imported for the type checker only
        return Anything
    return Anything if found in (Any, object) else found


def inside(kind: Any, step: Step) -> Any:
    """What the items of a tuple, the entries of a mapping or the fields of a class take."""
    arguments = typing.get_args(kind)
    if not arguments:
        known = attrs.fields_dict(kind) if attrs.has(kind) else {}
        return takes(kind, known[str(step)]) if step in known else Anything
    if is_tuple(kind):
        return arguments[0] if arguments[-1] is Ellipsis else arguments[int(step)]
    return arguments[-1] if is_mapping(kind) else Anything


def is_role(kind: Any) -> bool:
    """Whether a slot takes any block of a role (of any role: `Block` itself)."""
    return isinstance(kind, type) and issubclass(kind, Block) and not kind.registered_name


def is_tuple(kind: Any) -> bool:
    """Whether a slot takes a tuple of one or several kinds."""
    return kind is tuple or typing.get_origin(kind) is tuple


def is_mapping(kind: Any) -> bool:
    """Whether a slot takes named entries."""
    origin = typing.get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, Mapping)


def structured(data: object, kind: Any, at: tuple[Step, ...] = ()) -> Any:
    """Plain data as what a slot takes.

    Raises:
        RecipeError: it is not that; every misfit is named with its path.
    """
    try:
        return _converter().structure(data, kind)
    except Exception as error:  # noqa: BLE001  whatever a block of anybody raises becomes a misfit with a path
        problems = list(_problems(error, at))
        if len(problems) == 1:
            raise problems[0] from None
        raise RecipeError("\n".join(map(str, problems)), problems=problems) from None


@functools.cache
def _converter() -> Converter:
    """The hooks, the most general first: a later one goes before an earlier one."""
    made = Converter(forbid_extra_keys=True)
    made.register_structure_hook_factory(attrs.has, lambda kind: _of_class(kind, made))
    made.register_structure_hook_factory(is_mapping, lambda kind: _guarded(kind, made, "a table", Mapping))
    made.register_structure_hook_factory(_is_list_like, lambda kind: _guarded(kind, made, "a list", list))
    made.register_structure_hook_func(is_role, _any_block)
    made.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Clock), _clock)
    made.register_structure_hook_func(lambda kind: kind in (Anything, Leaf), _anything)
    for plain in (str, int, float, bool):  # the stock hooks convert: 1 to "1", "no" to True
        made.register_structure_hook(plain, _exactly)
    return made


def _is_list_like(kind: Any) -> bool:
    return is_tuple(kind) and typing.get_args(kind)[1:] == (Ellipsis,)


def _guarded(kind: Any, converter: Converter, expected: str, needed: type) -> Callable[[Any, Any], Any]:
    """The stock hook behind a check: it would take a text for a list of letters."""
    factory = homogenous_tuple_structure_factory if needed is list else mapping_structure_factory
    inner: Callable[[Any, Any], Any] = factory(kind, converter)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, needed):
            fix = "put it in [brackets]" if needed is list else "write it as name = value, under a [header]"
            raise RecipeError(f"{value!r} stands where {expected} is needed", fix=fix)
        return inner(value, kind)

    return structure


def _of_class(cls: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """The fields of one class, after renames; what is missing, unknown or wrong is collected."""
    _resolve(cls)
    hooks = {a.name: override(struct_hook=_slot_hook(takes(cls, a), converter)) for a in attrs.fields(cls)}
    inner = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, **hooks)  # type: ignore[arg-type]
    owner: str = f"{cls.role}.{cls.registered_name}" if issubclass(cls, Block) else cls.__name__

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise RecipeError(f"{value!r} stands where a table of {cls.__name__} is needed")
        return inner({_renamed(owner, name): item for name, item in value.items()}, cls)

    return structure


def _resolve(cls: Any) -> None:
    """Make the types of the fields known, as far as they are: a name imported for the type checker only is not.

    Every field has a hook of its own, so a type that stays a text is never looked at; but it would be asked for.
    """
    try:
        attrs.resolve_types(cls)
    except (NameError, TypeError):
        cls.__attrs_types_resolved__ = cls


def _slot_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    return lambda value, _: converter.structure(value, kind)


def _any_block(value: Any, kind: type[Block]) -> Block:
    """A block by its registry name: a table with `block`, or the name alone for one with all its defaults."""
    if isinstance(value, Block):  # an override hands over what stands there already
        return value
    if kind.role == "schedules" and isinstance(value, int | float) and not isinstance(value, bool):
        value = {"block": "constant", "amount": float(value)}
    table = {"block": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping):
        raise RecipeError(f"{value!r} stands where a block is needed", fix=f'write {{ block = "{_example(kind)}", … }}')
    rest = dict(table)
    name, role = rest.pop("block", None), kind.role or rest.pop("role", None)
    if not isinstance(role, str):
        raise RecipeError("a block of any role must say which", fix='write role = "…" beside block', role=role)
    if not isinstance(name, str):
        said = "the table names no block" if name is None else f"block = {name!r} is no name"
        raise RecipeError(said, fix=f'write block = "{_example(roles()[role]) if role in roles() else "…"}" in it')
    made: Block = _converter().structure(rest, block_class(role, name))
    return made


def _renamed(owner: str, name: str) -> str:
    return RENAMES.get(f"{owner}.{name}", name)


def block_class(role: str, name: str) -> type[Block]:
    """The block that is registered as `name`, or was once.

    Raises:
        RecipeError: there is none; a name of another package asks whether that is installed.
    """
    return find(role, _renamed(role, name))


def _example(kind: type[Block]) -> str:
    return next(iter(blocks_of(kind.role)), "…") if kind.role else "…"


def _clock(value: Any, _: Any) -> Clock:
    if isinstance(value, Clock):
        return value
    if not isinstance(value, str):
        raise RecipeError(f"{value!r} stands where a duration is needed", fix="write it as in '500 env_steps'")
    return clock_from_text(value)


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    raise RecipeError(f"{value!r} stands where {names[kind]} is needed")


def _anything(value: Any, kind: Any) -> Any:
    """Plain values as they are, lists as tuples, and in `Anything` tables that name a block of a role as that block."""
    if isinstance(value, Mapping):
        if kind is Anything and {"block", "role"} <= set(value):
            return _any_block(value, Block)
        return {key: _anything(item, kind) for key, item in value.items()}
    return tuple(_anything(item, kind) for item in value) if isinstance(value, list) else value


def _problems(error: Exception, at: tuple[Step, ...]) -> Iterator[RecipeError]:
    """Every misfit in an error of cattrs, in the house form, with the path that its notes tell."""
    notes = [note for note in getattr(error, "__notes__", ()) if isinstance(note, _NOTES)]
    here = (*at, *(note.name if isinstance(note, AttributeValidationNote) else note.index for note in notes[-1:]))
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, here)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = attrs.fields_dict(error.cl)
        for name in sorted(error.extra_fields):
            said = f"{error.cl.__name__} has no field {name!r}"
            yield RecipeError(_at((*here, name), said), fix=did_you_mean(name, known), path=join((*here, name)))
    elif isinstance(error, KeyError) and notes:
        yield RecipeError(_at(here, "is missing, and it has no default"), fix=f"write {here[-1]} = …", path=join(here))
    elif isinstance(error, RlblocksError):
        place = (*here, str(error.facts["field"])) if "field" in error.facts else here
        yield RecipeError(_at(place, error.what), fix=error.fix, **{**error.facts, "path": join(place)})
    else:
        yield RecipeError(_at(here, f"does not fit ({type(error).__name__}: {error})"), path=join(here))


_NOTES = (AttributeValidationNote, IterableValidationNote)


def _at(steps: tuple[Step, ...], said: str) -> str:
    return f"{join(steps)}: {said}" if steps else said
