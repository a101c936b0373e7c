"""Runs in which other actions are legal at every step: none but legal ones are taken, stored, learnt or hoped for."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rlblocks.recipes import RECIPES, double_dqn, dqn, n_step, prioritized

from rlblocks import Recipe, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State
from rlblocks.envs import Supplied, TimeLimit, as_environment
from rlblocks.explorers import Boltzmann, EpsilonGreedy, UniformRandom
from tests.core.small_blocks import Jittered, ran, small
from tests.envs.gated import LEGAL, LONGEST, Gated, told
from tests.states import leaves, run_on, state_of

POISON = 1e6
VALUES = {
    "dqn": dqn, "double_dqn": double_dqn, "n_step": lambda: n_step(3)(double_dqn()), "prioritized": lambda:
    prioritized(dqn()), "prioritized n_step": lambda: prioritized(n_step(2)(dqn())),
}  # fmt: skip
BODIES = {f"networks.{name}.body.widths": (6,) for name in ("policy", "value")}
POLICIES = {
    "reinforce": {"store.count": 2, "store.longest": LONGEST, "networks.policy.body.widths": (6,)},
    "reinforce_baseline": {"store.count": 2, "store.longest": LONGEST, **BODIES},
    "a2c": {"store.steps": 8, **BODIES},
    "ppo": {"store.steps": 8, **BODIES, "cadence.minibatches": 2},
    "ppo_lstm": {"store.steps": 8, "networks.memory.body.units": 3, "cadence.window": 4, "cadence.minibatches": 2},
}  # fmt: skip
VECTORS = [None, *AutoresetMode]
IN_VECTORS = [(name, mode) for name in POLICIES for mode in VECTORS if mode is None or "store.steps" in POLICIES[name]]


def gates(mode: AutoresetMode | None = None, n: int = 2) -> Any:
    """Several gates, in a vector environment where a mode is given."""
    if mode is None:
        return Supplied(Gated, n=n, wrappers=(TimeLimit(LONGEST),))
    return as_environment(lambda num_envs=n: SyncVectorEnv([Gated] * num_envs, autoreset_mode=mode))


def valued(name: str, env: Any = None) -> Recipe:
    """A recipe that learns a table: one value for each place and action."""
    return small(VALUES[name]().swap(env=env or gates()), **{"networks.q.body.widths": ()})


def policy(name: str, env: Any = None, **numbers: Any) -> Recipe:
    """A recipe that learns a policy."""
    return RECIPES[name]().swap(env=env or gates()).set({**POLICIES[name], **numbers})


RECIPES_HERE = [*VALUES, *POLICIES]


def recipe(name: str, env: Any = None) -> Recipe:
    """A recipe of either kind."""
    return valued(name, env) if name in VALUES else policy(name, env)


def learnt(made: Recipe, steps: int) -> tuple[State, list[tuple[dict[str, Any], dict[str, Any]]]]:
    """The state after so many steps, and what each learn step was given and wrote."""
    seen: list[Any] = []

    def watch(function: Any) -> Any:
        def watched(chunk: Any, *others: Any) -> Any:
            wrote = function(chunk, *others)
            seen.append(({key: column.clone() for key, column in chunk.items()}, wrote))
            return wrote

        return watched

    state = state_of(made, steps=steps)
    for _ in Loop(state, watch).steps():
        pass
    state.pool.close()
    return state, seen


def greatest_target(made: Recipe, steps: int = 200) -> float:
    """The greatest target of a run in which every illegal action has a tempting value."""
    state, found = state_of(made, steps=steps), [0.0]
    table = torch.from_numpy(np.where(LEGAL, 0.0, POISON).T.astype(np.float32))
    for net in (state.online["q"], state.target.get("q", state.online["q"])):
        for parameter in net.parameters():
            parameter.data.copy_(table if parameter.shape == table.shape else torch.zeros(3))
    loop = Loop(state)
    for _ in loop.steps():
        found += [float(loop.last["q.td_target"].max())] if loop.last else []
    state.pool.close()
    assert len(found) > steps / 2
    return max(found)


@pytest.mark.parametrize("name", RECIPES_HERE)
def test_masks_are_read_by_whoever_acts_and_by_whoever_learns(name: str) -> None:
    """In training, warm-up and evaluation; by a target the next one, by a policy that of the stored action."""
    plan = wire(recipe(name))
    learn = "next.action_mask" if name in VALUES else "action_mask"

    assert all("action_mask" in printed.columns for printed in (plan.act, plan.warmup, plan.evaluate))
    assert [key for key in plan.learn.columns if "mask" in key] == [learn]
    assert str(plan.columns["action_mask"]) == "bool[batch, action]"
    assert plan.columns["action_mask"].shape == plan.columns["next.action_mask"].shape == (3,)


def test_without_masks_nothing_is_written() -> None:
    """No column, and no argument in the printed source."""
    plan = wire(small(dqn()))

    assert not [key for key in plan.columns if "mask" in key]
    assert "mask" not in plan.source


@pytest.mark.parametrize("mode", VECTORS)
@pytest.mark.parametrize("name", VALUES)
def test_only_legal_actions_are_taken_and_stored(name: str, mode: AutoresetMode | None) -> None:
    """The environment raises at any other; each row holds the masks of its observation and of its true successor."""
    rows = ran(valued(name, gates(mode)), 200).memory.contents()
    every = np.arange(len(rows["action"]))

    assert len(every) > 150
    assert rows["action_mask"][every, rows["action"]].all()
    assert np.array_equal(rows["action_mask"], LEGAL[rows["observation"]])
    assert np.array_equal(rows["next.action_mask"], told(rows["next.observation"], rows["terminated"]))
    assert (rows["terminated"] | rows["truncated"]).any()
    taken = {(int(s), int(a)) for s, a in zip(rows["observation"], rows["action"], strict=True)}
    assert taken == {(int(s), int(a)) for s, a in np.argwhere(LEGAL)}


@pytest.mark.parametrize("name", VALUES)
def test_nobody_hopes_for_an_illegal_action(name: str) -> None:
    """Where illegal actions are worth a million, no target is: neither at cuts nor after n steps."""
    assert 0 < greatest_target(valued(name)) < 100


def test_a_target_that_reads_no_mask_would_hope() -> None:
    """So the test above can fail."""
    assert greatest_target(valued("dqn").swap({"objectives.q.target": Jittered()})) > POISON / 2


@pytest.mark.parametrize(("name", "mode"), IN_VECTORS)
def test_policies_are_learnt_on_the_masks_that_they_acted_on(name: str, mode: AutoresetMode | None) -> None:
    """Each row of a chunk has the mask of its observation, which lets its action be legal; padding has none."""
    _, seen = learnt(policy(name, gates(mode)), 200)

    assert len(seen) > 5
    for chunk, wrote in seen:
        real = chunk["weight"] > 0
        mask, action = chunk["action_mask"][real], chunk["action"][real]
        assert torch.equal(mask, torch.from_numpy(LEGAL)[chunk["observation"][real]])
        assert mask.gather(1, action[:, None]).all()
        assert not chunk["action_mask"][~real].any()
        assert all(torch.isfinite(value).all() for value in wrote.values())


@pytest.mark.parametrize("name", ["ppo", "ppo_lstm"])
def test_a_policy_acts_and_learns_with_the_same_probabilities(name: str) -> None:
    """Before the first step of the optimizer the new policy is the old one; that of a sole legal action is 1."""
    _, seen = learnt(policy(name, **{"cadence.epochs": 1, "cadence.minibatches": 1}), 16)
    chunk, wrote = seen[0]
    alone = chunk["action_mask"].sum(1) == 1

    assert abs(float(wrote["policy.kl"])) < 1e-6
    assert alone.any()
    assert not alone.all()
    assert (chunk["log_prob"][alone] == 0).all()
    assert (chunk["log_prob"][~alone] < 0).all()


@pytest.mark.parametrize("name", RECIPES_HERE)
def test_a_masked_run_resumes_exactly(name: str) -> None:
    """Saved in the middle of episodes, and of a rollout; the next steps are bit-equal."""
    made = recipe(name)
    saved, twin = state_of(made, steps=75, seed=1), state_of(made, steps=40, seed=2)
    run_on(saved, 75)
    run_on(twin, 40)
    twin.load(saved.tree())

    assert np.array_equal(twin.seen()["action_mask"], saved.seen()["action_mask"])
    run_on(saved, 60)
    run_on(twin, 60)
    assert leaves(twin.tree()) == leaves(saved.tree())
    for state in (saved, twin):
        state.pool.close()


@pytest.mark.parametrize("explorer", [EpsilonGreedy(1.0), EpsilonGreedy(0.0), Boltzmann(5.0), UniformRandom()])
def test_every_explorer_obeys(explorer: Any) -> None:
    """However it chooses, and in the warm-up too."""
    made = valued("dqn").swap(explorer=explorer)

    assert ran(made.set({"cadence.warmup": 100}), 200).counters.warmup_steps == 100


class Watched(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Raises at illegal actions, of which the environment would make nothing, and counts those that it is given."""

    steps = 0

    def reset(self, **how: Any) -> Any:
        observation, info = self.env.reset(**how)
        self.mask = info["action_mask"]
        return observation, info

    def step(self, action: Any) -> Any:
        assert self.mask[action] == 1
        Watched.steps += 1
        result = self.env.step(action)
        self.mask = result[4]["action_mask"]
        return result


def test_taxi_is_driven_by_the_rules() -> None:
    """No wall is driven into, and nobody is picked up where nobody waits."""
    env = Supplied(lambda: Watched(gymnasium.make("Taxi-v4")), n=2)
    Watched.steps = 0
    state = ran(small(dqn().swap(env=env)), 600)

    assert Watched.steps == state.counters.env_steps == 600
    assert state.counters.episodes >= 2
