"""Prebuilt recipes: functions that return a `Recipe`, and patches that change one."""

from .a2c import a2c
from .ddpg import ddpg
from .double_dqn import double_dqn
from .double_q_learning import double_q_learning
from .dqn import dqn
from .dueling_dqn import dueling_dqn
from .dyna_q import dyna_q
from .expected_sarsa import expected_sarsa
from .n_step_dqn import n_step_dqn
from .patches import PATCHES, compose, double, dueling, huber, n_step, noisy, prioritized
from .ppo import ppo
from .ppo_lstm import ppo_lstm
from .prioritized_dqn import prioritized_dqn
from .q_learning import q_learning
from .redq import redq
from .reinforce import reinforce
from .reinforce_baseline import reinforce_baseline
from .sac import sac
from .sac_discrete import sac_discrete
from .sarsa import sarsa
from .sarsa_lambda import sarsa_lambda
from .td3 import td3
from .tqc import tqc

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
    "ddpg": ddpg,
    "td3": td3,
    "sac": sac,
    "sac_discrete": sac_discrete,
    "tqc": tqc,
    "redq": redq,
    "q_learning": q_learning,
    "sarsa": sarsa,
    "expected_sarsa": expected_sarsa,
    "dyna_q": dyna_q,
    "double_q_learning": double_q_learning,
    "sarsa_lambda": sarsa_lambda,
}

__all__ = [
    "PATCHES", "RECIPES", "a2c", "compose", "ddpg", "double", "double_dqn", "double_q_learning", "dqn", "dueling",
    "dueling_dqn", "dyna_q", "expected_sarsa", "huber", "n_step", "n_step_dqn", "noisy", "ppo", "ppo_lstm",
    "prioritized", "prioritized_dqn", "q_learning", "redq", "reinforce", "reinforce_baseline", "sac", "sac_discrete",
    "sarsa", "sarsa_lambda", "td3", "tqc",
]  # fmt: skip
