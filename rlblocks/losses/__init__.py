"""Losses: a scalar to minimise, and what is reported beside it."""

from rlblocks.losses.base import Loss
from rlblocks.losses.clipped_surrogate import ClippedSurrogate
from rlblocks.losses.clipped_value_loss import ClippedValueLoss
from rlblocks.losses.deterministic_policy_loss import DeterministicPolicyLoss
from rlblocks.losses.discrete_soft_policy_loss import DiscreteSoftPolicyLoss
from rlblocks.losses.discrete_temperature_loss import DiscreteTemperatureLoss
from rlblocks.losses.eligibility import Eligibility
from rlblocks.losses.entropy import Entropy
from rlblocks.losses.huber import Huber
from rlblocks.losses.kl_penalty import KLPenalty
from rlblocks.losses.policy_gradient import PolicyGradient
from rlblocks.losses.quantile_huber import QuantileHuber
from rlblocks.losses.soft_policy_loss import SoftPolicyLoss
from rlblocks.losses.squared_error import SquaredError
from rlblocks.losses.temperature_loss import TemperatureLoss
from rlblocks.losses.value_loss import ValueLoss

__all__ = [
    "ClippedSurrogate",
    "ClippedValueLoss",
    "DeterministicPolicyLoss",
    "DiscreteSoftPolicyLoss",
    "DiscreteTemperatureLoss",
    "Eligibility",
    "Entropy",
    "Huber",
    "KLPenalty",
    "Loss",
    "PolicyGradient",
    "QuantileHuber",
    "SoftPolicyLoss",
    "SquaredError",
    "TemperatureLoss",
    "ValueLoss",
]
