"""Rows that span n steps, against a loop over each environment's history."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_streams import (
    COLUMNS,
    GAMMA,
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
)

from rlblocks._core.declare import Read, Scheduled
from rlblocks._core.errors import BuildError, CheckpointError, FieldError, RunError
from rlblocks._core.keys import Spec
from rlblocks.stores import Latest, NStep, PrioritizedReplay, UniformReplay, WithNext

LARGE = 10_000


def play(stream, steps):
    """Some steps of a stream: what was written, call by call."""
    return [stream.step() for _ in range(steps)]


def fill(block, calls, environments=4):
    """A memory of this block after these calls."""
    memory = block.build(spec_for(environments))
    for rows, who in calls:
        memory.add(rows, who)
    return memory


def histories(calls):
    """Each environment's rows in order, with the number of the call and the place in it."""
    found = {}
    for number, (rows, who) in enumerate(calls):
        for place, e in enumerate(who.tolist()):
            found.setdefault(e, []).append((number, place, {key: value[place] for key, value in rows.items()}))
    return found


def naive(calls, n):
    """The rows of n steps by a loop over time: complete ones only, in the order in which they become so."""
    joined = []
    for history in histories(calls).values():
        for start in range(len(history)):
            total, discount, last = 0.0, 1.0, None
            for m in range(n):
                if start + m == len(history):
                    break
                number, place, one = history[start + m]
                total += discount * one["reward"]
                discount *= one["discount"]
                if one["terminated"] or one["truncated"] or m == n - 1:
                    last = number, place, one
                    break
            if last is not None:
                number, place, end = last
                ends = {key: end[key] for key in ("terminated", "truncated", "next.observation")}
                made = {**history[start][2], **ends, "reward": np.float64(total), "discount": np.float64(discount)}
                joined.append((number, start, place, made))
    turns, ordered = Counter(), []
    for number, _, place, made in sorted(joined, key=lambda one: one[:2]):
        ordered.append((number, turns[number, place], place, made))
        turns[number, place] += 1
    return [made for *_, made in sorted(ordered, key=lambda one: one[:3])]


def by_stamp(rows):
    """Rows in the order of their stamps, whatever order they were written in."""
    order = np.argsort(rows["action"], kind="stable")
    return {key: value[order] for key, value in rows.items()}


def test_rows_are_those_of_a_loop_over_time():
    """Every row is (s_t, a_t, ΣγᵏR, γᵐ, s_{t+m}, flags) of one episode, in any ring (NST-1, 2, 5, 6, 8, 9)."""
    counts = Counter()

    @LAW
    @given(streams(), st.integers(1, 6), st.integers(1, 40), st.sampled_from([3, 8, LARGE]))
    def law(stream, n, steps, capacity):
        calls = play(stream, steps)
        memory = NStep(UniformReplay(capacity), n).build(spec_for(stream.environments))
        for column in memory.inner.ring.columns.values():
            column.fill(77)
        for rows, who in calls:
            given_rows = {key: value.copy() for key, value in rows.items()}
            memory.add(given_rows, who)
            for value in given_rows.values():
                value.fill(0)
        expected = naive(calls, n)[-capacity:]
        counts.update(stream.counts)
        counts["wrapped"] += int(len(naive(calls, n)) > capacity)
        counts["shorter than n"] += sum(GAMMA**n < one["discount"] < 1 for one in expected)

        assert len(memory) == len(expected)
        if expected:
            same_rows(memory.contents(), stack(expected))
            assert set(memory.sample(20, ["action"])["action"]) <= {one["action"] for one in expected}

    law()
    wanted = ("terminated", "truncated", "both", "single", "out of phase", "wrapped", "shorter than n")
    assert all(counts[event] >= 10 for event in wanted), counts


@LAW
@given(streams(), st.integers(1, 40), st.integers(1, 20))
def test_one_step_changes_nothing(stream, steps, capacity):
    """With n = 1 the store inside holds bit for bit what it would hold alone (NST-3)."""
    calls = play(stream, steps)

    same_tree(
        fill(NStep(UniformReplay(capacity), 1), calls).inner.state(), fill(UniformReplay(capacity), calls).state()
    )


@LAW
@given(streams(), st.integers(1, 6), st.integers(1, 40))
def test_an_episode_of_l_steps_yields_l_rows(stream, n, steps):
    """Finished episodes give every row, an unfinished one all but its last n − 1 (NST-7)."""
    calls = play(stream, steps)
    unfinished = sum(min(t, n - 1) for t in stream.t)
    written = sum(len(who) for _, who in calls)

    assert len(fill(NStep(UniformReplay(LARGE), n), calls)) == written - unfinished


@LAW
@given(streams(), st.integers(1, 6), st.integers(1, 40))
def test_other_episodes_and_environments_do_not_matter(stream, n, steps):
    """NaN rewards in every other episode and environment leave the rows of an episode bit-equal (NST-4, 5)."""
    calls = play(stream, steps)
    chosen = calls[0][0]["observation"][0, :2]
    poisoned = []
    for rows, who in calls:
        mine = (rows["observation"][:, :2] == chosen).all(axis=1)
        poisoned.append(({**rows, "reward": np.where(mine, rows["reward"], np.nan)}, who))
    clean, dirty = (fill(NStep(UniformReplay(LARGE), n), which).contents() for which in (calls, poisoned))
    mine = (clean["observation"][:, :2] == chosen).all(axis=1)

    same_rows({k: v[mine] for k, v in dirty.items()}, {k: v[mine] for k, v in clean.items()})


@LAW
@given(streams(), st.integers(1, 6), st.integers(1, 40))
def test_interleaving_does_not_matter(stream, n, steps):
    """Environments one after the other give the same rows as environments interleaved (NST-5)."""
    calls = play(stream, steps)
    apart = [(stack([one]), np.array([e])) for e, history in sorted(histories(calls).items()) for _, _, one in history]
    interleaved, separate = (fill(NStep(UniformReplay(LARGE), n), which).contents() for which in (calls, apart))

    same_rows(by_stamp(interleaved), by_stamp(separate))


@LAW
@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 30))
def test_linear_in_the_reward(seed, n, steps):
    """Rewards doubled (exactly) double every return, and nothing else (NST-10)."""
    calls = play(Stream(2, seed), steps)
    doubled = [({**rows, "reward": 2 * rows["reward"]}, who) for rows, who in calls]
    once, twice = (fill(NStep(UniformReplay(LARGE), n), which).contents() for which in (calls, doubled))
    once["reward"] = 2 * once["reward"]

    same_rows(twice, once)


@LAW
@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 30))
def test_without_discount_only_the_first_reward_counts(seed, n, steps):
    """With γ = 0 every return is the first reward (NST-10)."""
    calls = [({**rows, "discount": 0 * rows["discount"]}, who) for rows, who in play(Stream(2, seed), steps)]
    first = {int(one["action"]): one["reward"] for rows in histories(calls).values() for *_, one in rows}
    joined = fill(NStep(UniformReplay(LARGE), n), calls).contents()

    assert [first[int(code)] for code in joined["action"]] == joined["reward"].tolist()


@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("over", ["terminated", "truncated"])
def test_the_exact_value_is_a_fixed_point(n, over):
    """With V = V^π, return plus discount times the value of the last state is V(s_t), for every n (NST-8, 11, 12)."""
    length, rewards = 9, np.array([1.0, -2.0, 0.5, 3.0, 0.0, -1.0, 4.0, 0.25, 7.0])
    value = np.zeros(length + 1)
    value[length] = 0.0 if over == "terminated" else 11.0
    for t in reversed(range(length)):
        value[t] = rewards[t] + GAMMA * value[t + 1]
    memory = NStep(UniformReplay(20), n).build(spec_for())
    for t in range(length):
        memory.add(stack([row(0, 0, t, reward=rewards[t], **{over: t == length - 1})]), np.zeros(1, np.int64))
    rows = memory.contents()
    t, last = rows["observation"][:, 2].astype(int), rows["next.observation"][:, 2].astype(int)

    assert np.allclose(rows["reward"] + rows["discount"] * value[last], value[t], rtol=1e-12)
    assert (rows["discount"][rows["terminated"]] == 0).all()
    assert np.allclose(rows["discount"][rows["truncated"]], GAMMA ** (length - t[rows["truncated"]]), rtol=1e-12)


def test_returns_add_up_in_float64():
    """A return in which large rewards cancel is right, although it is stored in float32."""
    columns = {**COLUMNS, "reward": Spec((), "float32")}
    memory = NStep(UniformReplay(4), 3).build(spec_for(columns=columns))
    for t, reward in enumerate((1e8, 1.0, -1e8)):
        memory.add({**stack([row(0, 0, t, reward=reward)]), "discount": np.ones(1)}, np.zeros(1, np.int64))

    assert memory.contents()["reward"].tolist() == [1.0]


@LAW
@given(streams(), st.integers(2, 5), st.integers(1, 15), st.integers(0, 20))
def test_a_loaded_memory_goes_on_as_the_saved_one(stream, n, steps, junk):
    """Pending rows are part of the state: saved inside an episode, the run goes on bit-equal (GEN-5)."""
    block = NStep(PrioritizedReplay(7), n)
    memory, loaded = fill(block, play(stream, steps)), fill(block, play(Stream(4, 5), junk))
    state = memory.state()
    loaded.load(through_checkpoint(state))
    same_tree(loaded.state(), state)
    for rows, who in play(stream, 12):
        memory.add(rows, who)
        loaded.add(rows, who)

    same_tree(loaded.state(), memory.state())
    same_tree(state, through_checkpoint(state))


def test_a_state_does_not_share_memory():
    """What is written after a save does not reach the saved state, nor the other way round (GEN-2, GEN-5)."""
    memory = fill(NStep(UniformReplay(4), 3), play(Stream(4, 1, ending=0.0, idle=0.0), 2))
    state = memory.state()
    kept = through_checkpoint(state)
    memory.load(state)
    for rows, who in play(Stream(4, 2), 3):
        memory.add(rows, who)

    same_tree(state, kept)


def test_a_foreign_state_is_refused_and_changes_nothing():
    """A state of another n, or of another number of environments, is refused, and the memory stays as it was."""
    calls = play(Stream(1, 3), 9)
    memory = fill(NStep(UniformReplay(4), 3), calls, 1)
    before = memory.state()
    for foreign in (fill(NStep(UniformReplay(4), 2), calls, 1), fill(NStep(UniformReplay(4), 3), calls, 2)):
        with pytest.raises(CheckpointError, match="but NStep with n=3 of 1 environments holds"):
            memory.load(foreign.state())
    with pytest.raises(CheckpointError, match="saved columns"):
        memory.load(fill(NStep(UniformReplay(3), 3), calls, 1).state())

    same_tree(memory.state(), before)


def test_a_misfit_row_changes_nothing():
    """A row that the store inside would refuse is refused before any pending row has grown (GEN-21)."""
    memory = fill(NStep(UniformReplay(4), 3), play(Stream(4, 3), 5))
    before = memory.state()
    with pytest.raises(RunError, match="NStep was given 'reward'"):
        memory.add({**stack([row(0, 0, 0)]), "reward": np.zeros((1, 1))}, np.zeros(1, np.int64))

    same_tree(memory.state(), before)


def test_answers_for_the_store_inside():
    """What is handed over, written, owed and asked for is what the store inside says; its schedules are found there."""
    inner = PrioritizedReplay(8)
    block = NStep(inner, 2)

    assert (block.hands, block.outputs, block.debts) == (inner.hands, inner.outputs, inner.debts)
    assert block.inputs == {"beta": Scheduled("inner.beta"), "priority": Read("error")}
    assert block.row_bytes(COLUMNS) == inner.row_bytes(COLUMNS)
    assert NStep(Latest()).inputs == {}


def test_samples_and_feeds_the_store_inside():
    """β reaches the prioritized store inside, its weights come out, and errors go back in."""
    memory = fill(NStep(PrioritizedReplay(50), 3), play(Stream(4, 1), 12))
    memory.sample(4, KEYS, beta=1.0)
    memory.feed(priority=np.array([9.0, 1.0, 1.0, 1.0]))
    found = memory.sample(64, KEYS, beta=1.0)

    assert memory.inner.maximum == pytest.approx(9.0)
    assert found["weight"].min() == pytest.approx(9.0**-0.6)
    assert found["weight"].max() == 1.0


@pytest.mark.parametrize("inner", [NStep(UniformReplay(4)), WithNext(UniformReplay(4))])
def test_joined_rows_are_not_consecutive(inner):
    """Joined again they would count twice, and the next action would be that of a step inside them: refused."""
    with pytest.raises(FieldError, match="overlap"):
        NStep(inner, 3)


def test_needs_what_it_joins():
    """Without a discount there is nothing to multiply: refused when it is built, by name."""
    columns = {key: value for key, value in COLUMNS.items() if key != "discount"}
    with pytest.raises(BuildError, match="discount"):
        NStep(UniformReplay(4), 3).build(spec_for(columns=columns))
