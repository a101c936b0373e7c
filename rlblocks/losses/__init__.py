"""Losses: a scalar to minimise, and the error of each row."""

from rlblocks.losses.base import Loss
from rlblocks.losses.huber import Huber
from rlblocks.losses.squared_error import SquaredError

__all__ = ["Huber", "Loss", "SquaredError"]
