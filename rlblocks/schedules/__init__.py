"""Schedules: a number as a function of a typed clock."""

from rlblocks.schedules.base import Schedule
from rlblocks.schedules.constant import Constant
from rlblocks.schedules.cosine import Cosine
from rlblocks.schedules.exponential import Exponential
from rlblocks.schedules.linear import Linear
from rlblocks.schedules.piecewise import Piecewise

__all__ = ["Constant", "Cosine", "Exponential", "Linear", "Piecewise", "Schedule"]
