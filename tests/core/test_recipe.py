"""A recipe is a value: every change makes a new one, and what does not belong is refused by name."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from rlblocks.recipes import double, double_dqn, dqn, dueling, n_step, prioritized

from rlblocks import Network, Recipe, RecipeError, Updates, compose
from rlblocks._core.errors import FieldError
from rlblocks._core.frozen import FrozenDict
from rlblocks._core.recipe import innermost, slots_of
from rlblocks.explorers import Greedy
from rlblocks.losses import Huber, SquaredError
from rlblocks.networks import MLP, DuelingQ, QValues
from rlblocks.schedules import Constant, Linear
from rlblocks.stores import NStep, PrioritizedReplay, UniformReplay
from rlblocks.target_updates import HardCopy
from rlblocks.targets import DoubleQ, MaxQ

Q = dqn().networks["q"]
OBJECTIVE = dqn().objectives["q"]


def refusal(make: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        make()
    return str(caught.value)


# -- swap, set, wrap


def test_swap_makes_a_new_recipe() -> None:
    """The old one is as it was; everything else of the new one is the very same."""
    before = dqn()
    after = before.swap(target=DoubleQ())

    assert before == dqn()
    assert after.get("objectives.q.target") == DoubleQ()
    assert attrs.evolve(after, objectives=before.objectives) == before
    assert after.get("networks.q") is before.get("networks.q")


@pytest.mark.parametrize("path", ["target", "q.target", "objectives.q.target"])
def test_a_short_name_is_the_end_of_a_path(path: str) -> None:
    """As long as it fits one place."""
    assert dqn().swap({path: DoubleQ()}) == double_dqn().named("dqn")
    assert dqn().get(path) == MaxQ()


def test_several_swaps_at_once_are_those_one_after_the_other() -> None:
    """By path and by name, in the order written."""
    at_once = dqn().swap({"losses[0]": Huber()}, target=DoubleQ(), store=UniformReplay(7))

    assert at_once == dqn().swap({"losses[0]": Huber()}).swap(target=DoubleQ()).swap(store=UniformReplay(7))


def test_swapping_back_is_swapping_nothing() -> None:
    """Swaps are inverses of each other."""
    assert dqn().swap(target=DoubleQ()).swap(target=MaxQ()) == dqn()


def test_whole_tuples_and_mappings_can_be_swapped() -> None:
    """All losses, or all keepers."""
    both = (SquaredError(), Huber())

    assert dqn().swap(losses=both).get("objectives.q.losses") == both
    assert dqn().swap(target_updates={}).target_updates == {}
    assert dqn().swap(target_updates={"q": HardCopy()}).get("target_updates.q") == HardCopy()


def test_set_changes_numbers_and_texts() -> None:
    """By path or short name; a number stands for a constant schedule."""
    changed = dqn().set({"store.capacity": 500, "networks.q.body.widths": (4,)}, gamma=0.5, lr=0.1, activation="tanh")

    assert changed.gamma == 0.5
    assert changed.store == UniformReplay(500)
    assert changed.get("networks.q.body") == MLP((4,), activation="tanh")
    assert changed.get("lr") == Constant(0.1)
    assert dqn().set({"lr.start": 0.5}).get("lr").start == 0.5


def test_set_takes_durations_as_texts() -> None:
    """As files and command lines write them."""
    assert dqn().set({"target_updates.q.every": "9 updates"}).get("target_updates.q.every") == Updates(9)


def test_wrap_puts_a_block_inside_another() -> None:
    """With the fields of the wrapper."""
    wrapped = dqn().wrap("store", NStep, n=5)

    assert wrapped.store == NStep(UniformReplay(50_000), n=5)
    assert innermost(wrapped, "store") == "store.inner"
    assert innermost(dqn(), "store") == "store"


def test_innermost_goes_through_all_wrappers() -> None:
    """The store that no wrapper wraps any more, at any depth."""
    assert prioritized(n_step(3)(dqn())) == n_step(3)(prioritized(dqn()))
    assert prioritized(n_step(3)(dqn())).get("store.inner") == PrioritizedReplay(50_000)


def test_named_changes_the_name_alone() -> None:
    """What is trained is the same."""
    assert dqn().named("mine").name == "mine"
    assert dqn().named("mine").named("dqn") == dqn()
    assert refusal(lambda: dqn().named("")) == "Recipe.name is '', but must be a non-empty text"


def test_compose_applies_from_left_to_right() -> None:
    """And is a patch itself; composing nothing changes nothing."""
    seen: list[str] = []

    def note(name: str) -> Any:
        def patch(recipe: Recipe) -> Recipe:
            seen.append(name)
            return recipe

        return patch

    assert compose(note("a"), compose(note("b"), note("c")))(dqn()) == dqn()
    assert seen == ["a", "b", "c"]
    assert compose()(dqn()) == dqn()
    assert compose(double, dueling)(dqn()) == dueling(double(dqn()))


# -- values


def test_equal_recipes_are_one_key() -> None:
    """A recipe can be hashed; another number makes another recipe."""
    assert len({dqn(), dqn(), double_dqn(), dqn().set(gamma=0.5)}) == 3


def test_a_recipe_does_not_share_the_dict_it_was_made_of() -> None:
    """Changing the dict later changes no recipe."""
    networks = {"q": Q}
    recipe = attrs.evolve(dqn(), networks=networks)
    networks["v"] = Q

    assert list(recipe.networks) == ["q"]
    with pytest.raises(TypeError):
        recipe.networks["v"] = Q  # type: ignore[index]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        recipe.gamma = 0.5  # type: ignore[misc]


def test_the_order_of_objectives_is_part_of_the_recipe() -> None:
    """They run in that order, so another order is another recipe."""
    there, back = FrozenDict({"a": 1, "b": 2}), FrozenDict({"b": 2, "a": 1})

    assert there != back
    assert list(attrs.evolve(dqn(), objectives={"b": OBJECTIVE, "a": OBJECTIVE}).objectives) == ["b", "a"]
    assert there == {"a": 1, "b": 2}
    assert hash(there) == hash(FrozenDict({"a": 1, "b": 2}))
    assert there != {"a": 1}
    assert there != "a"


def test_one_name_stands_for_a_tuple_of_one() -> None:
    """One network to train, one key to read, one loss, one block that prepares."""
    assert Network(reads="observation", body=MLP(), head=QValues()).reads == ("observation",)
    one, several = {"trains": "q", "losses": Huber()}, {"trains": ["q"], "losses": [Huber()]}
    assert attrs.evolve(OBJECTIVE, **one) == attrs.evolve(OBJECTIVE, **several)


def test_slots_of_finds_every_block_of_a_role() -> None:
    """At any depth, with its path."""
    recipe = dqn().wrap("store", NStep)

    assert [path for path, _ in slots_of(recipe, "stores")] == ["store", "store.inner"]
    assert [path for path, _ in slots_of(recipe, "layers")] == ["networks.q.body.layer", "networks.q.head.layer"]
    assert [path for path, _ in slots_of(recipe, "explorers")] == ["explorer", "cadence.warmup_explorer"]
    assert all(recipe.get(path) == held for path, held in slots_of(recipe, "schedules"))


# -- what is refused


NAMES = ["q-net", "q net", "1q", "", "q.target", "lab/q", "q\n", "größe", 3, None]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("slot", "held"), [("networks", Q), ("objectives", OBJECTIVE), ("target_updates", HardCopy())])
def test_a_name_is_a_step_of_a_path_and_a_word_of_the_source(slot: str, held: Any, name: Any) -> None:
    """Refused when the recipe is made, not when it is printed or looked up."""
    assert refusal(lambda: attrs.evolve(dqn(), **{slot: {name: held}})) == (
        f"{slot} has the name {name!r}\n  fix: use letters, digits and _, as in 'q_1'"
    )


def test_a_network_is_not_called_as_the_copy_of_another() -> None:
    """`q_target` would be the name of both in the source."""
    assert refusal(lambda: attrs.evolve(dqn(), networks={"q": Q, "q_target": Q})) == (
        "networks has the names 'q' and 'q_target', and the target copy of the first is called so\n"
        "  fix: give one of them another name"
    )
    attrs.evolve(dqn(), networks={"q_target": Q})


REFUSED = {
    "a class in swap": (
        lambda: dqn().swap(explorer=Greedy),
        "explorer is given the class Greedy\n  fix: make it: Greedy()",
    ),
    "a number in swap": (
        lambda: dqn().swap(gamma=0.5),
        "swap(gamma=0.5): 0.5 is no block\n  fix: use set(gamma=0.5)",
    ),
    "a text in swap": (
        lambda: dqn().swap(target="double_q"),
        "swap(target='double_q'): 'double_q' is no block\n  fix: write the block itself: DoubleQ()",
    ),
    "a text that names nothing in swap": (
        lambda: dqn().swap(target="triple_q"),
        "swap(target='triple_q'): 'triple_q' is no block\n  fix: write the block itself: MaxQ()",
    ),
    "a number for a schedule in swap": (
        lambda: dqn().swap(epsilon=0.5),
        "swap(epsilon=0.5): 0.5 is no block\n  fix: use set(epsilon=0.5)",
    ),
    "a block in set": (
        lambda: dqn().set(target=DoubleQ()),
        "target holds the block MaxQ\n  fix: use swap to change a block",
    ),
    "another role": (
        lambda: dqn().swap(store=MaxQ()),
        "recipe 'dqn': slot 'store': Recipe.store holds a MaxQ of role 'targets', but takes a block of role 'stores'",
    ),
    "another role among losses": (
        lambda: attrs.evolve(OBJECTIVE, losses=(SquaredError(), MaxQ())),
        "losses[1] holds MaxQ() of role 'targets', but takes losses\n  fix: put losses there",
    ),
    "a class among losses": (
        lambda: attrs.evolve(OBJECTIVE, losses=(Huber,)),
        "losses[0] holds <class 'rlblocks.losses.huber.Huber'> of role '', but takes losses\n"  # noqa: ISC004
        "  fix: make the block first: Huber()",
    ),
    "a class in a mapping": (
        lambda: attrs.evolve(dqn(), target_updates={"q": HardCopy}),
        "target_updates.q holds the class HardCopy, but takes a block of role 'target_updates'\n"  # noqa: ISC004
        "  fix: make it: HardCopy()",
    ),
    "a head for a network": (
        lambda: attrs.evolve(dqn(), networks={"q": QValues()}),
        "networks.q holds QValues(form=Scalar(), layer=Dense()), but takes a Network\n  fix: put a Network there",
    ),
    "a text for prepare": (
        lambda: attrs.evolve(dqn(), prepare=("normalise",)),
        "prepare[0] holds 'normalise' of role '', but takes blocks\n  fix: put blocks there",
    ),
    "a misspelt name": (
        lambda: dqn().set(gama=0.5),
        "recipe 'dqn' has no 'gama'\n  fix: did you mean 'gamma'?",
    ),
    "a misspelt field of a block": (
        lambda: dqn().set({"store.capacty": 5}),
        "recipe 'dqn': store holds UniformReplay, which has no 'capacty'\n  fix: did you mean 'capacity'?",
    ),
    "a name of several places": (
        lambda: dqn().get("every"),
        "recipe 'dqn': 'every' could be any of objectives.q.every, target_updates.q.every, cadence.every\n"  # noqa: ISC004
        "  fix: write the whole path",
    ),
    "a number out of range": (
        lambda: dqn().set({"cadence.batch": 0}),
        "recipe 'dqn': slot 'cadence.batch': LearnEvery.batch is 0, but must be a whole number, at least 1 (rows)",
    ),
    "an index beyond the end": (
        lambda: dqn().get("losses[1]"),
        "recipe 'dqn': objectives.q.losses holds 1 of them, which has no 1\n  fix: did you mean '0'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_belong_is_refused_by_name(case: str) -> None:
    """With the slot, what stands there, and what to do."""
    make, expected = REFUSED[case]

    assert refusal(make).startswith(expected)


def test_a_refused_change_leaves_the_recipe_alone() -> None:
    """Also where an earlier change of the same call was good."""
    recipe = dqn()
    with pytest.raises(FieldError):
        recipe.set(gamma=0.5, **{"cadence.batch": 0})

    assert recipe == dqn()


def test_a_schedule_goes_where_a_number_was() -> None:
    """swap puts a schedule in place of a constant, set puts a number in place of a schedule."""
    line = Linear(1.0, 0.0, over=Updates(5))

    assert dqn().set(lr=0.1).swap(lr=line).get("lr") == line
    assert dqn().swap(head=DuelingQ()).get("networks.q.head") == DuelingQ()
