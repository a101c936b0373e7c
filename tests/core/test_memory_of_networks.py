"""What networks remember: from step to step of an episode, never across its end, stored beside each row."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from rlblocks import Recipe, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build
from rlblocks.envs import Gym
from rlblocks.networks import GRU, LSTM
from rlblocks.normalizers import RewardScale
from rlblocks.runs.agent import Agent
from rlblocks.runs.evaluation import evaluate
from tests.core.rollouts import MODES, in_vectors, small, steady, told, unpacked
from tests.states import CPU

Step = tuple[float, float, float]


def remembering(env: Any = None, body: Any = None) -> Recipe:
    """A small recipe with a memory whose policy prefers some actions from the beginning."""
    recipe = small("ppo_lstm", env)
    recipe = recipe if body is None else recipe.swap({"networks.memory.body": body})
    return steady(recipe).set({"networks.policy.head.layer.gain": 2.0})


def collected(recipe: Recipe, steps: int) -> tuple[State, dict[Step, dict[str, torch.Tensor]], set[Step]]:
    """Every stored row by who, episode and t; and those that were the first of a chunk."""
    state = build(wire(recipe), seed=3, budget=steps, device=CPU)
    memory, rows, firsts = state.memory, {}, set()
    for _ in Loop(state).steps():
        if not len(memory):
            continue
        chunk = {key: torch.from_numpy(column) for key, column in memory.contents().items()}
        for index, place in enumerate(unpacked(chunk["observation"])[:, :3].tolist()):
            rows[tuple(place)] = {key: column[index] for key, column in chunk.items()}
            if index < state.pool.n:
                firsts.add(tuple(place))
    state.pool.close()
    return state, rows, firsts


@pytest.mark.parametrize("body", [LSTM(3), GRU(3)])
@pytest.mark.parametrize("mode", [None, *MODES])
def test_memory_goes_from_step_to_step_and_never_across_an_end(mode: AutoresetMode | None, body: Any) -> None:
    """It is 0 where an episode starts; else it is what the step before left, also from one chunk to the next."""
    _, rows, firsts = collected(remembering(told() if mode is None else in_vectors(mode), body), 80)
    across = 0
    for (who, episode, t), row in rows.items():
        before = rows.get((who, episode, t - 1))
        assert bool(row["is_first"]) is (t == 0)
        if t == 0:
            assert (row["hidden"] == 0).all()
        elif before is not None:
            assert torch.equal(row["hidden"], before["next.hidden"])
            assert (row["hidden"] != 0).all()
            across += (who, episode, t) in firsts

    assert across > 0
    starts = [row for row in rows.values() if row["is_first"]]
    assert len(starts) > 10
    ends = [row for row in rows.values() if row["terminated"]], [row for row in rows.values() if row["truncated"]]
    assert min(map(len, ends)) > 3
    assert all((row["next.hidden"] != 0).all() for end in ends for row in end)


def test_what_is_stored_is_the_memory_before_and_after_the_step() -> None:
    """`next.hidden` is what the network makes of the observation and `hidden`, with the parameters that acted."""
    state = build(wire(remembering()), seed=3, budget=64, device=CPU)
    checked = 0
    for _ in Loop(state).steps():
        if len(state.memory):  # complete, and not yet learnt from
            rows = {key: torch.from_numpy(column) for key, column in state.memory.contents().items()}
            with torch.no_grad():
                wrote = state.online["memory"](rows["observation"], rows["hidden"])
                logits = state.online["policy"](wrote["features"])["logits"]
            assert torch.allclose(wrote["hidden"], rows["next.hidden"], atol=1e-6)
            said = logits.log_softmax(1).gather(1, rows["action"][:, None]).flatten()
            assert torch.allclose(said, rows["log_prob"], atol=1e-6)
            checked += 1
    state.pool.close()

    assert checked == 4


def test_the_gradient_goes_back_through_a_window() -> None:
    """A longer window gives the weights of the memory another gradient from the same rows."""
    found = {}
    for window in (2, 8):
        recipe = remembering().set({"cadence.window": window, "cadence.minibatches": 1, "cadence.epochs": 1})
        state = build(wire(recipe), seed=3, budget=16, device=CPU)
        before = {key: value.clone() for key, value in state.online["memory"].state_dict().items()}
        for _ in Loop(state).steps():
            pass
        state.pool.close()
        found[window] = {key: value - before[key] for key, value in state.online["memory"].state_dict().items()}

    assert all((moved != 0).any() for moved in found[8].values())
    assert not torch.allclose(found[2]["body.weight_memory"], found[8]["body.weight_memory"], rtol=1e-3, atol=0)


# -- going on


def going_on(env: Any) -> tuple[State, State]:
    """A state in the middle of episodes and of a chunk, and another one that has become it."""
    recipe = attrs.evolve(remembering(env), normalizers={"reward": RewardScale()})
    state, other = (build(wire(recipe), seed=3, budget=40, device=CPU) for _ in range(2))
    for _ in Loop(state).steps():
        if state.counters.env_steps >= 10:
            break
    other.load(state.tree())
    state.pool.close()
    return state, other


def test_memory_goes_on_where_the_episodes_do() -> None:
    """What was remembered, and the rows of the chunk so far, are there again."""
    state, other = going_on(Gym("CartPole-v1", n=2))
    other.pool.close()

    assert all(np.array_equal(other.recalled[key], state.recalled[key]) for key in ("hidden", "is_first"))
    assert (other.recalled["hidden"] != 0).any()
    assert other.memory.state()["taken"] == 5


@pytest.mark.parametrize("mode", MODES)
def test_new_episodes_begin_with_nothing_remembered(mode: AutoresetMode) -> None:
    """Where a vector environment starts anew: no memory, no return so far, no chunk that goes on in other episodes."""
    state, other = going_on(in_vectors(mode))
    assert (state.recalled["hidden"] != 0).any()
    assert (other.recalled["hidden"] == 0).all()
    assert other.recalled["is_first"].all()
    other.pending.absorb()
    assert other.carries["normalizers.reward"]["left"][0].tolist() == [0.0, 0.0]

    for _ in Loop(other).steps():
        if len(other.memory):
            break
    other.pool.close()
    lanes: dict[float, list[Any]] = {}
    rows = other.memory.contents()
    over = (rows["terminated"] | rows["truncated"]).tolist()
    for place, ended, first in zip(
        unpacked(torch.from_numpy(rows["observation"])).tolist(), over, rows["is_first"].tolist(), strict=True
    ):
        lanes.setdefault(place[0], []).append((*place[1:3], ended, first))
    assert len(lanes) == 2
    for lane in lanes.values():
        assert lane[0][1] == 0
        assert lane[0][3]
        for (_, t, ended, _), (_, following, _, first) in itertools.pairwise(lane):
            assert (following == 0) is ended is first
            assert ended or following == t + 1


# -- an agent


def agent_of(env: Any = None, seed: int = 0) -> Agent:
    state = build(wire(remembering(env)), seed=5, budget=1, device=CPU)
    state.pool.close()
    return Agent(state.plan, state.online, state.carries, CPU, seed)


BOX = spaces.Box(-9.0, 9.0, (2,), np.float32)


def test_an_agent_remembers_until_it_is_restarted() -> None:
    """The same observation means something else the second time, and the same again after a restart."""
    agent, seen = agent_of(told(BOX)), np.array([0.3, 0.0, 0.5, -1.0], np.float32)
    first, second = agent(seen), agent(seen)
    agent.restart()

    assert np.abs(first - second).max() > 1e-3
    assert np.array_equal(agent(seen), first)
    assert np.array_equal(agent(seen), second)


def test_an_agent_acts_as_the_windows_of_learning_say() -> None:
    """Step by step it is where the network comes that is given the whole sequence at once."""
    agent = agent_of(told(BOX))
    seen = np.random.default_rng(0).normal(size=(8, 3, 4)).astype(np.float32)
    acted = np.stack([agent(step) for step in seen])
    with torch.no_grad():
        start = torch.zeros(24, 6)
        features = agent.networks["memory"](torch.from_numpy(seen.reshape(24, 4)), start, window=8)["features"]
        means = agent.networks["policy"](features)["mean"].reshape(8, 3, 2).numpy()

    assert np.allclose(acted, means, atol=1e-6)


def test_as_many_rows_go_on_and_others_do_not() -> None:
    """A batch of another size has a memory of its own."""
    agent, seen = agent_of(told(BOX)), np.ones((2, 4), np.float32)
    alone, together = agent(seen[0]), agent(seen)

    assert np.allclose(together, np.stack([alone, alone]), atol=1e-6)
    assert not np.allclose(agent(seen[0]), alone, atol=1e-4)


def test_an_evaluation_starts_with_nothing_remembered() -> None:
    """Twice the same one scores the same, whatever the agent did in between; training forgets nothing through it."""
    agent = agent_of(told(BOX))
    first = evaluate(agent, told(BOX), episodes=4, seed=7)
    agent(np.ones((4, 4), np.float32))
    agent(np.ones(4, np.float32))

    assert evaluate(agent, told(BOX), episodes=4, seed=7) == first


def test_training_goes_on_from_its_own_memory_after_an_evaluation() -> None:
    """A run that is evaluated at every step stores what one stores that never is."""
    found = []
    for evaluated in (False, True):
        state = build(wire(remembering()), seed=3, budget=32, device=CPU)
        agent = Agent(state.plan, state.online, state.carries, CPU)
        for _ in Loop(state).steps():
            if evaluated:
                evaluate(agent, told(), episodes=2, seed=7)
        state.pool.close()
        found.append({key: value.clone() for key, value in state.online["memory"].state_dict().items()})

    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])
