"""Uniform replay against a deque, and its laws."""

from collections import Counter, deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from store_streams import (
    COLUMNS,
    KEYS,
    LAW,
    Stream,
    row,
    same_rows,
    same_tree,
    spec_for,
    stack,
    streams,
    through_checkpoint,
    whole,
    within_binomial,
)

from rlblocks._core.errors import CheckpointError, FieldError, RunError
from rlblocks.stores import Latest, NStep, PrioritizedReplay, UniformReplay

RINGS = {"uniform": UniformReplay, "latest": Latest, "prioritized": PrioritizedReplay}


class RingMachine(RuleBasedStateMachine):
    """Everything that can be done to a memory, and to a deque beside it."""

    block = UniformReplay
    counts = Counter()

    @initialize(capacity=st.integers(1, 13), environments=st.integers(1, 4), seed=st.integers(0, 999))
    def begin(self, capacity, environments, seed):
        self.store = self.block(capacity)
        self.spec = spec_for(environments, seed)
        self.memory = self.store.build(self.spec)
        for column in self.memory.ring.columns.values():
            column.fill(77)  # poison: nothing may hand over a slot that was never written
        self.model = deque(maxlen=capacity)
        self.stream = Stream(environments, seed)
        self.written = 0

    @rule(steps=st.integers(1, 6))
    def add(self, steps):
        for _ in range(steps):
            rows, environments = self.stream.step()
            given_rows = {key: value.copy() for key, value in rows.items()}
            self.memory.add(given_rows, environments)
            for value in given_rows.values():
                value.fill(0)  # what was given is the caller's again
            self.remember(rows)

    @rule(count=st.integers(1, 40))
    def extend(self, count):
        rows = stack([row(9, self.written, t) for t in range(count)])
        self.memory.add(rows, np.zeros(count, np.int64))
        self.counts["longer than the ring"] += int(count > self.store.capacity)
        self.remember(rows)

    def remember(self, rows):
        count = len(rows["action"])
        self.model.extend({key: value[i] for key, value in rows.items()} for i in range(count))
        before = self.written % self.store.capacity
        self.written += count
        self.counts["wrapped"] += int(self.written > self.store.capacity)
        self.counts["across the end"] += int(0 < before < self.store.capacity < before + count)

    @rule(batch=st.integers(1, 20))
    def sample(self, batch):
        if batch > len(self.model) and (self.block is Latest or not self.model):
            with pytest.raises(RunError):
                self.memory.sample(batch, KEYS, beta=0.5)
            return
        rows = self.memory.sample(batch, KEYS, beta=0.5)
        held = {int(one["action"]) for one in self.model}
        assert set(rows["action"].tolist()) <= held
        whole({key: rows[key] for key in KEYS})
        for value in rows.values():
            value.fill(0)  # what was handed over is the caller's

    @rule(junk=st.integers(0, 30))
    def save_and_load(self, junk):
        state = self.memory.state()
        fresh = self.store.build(self.spec)
        if junk:
            fresh.add(stack([row(8, 8, t) for t in range(junk)]), np.zeros(junk, np.int64))
            fresh.sample(1, KEYS, beta=0.5)
        fresh.load(through_checkpoint(state))
        same_tree(fresh.state(), state)
        self.memory = fresh

    @invariant()
    def holds_the_last_rows(self):
        assert len(self.memory) == len(self.model)
        if self.model:
            same_rows(self.memory.contents(), stack(list(self.model)))

    def teardown(self):
        self.counts.update(self.stream.counts)


@pytest.mark.parametrize("name", RINGS)
def test_contents_are_those_of_a_deque(name):
    """After any additions, samples, saves and loads a ring holds the last rows, in order and whole (BUF-1 to 7)."""
    machine = type(f"{name} machine", (RingMachine,), {"block": RINGS[name], "counts": Counter()})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=30, stateful_step_count=20, deadline=None, derandomize=True)
    )

    wanted = ("wrapped", "across the end", "longer than the ring", "terminated", "truncated", "both", "out of phase")
    assert all(machine.counts[event] >= 5 for event in wanted), machine.counts


@LAW
@given(streams(), st.integers(1, 30), st.integers(1, 12), st.sampled_from(list(RINGS)))
def test_extend_is_repeated_add(stream, capacity, steps, name):
    """A chunk of rows leaves what its rows one by one leave (BUF-5)."""
    chunk = [stream.step()[0] for _ in range(steps)]
    rows = {key: np.concatenate([part[key] for part in chunk]) for key in KEYS}
    count = len(rows["action"])
    at_once, one_by_one = (RINGS[name](capacity).build(spec_for()) for _ in range(2))
    at_once.add(rows, np.zeros(count, np.int64))
    for i in range(count):
        one_by_one.add({key: value[i : i + 1] for key, value in rows.items()}, np.zeros(1, np.int64))

    same_tree(at_once.state(), one_by_one.state())


@pytest.mark.parametrize(("capacity", "written"), [(7, 3), (7, 7), (7, 24)])
def test_every_row_held_is_equally_likely(capacity, written):
    """Each row is drawn with probability 1/len, newest and oldest too, before and after wrapping (BUF-3, 4)."""
    memory = UniformReplay(capacity).build(spec_for(3, seed=11))
    for start in range(0, written, 3):
        memory.add(stack([row(e, 0, start + e) for e in range(3)]), np.arange(3))
    draws = 40_000
    found = memory.sample(draws, ["action"])["action"]
    held = memory.contents()["action"]

    within_binomial([(found == code).sum() for code in held], 1 / len(held), draws)


def test_rows_of_a_batch_are_independent():
    """A pair of rows of one batch is as likely as any other, so that a row may stand twice (BUF-4)."""
    memory = UniformReplay(3).build(spec_for(seed=5))
    memory.add(stack([row(0, 0, t) for t in range(3)]), np.zeros(3, np.int64))
    pairs = memory.sample(30_000, ["observation"])["observation"][:, 2].reshape(-1, 2)
    cells = [((pairs == (a, b)).all(axis=1)).sum() for a in range(3) for b in range(3)]

    within_binomial(cells, 1 / 9, 15_000)


def test_final_observation_and_both_flags_are_kept():
    """The flags are stored apart, and the last row of an episode keeps its true final observation (BUF-8)."""
    memory = UniformReplay(4).build(spec_for())
    ends = [(False, True), (True, False), (True, True), (False, False)]
    rows = [row(0, i, 9, terminated=over, truncated=cut) for i, (over, cut) in enumerate(ends)]
    memory.add(stack(rows), np.zeros(4, np.int64))
    rows = memory.contents()

    assert list(zip(rows["terminated"].tolist(), rows["truncated"].tolist(), strict=True)) == ends
    assert rows["next.observation"][:, 2].tolist() == [10.0] * 4


@pytest.mark.parametrize("name", RINGS)
def test_an_empty_memory_refuses_and_does_not_draw(name):
    """Nothing can be sampled from nothing, and the attempt moves no generator (BUF-10, GEN-21)."""
    spec = spec_for()
    memory = RINGS[name](4).build(spec)
    before = spec.generator.bit_generator.state
    with pytest.raises(RunError, match="holds 0"):
        memory.sample(1, KEYS, beta=0.5)

    assert len(memory) == 0
    assert spec.generator.bit_generator.state == before


@pytest.mark.parametrize("block", [*(RINGS[name](4) for name in RINGS), NStep(UniformReplay(4), 2)], ids=str)
def test_a_step_of_no_environment_changes_nothing(block):
    """Where every environment made a dummy step there are no rows, and nothing is remembered."""
    memory = block.build(spec_for(3))
    rows = stack([row(e, 0, 0) for e in range(3)])
    for t in range(2):
        memory.add(stack([row(e, 0, t) for e in range(3)]), np.arange(3))
    before = memory.state()
    memory.add({key: value[:0] for key, value in rows.items()}, np.arange(0))

    same_tree(memory.state(), before)


@pytest.mark.parametrize("name", RINGS)
def test_an_unknown_column_is_named(name):
    """A key that is no column is refused with the nearest spelling, before anything is drawn."""
    spec = spec_for()
    memory = RINGS[name](4).build(spec)
    memory.add(stack([row(0, 0, 0)]), np.zeros(1, np.int64))
    before = spec.generator.bit_generator.state
    with pytest.raises(RunError, match=r"no column 'rewrad'\n.*did you mean 'reward'"):
        memory.sample(1, ["rewrad"], beta=0.5)

    assert spec.generator.bit_generator.state == before


@pytest.mark.parametrize("name", RINGS)
@pytest.mark.parametrize(
    "change",
    [
        {"reward": np.zeros((2, 1))},
        {"reward": np.zeros(1)},
        {"action": np.zeros(2)},
        {"picture": np.zeros((2, 2, 2), np.int64)},
        {"observation": np.zeros((2, 4), np.float32)},
        {"extra": np.zeros(2)},
    ],
    ids=str,
)
def test_a_misfit_row_changes_nothing(name, change):
    """Rows of the wrong columns, shape or kind of number are refused, and the oldest row stays (GEN-11, 21)."""
    memory = RINGS[name](2).build(spec_for(2))
    memory.add(stack([row(0, 0, 0), row(1, 0, 0)]), np.arange(2))
    before = memory.state()
    with pytest.raises(RunError, match="was given"):
        memory.add({**stack([row(0, 0, 1), row(1, 0, 1)]), **change}, np.arange(2))

    same_tree(memory.state(), before)


@pytest.mark.parametrize("name", RINGS)
def test_there_are_as_many_rows_as_environments(name):
    """Rows of the right shape for another number of environments are refused, also after such rows were right."""
    memory = RINGS[name](5).build(spec_for(3))
    rows = stack([row(0, 0, 0), row(1, 0, 0)])
    memory.add(rows, np.arange(2))
    before = memory.state()
    with pytest.raises(RunError, match="3 rows of this column"):
        memory.add(rows, np.arange(3))

    same_tree(memory.state(), before)


def test_a_missing_column_is_named():
    """Rows without one of the columns are refused by name."""
    memory = UniformReplay(2).build(spec_for())
    rows = stack([row(0, 0, 0)])
    del rows["log_prob"]
    with pytest.raises(RunError, match=r"without \['log_prob'\]"):
        memory.add(rows, np.zeros(1, np.int64))


@LAW
@given(streams(), st.integers(1, 20), st.sampled_from(list(RINGS)))
def test_a_loaded_memory_goes_on_as_the_saved_one(stream, capacity, name):
    """Saved mid-wrap and loaded into an exercised memory, the same operations give the same bits (BUF-12, GEN-5)."""
    block = RINGS[name](capacity)
    before = [stream.step() for _ in range(12)]
    after = [stream.step() for _ in range(9)]
    spec, other = spec_for(stream.environments, 3), spec_for(stream.environments, 4)
    memory, loaded = block.build(spec), block.build(other)
    for rows, environments in before:
        memory.add(rows, environments)
    memory.sample(1, KEYS, beta=0.3)
    state = memory.state()
    kept = through_checkpoint(state)
    for rows, environments in reversed(after):
        loaded.add(rows, environments)
    loaded.sample(1, KEYS, beta=0.9)
    loaded.load(kept)
    other.generator.bit_generator.state = spec.generator.bit_generator.state

    for rows, environments in after:
        for one in (memory, loaded):
            one.add(rows, environments)
        same_rows(memory.sample(1, KEYS, beta=0.7), loaded.sample(1, KEYS, beta=0.7))
    same_tree(memory.state(), loaded.state())
    same_tree(kept, state)


@pytest.mark.parametrize("name", RINGS)
def test_a_state_is_one_copy_of_the_filled_part(name):
    """A state holds the rows written so far and not the room for more, and shares no memory with the store."""
    memory = RINGS[name](10_000).build(spec_for())
    memory.add(stack([row(0, 0, t) for t in range(5)]), np.zeros(5, np.int64))
    state = memory.state()
    columns = state.get("ring", state)["columns"]

    assert {len(column) for column in columns.values()} == {5}
    assert not any(np.shares_memory(columns[key], memory.ring.columns[key]) for key in columns)


@pytest.mark.parametrize("name", RINGS)
def test_a_foreign_state_is_refused_and_changes_nothing(name):
    """A state of other columns or of a larger ring is refused by name, and the memory stays as it was (GEN-21)."""
    small, large = RINGS[name](3).build(spec_for()), RINGS[name](9).build(spec_for())
    other = RINGS[name](3).build(spec_for(columns={"reward": COLUMNS["reward"]}))
    for memory in (small, large):
        memory.add(stack([row(0, 0, t) for t in range(6)]), np.zeros(6, np.int64))
    other.add({"reward": np.zeros(6)}, np.zeros(6, np.int64))
    before = small.state()
    for foreign in (large.state(), other.state()):
        with pytest.raises(CheckpointError, match="saved"):
            small.load(foreign)

    same_tree(small.state(), before)


def test_memories_of_one_block_do_not_meet():
    """Two memories interleaved give what each gives alone, and other seeds give other rows (GEN-4, GEN-17)."""
    block = UniformReplay(50)
    alone, beside, other = (block.build(spec_for(seed=seed)) for seed in (1, 1, 2))
    rows = stack([row(0, 0, t) for t in range(50)])
    for memory in (alone, beside, other):
        memory.add(rows, np.zeros(50, np.int64))
    found = [[memory.sample(20, ["action"])["action"].tolist() for memory in (alone, other, beside)] for _ in range(3)]

    assert [a for a, _, _ in found] == [b for _, _, b in found]
    assert [a for a, _, _ in found] != [c for _, c, _ in found]


@pytest.mark.parametrize("name", RINGS)
def test_global_generators_are_neither_read_nor_moved(name):
    """The same rows are drawn whatever the global seed is, and its state stays (GEN-3)."""
    found = []
    for seed in (0, 1):
        np.random.seed(seed)  # noqa: NPY002  the global generator is the point
        before = np.random.get_state()[1].tobytes()  # noqa: NPY002
        memory = RINGS[name](9).build(spec_for(seed=6))
        memory.add(stack([row(0, 0, t) for t in range(9)]), np.zeros(9, np.int64))
        found.append(memory.sample(6, ["action"], beta=0.5)["action"].tolist())
        assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002

    assert found[0] == found[1]


def test_large_batches_and_memory_size():
    """A batch may be larger than the memory, and the columns take capacity times the bytes of a row (BUF-13, 14)."""
    block = UniformReplay(100)
    memory = block.build(spec_for())
    memory.add(stack([row(0, 0, t) for t in range(7)]), np.zeros(7, np.int64))

    assert len(memory.sample(2_000, ["action"])["action"]) == 2_000
    assert sum(column.nbytes for column in memory.ring.columns.values()) == 100 * block.row_bytes(COLUMNS)


@pytest.mark.parametrize("name", RINGS)
def test_a_ring_holds_at_most_its_capacity(name):
    """The most rows that can be asked for are the capacity, through a wrapper too."""
    assert RINGS[name](7).most_rows() == NStep(RINGS[name](7), 3).most_rows() == 7


@pytest.mark.parametrize("name", ["uniform", "latest"])
def test_feeding_what_was_not_asked_for_is_refused(name):
    """A store without inputs takes nothing back."""
    memory = RINGS[name](2).build(spec_for())
    memory.feed()
    with pytest.raises(RunError, match="asks for nothing, but was fed"):
        memory.feed(priority=np.zeros(1))


@pytest.mark.parametrize("name", RINGS)
@pytest.mark.parametrize("capacity", [0, -1, True, 2.0, "10"])
def test_capacity_is_a_whole_number_above_zero(name, capacity):
    """Anything else is refused when the block is made, by name."""
    with pytest.raises(FieldError, match="capacity"):
        RINGS[name](capacity)
