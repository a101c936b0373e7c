"""What differs between two recipes."""

import attrs
import pytest
from hypothesis import given, settings

from rlblocks import recipes as named
from rlblocks._core.diff import Add, Remove, Set, Swap, apply, describe, diff
from rlblocks._core.errors import FieldError, RecipeError
from rlblocks._core.paths import get
from rlblocks.losses import Huber, SquaredError
from rlblocks.stores import NStep, UniformReplay
from rlblocks.target_updates import HardCopy
from rlblocks.targets import DoubleQ, MaxQ
from tests.core.random_recipes import pairs, recipes

some = settings(derandomize=True, deadline=None, max_examples=60)
few = settings(some, max_examples=20)


@given(pairs())
@some
def test_a_diff_applied_gives_the_other_recipe(pair):
    """apply(diff(a, b), a) == b, both ways."""
    a, b = pair

    assert b == apply(diff(a, b), a)
    assert a == apply(diff(b, a), b)


@given(recipes())
@few
def test_a_recipe_does_not_differ_from_itself(recipe):
    """diff(a, a) is empty, and an empty diff changes nothing."""
    assert diff(recipe, recipe) == ()
    assert recipe == apply((), recipe)


@given(pairs())
@few
def test_every_change_says_what_stood_there_and_what_stands_there_now(pair):
    """`old` is at its path in the first recipe, and what is swapped, set or added at its path in the second."""
    a, b = pair

    for change in diff(a, b):
        if not isinstance(change, Add):
            assert change.old == get(a, change.path)
        if isinstance(change, Swap):
            assert type(change.old) is not type(change.new)
        if not isinstance(change, Remove):
            assert change.new == get(b, change.path)


@given(pairs())
@few
def test_no_change_stands_inside_another(pair):
    """A swap swallows its children: no path of a diff goes through another."""
    paths = [change.path for change in diff(*pair)]

    assert not [(p, q) for p in paths for q in paths if q.startswith((p + ".", p + "["))]


def test_double_dqn_is_one_line_away_from_dqn():
    """The diff of dqn and double_dqn reads as one line, and still restores the name."""
    changes = diff(named.dqn(), named.double_dqn())

    assert describe(changes) == "objectives.q.target: MaxQ() -> DoubleQ()"
    assert apply(changes, named.dqn()).name == "double_dqn"


def test_a_wrapper_around_an_unchanged_block_is_one_line():
    """The line shows the wrapper with the block inside it."""
    a = named.dqn().swap(store=UniformReplay(50_000))

    said = describe(diff(a, a.wrap("store", NStep, n=3)))

    assert said == "store: UniformReplay(capacity=50000) -> NStep(inner=UniformReplay(capacity=50000), n=3)"


def test_inside_a_wrapper_only_what_changed_is_listed():
    """The wrapper stays, and the line names the field below it."""
    a = named.dqn().swap(store=NStep(UniformReplay(10), n=3))

    assert (Set("store.inner.capacity", 10, 20),) == diff(a, a.set({"store.inner.capacity": 20}))


def test_another_order_of_entries_is_a_difference():
    """Objectives run in the order written, so the whole mapping is set."""
    recipe = named.dqn()
    q = recipe.objectives["q"]
    a = attrs.evolve(recipe, objectives={"q": q, "v": q})
    b = attrs.evolve(recipe, objectives={"v": q, "q": q})

    assert [Set] == [type(change) for change in diff(a, b)]
    assert list(apply(diff(a, b), a).objectives) == ["v", "q"]


def test_entries_are_added_at_the_end_and_removed_by_name():
    """A new entry after the others is an Add, a missing one a Remove."""
    a = named.dqn()
    b = attrs.evolve(a, target_updates={**a.target_updates, "v": HardCopy()})

    assert (Add("target_updates.v", HardCopy()),) == diff(a, b)
    assert (Remove("target_updates.v", HardCopy()),) == diff(b, a)
    assert describe(diff(a, b)) == "+ target_updates.v: HardCopy(every=EnvSteps(500))"
    assert describe(diff(b, a)) == "- target_updates.v: HardCopy(every=EnvSteps(500))"


def test_an_item_before_the_others_is_one_addition():
    """What follows in a tuple is not listed again because its index moved."""
    a = named.dqn().swap({"objectives.q.losses": (SquaredError(), Huber())})
    b = a.swap({"objectives.q.losses": (Huber(delta=2.0), SquaredError(), Huber())})

    assert (Add("objectives.q.losses[0]", Huber(delta=2.0)),) == diff(a, b)
    assert (Remove("objectives.q.losses[0]", Huber(delta=2.0)),) == diff(b, a)


def test_an_entry_that_no_path_can_name_is_still_restored():
    """A mapping with such an entry is set as a whole."""
    a = named.dqn().set({"env.options": {}})
    b = a.set({"env.options": {"odd key.": 1}})

    assert b == apply(diff(a, b), a)


@attrs.frozen
class Span:
    """Two numbers of which the first is the lower."""

    low: int
    high: int = attrs.field()

    @high.validator
    def _above(self, _, value):
        if value <= self.low:
            raise FieldError("low must be below high")


def test_changes_are_made_at_once():
    """No state between two changes has to be valid."""
    a, b = Span(0, 1), Span(5, 6)

    assert b == apply(diff(a, b), a)


def test_of_a_mapping_in_another_order_people_are_told_the_order_and_what_changes():
    """Not all that is in it, twice."""
    said = describe(diff(named.ppo(), named.ppo_lstm())).splitlines()

    assert said[0] == "networks: in the order memory, policy, value"
    assert "networks.policy.reads: ('observation',) -> ('features',)" in said
    assert "+ networks.memory: Network(reads=('observation',), body=LSTM(units=64), head=Features(), members=1)" in said
    assert max(map(len, said)) < 120


def test_changes_of_the_same_place_are_made_in_their_order():
    """Two diffs may be joined: the later one goes on from the earlier."""
    a = named.dqn()
    b = a.swap(store=NStep(UniformReplay(10), n=3))
    c = b.set({"store.n": 5})

    assert c == apply(diff(a, b) + diff(b, c), a)


def test_a_whole_tree_may_be_replaced():
    """Where nothing is shared, the change is at the root."""
    assert DoubleQ() == apply(diff(MaxQ(), DoubleQ()), MaxQ())


def test_a_change_without_a_place_is_refused():
    """The message names the path and the nearest spelling."""
    with pytest.raises(RecipeError, match=r"no 'store.capacitz'(.|\n)*did you mean 'capacity'"):
        apply([Set("store.capacitz", 1, 2)], named.dqn())


def test_a_change_that_does_not_fit_names_its_place():
    """A block of another role is refused with the path of the slot's holder."""
    with pytest.raises(FieldError, match=r"objectives.q: Objective.target holds a Huber"):
        apply([Swap("objectives.q.target", MaxQ(), Huber())], named.dqn())


def test_no_difference_is_said():
    """A name alone is no line of its own."""
    a = named.dqn()

    assert describe(diff(a, a)) == "no difference"
    assert describe(diff(a, a.named("mine"))) == "no difference but the name"
