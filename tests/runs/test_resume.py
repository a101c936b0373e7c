"""Resume is bit-exact: a run that is killed and goes on ends where one that was never killed does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rlblocks.recipes import PATCHES, RECIPES, dqn, ppo, q_learning

import rlblocks
from rlblocks import Recipe
from rlblocks._core.errors import RecipeError
from rlblocks.early_stops import KLStop
from rlblocks.envs import TransitionTable
from rlblocks.losses import KLPenalty
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.runs.events import EpisodeEnded, Event, Saved
from tests.runs.small_runs import records, saved

STEPS, EVERY = 600, 150
OPTIONS: dict[str, Any] = {
    "steps": STEPS, "seed": 5, "save_every": EVERY, "evaluate_every": 200, "episodes": 2, "video": "never",
    "view": "quiet",
}  # fmt: skip
SMALL = {
    "cadence.warmup": 64, "cadence.batch": 16, "networks.q.body.widths": (16,), "store.steps": 8, "store.count": 2,
    "cadence.updates": 3, "networks.policy.body.widths": (16,), "networks.value.body.widths": (16,),
    "networks.memory.body.units": 6, "networks.critic.body.widths": (16,), "networks.critic.members": 3,
}  # fmt: skip


class KillAt:
    """A callback that ends its process, as `kill -9` does, an episode after a checkpoint: what came since is lost."""

    def __init__(self, env_steps: int) -> None:
        self.env_steps = env_steps
        self.saved = False

    def on(self, event: Event) -> None:
        """Watch for the checkpoint, then for the end of an episode."""
        if isinstance(event, Saved) and event.kind == "last" and event.env_steps >= self.env_steps:
            self.saved = True
        elif isinstance(event, EpisodeEnded) and self.saved:
            os.kill(os.getpid(), signal.SIGKILL)


def in_a_killed_process(what: Any) -> None:
    """Run something in a forked process, and expect it to be killed."""
    child = os.fork()
    if child == 0:
        try:
            what()
        finally:
            os._exit(7)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the process ended by itself: {status}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def small(recipe: Recipe) -> Recipe:
    """The recipe with those of the small settings that it has a place for; none is larger than its own."""
    for path, value in SMALL.items():
        with suppress(RecipeError):
            own = recipe.get(path)
            recipe = recipe.set({path: min(value, own) if isinstance(own, int | float) else value})
    if "critic" in recipe.networks:  # several networks, whose learn steps are the slowest
        recipe = recipe.set({"cadence.every": "3 env_steps"})
    return recipe.set({"cadence.window": 4}) if "memory" in recipe.networks else recipe


def normalised() -> Recipe:
    """PPO that reads everything through running statistics."""
    return ppo().swap({"normalizers": {"observation": ObservationNorm(), "reward": RewardScale()}}).named("normalised")


def penalised() -> Recipe:
    """PPO with a loss that remembers, and epochs that end where the policy has moved enough."""
    losses = (*ppo().objectives["policy"].losses, KLPenalty(target=1e-4))
    swaps = {"objectives.policy.losses": losses, "cadence.early_stop": KLStop(1e-4)}
    return ppo().swap(swaps).named("penalised")


def tabulated() -> Recipe:
    """Q-learning in eight environments that are stepped by one table."""
    numbers = {"cadence.every": "8 env_steps", "cadence.batch": 8, "store.capacity": 8}
    env = TransitionTable("FrozenLake-v1", n=8)
    return q_learning().swap(env=env).set({**numbers, "cadence.updates": 1}).named("tabulated")


RECIPES_HERE = {
    **RECIPES,
    "tabulated": tabulated,
    "noisy": lambda: PATCHES["noisy"](dqn()).named("noisy"),
    "normalised": normalised,
    "penalised": penalised,
    "n_step_prioritized": lambda: PATCHES["n_step"](PATCHES["prioritized"](dqn())).named("n_step_prioritized"),
}


@pytest.mark.parametrize("name", RECIPES_HERE)
def test_killed_twice_and_resumed_is_never_killed(name: str, tmp_path: Path) -> None:
    """2N steps = N, SIGKILL, resume, SIGKILL, resume: every leaf of the state and every metric, bit for bit."""
    recipe = small(RECIPES_HERE[name]())
    whole = rlblocks.train(recipe, folder=tmp_path / "whole", **OPTIONS)
    assert whole.folder is not None

    killed = tmp_path / "killed"
    in_a_killed_process(lambda: rlblocks.train(recipe, folder=killed, callbacks=[KillAt(EVERY)], **OPTIONS))
    folder = next(killed.iterdir())
    in_a_killed_process(lambda: rlblocks.resume(folder, view="quiet", callbacks=[KillAt(3 * EVERY)]))
    resumed = rlblocks.resume(folder, view="quiet")

    assert resumed.reason == "budget"
    ours, theirs = saved(folder), saved(whole.folder)
    assert [at for at in theirs if ours.get(at) != theirs[at]] == []
    assert ours.keys() == theirs.keys()
    assert records(folder) == records(whole.folder)


def test_in_a_new_interpreter(tmp_path: Path) -> None:
    """The same across two interpreters, whose global generators stand elsewhere."""
    whole = rlblocks.train(small(dqn()), folder=tmp_path / "whole", **OPTIONS)
    assert whole.folder is not None
    killed = tmp_path / "killed"
    in_a_killed_process(lambda: rlblocks.train(small(dqn()), folder=killed, callbacks=[KillAt(EVERY)], **OPTIONS))
    folder = next(killed.iterdir())

    code = (
        "import random, sys, numpy, torch, rlblocks\n"
        "random.seed(9); numpy.random.seed(9); torch.manual_seed(9)\n"
        "rlblocks.resume(sys.argv[1], view='quiet')"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=120)

    assert saved(folder) == saved(whole.folder)


def test_one_step_after_loading_moves_the_live_weights(tmp_path: Path) -> None:
    """The optimizer drives the tensors that act, not those that were saved."""
    killed = tmp_path / "killed"
    in_a_killed_process(lambda: rlblocks.train(small(dqn()), folder=killed, callbacks=[KillAt(EVERY)], **OPTIONS))
    folder = next(killed.iterdir())
    before = saved(folder)

    rlblocks.resume(folder, view="quiet")

    after = saved(folder)
    moved = [at for at in before if at.startswith(".networks") and before[at] != after[at]]
    assert moved == [at for at in before if at.startswith(".networks")]
    assert moved
