"""Paths into a recipe."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import recipes
from rlblocks._core import paths
from rlblocks._core.clocks import EnvSteps
from rlblocks._core.errors import FieldError, RecipeError
from rlblocks.losses import Huber, SquaredError
from rlblocks.target_updates import HardCopy
from rlblocks.targets import DoubleQ
from tests.core.random_recipes import recipes as random_recipes

some = settings(derandomize=True, deadline=None, max_examples=25)
DQN = recipes.dqn()
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_/-]{0,8}", fullmatch=True)


@given(
    st.tuples(NAMES).flatmap(lambda first: st.lists(NAMES | st.integers(0, 99), max_size=4).map(lambda r: (*first, *r)))
)
@some
def test_a_path_is_its_steps(steps):
    """split(join(steps)) == steps."""
    assert paths.split(paths.join(steps)) == steps


@given(random_recipes())
@some
def test_every_node_is_found_by_its_path(recipe):
    """What walk yields is what get finds, and putting it back where it stands changes nothing."""
    for steps, node in paths.walk(recipe):
        if "odd key." not in steps:  # an option may have a name that no path can hold
            assert paths.get(recipe, paths.join(steps)) == node
            assert paths.resolve(recipe, paths.join(steps)) == steps
            assert paths.replaced(recipe, steps, node) == recipe


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "[0]", "a[-1]", "1a", "a b", "a[0]b"])
def test_what_is_no_path_is_refused(text):
    """Steps are names and indices."""
    with pytest.raises(RecipeError, match="is no path"):
        paths.split(text)


def test_a_short_name_stands_for_the_one_place_that_has_it():
    """Alone, or with what follows it."""
    assert paths.resolve(DQN, "target") == ("objectives", "q", "target")
    assert paths.resolve(DQN, "losses[0]") == ("objectives", "q", "losses", 0)
    assert paths.resolve(DQN, "optimizer.clip") == ("objectives", "q", "optimizer", "clip")


def test_a_part_of_the_recipe_goes_before_a_short_name():
    """`prepare` is the recipe's own, not an objective's."""
    assert paths.resolve(DQN, "prepare") == ("prepare",)


def test_a_short_name_of_several_places_lists_them():
    """And asks for the whole path."""
    with pytest.raises(RecipeError) as caught:
        paths.resolve(DQN, "every")

    assert "objectives.q.every, target_updates.q.every, cadence.every\n  fix: write the whole path" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("store.capacitz", "store holds UniformReplay, which has no 'capacitz'\n  fix: did you mean 'capacity'?"),
        ("objectives.w.target", "objectives holds 1 of them, which has no 'w'\n  fix: did you mean 'q'?"),
        ("losses[3]", "objectives.q.losses holds 1 of them, which has no 3"),
        ("optimizer.clop", "objectives.q.optimizer holds Adam, which has no 'clop'\n  fix: did you mean 'clip'?"),
        ("gamma.x", "gamma holds 0.99, which has no 'x'"),
        ("tarjet", "recipe 'dqn' has no 'tarjet'\n  fix: did you mean 'target'?"),
        ("objectivs.q.target", "did you mean 'objectives.q.target'?"),
        ("zzzzzz", "fix: its parts are: name, env, gamma, networks"),
    ],
)  # fmt: skip
def test_a_place_that_there_is_not_is_named_with_the_nearest(path, said):
    """The message says where the path ends and what there is."""
    with pytest.raises(RecipeError) as caught:
        paths.resolve(DQN, path)

    assert said in str(caught.value)


def test_a_replaced_node_leaves_the_rest_alone():
    """In a field, a mapping and a tuple; the recipe itself is not changed."""
    swapped = paths.replaced(DQN, ("objectives", "q", "losses", 0), Huber())
    copied = paths.replaced(swapped, ("target_updates", "q"), HardCopy(every=EnvSteps(3)))

    assert paths.get(copied, "losses") == (Huber(),)
    assert paths.get(copied, "target_updates.q.every") == EnvSteps(3)
    assert paths.get(copied, "objectives.q.optimizer") is paths.get(DQN, "objectives.q.optimizer")
    assert paths.get(DQN, "losses") == (SquaredError(coefficient=2.0),)


def test_a_mapping_takes_a_new_entry_at_its_end():
    """The order of the others stays."""
    made = paths.replaced(DQN, ("target_updates", "v"), HardCopy())

    assert list(made.target_updates) == ["q", "v"]


def test_a_node_that_does_not_belong_there_is_refused_with_its_slot():
    """The error names the recipe and the slot, and carries the facts."""
    with pytest.raises(FieldError, match=r"recipe 'dqn': slot 'objectives.q.target': Objective.target") as caught:
        paths.replaced(DQN, ("objectives", "q", "target"), Huber())

    assert caught.value.facts["path"] == "objectives.q.target"
    assert isinstance(caught.value.facts["value"], Huber)


def test_a_tree_may_be_any_frozen_value():
    """A block alone has paths too."""
    assert paths.get(HardCopy(), "every") == EnvSteps(500)
    assert list(paths.walk(DoubleQ())) == []
