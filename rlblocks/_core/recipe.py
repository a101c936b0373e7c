"""The recipe: one frozen value for every algorithm."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from rlblocks._core import fields, paths
from rlblocks._core.block import Block, blocks_of, with_fields
from rlblocks._core.clocks import Clock, Updates
from rlblocks._core.errors import FieldError, RecipeError
from rlblocks._core.frozen import FrozenDict
from rlblocks.cadences.base import Cadence
from rlblocks.envs.base import Environment
from rlblocks.explorers.base import Explorer
from rlblocks.losses.base import Loss
from rlblocks.networks.base import Body, Head
from rlblocks.normalizers.base import Normalizer
from rlblocks.optimizers.base import Optimizer
from rlblocks.stores.base import Store
from rlblocks.target_updates.base import TargetUpdate
from rlblocks.targets.base import Target


def _members(role: str, what: str) -> Callable[[Any, Any, Any], None]:
    """A validator: a tuple of blocks of one role (any role where it is empty)."""

    def check(_: object, attribute: Any, value: Any) -> None:
        for index, item in enumerate(value):
            found = getattr(type(item), "role", "")
            if not isinstance(item, Block) or (role and found != role):
                hint = f"make the block first: {item.__name__}()" if isinstance(item, type) else f"put {what} there"
                raise FieldError(
                    f"{attribute.name}[{index}] holds {item!r} of role {found!r}, but takes {what}",
                    fix=hint,
                    value=item,
                )

    return check


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value)


def _once(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    twice = [name for name in value if value.count(name) > 1]
    if twice:
        raise FieldError(f"{attribute.name} names {twice[0]!r} twice", fix="name each network once", value=value)


@attrs.frozen
class Network:
    """Keys to keys: a body that makes features of what it reads, and a head that writes what others read.

    Attributes:
        reads: one key or several (a critic reads `observation` and `action`); another network's `features` may be one.
        body: inputs to features; `NoBody()` where nothing is read.
        head: features to keys.
        members: how many networks of these parts there are, with parameters of their own; what several write has the
            dim `member` before the batch.
    """

    reads: tuple[str, ...] = attrs.field(converter=_names)
    body: Body = fields.slot("bodies")
    head: Head = fields.slot("heads")
    members: int = fields.integer(1, ge=1, later=True)


@attrs.frozen
class Objective:
    """What one optimizer minimises, and for whom.

    Attributes:
        trains: the names of the networks whose parameters it moves.
        target: which next value is bootstrapped from.
        losses: their sum is minimised.
        optimizer: gradients to steps.
        prepare: blocks computed before the target, for each minibatch, without gradient.
        every: how often; a delayed policy has `Updates(2)`.
    """

    trains: tuple[str, ...] = attrs.field(converter=_names, validator=_once)
    target: Target = fields.slot("targets")
    losses: tuple[Loss, ...] = attrs.field(  # type: ignore[misc]  # mypy takes the slot above for a default
        converter=_tuple, validator=_members("losses", "losses")
    )
    optimizer: Optimizer = fields.slot("optimizers")
    prepare: tuple[Block, ...] = attrs.field(default=(), converter=_tuple, validator=_members("", "blocks"))
    every: Clock = fields.duration(Updates(1), clocks=(Updates,))


def _mapping_of(kind: type, what: str, default: Any = attrs.NOTHING) -> Any:
    def check(_: object, attribute: Any, value: Any) -> None:
        _check_names(attribute.name, value)
        for name, item in value.items():
            if not isinstance(item, kind):
                a_class = isinstance(item, type)
                held = f"the class {item.__name__}" if a_class else repr(item)
                fix = f"make it: {item.__name__}()" if a_class else f"put {what} there"
                raise FieldError(f"{attribute.name}.{name} holds {held}, but takes {what}", fix=fix, value=item)

    return attrs.field(default=default, converter=FrozenDict, validator=check)


def _check_names(field: str, names: Collection[str]) -> None:
    """Names stand in paths, and in the printed source as the beginnings of variables."""
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise FieldError(f"{field} has the name {name!r}", fix="use letters, digits and _, as in 'q_1'", value=name)
        stem = name.removesuffix("_target")
        if field == "networks" and stem != name and stem in names:  # the source calls the copy of q so
            raise FieldError(
                f"networks has the names {stem!r} and {name!r}, and the target copy of the first is called so",
                fix="give one of them another name", value=name,
            )  # fmt: skip


@attrs.frozen
class Recipe:
    """An algorithm as a value. Nothing in it changes; every method makes a new one.

    Attributes:
        name: what it is called in messages and folders.
        env: where experience comes from, and how many at a time.
        gamma: the discount γ in [0, 1]; it stands here and nowhere else.
        networks: by name.
        explorer: how training acts.
        store: what is remembered and what is handed to learning.
        objectives: by name, in the order in which they run.
        target_updates: by network; one for each network that is read `@target`.
        cadence: how many collects and learns.
        prepare: blocks computed once for each chunk that the store hands over (returns, advantages).
        normalizers: by column, running statistics between what is stored and what is read.
    """

    name: str = fields.text()
    env: Environment = fields.slot("envs")
    gamma: float = fields.number(ge=0.0, le=1.0)
    networks: Mapping[str, Network] = _mapping_of(Network, "a Network")
    explorer: Explorer = fields.slot("explorers")
    store: Store = fields.slot("stores")
    objectives: Mapping[str, Objective] = _mapping_of(Objective, "an Objective")
    target_updates: Mapping[str, TargetUpdate] = _mapping_of(TargetUpdate, "a block of role 'target_updates'")
    cadence: Cadence = fields.slot("cadences")
    prepare: tuple[Block, ...] = attrs.field(default=(), converter=_tuple, validator=_members("", "blocks"))
    normalizers: Mapping[str, Normalizer] = _mapping_of(Normalizer, "a block of role 'normalizers'", FrozenDict({}))

    def get(self, path: str) -> Any:
        """What stands at a path, or at a short name that fits one place.

        Raises:
            RecipeError: nothing, or more than one thing, is called so.
        """
        return paths.get(self, path)

    def swap(self, swaps: Mapping[str, object] | None = None, /, **by_name: object) -> Recipe:
        """The recipe with other blocks: `swap(target=DoubleQ())`, `swap({"networks.q.head": DuelingQ()})`.

        Raises:
            RecipeError: no such slot, several, or a block of another role.
        """
        changed = self
        for path, value in {**(swaps or {}), **by_name}.items():
            if isinstance(value, type):
                raise FieldError(f"{path} is given the class {value.__name__}", fix=f"make it: {value.__name__}()")
            if not attrs.has(type(value)) and not isinstance(value, Mapping | tuple):
                now = changed.get(path)
                meant = (
                    blocks_of(now.role).get(value, type(now))
                    if isinstance(value, str) and isinstance(now, Block)
                    else None
                )
                fix = f"write the block itself: {meant.__name__}()" if meant else f"use set({path}={value!r})"
                raise FieldError(f"swap({path}={value!r}): {value!r} is no block", fix=fix)
            changed = paths.replaced(changed, paths.resolve(changed, path), value)
        return changed

    def set(self, values: Mapping[str, object] | None = None, /, **by_name: object) -> Recipe:
        """The recipe with other numbers or texts: `set(gamma=0.98)`, `set({"store.capacity": 50_000})`.

        Raises:
            RecipeError: no such field, several, or a value that the field does not take.
        """
        changed = self
        for path, value in {**(values or {}), **by_name}.items():
            steps = paths.resolve(changed, path)
            now = paths.get(changed, path)
            if isinstance(now, Block) and not isinstance(value, int | float):
                raise FieldError(f"{path} holds the block {type(now).__name__}", fix="use swap to change a block")
            changed = paths.replaced(changed, steps, value)
        return changed

    def wrap(self, path: str, wrapper: Callable[..., Any], **fields_of_it: object) -> Recipe:
        """The recipe with the block at `path` inside a wrapper: `wrap("store", NStep, n=3)`."""
        inner = self.get(path)
        return self.swap({paths.join(paths.resolve(self, path)): wrapper(inner, **fields_of_it)})

    def named(self, name: str) -> Recipe:
        """The same recipe under another name."""
        return attrs.evolve(self, name=name)


Patch = Callable[[Recipe], Recipe]


def compose(*patches: Patch) -> Patch:
    """One patch that applies several, left to right."""

    def composed(recipe: Recipe) -> Recipe:
        for patch in patches:
            recipe = patch(recipe)
        return recipe

    return composed


def slots_of(recipe: Recipe, role: str) -> list[tuple[str, Block]]:
    """Every slot that holds a block of a role, with its path."""
    return [
        (paths.join(steps), node) for steps, node in paths.walk(recipe) if isinstance(node, Block) and node.role == role
    ]


def innermost(recipe: Recipe, path: str) -> str:
    """The path of the block that no wrapper of the same role at `path` still wraps."""
    node = recipe.get(path)
    below = [
        paths.join((*paths.split(path), a.name))
        for a in attrs.fields(type(node))
        if getattr(getattr(node, a.name), "role", None) == node.role
    ]
    if len(below) > 1:
        raise RecipeError(
            f"recipe {recipe.name!r}: {path!r} wraps several blocks of one role", fix="name one by its path"
        )
    return innermost(recipe, below[0]) if below else path


__all__ = ["Network", "Objective", "Patch", "Recipe", "compose", "innermost", "slots_of", "with_fields"]
