"""Named changes to a recipe. Each is a function from recipe to recipe; they combine with `compose`, in any order."""

from __future__ import annotations

from rlblocks._core.block import Block, fields_of
from rlblocks._core.errors import RecipeError
from rlblocks._core.recipe import Patch, Recipe, compose, innermost, slots_of
from rlblocks.explorers import EpsilonGreedy, Greedy
from rlblocks.losses import ClippedValueLoss, Huber, SquaredError, ValueLoss
from rlblocks.networks import DuelingQ, NoisyDense, QValues
from rlblocks.stores import NStep, PrioritizedReplay, UniformReplay
from rlblocks.targets import DoubleQ, MaxQ
from rlblocks.transforms import Keep


def _swap_all(recipe: Recipe, old: type[Block], new: type[Block], patch: str) -> Recipe:
    """The recipe with every block of one class made one of another; fields of the same name keep their values.

    Where the other is there already, nothing is left to do.
    """
    places = {path: held for path, held in slots_of(recipe, old.role) if isinstance(held, old)}
    if not places and not any(isinstance(held, new) for _, held in slots_of(recipe, old.role)):
        there = ", ".join(f"{path}: {type(held).__name__}" for path, held in slots_of(recipe, old.role)) or "none"
        raise RecipeError(
            f"the patch {patch!r} swaps {old.__name__}, and recipe {recipe.name!r} has no such block ({there})",
            fix="swap the block that is there by its path", patch=patch,
        )  # fmt: skip
    kept = fields_of(old).keys() & fields_of(new).keys()
    return recipe.swap({path: new(**{name: getattr(held, name) for name in kept}) for path, held in places.items()})


def clipped_value(recipe: Recipe) -> Recipe:
    """Keep the state value near what it was when the rollout was collected (Engstrom et al., 2020, section 3)."""
    changed, keep = _swap_all(recipe, ValueLoss, ClippedValueLoss, "clipped_value"), Keep("value")
    return changed if keep in changed.prepare else changed.swap({"prepare": (keep, *changed.prepare)})


def double(recipe: Recipe) -> Recipe:
    """Choose the next action by the online network, value it by the target network (van Hasselt et al., 2016)."""
    return _swap_all(recipe, MaxQ, DoubleQ, "double")


def dueling(recipe: Recipe) -> Recipe:
    """Split the action values into a state value and advantages (Wang et al., 2016)."""
    return _swap_all(recipe, QValues, DuelingQ, "dueling")


def huber(recipe: Recipe) -> Recipe:
    """Square small errors, take large ones linearly (Huber, 1964)."""
    return _swap_all(recipe, SquaredError, Huber, "huber")


def prioritized(recipe: Recipe) -> Recipe:
    """Replay what surprised most (Schaul et al., 2016), at the capacity that the store has, whatever wraps it."""
    path = innermost(recipe, "store")
    store = recipe.get(path)
    if isinstance(store, PrioritizedReplay):
        return recipe
    if not isinstance(store, UniformReplay):
        raise RecipeError(
            f"the patch 'prioritized' swaps UniformReplay, and {path} of recipe {recipe.name!r} holds {store!r}",
            fix="swap the store by its path", patch="prioritized",
        )  # fmt: skip
    return recipe.swap({path: PrioritizedReplay(store.capacity)})


def n_step(n: int = 3) -> Patch:
    """Bootstrap after n rewards instead of one (Sutton, 1988)."""

    def patch(recipe: Recipe) -> Recipe:
        return recipe.wrap("store", NStep, n=n)

    return patch


def noisy(recipe: Recipe) -> Recipe:
    """Explore by noise on the weights instead of by chance (Fortunato et al., 2018)."""
    layers = {path: NoisyDense() for path, _ in slots_of(recipe, "layers")}
    return _swap_all(recipe, EpsilonGreedy, Greedy, "noisy").swap(layers)


PATCHES: dict[str, Patch] = {
    "clipped_value": clipped_value,
    "double": double,
    "dueling": dueling,
    "huber": huber,
    "n_step": n_step(),
    "noisy": noisy,
    "prioritized": prioritized,
}

__all__ = ["PATCHES", "clipped_value", "compose", "double", "dueling", "huber", "n_step", "noisy", "prioritized"]
