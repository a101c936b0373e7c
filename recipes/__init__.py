"""Prebuilt recipes: functions that return a `Recipe`, and patches that change one."""

from .double_dqn import double_dqn
from .dqn import dqn
from .dueling_dqn import dueling_dqn
from .n_step_dqn import n_step_dqn
from .patches import PATCHES, compose, double, dueling, huber, n_step, noisy, prioritized
from .prioritized_dqn import prioritized_dqn

RECIPES = {
    "dqn": dqn,
    "double_dqn": double_dqn,
    "dueling_dqn": dueling_dqn,
    "n_step_dqn": n_step_dqn,
    "prioritized_dqn": prioritized_dqn,
}

__all__ = [
    "PATCHES", "RECIPES", "compose", "double", "double_dqn", "dqn", "dueling", "dueling_dqn", "huber", "n_step",
    "n_step_dqn", "noisy", "prioritized", "prioritized_dqn",
]  # fmt: skip
