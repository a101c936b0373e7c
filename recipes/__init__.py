"""Prebuilt recipes: functions that return a `Recipe`, and patches that change one."""

from .a2c import a2c
from .double_dqn import double_dqn
from .dqn import dqn
from .dueling_dqn import dueling_dqn
from .n_step_dqn import n_step_dqn
from .patches import PATCHES, compose, double, dueling, huber, n_step, noisy, prioritized
from .ppo import ppo
from .ppo_lstm import ppo_lstm
from .prioritized_dqn import prioritized_dqn
from .reinforce import reinforce
from .reinforce_baseline import reinforce_baseline

RECIPES = {
    "dqn": dqn,
    "double_dqn": double_dqn,
    "dueling_dqn": dueling_dqn,
    "n_step_dqn": n_step_dqn,
    "prioritized_dqn": prioritized_dqn,
    "reinforce": reinforce,
    "reinforce_baseline": reinforce_baseline,
    "a2c": a2c,
    "ppo": ppo,
    "ppo_lstm": ppo_lstm,
}

__all__ = [
    "PATCHES", "RECIPES", "a2c", "compose", "double", "double_dqn", "dqn", "dueling", "dueling_dqn", "huber", "n_step",
    "n_step_dqn", "noisy", "ppo", "ppo_lstm", "prioritized", "prioritized_dqn", "reinforce",
    "reinforce_baseline",
]  # fmt: skip
