"""Prioritized replay and its laws."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from store_streams import (
    KEYS,
    LAW,
    Scripted,
    row,
    same_tree,
    spec_for,
    stack,
    stamp,
    through_checkpoint,
    whole,
    within_binomial,
)

from rlblocks._core.clocks import OfRun
from rlblocks._core.declare import Read, Scheduled
from rlblocks._core.errors import CheckpointError, FieldError, RunError
from rlblocks.functional.sum_tree import leaves_at
from rlblocks.schedules import Constant, Linear
from rlblocks.stores import PrioritizedReplay, StoreSpec, UniformReplay

BELOW_ONE = 1 - 2.0**-53


def filled(block, rows, seed=0, generator=None):
    """A memory of this block with so many rows."""
    spec = spec_for(seed=seed)
    memory = block.build(StoreSpec(spec.columns, 1, generator or spec.generator))
    for t in range(rows):
        memory.add(stack([row(0, 0, t)]), np.zeros(1, np.int64))
    return memory


def give(memory, errors):
    """Hand back these errors for the slots 0, 1, ... as if they had been sampled."""
    memory.sampled, memory.sampled_at = np.arange(len(errors)), memory.ring.written
    memory.feed(priority=np.asarray(errors, np.float64))


def numbers(rows):
    """Which rows these are, in the order in which they were written."""
    return rows["action"] - stamp(0, 0, 0)


def masses(memory):
    """p^α of every slot."""
    return leaves_at(memory.tree, np.arange(memory.ring.capacity))


def test_declares_what_it_writes_and_asks_for():
    """Its weights are a debt, the error of every row is asked for, and β follows a schedule from 0.4 to 1."""
    block = PrioritizedReplay(5)

    assert (block.hands, block.outputs, block.debts) == ("sampled", ("weight",), ("weight",))
    assert block.inputs == {"beta": Scheduled("beta"), "priority": Read("error")}
    assert block.beta == Linear(0.4, 1.0, over=OfRun(1.0))
    assert PrioritizedReplay(5, beta=0.5).beta == Constant(0.5)
    assert block.tags["weight_scope"] == "batch"


@pytest.mark.parametrize(
    "wrong", [{"alpha": -0.1}, {"alpha": 1.1}, {"beta": 1.5}, {"beta": -1}, {"epsilon": 0.0}], ids=str
)
def test_exponents_outside_of_their_range_are_refused(wrong):
    """α and β lie in [0, 1] and ε above 0."""
    with pytest.raises(FieldError, match=next(iter(wrong))):
        PrioritizedReplay(5, **wrong)


class PriorityMachine(RuleBasedStateMachine):
    """Everything that can be done to a prioritized memory, beside a plain list of raw priorities."""

    counts = Counter()

    @initialize(
        capacity=st.sampled_from([1, 2, 3, 5, 8, 13, 33]),
        alpha=st.sampled_from([0.0, 0.6, 1.0]),
        seed=st.integers(0, 999),
    )
    def begin(self, capacity, alpha, seed):
        self.block = PrioritizedReplay(capacity, alpha=alpha, epsilon=1e-3)
        self.memory, self.random = filled(self.block, 0, seed), np.random.default_rng(seed)
        self.raw, self.maximum, self.written = {}, 1.0, 0

    @rule(count=st.integers(1, 9))
    def add(self, count):
        rows = [row(0, 0, self.written + i) for i in range(count)]
        self.memory.add(stack(rows), np.zeros(count, np.int64))
        for i in range(count):
            self.raw[(self.written + i) % self.block.capacity] = self.maximum
        self.written += count
        self.counts["wrapped"] += int(self.written > self.block.capacity)

    @rule(batch=st.integers(1, 12), late=st.integers(0, 6))
    def learn(self, batch, late):
        """Sample, let some rows arrive in between, and hand back errors from 1e-6 to 1e6."""
        if not self.written:
            return
        self.memory.sample(batch, ["action"], beta=0.5)
        slots = self.memory.sampled.tolist()
        stamps = [self.written - 1 - (self.written - 1 - slot) % self.block.capacity for slot in slots]
        if late:
            self.add(late)
        errors = 10 ** self.random.uniform(-6, 6, batch)
        self.memory.feed(priority=errors)
        held = [i for i in range(batch) if stamps[i] >= self.written - self.block.capacity]
        self.counts["overwritten"] += batch - len(held)
        self.counts["twice"] += batch - len(set(slots))
        for slot in {slots[i] for i in held}:
            self.raw[slot] = max(errors[i] + 1e-3 for i in held if slots[i] == slot)
        self.maximum = max([self.maximum, *(errors[i] + 1e-3 for i in held)])

    @rule()
    def save_and_load(self):
        state, fresh = self.memory.state(), filled(self.block, 5)
        fresh.sample(2, ["action"], beta=0.5)
        fresh.load(through_checkpoint(state))
        fresh.generator.bit_generator.state = self.memory.generator.bit_generator.state
        assert fresh.tree.tobytes() == self.memory.tree.tobytes()
        self.memory = fresh

    @invariant()
    def the_tree_is_that_of_the_raw_priorities(self):
        expected = np.zeros(self.block.capacity)
        for slot, raw in self.raw.items():
            expected[slot] = raw**self.block.alpha
        assert masses(self.memory) == pytest.approx(expected, rel=1e-12)
        assert self.memory.maximum == self.maximum


def test_priorities_are_those_of_a_plain_list():
    """The leaf of a slot is its raw priority to the power α; late errors and double rows as declared (PER-7 to 11)."""
    run_state_machine_as_test(
        PriorityMachine, settings=settings(max_examples=30, stateful_step_count=20, deadline=None, derandomize=True)
    )

    assert all(PriorityMachine.counts[event] >= 10 for event in ("wrapped", "overwritten", "twice")), (
        PriorityMachine.counts
    )


def test_frequencies_follow_the_priorities():
    """Row i is drawn with probability p_i^α / Σ p^α, α applied once (PER-4, PER-8)."""
    memory = filled(PrioritizedReplay(4, alpha=0.6, epsilon=1e-9), 4, seed=2)
    give(memory, [1.0, 2.0, 3.0, 4.0])
    draws = 16_000
    counts = Counter(int(numbers(memory.sample(1, ["action"], beta=0.4))[0]) for _ in range(draws))
    powers = np.arange(1.0, 5.0) ** 0.6

    within_binomial([counts[i] for i in range(4)], powers / powers.sum(), draws)


@pytest.mark.parametrize("capacity", [5, 8, 33])
def test_only_written_rows_are_found_at_the_ends(capacity):
    """u = 0 and u = 1 − 2⁻⁵³ find written rows, in rings that are not full and not a power of two (PER-3)."""
    for held in range(1, capacity + 1):
        script = Scripted([0.0, BELOW_ONE] * 3)
        memory = filled(PrioritizedReplay(capacity), held, generator=script)
        for batch in (1, 1, 4):
            rows = memory.sample(batch, KEYS, beta=1.0)
            assert (numbers(rows) < held).all()
            assert (memory.sampled < held).all()
            whole({key: rows[key] for key in KEYS})


@LAW
@given(st.integers(1, 40), st.integers(1, 30), st.floats(0, 1), st.sampled_from([0.0, 0.6, 1.0]), st.integers(0, 999))
def test_weights_are_those_of_the_probabilities_at_draw_time(rows, batch, beta, alpha, seed):
    """w = (N·P)^−β / max over the batch, N the rows held, P mass over total before any change (PER-5, PER-6)."""
    memory = filled(PrioritizedReplay(25, alpha=alpha), rows, seed)
    give(memory, 10 ** np.random.default_rng(seed).uniform(-3, 3, len(memory)))
    probability = masses(memory) / masses(memory).sum()
    weight = memory.sample(batch, ["action"], beta=beta)["weight"]
    expected = (len(memory) * probability[memory.sampled]) ** -beta

    assert weight.dtype == np.float32
    assert weight == pytest.approx(expected / expected.max(), rel=1e-6)
    assert weight.max() == 1.0
    if alpha == 0 or beta == 0:
        assert (weight == 1).all()


def test_without_alpha_rows_are_uniform():
    """With α = 0 every row has the same mass, whatever its error (PER-6)."""
    memory = filled(PrioritizedReplay(6, alpha=0.0), 6)
    give(memory, [0.0, 1.0, 10.0, 1e6, 1e-9, 3.0])

    assert masses(memory).tolist() == [1.0] * 6


def test_the_first_rows_have_priority_one_and_new_ones_the_largest():
    """A new row gets the largest raw priority ever given, not rounded, to the power α once (PER-7, 8, 11)."""
    memory = filled(PrioritizedReplay(3, alpha=0.5, epsilon=0.25), 2)
    assert masses(memory).tolist() == [1.0, 1.0, 0.0]
    give(memory, [7.03125, 0.0])
    memory.add(stack([row(0, 0, 2)]), np.zeros(1, np.int64))
    assert masses(memory).tolist() == [7.28125**0.5, 0.5, 7.28125**0.5]
    give(memory, [0.0, 0.0, 0.0])
    memory.add(stack([row(0, 0, 3)]), np.zeros(1, np.int64))

    assert masses(memory).tolist() == [7.28125**0.5, 0.5, 0.5]


def test_feeding_changes_what_is_sampled():
    """A row whose error grows is drawn more often, at once (PER-10)."""
    memory = filled(PrioritizedReplay(10, alpha=1.0), 10)
    give(memory, [0.0] * 9 + [1e9])

    assert (numbers(memory.sample(50, ["action"], beta=0.4)) == 9).all()


@LAW
@given(st.integers(1, 30), st.integers(0, 999))
def test_order_of_the_fed_rows_does_not_matter(batch, seed):
    """Rows and errors permuted alike leave the same priorities, double rows included (PER-10)."""
    random = np.random.default_rng(seed)
    slots, errors = random.integers(0, 12, batch), random.random(batch)
    found = []
    for order in (np.arange(batch), random.permutation(batch)):
        memory = filled(PrioritizedReplay(12), 12)
        memory.sampled, memory.sampled_at = slots[order], memory.ring.written
        memory.feed(priority=errors[order])
        found.append(memory.tree.tobytes())

    assert found[0] == found[1]


def test_loading_under_another_alpha_is_rebuilding():
    """The raw priorities are what is saved: under another α the tree is that of the same errors fed anew (PER-9)."""
    errors = 10 ** np.random.default_rng(0).uniform(-3, 3, 9)
    rebuilt, memory = filled(PrioritizedReplay(9, alpha=0.9), 9), filled(PrioritizedReplay(9, alpha=0.3), 9)
    give(rebuilt, errors)
    give(memory, errors)
    loaded = filled(PrioritizedReplay(9, alpha=0.9), 4)
    loaded.load(memory.state())

    assert loaded.tree.tobytes() == rebuilt.tree.tobytes()


def test_beta_may_change_between_samples():
    """β belongs to the sample: the same draw under another β gives the weights of that β (PER-9)."""
    found = []
    for beta in (0.5, 1.0):
        memory = filled(PrioritizedReplay(9), 9, seed=3)
        give(memory, np.arange(9.0))
        found.append(memory.sample(20, ["action"], beta=beta)["weight"])

    assert found[0] ** 2 == pytest.approx(found[1], rel=1e-5)


def test_each_stratum_yields_one_draw():
    """Of equal masses, as many draws as rows give every row once, for every u (PER-13)."""
    for u in (0.0, 0.5, BELOW_ONE):
        memory = filled(PrioritizedReplay(16), 16, generator=Scripted([u] * 16))
        assert memory.sample(16, ["action"], beta=0.4)["action"].tolist() == memory.contents()["action"].tolist()


@pytest.mark.parametrize("wrong", [np.nan, -1e-9, np.inf, -np.inf, 1e308], ids=str)
@pytest.mark.parametrize("place", [0, 2])
def test_an_error_that_is_none_is_refused_and_changes_nothing(wrong, place):
    """NaN, negative, infinite and overflowing errors are refused by row, and the priorities stay (PER-12, GEN-21)."""
    memory = filled(PrioritizedReplay(8), 8)
    memory.sample(3, ["action"], beta=0.4)
    before = memory.state()
    errors = np.ones(3)
    errors[place] = wrong
    with pytest.raises(RunError, match=re.escape(f"the error {wrong} for row {place}")):
        memory.feed(priority=errors)

    same_tree(memory.state(), before)
    assert memory.tree[1] == 8.0


@pytest.mark.parametrize("shape", [(3, 1), (2,), (4,), (), (1, 3)])
def test_errors_of_another_shape_are_refused(shape):
    """One error for each row of the last sample, [batch], and nothing that could be spread over them (GEN-11)."""
    memory = filled(PrioritizedReplay(8), 8)
    memory.sample(3, ["action"], beta=0.4)
    before = memory.state()
    with pytest.raises(RunError, match="the last sample was of shape"):
        memory.feed(priority=np.ones(shape))

    same_tree(memory.state(), before)


@pytest.mark.parametrize("error", [0.0, 1e-300, 1e300])
def test_extreme_errors_keep_everything_finite(error):
    """Errors of 0 and of 1e300 leave rows that can be drawn, with finite weights."""
    memory = filled(PrioritizedReplay(8, alpha=1.0), 8)
    give(memory, [error] * 4 + [1.0] * 4)
    weight = memory.sample(32, ["action"], beta=1.0)["weight"]

    assert np.isfinite(memory.tree).all()
    assert ((weight >= 0) & (weight <= 1)).all()


def test_float32_errors_count_as_they_are():
    """Errors arrive as a loss writes them, in float32."""
    memory = filled(PrioritizedReplay(2, alpha=1.0, epsilon=0.5), 2)
    give(memory, np.array([0.25, 3.0], np.float32))

    assert masses(memory).tolist() == [0.75, 3.5]


def test_fed_errors_are_copied():
    """What was fed is the caller's again (GEN-1, GEN-2)."""
    memory = filled(PrioritizedReplay(2), 2)
    memory.sample(2, ["action"], beta=0.4)
    errors = np.array([1.0, 2.0])
    memory.feed(priority=errors)
    before = memory.state()
    assert errors.tolist() == [1.0, 2.0]
    errors.fill(np.nan)

    same_tree(memory.state(), before)


def test_the_weight_may_be_asked_for_by_key():
    """`weight` is written whether or not it stands among the keys."""
    memory = filled(PrioritizedReplay(2), 2)

    assert list(memory.sample(2, ["weight", "reward"], beta=0.4)) == ["reward", "weight"]
    assert list(memory.sample(2, [], beta=0.4)) == ["weight"]


def test_a_state_without_its_priorities_is_refused():
    """Priorities that do not belong to the saved rows are refused, and nothing is changed."""
    memory = filled(PrioritizedReplay(4), 4)
    before = memory.state()
    with pytest.raises(CheckpointError, match="3"):
        memory.load({**memory.state(), "priority": np.ones(3)})

    same_tree(memory.state(), before)


def test_an_empty_memory_survives_a_round_trip():
    """A memory that was never written or sampled is saved and loaded, also onto a filled one (PER-14)."""
    memory = filled(PrioritizedReplay(4), 3)
    memory.load(through_checkpoint(filled(PrioritizedReplay(4), 0).state()))

    assert len(memory) == 0
    assert not memory.tree.any()
    memory.add(stack([row(0, 0, 0)]), np.zeros(1, np.int64))
    assert masses(memory).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_equal_priorities_draw_the_rows_that_uniform_replay_holds():
    """Never fed, every row is as likely as any other, as in uniform replay."""
    memory, uniform = filled(PrioritizedReplay(5), 12, seed=8), filled(UniformReplay(5), 12)
    draws = 4_000
    found = np.concatenate([memory.sample(1, ["action"], beta=0.4)["action"] for _ in range(draws)])

    within_binomial([(found == code).sum() for code in uniform.contents()["action"]], 1 / 5, draws)
