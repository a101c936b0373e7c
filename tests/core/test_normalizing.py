"""Normalizers in a run: what is stored stays raw, and statistics move only when a chunk has been learnt from."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from rlblocks.recipes import dqn

from rlblocks import Recipe, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build
from rlblocks.envs import Environment
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.runs.agent import Agent
from rlblocks.runs.evaluation import evaluate
from tests.core.rollouts import MODES, Told, in_vectors, learnt, small, told, unpacked, witnessed
from tests.core.small_blocks import small as small_dqn
from tests.states import CPU

NORMALIZERS = {"observation": ObservationNorm(), "reward": RewardScale()}
SEEN, RETURNS = "normalizers.observation", "normalizers.reward"


def normalised(name: str, env: Environment | None = None, **numbers: Any) -> Recipe:
    """A small recipe that normalises what can be."""
    return witnessed(attrs.evolve(small(name, env, **numbers), normalizers=NORMALIZERS))


def statistics(state: State) -> dict[str, list[float]]:
    """Everything that the normalizers know."""
    return {
        f"{slot}.{key}": tensor.flatten().tolist()
        for slot in (SEEN, RETURNS)
        for key, (tensor,) in state.carries[slot].items()
    }


@pytest.mark.parametrize("mode", [None, *MODES])
def test_statistics_hold_exactly_the_real_steps(mode: AutoresetMode | None) -> None:
    """Mean and deviation of what was acted on and of the last observations; of returns, one for each step."""
    env = told() if mode is None else in_vectors(mode)
    state, _ = learnt(normalised("a2c", env, gamma=0.5), 96)
    known = int(state.carries[RETURNS]["seen"][0])
    waiting = state.pending.state()
    taken = Told.taken[:known]  # in order; what came since waits
    acted = np.array([seen for seen, *_ in taken] + [last for _, _, last, over in taken if over], np.float64)
    carry = {key: tensor.numpy() for key, (tensor,) in state.carries[SEEN].items()}

    assert known + (int(waiting["real"].sum()) if waiting else 0) == state.counters.env_steps == len(Told.taken)
    assert known >= 70
    assert carry["seen"] == len(acted) > known + 10
    assert carry["mean"] == pytest.approx(acted.mean(0))
    assert carry["square"] == pytest.approx(((acted - acted.mean(0)) ** 2).sum(0))
    returns = returns_so_far(np.array([seen for seen, *_ in taken]), gamma=0.5)
    assert state.carries[RETURNS]["mean"][0].item() == pytest.approx(np.mean(returns))
    assert state.carries[RETURNS]["square"][0].item() == pytest.approx(np.var(returns) * known)


def returns_so_far(seen: Any, gamma: float) -> list[float]:
    """R_t = r_t + γ·R_{t−1} of each environment, from 0 in every episode."""
    found: dict[tuple[float, ...], float] = {}
    for who, episode, t, paid in sorted(unpacked(torch.from_numpy(seen)).tolist()):
        found[who, episode, t] = paid + gamma * found.get((who, episode, t - 1), 0.0)
    return list(found.values())


@pytest.mark.parametrize("name", ["ppo", "ppo_lstm", "reinforce"])
def test_statistics_hold_still_until_a_chunk_is_learnt_from(name: str) -> None:
    """Not in collecting, not between learn steps; then all steps so far are taken in at once."""
    state = build(wire(normalised(name)), seed=3, budget=80, device=CPU)
    during: list[dict[str, Any]] = []

    def watch(function: Any) -> Any:
        def watched(*given: Any) -> Any:
            during.append(statistics(state))
            return function(*given)

        return watched

    per_chunk = 1 if name == "reinforce" else 8
    before, steps_then, chunks = statistics(state), 0, 0
    for _ in Loop(state, watch).steps():
        if state.counters.updates == chunks * per_chunk:
            assert statistics(state) == before
            continue
        chunks, steps_then = chunks + 1, state.counters.env_steps
        assert during[-per_chunk:] == [before] * per_chunk
        assert statistics(state) != before
        assert state.carries[RETURNS]["seen"][0].item() == steps_then
        assert state.pending.state() == {}
        before = statistics(state)
    state.pool.close()

    assert chunks >= 4


def test_what_is_stored_and_handed_over_is_raw() -> None:
    """Rows hold what the environment said, whatever the statistics are by then."""
    _, seen = learnt(normalised("ppo"), 96)
    for chunk in seen.chunks:
        who, episode, t, _ = unpacked(chunk["observation"]).T
        assert len(set(who.tolist())) == 2
        assert (episode == episode.round()).all()
        assert set(t.tolist()) <= set(range(6))
        assert torch.equal(chunk["reward"], chunk["observation"][:, 3])


def test_rewards_and_observations_are_normalised_where_they_are_read() -> None:
    """With λ = 0 the return is r̂ + γ·v(x̂′): the scaled reward, and the value of the normalised true next state."""
    recipe = normalised("a2c", **{"prepare[0].lam": 0.0})
    state = build(wire(recipe), seed=3, budget=64, device=CPU)
    checked: list[float] = []
    moved: list[float] = []

    def watch(function: Any) -> Any:
        def watched(chunk: Any, *others: Any) -> Any:
            norm, scale = (
                {key: tensor.clone() for key, (tensor,) in state.carries[slot].items()} for slot in (SEEN, RETURNS)
            )
            following = NORMALIZERS["observation"].compute(x=chunk["next.observation"], carry=norm)
            paid = NORMALIZERS["reward"].compute(x=chunk["reward"], carry=scale)
            expected = paid + chunk["discount"] * state.online["value"](following)["value"]
            checked.append((chunk["return"] - expected).abs().max().item())
            moved.append((following - chunk["next.observation"]).abs().max().item())
            return function(chunk, *others)

        return watched

    for _ in Loop(state, watch).steps():
        pass
    state.pool.close()

    assert len(checked) == 4
    assert max(checked) < 1e-5
    assert min(moved[1:]) > 0.1


def test_evaluation_moves_no_statistics() -> None:
    """However long it is."""
    state, _ = learnt(normalised("ppo"), 48)
    before = statistics(state)
    agent = Agent(state.plan, state.online, state.carries, CPU)
    evaluate(agent, told(), episodes=5, seed=1)

    assert statistics(state) == before
    assert state.pending.state() == {}


def test_an_agent_normalises_as_training_did() -> None:
    """The mean of the policy at x̂, cut to the bounds; at x it is another."""
    box = spaces.Box(-0.5, 0.5, (2,), np.float32)
    state, seen = learnt(normalised("ppo", told(box)), 96)
    agent = Agent(state.plan, state.online, state.carries, CPU)
    observations = seen.chunks[-1]["observation"]
    carry = {key: tensor for key, (tensor,) in state.carries[SEEN].items()}
    through = NORMALIZERS["observation"].compute(x=observations, carry=carry)
    with torch.no_grad():
        expected, raw = (state.online["policy"](x)["mean"].clamp(-0.5, 0.5).numpy() for x in (through, observations))

    assert np.array_equal(agent(observations.numpy()), expected)
    assert np.abs(expected - raw).max() > 0.01
    assert agent(observations.numpy()).dtype == np.float32


def test_statistics_of_replayed_steps_are_all_steps_so_far() -> None:
    """Off policy too: nothing is left out, warm-up included, and the store stays raw."""
    recipe = attrs.evolve(small_dqn(dqn().swap(env=told(n=1))), normalizers={"observation": ObservationNorm()})
    state = build(wire(recipe), seed=3, budget=60, device=CPU)
    for _ in Loop(state).steps():
        pass
    state.pool.close()
    rows = state.memory.contents()
    over = rows["terminated"] | rows["truncated"]
    acted = np.concatenate([rows["observation"], rows["next.observation"][over]]).astype(np.float64)
    carry = {key: tensor.numpy() for key, (tensor,) in state.carries[SEEN].items()}

    assert state.counters.updates == 40
    assert carry["seen"] == len(acted) == 60 + state.counters.episodes
    assert carry["mean"] == pytest.approx(acted.mean(0))
