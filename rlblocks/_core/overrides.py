"""Overrides of the command line: `path=value`, from left to right, each read by what its slot takes.

target=double_q                      another block, with its defaults
store.capacity=50_000                a number stays of its type
explorer.epsilon=0.1                 a number stands for a constant schedule
target_updates.q.every=1000          a bare number keeps the clock that is there
networks.q.body.widths=256,256       a list
env=LunarLander-v3                   the id of the environment
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from rlblocks._core import paths
from rlblocks._core.block import Block, blocks_of, nearest_block, roles
from rlblocks._core.clocks import Clock, OfRun
from rlblocks._core.errors import RecipeError
from rlblocks._core.recipe import Recipe
from rlblocks._core.structure import block_class, inside, is_mapping, is_role, is_tuple, structured, takes


@attrs.frozen
class _Override:
    path: str
    text: str


def apply_overrides(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """The recipe with every `path=value` applied, the later over the earlier.

    A block that is named gets its defaults; a wrapper of the same role wraps what stands there. A field without a
    default takes a later override of it, or what the block that stands there has under the same name.

    Raises:
        RecipeError: no `=`, no such place, no such block, or a value that the place does not take.
    """
    return _all_applied(recipe, [_split(text) for text in overrides])


def apply_settings(recipe: Recipe, settings: Mapping[str, object]) -> Recipe:
    """The same for settings by path, whose values may be texts, numbers or lists of them."""
    return _all_applied(recipe, [_Override(path, _as_text(value)) for path, value in settings.items()])


def _as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_as_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _split(override: str) -> _Override:
    path, equals, text = (part.strip() for part in override.partition("="))
    if not equals or not path or not text:
        what = "has no value" if equals and path else "is no override"
        raise RecipeError(f"{override!r} {what}", fix="write path=value, as in gamma=0.98", override=override)
    return _Override(path, text)


def _all_applied(recipe: Recipe, overrides: Sequence[_Override]) -> Recipe:
    for index, override in enumerate(overrides):
        said = f"{override.path}={override.text}"
        try:
            steps = _place(recipe, override.path)
            value = _Reading(recipe, steps, override.path, overrides[index + 1 :]).value(override.text)
            recipe = paths.replaced(recipe, steps, value)
        except RecipeError as error:
            raise RecipeError(f"{said!r}: {error.what}", fix=error.fix, **{**error.facts, "override": said}) from None
    return recipe


def _place(recipe: Recipe, path: str) -> tuple[paths.Step, ...]:
    """The steps of a path; its last one may be new where options or blocks of any name are taken."""
    holder, _, name = path.rpartition(".")
    with contextlib.suppress(RecipeError):
        steps = paths.resolve(recipe, holder)
        owner = paths.get(recipe, paths.join(steps[:-1])) if steps[1:] else recipe
        field = _fields(owner).get(str(steps[-1]))
        if field is not None and (field.metadata.get("kind") == "options" or _named_blocks(takes(type(owner), field))):
            return (*steps, *paths.split(name))
    return paths.resolve(recipe, path)


def _named_blocks(kind: Any) -> bool:
    """Whether a field takes blocks of one role under names."""
    return is_mapping(kind) and is_role(inside(kind, ""))


@attrs.frozen
class _Reading:
    """How the text of one override is read: by the slot at its steps, and by what stands there now."""

    recipe: Recipe
    steps: tuple[paths.Step, ...]
    said: str  # the path as it was written
    later: Sequence[_Override]

    def value(self, text: str) -> Any:
        kind, field_kind, now = self._slot()
        return structured(self._data(text, kind, field_kind, now), kind, self.steps)

    def _slot(self) -> tuple[Any, str, Any]:
        """What the slot takes, the kind of its field, and what stands there."""
        kind: Any = Recipe
        node: Any = self.recipe
        field_kind = ""
        for step in self.steps:
            if attrs.has(type(node)):
                attribute = attrs.fields_dict(type(node))[str(step)]
                kind, field_kind = takes(type(node), attribute), attribute.metadata.get("kind", "")
            else:
                kind, field_kind = inside(kind, step), ""
            node = paths.children(node).get(step)
        return kind, field_kind, node

    def _data(self, text: str, kind: Any, field_kind: str, now: Any) -> Any:
        """Plain data for the slot; what cannot be read stays text, and the field says what it takes."""
        if is_role(kind):
            return self._block(text, kind, now)
        if kind is Clock:
            return _duration(text, now)
        if is_tuple(kind):
            items = [part.strip() for part in text.strip("()[]").split(",") if part.strip()]
            return [self._data(item, inside(kind, 0), "", "") for item in items]
        if attrs.has(kind) or is_mapping(kind):
            example = next(iter(paths.children(now)), "…")
            raise RecipeError(
                f"{paths.join(self.steps)} holds several things", fix=f"change one: {self.said}.{example}=…"
            )
        return leaf(text, field_kind, now)

    def _in_words(self, text: str, role: type[Block]) -> str:
        """What to write in the place of a block as Python writes it."""
        called = re.split(r"[^\w/]", text)[0]
        registered = blocks_of(role.role) if role.role else {}
        names = {cls.__name__: name for name, cls in registered.items()}
        alone = f"{self.said}={names.get(called, called)}"
        if not re.search(r"\w", text[len(called) :]):
            return f"write {alone}"
        return f"write its fields as overrides of their own: {alone} {self.said}.…=…"

    def _block(self, text: str, role: type[Block], now: Any) -> Any:
        if role.role == "schedules" and (number := _number(text)) is not None:
            return number
        if set("(){}[]") & set(text):
            raise RecipeError(f"{text!r} is more than the name of a block", fix=self._in_words(text, role))
        if "id" in paths.children(now) and text not in blocks_of(role.role):
            return attrs.evolve(now, id=text)  # an environment is called by its id
        of = role.role or _role_of(text, now)
        cls = block_class(of, text)
        table: dict[str, Any] = {"block": text} if role.role else {"block": text, "role": of}
        for name, attribute in attrs.fields_dict(cls).items():  # type: ignore[arg-type]  # blocks are attrs classes
            if takes(cls, attribute) is role and isinstance(now, role):
                table[name] = getattr(now, name) if type(now) is cls else now
            elif attribute.default is attrs.NOTHING:
                table[name] = self._required(cls, attribute, now)
        return table

    def _required(self, cls: type[Block], attribute: attrs.Attribute[Any], now: Any) -> Any:
        """A value for a field without a default."""
        kind, field_kind = takes(cls, attribute), attribute.metadata.get("kind", "")
        full = paths.join(self.steps)
        for override in self.later:
            if override.path in (f"{self.said}.{attribute.name}", f"{full}.{attribute.name}"):
                return self._data(override.text, kind, field_kind, None)
        theirs = _fields(now).get(attribute.name)
        if theirs is not None and theirs.metadata == attribute.metadata:
            return getattr(now, attribute.name)
        raise RecipeError(
            f"{cls.__name__} needs {attribute.name!r}, which has no default",
            fix=f"add {self.said}.{attribute.name}=… after it", path=f"{full}.{attribute.name}",
        )  # fmt: skip


def _role_of(name: str, now: Any) -> str:
    """The role of a block where any may stand: that of the one which stands there, if it has the name, else the first.

    Raises:
        RecipeError: no role has it.
    """
    having = [role for role in roles() if name in blocks_of(role)]
    if not having:
        ours = [now.role] if isinstance(now, Block) else roles()
        known = [known for role in ours for known in blocks_of(role)]
        raise RecipeError(f"no block {name!r} in any role", fix=nearest_block(name, known), name=name)
    return now.role if isinstance(now, Block) and now.role in having else having[0]


def _fields(node: Any) -> Mapping[str, attrs.Attribute[Any]]:
    return attrs.fields_dict(type(node)) if attrs.has(type(node)) else {}


def _duration(text: str, now: Any) -> str:
    number = _number(text)
    if number is None or not isinstance(now, Clock):
        return text
    if isinstance(now, OfRun) and number > 1:
        raise RecipeError(f"{text} is a share of the run here ({now} now)", fix=f"say what counts: '{text} env_steps'")
    return f"{text} {now.unit}"


def leaf(text: str, field_kind: str, now: Any) -> Any:
    """A leaf by the kind of its field, or where that says nothing by the type of what stands there."""
    kind = field_kind or type(now).__name__
    if kind in ("integer", "int"):
        return _whole(text)
    if kind in ("number", "float"):
        number = _number(text)
        return text if number is None else float(number)
    if kind == "sizes":
        return [_whole(part.strip()) for part in text.strip("()[] ").split(",") if part.strip()]
    if kind == "numbers":
        parts = [part.strip() for part in text.strip("()[] ").split(",") if part.strip()]
        return [part if (number := _number(part)) is None else number for part in parts]
    if kind in ("bool", "NoneType") and text in ("true", "false"):
        return text == "true"
    number = _number(text) if kind == "NoneType" else None
    return text if number is None else number


def _number(text: str) -> int | float | None:
    for read in (int, float):
        with contextlib.suppress(ValueError):
            return read(text)
    return None


def _whole(text: str) -> int | str:
    """A whole number, as 50_000 or 5e4; any other text as it is."""
    if re.fullmatch(r"[+-]?\d+[eE]\+?\d{1,2}", text):
        text = str(int(float(text)))
    with contextlib.suppress(ValueError):
        return int(text)
    return text
