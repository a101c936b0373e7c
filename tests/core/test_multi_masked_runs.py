"""Runs whose actions make several choices: none but legal entries are taken and learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rlblocks.recipes import RECIPES

from rlblocks import Recipe, wire
from rlblocks._core.dry_run import build_modules
from rlblocks.envs import Supplied, TimeLimit, as_environment
from rlblocks.runs.agent import Agent
from rlblocks.runs.evaluation import evaluate
from tests.core.small_blocks import ran
from tests.core.test_masked_runs import POLICIES, learnt
from tests.envs.multi_gated import EVERY, LONGEST, PAIRS, PairGated, as_array, as_tuple
from tests.states import CPU, leaves, run_on, state_of


def pairs(mode: AutoresetMode | None = None) -> Any:
    """Two of them, in a vector environment where a mode is given."""
    if mode is None:
        return Supplied(PairGated, n=2, wrappers=(TimeLimit(LONGEST),))
    return as_environment(lambda num_envs=2: SyncVectorEnv([PairGated] * num_envs, autoreset_mode=mode))


def policy(name: str, env: Any = None, **numbers: Any) -> Recipe:
    """A recipe that learns a policy of two choices."""
    return RECIPES[name]().swap(env=env or pairs()).set({**POLICIES[name], **numbers})


def test_masks_are_columns_of_the_shape_of_the_logits() -> None:
    """Read by whoever acts and by whoever learns."""
    plan = wire(policy("ppo"))

    assert str(plan.columns["action_mask"]) == "bool[batch, choice, action]"
    assert plan.columns["action_mask"].shape == plan.columns["next.action_mask"].shape == (2, 3)
    assert all("action_mask" in printed.columns for printed in (plan.act, plan.evaluate, plan.learn))


@pytest.mark.parametrize("mode", [None, *AutoresetMode])
@pytest.mark.parametrize("name", ["a2c", "ppo", "ppo_lstm"])
def test_policies_are_learnt_on_the_masks_that_they_acted_on(name: str, mode: AutoresetMode | None) -> None:
    """Each row of a chunk has the mask of its observation, which lets both entries of its action be legal."""
    _, seen = learnt(policy(name, pairs(mode)), 200)
    taken: set[tuple[int, ...]] = set()

    assert len(seen) > 5
    for chunk, wrote in seen:
        real = chunk["weight"] > 0
        mask, action = chunk["action_mask"][real], chunk["action"][real]
        assert torch.equal(mask, torch.from_numpy(PAIRS)[chunk["observation"][real]])
        assert mask.gather(2, action[:, :, None]).all()
        assert not chunk["action_mask"][~real].any()
        assert all(torch.isfinite(value).all() for value in wrote.values())
        taken |= {(int(s), *a) for s, a in zip(chunk["observation"][real], action.tolist(), strict=True)}
    legal = {(s, i, j) for s, mask in enumerate(PAIRS) for i in range(2) for j in range(3) if mask[0, i] and mask[1, j]}
    assert taken == legal


def test_the_new_policy_begins_as_the_old_one() -> None:
    """Before the first step of the optimizer, each row's present log-probability is the stored one."""
    _, seen = learnt(policy("ppo", **{"cadence.epochs": 1, "cadence.minibatches": 1}), 16)

    assert abs(float(seen[0][1]["policy.kl"])) < 1e-6
    assert (seen[0][0]["log_prob"] < 0).any()


def test_a_masked_run_resumes_exactly() -> None:
    """Saved in the middle of episodes and of a rollout."""
    made = policy("ppo")
    saved, twin = state_of(made, steps=75, seed=1), state_of(made, steps=40, seed=2)
    run_on(saved, 75)
    run_on(twin, 40)
    twin.load(saved.tree())
    run_on(saved, 60)
    run_on(twin, 60)

    assert leaves(twin.tree()) == leaves(saved.tree())
    for state in (saved, twin):
        state.pool.close()


def agent_of() -> Agent:
    plan = wire(policy("ppo"))
    return Agent(plan, build_modules(plan, torch.Generator().manual_seed(1), CPU), {}, CPU)


@pytest.mark.parametrize("form", [as_tuple, as_array, np.copy])
def test_an_agent_takes_masks_as_the_environment_tells_them(form: Any) -> None:
    """For one observation and for a batch; actions are counted as the space counts them."""
    agent, places = agent_of(), np.arange(len(PAIRS))
    first, second = (agent(places, [form(mask) for mask in PAIRS]) - PairGated.action_space.start).T

    assert PAIRS[places, 0, first].all()
    assert PAIRS[places, 1, second].all()
    assert np.array_equal(agent(2, form(PAIRS[2])), agent(places, [form(mask) for mask in PAIRS])[2])
    assert np.array_equal(agent(places), agent(places, [form(EVERY)] * len(PAIRS)))


@pytest.mark.parametrize(
    ("mask", "said"),
    [(np.ones(4, bool), r"is bool\[4\], not 2 and 3 flags"), (as_tuple(EVERY & False), "lets no action be legal")],
)
def test_an_agent_refuses_what_is_no_mask(mask: Any, said: str) -> None:
    """It says what was due."""
    with pytest.raises(ValueError, match=said):
        agent_of()(0, mask)


def test_an_evaluation_obeys() -> None:
    """An illegal action would end it; every episode is played to its end."""
    scores = evaluate(agent_of(), Supplied(PairGated), 20, seed=0)

    assert max(scores.lengths) == LONGEST
    assert scores.cut == 0


def test_without_masks_nothing_is_written() -> None:
    """An environment whose info says nothing has no such column."""
    unmasked = ran(policy("a2c", Supplied(Silent, n=2)), 40)

    assert not [key for key in unmasked.plan.columns if "mask" in key]


class Silent(PairGated):
    """Obeys everything and tells nothing."""

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        observation, _ = PairGated.reset(self, seed=seed, options=options)
        return observation, {}

    def step(self, action: Any) -> Any:
        self.t += 1
        return 0, 1.0, self.t % 3 == 0, False, {}
