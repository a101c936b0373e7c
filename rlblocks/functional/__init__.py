"""The mathematics as pure functions of tensors and numbers; the blocks are thin values over it."""

from rlblocks.functional.curves import cosine, exponential, linear
from rlblocks.functional.errors import half_squared_error, huber, same_shape, weighted_mean
from rlblocks.functional.exploration import boltzmann, categorical_action, uniform_action, uniform_legal_action
from rlblocks.functional.gradient_steps import (
    adam_step,
    clip_by_global_norm,
    clip_by_value,
    global_norm,
    rmsprop_step,
    sgd_step,
)
from rlblocks.functional.mixing import copy_into, move_towards
from rlblocks.functional.value_learning import greedy_action, one_step_backup, only_legal, value_of_action

__all__ = [
    "adam_step",
    "boltzmann",
    "categorical_action",
    "clip_by_global_norm",
    "clip_by_value",
    "copy_into",
    "cosine",
    "exponential",
    "global_norm",
    "greedy_action",
    "half_squared_error",
    "huber",
    "linear",
    "move_towards",
    "one_step_backup",
    "only_legal",
    "rmsprop_step",
    "same_shape",
    "sgd_step",
    "uniform_action",
    "uniform_legal_action",
    "value_of_action",
    "weighted_mean",
]
