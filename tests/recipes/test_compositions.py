"""Whatever wires also learns one step, is whole in its file, and resumes bit for bit; what does not wire says why."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from rlblocks.recipes import RECIPES

from rlblocks import Recipe, WiringError, wire
from rlblocks._core.block import blocks_of as classes_of
from rlblocks._core.block import roles
from rlblocks._core.errors import RunError
from rlblocks._core.files import dumps, loads
from rlblocks._core.loop import Loop
from rlblocks._core.plan import Plan
from rlblocks._core.state import State, build
from rlblocks.runs import checkpoint
from rlblocks.testing import compositions, recipes
from rlblocks.testing.random_blocks import GALLERY, MODERATE, Gallery
from tests.states import leaves

MANY = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
FEW = settings(
    max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
MOST = 400  # environment steps after which something was learned in every recipe of small sizes
PAST = 3  # pauses of the loop after the first learn step, at which it is saved


def fresh(plan: Plan) -> State:
    return build(plan, seed=3, budget=MOST, device=torch.device("cpu"))


def go(loop: Loop, pauses: int) -> int:
    """Run on until something was learned, and so many pauses further; how many pauses there were."""
    learned, count = 0, 0
    before = loop.state.counters.updates
    for _ in loop.steps():
        count += 1
        learned += loop.state.counters.updates > before
        if learned >= pauses or loop.state.counters.env_steps >= MOST:
            return count
    return count


@MANY
@given(compositions())
def test_what_does_not_wire_says_why(recipe: Recipe) -> None:
    """A wiring error with misfits, each one a sentence: never anything else that is raised."""
    found = misfit(recipe)

    assert found is None or (found.problems and all(problem.what for problem in found.problems))


@FEW
@given(recipes())
def test_what_wires_is_in_its_file(recipe: Recipe) -> None:
    """Read again, it is equal, prints the same functions, and its file is the same."""
    text = dumps(recipe)
    again = loads(text)

    assert again == recipe
    assert hash(again) == hash(recipe)
    assert dumps(again) == text
    assert wire(again).source == wire(recipe).source


@FEW
@given(recipes())
def test_what_wires_learns_and_resumes_exactly(recipe: Recipe) -> None:
    """A learn step is taken; saved there, loaded into a fresh state, it goes on as the one that never stopped."""
    learns_and_resumes(recipe)


def learns_and_resumes(recipe: Recipe) -> None:
    """The law, on one recipe. A loss that is no number is the run's to tell, and ends it."""
    plan = wire(recipe)
    one, other = fresh(plan), fresh(plan)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            go(Loop(one), PAST)
        if one.counters.env_steps < MOST:
            assert one.counters.updates > 0
        with tempfile.TemporaryDirectory() as place:
            checkpoint.save(Path(place, "last"), one.tree(), meta={})
            tree, _ = checkpoint.load(Path(place, "last"))
        other.load(tree)
        for state in (one, other):
            go(Loop(state), PAST)
        if not one.pool.inexact:
            assert leaves(one.tree()) == leaves(other.tree())
    except RunError as error:
        told = error
        assert told.fix
    finally:
        one.pool.close()
        other.pool.close()


def test_compositions_are_of_both_kinds() -> None:
    """Of a hundred, at least a fifth wire and a fifth do not, over most of the named recipes and many roles."""
    drawn: list[Recipe] = []

    @settings(MANY, max_examples=100, derandomize=True, phases=[Phase.generate])
    @given(compositions())
    def collect(recipe: Recipe) -> None:
        drawn.append(recipe)

    collect()
    kinds = [type(found).__name__ for found in map(misfit, drawn)]
    assert min(kinds.count("NoneType"), kinds.count("WiringError")) > len(drawn) / 5
    assert len({recipe.name for recipe in drawn}) > len(RECIPES) / 2
    assert not set(kinds) - {"NoneType", "WiringError"}


def misfit(recipe: Recipe) -> WiringError | None:
    """Why a recipe does not wire; any other error is a fault of ours."""
    try:
        wire(recipe)
    except WiringError as error:
        return error
    return None


def can_be_drawn(kind: Any) -> bool:
    """Whether a class is the library's, and a file can hold it."""
    kinds = {field.metadata.get("kind") for field in attrs.fields(kind)}
    return kind.__module__.startswith("rlblocks.") and "opaque" not in kinds


@pytest.mark.parametrize("role", roles())
def test_every_class_of_a_role_is_drawn(role: str) -> None:
    """Wrappers with other blocks inside, and each class with several settings where it has any."""
    drawn = GALLERY.blocks(role)
    kinds = [type(block) for block in drawn]

    assert set(kinds) == {kind for kind in classes_of(role).values() if can_be_drawn(kind)}
    for kind in set(kinds):
        settings_of_it = {block for block in drawn if type(block) is kind}
        assert len(settings_of_it) > 1 or not any(field.init for field in attrs.fields(kind))


def test_the_same_blocks_in_every_process() -> None:
    """What is drawn depends on the role alone."""
    assert Gallery(MODERATE).blocks("stores") == GALLERY.blocks("stores")
