"""Numbers of any size, where a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from tests.cli.console import Console

ID = "rlblocks-tests/Rich-v0"


class Rich(gymnasium.Env[Any, Any]):
    """Pays 10³⁰ a step, for 20 steps."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.zeros(1, np.float32), 1e30, False, False, {}

    def render(self) -> Any:
        return np.zeros((8, 8, 3), np.uint8)


@pytest.fixture
def said(console: Console) -> Iterator[str]:
    """What a run says."""
    gymnasium.register(ID, entry_point=Rich, max_episode_steps=20, reward_threshold=1e32)
    ended = console(f"run dqn env={ID} steps=200 episodes=2 patch=huber cadence.warmup=190 video=never --plain")
    assert ended.code == 0
    yield ended.out
    del gymnasium.registry[ID]


def test_a_large_return_is_short_wherever_it_is_printed(said: str, console: Console) -> None:
    """On the screen, in the verdict, and in what is said of the run later; 2·10³¹ has 32 digits."""
    name = next((console.folder / "runs").iterdir()).name
    later = [console(f"{verb} {name}") for verb in ("evaluate", "compare", "play")]

    assert "mean 2e+31 ± 0.0 over 2 episodes; best 2e+31" in said
    assert all(ended.code == 0 for ended in later)
    for text in (said, *(ended.out for ended in later)):
        assert "2e+31" in text
        assert not re.search(r"\d{9}|(\d{3},){3}", re.sub(r"runs/\S+", "", text))
