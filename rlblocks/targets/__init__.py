"""Targets: which next value is bootstrapped from."""

from rlblocks.targets.base import Backup, Target
from rlblocks.targets.double_q import DoubleQ
from rlblocks.targets.max_q import MaxQ
from rlblocks.targets.no_target import NoTarget
from rlblocks.targets.prepared_return import PreparedReturn

__all__ = ["Backup", "DoubleQ", "MaxQ", "NoTarget", "PreparedReturn", "Target"]
