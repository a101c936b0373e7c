"""The mathematics as pure functions of tensors and numbers; the blocks are thin values over it.

Functions that need torch beyond the methods of their tensors are imported when they are first asked for, so that blocks
can be made, compared and printed without torch. What stores and normalizers compute with, `replay`, `sum_tree` and
`moments`, works on numpy arrays and is imported by module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rlblocks.functional.categorical import (
    categorical_entropy,
    categorical_log_prob,
    categorical_mode,
    categorical_sample,
    legal_logits,
    total_of_row,
)
from rlblocks.functional.chunks import in_time, rows
from rlblocks.functional.curves import cosine, exponential, linear
from rlblocks.functional.dueling import dueling
from rlblocks.functional.exploration import (
    between,
    boltzmann,
    categorical_action,
    epsilon_greedy_action,
    moved_action,
    ornstein_uhlenbeck,
    uniform_action,
    uniform_choices,
    uniform_legal_action,
)
from rlblocks.functional.noisy import factorised_noise, signed_sqrt
from rlblocks.functional.policy_values import epsilon_greedy_probabilities, expected_value
from rlblocks.functional.scaling import scaled, standardised
from rlblocks.functional.value_learning import (
    greedy_action,
    members_value_of_action,
    one_per_row,
    one_step_backup,
    only_legal,
    same_shape,
    value_of_action,
)

if TYPE_CHECKING:
    from rlblocks.functional.continuous_control import least_quantiles, smoothed_action, soft_value
    from rlblocks.functional.ensembles import (
        first_of_members,
        least_of_members,
        members,
        subset_of_members,
        told_to_one,
        value_of_other_choice,
    )
    from rlblocks.functional.errors import (
        for_members,
        huber,
        mean_of_members,
        squared_error,
        total_of_members,
        weighted_mean,
    )
    from rlblocks.functional.gaussian import (
        gaussian_entropy,
        gaussian_log_prob,
        gaussian_sample,
        squash,
        squash_log_slope,
        squashed_entropy,
        standard_log_prob,
        unsquash,
    )
    from rlblocks.functional.gradient_steps import (
        adam_step,
        clip_by_norm,
        clip_by_value,
        descend,
        join,
        part,
        rmsprop_step,
        sgd_step,
    )
    from rlblocks.functional.mixing import copy_into, move_towards
    from rlblocks.functional.normalising import normalise
    from rlblocks.functional.policy_gradients import (
        adapted_penalty,
        clipped_surrogate,
        clipped_value_error,
        divergence,
        is_outside,
        only_counted,
        policy_gradient,
        weighted_average,
    )
    from rlblocks.functional.policy_losses import (
        box_entropy,
        discrete_soft_policy_loss,
        greatest_entropy,
        soft_policy_loss,
        temperature_loss,
    )
    from rlblocks.functional.quantiles import quantile_huber, quantile_levels
    from rlblocks.functional.recurrent import gru_step, lstm_step, unroll
    from rlblocks.functional.returns import (
        backward_sums,
        bootstrapped,
        generalized_advantages,
        in_step,
        lambda_returns,
        n_step_returns,
        real_rows,
        retrace_returns,
        vtrace,
    )

__all__ = [
    "adam_step",
    "adapted_penalty",
    "backward_sums",
    "between",
    "boltzmann",
    "bootstrapped",
    "box_entropy",
    "categorical_action",
    "categorical_entropy",
    "categorical_log_prob",
    "categorical_mode",
    "categorical_sample",
    "clip_by_norm",
    "clip_by_value",
    "clipped_surrogate",
    "clipped_value_error",
    "copy_into",
    "cosine",
    "descend",
    "discrete_soft_policy_loss",
    "divergence",
    "dueling",
    "epsilon_greedy_action",
    "epsilon_greedy_probabilities",
    "expected_value",
    "exponential",
    "factorised_noise",
    "first_of_members",
    "for_members",
    "gaussian_entropy",
    "gaussian_log_prob",
    "gaussian_sample",
    "generalized_advantages",
    "greatest_entropy",
    "greedy_action",
    "gru_step",
    "huber",
    "in_step",
    "in_time",
    "is_outside",
    "join",
    "lambda_returns",
    "least_of_members",
    "least_quantiles",
    "legal_logits",
    "linear",
    "lstm_step",
    "mean_of_members",
    "members",
    "members_value_of_action",
    "move_towards",
    "moved_action",
    "n_step_returns",
    "normalise",
    "one_per_row",
    "one_step_backup",
    "only_counted",
    "only_legal",
    "ornstein_uhlenbeck",
    "part",
    "policy_gradient",
    "quantile_huber",
    "quantile_levels",
    "real_rows",
    "retrace_returns",
    "rmsprop_step",
    "rows",
    "same_shape",
    "scaled",
    "sgd_step",
    "signed_sqrt",
    "smoothed_action",
    "soft_policy_loss",
    "soft_value",
    "squared_error",
    "squash",
    "squash_log_slope",
    "squashed_entropy",
    "standard_log_prob",
    "standardised",
    "subset_of_members",
    "temperature_loss",
    "told_to_one",
    "total_of_members",
    "total_of_row",
    "uniform_action",
    "uniform_choices",
    "uniform_legal_action",
    "unroll",
    "unsquash",
    "value_of_action",
    "value_of_other_choice",
    "vtrace",
    "weighted_average",
    "weighted_mean",
]

_LAZY = {
    "continuous_control": ("least_quantiles", "smoothed_action", "soft_value"),
    "ensembles": (
        "first_of_members", "least_of_members", "members", "subset_of_members", "told_to_one", "value_of_other_choice",
    ),
    "errors": (
        "for_members", "huber", "mean_of_members", "squared_error", "total_of_members", "weighted_mean",
    ),
    "gaussian": (
        "gaussian_entropy", "gaussian_log_prob", "gaussian_sample", "squash", "squash_log_slope", "squashed_entropy",
        "standard_log_prob", "unsquash",
    ),
    "gradient_steps": (
        "adam_step", "clip_by_norm", "clip_by_value", "descend", "join", "part", "rmsprop_step", "sgd_step",
    ),
    "mixing": ("copy_into", "move_towards"),
    "normalising": ("normalise",),
    "policy_gradients": (
        "adapted_penalty", "clipped_surrogate", "clipped_value_error", "divergence", "is_outside", "only_counted",
        "policy_gradient", "weighted_average",
    ),
    "policy_losses": (
        "box_entropy", "discrete_soft_policy_loss", "greatest_entropy", "soft_policy_loss", "temperature_loss",
    ),
    "quantiles": ("quantile_huber", "quantile_levels"),
    "recurrent": ("gru_step", "lstm_step", "unroll"),
    "returns": (
        "backward_sums", "bootstrapped", "generalized_advantages", "in_step", "lambda_returns", "n_step_returns",
        "real_rows", "retrace_returns", "vtrace",
    ),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _LAZY.items():
        if name in names:
            found = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = found  # the next call, and a compiler, find it like any other
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
