"""Deliberate mis-compositions about explorers of real numbers: a name, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from rlblocks.recipes import dqn, ppo, sac, sac_discrete

from rlblocks import wire
from rlblocks.distributions import Gaussian
from rlblocks.envs import Supplied
from rlblocks.explorers import GaussianNoise, OrnsteinUhlenbeck


class HalfBounded(gymnasium.Env[Any, Any]):
    """One component has bounds, and one has none."""

    observation_space = spaces.Box(-1.0, 1.0, (3,))
    action_space = spaces.Box(np.array([-1.0, -np.inf], np.float32), np.array([1.0, np.inf], np.float32))

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.zeros(3, np.float32), 0.0, False, False, {}


def noise_cases() -> dict[str, Callable[[], Any]]:
    """By name."""
    unbounded = {"env": Supplied(HalfBounded), "networks.policy.head.continuous": Gaussian()}
    return {
        "noise on one of several actions": lambda: wire(sac_discrete().swap(explorer=GaussianNoise())),
        "noise on values of actions": lambda: wire(dqn().swap(explorer=GaussianNoise())),
        "noise that remembers on one of several actions": lambda: wire(ppo().swap(explorer=OrnsteinUhlenbeck())),
        "noise on actions without bounds": lambda: wire(sac().swap({**unbounded, "explorer": GaussianNoise()})),
        "a uniform warm-up over actions without bounds": lambda: wire(sac().swap(unbounded)),
    }
