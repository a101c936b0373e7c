"""Playing a run's policy from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from tests.cli.console import Console

ID = "rlblocks-tests/Counting-v0"


class Counting(gymnasium.Env[Any, Any]):
    """Counts its steps, and never ends."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode, self.t = render_mode, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> Any:
        self.t += 1
        return np.full(1, self.t, np.float32), 1.0, False, False, {}

    def render(self) -> Any:
        return np.full((8, 8, 3), self.t, np.uint8)


@pytest.fixture
def run(console: Console) -> Iterator[str]:
    """A run on the endless environment, in the console's folder, whose evaluations are cut after 30 steps."""
    gymnasium.register(ID, entry_point=Counting)
    options = "steps=200 episodes=2 evaluation_steps=30 cadence.warmup=100 video=never"
    assert console(f"run dqn env={ID} {options} --quiet").code == 0
    yield next((console.folder / "runs").iterdir()).name
    del gymnasium.registry[ID]


def test_episodes_without_an_end_are_cut_as_in_the_run(run: str, console: Console) -> None:
    """Or after as many steps as are asked for; it says so in a sentence."""
    said = console(f"evaluate {run} --episodes 3").out
    found = json.loads(console(f"evaluate {run} --episodes 3 --steps 7 --json").out)

    assert "3 of 3 greedy episodes had not ended after 30 steps and were cut there; --steps sets another limit" in said
    assert (found["returns"], found["cut"], found["length"]) == ([7.0] * 3, 3, 7.0)


def test_a_played_episode_without_an_end_is_cut(run: str, console: Console) -> None:
    """Each of several."""
    said = console(f"play {run} --episodes 2 --steps 9")

    assert said.code == 0
    assert "episode 1: return 9 in 9 steps\nepisode 2: return 9 in 9 steps\n" in said.out
