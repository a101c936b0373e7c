"""Losses: a scalar to minimise, and what is reported beside it."""

from rlblocks.losses.base import Loss
from rlblocks.losses.clipped_surrogate import ClippedSurrogate
from rlblocks.losses.clipped_value_loss import ClippedValueLoss
from rlblocks.losses.entropy import Entropy
from rlblocks.losses.huber import Huber
from rlblocks.losses.kl_penalty import KLPenalty
from rlblocks.losses.policy_gradient import PolicyGradient
from rlblocks.losses.squared_error import SquaredError
from rlblocks.losses.value_loss import ValueLoss

__all__ = [
    "ClippedSurrogate",
    "ClippedValueLoss",
    "Entropy",
    "Huber",
    "KLPenalty",
    "Loss",
    "PolicyGradient",
    "SquaredError",
    "ValueLoss",
]
