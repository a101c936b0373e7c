"""An agent: observation in, action out, greedy and without a random number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from rlblocks.recipes import dqn, noisy
from small_runs import Watch, small, train

import rlblocks
from rlblocks import block, draw, scheduled, wire
from rlblocks._core.clocks import EnvSteps
from rlblocks._core.dry_run import build_modules
from rlblocks.envs.base import Facts
from rlblocks.explorers import Explorer, UniformRandom
from rlblocks.runs.agent import Agent
from rlblocks.runs.events import Evaluated
from rlblocks.schedules import Linear, Schedule
from tests.core.odd_blocks import unregistered

CPU = torch.device("cpu")


def agent_of(recipe: Any = None, facts: Facts | None = None, seed: int = 0) -> Agent:
    plan = wire(recipe or small(), facts)
    modules, generator = build_modules(plan, torch.Generator(), CPU), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in modules["q"].parameters():
            parameter.normal_(generator=generator)  # as it begins, a network of this size prefers one action
    return Agent(plan, modules, {}, CPU, seed)


def facts(observation: Any, actions: Any) -> Facts:
    return Facts("Made-v0", observation, actions)


def test_one_observation_gives_one_action() -> None:
    """A plain int, the greatest value of the network."""
    agent, seen = agent_of(), np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    best = agent.networks["q"](torch.from_numpy(seen))["q"].argmax(1).tolist()

    assert [agent(row) for row in seen] == best
    assert {type(agent(row)) for row in seen} == {int}
    assert len(set(best)) == 2


def test_a_batch_gives_an_action_each() -> None:
    """int64, in order, whatever the number of rows."""
    agent, seen = agent_of(), np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)

    for rows in (1, 7, 20):
        actions = agent(seen[:rows])
        assert actions.dtype == np.int64
        assert actions.tolist() == [agent(row) for row in seen[:rows]]


def test_whatever_holds_numbers_is_an_observation() -> None:
    """Lists, doubles and tensors are taken as the network's own type."""
    agent, seen = agent_of(), np.array([0.5, -1.0, 2.0])

    assert agent(seen.tolist()) == agent(seen) == agent(torch.from_numpy(seen)) == agent(seen.astype(np.float32))


@pytest.mark.parametrize("shape", [(), (4,), (2,), (5, 4), (2, 2, 3), (0,)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    """It names both shapes."""
    with pytest.raises(ValueError, match=r"and this agent learned on \(3,\)$"):
        agent_of()(np.zeros(shape, np.float32))


def test_an_empty_batch_gives_no_action() -> None:
    """Not an error."""
    assert agent_of()(np.zeros((0, 3), np.float32)).tolist() == []


def test_actions_are_counted_as_the_space_counts_them() -> None:
    """A space that starts at 5 is given 5 and 6."""
    made = facts(gymnasium.spaces.Box(-1.0, 1.0, (3,)), gymnasium.spaces.Discrete(2, start=5))
    agent, seen = agent_of(facts=made), np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)

    assert set(agent(seen).tolist()) == {5, 6}
    assert agent(seen[0]) == agent(seen)[0]
    assert agent.act(seen).tolist() == (agent(seen) - 5).tolist()


def test_a_discrete_observation_is_one_number() -> None:
    """One int is one observation, a vector of them a batch."""
    agent = agent_of(facts=facts(gymnasium.spaces.Discrete(6), gymnasium.spaces.Discrete(2)))

    assert agent(np.arange(6)).tolist() == [agent(i) for i in range(6)]


def test_discrete_observations_are_counted_as_the_space_counts_them() -> None:
    """The environment says 3 to 8, and columns hold 0 to 5."""
    seen, acted = gymnasium.spaces.Discrete(6), gymnasium.spaces.Discrete(2)
    agent = agent_of(facts=Facts("Made-v0", seen, acted, first=3))

    assert agent(np.arange(3, 9)).tolist() == agent.act(np.arange(6)).tolist()
    assert [agent(i) for i in range(3, 9)] == agent.act(np.arange(6)).tolist()


@pytest.mark.parametrize("observation", [2, 9, -1, 3.5, [3, 9]])
def test_a_discrete_observation_outside_its_space_is_refused(observation: Any) -> None:
    """Also a part of a state."""
    seen, acted = gymnasium.spaces.Discrete(6), gymnasium.spaces.Discrete(2)

    with pytest.raises(ValueError, match=r"^the observation is \S+, outside its space 3 to 8$"):
        agent_of(facts=Facts("Made-v0", seen, acted, first=3))(observation)


def test_acting_moves_nothing() -> None:
    """No generator, no parameter, no graph."""
    agent, seen = agent_of(), np.zeros((4, 3), np.float32)
    before = [p.clone() for p in agent.networks["q"].parameters()]
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    agent(seen)

    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == states  # noqa: NPY002
    assert all(torch.equal(a, b) for a, b in zip(before, agent.networks["q"].parameters(), strict=True))
    assert all(p.grad is None for p in agent.networks["q"].parameters())


def test_noisy_layers_act_by_their_mean() -> None:
    """The same action every time."""
    agent, seen = agent_of(small(noisy(dqn()))), np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)

    assert agent(seen).tolist() == agent(seen).tolist()


def test_a_policy_that_draws_follows_from_the_seed() -> None:
    """A recipe may be evaluated by chance; the seed decides."""
    seen = np.zeros((64, 3), np.float32)
    recipe = small(dqn().swap(explorer=UniformRandom()))
    one, same, other = (agent_of(recipe, seed=seed) for seed in (1, 1, 2))

    first = one(seen).tolist()
    assert first == same(seen).tolist() != other(seen).tolist()
    assert one(seen).tolist() != first
    one.restart(1)
    assert one(seen).tolist() == first


@pytest.fixture
def scripted() -> Iterator[Any]:
    """A recipe whose evaluation follows a schedule too: the second action from step 30 of 60 on."""
    with unregistered():

        @block("test/scripted")
        class Scripted(Explorer):
            """The second action where the schedule is above one half."""

            inputs = {"share": scheduled("share"), "u": draw("uniform")}
            share: Schedule = Linear(0.0, 1.0, over=EnvSteps(60))

            def compute(self, *, share: Any, u: Any) -> Any:
                return (u * 0 + share >= 0.5).long()

            def evaluation(self) -> Explorer:
                """Itself."""
                return self

        yield small(dqn().swap(explorer=Scripted()))


@pytest.mark.usefixtures("no_waiting", "no_pictures")
def test_a_schedule_in_evaluation_reads_the_present_step(scripted: Any, tmp_path: Path) -> None:
    """In the evaluations of a run, by the agent of its end, and by the agents of both of its checkpoints."""
    watch, seen = Watch(), np.zeros((4, 3), np.float32)
    run = train(tmp_path, scripted, callbacks=[watch], evaluate_every=20, episodes=40)
    lengths = {event.env_steps: np.mean(event.lengths) for event in watch.of(Evaluated)}

    assert lengths[20] > 1.2 * max(lengths[40], lengths[60])  # the second action ends an episode three times as often
    assert run.outcome.best_at == 20
    assert run.agent(seen).tolist() == [1] * 4
    assert rlblocks.load(run.folder)(seen).tolist() == [1] * 4
    assert rlblocks.load(run.folder, "best")(seen).tolist() == [0] * 4


def test_an_agent_of_no_run_stands_at_its_start(scripted: Any) -> None:
    """Where it is not told otherwise."""
    assert agent_of(scripted)(np.zeros(3, np.float32)) == 0
