"""Target updates: how a target network follows the online one."""

from rlblocks.target_updates.base import TargetUpdate
from rlblocks.target_updates.hard_copy import HardCopy
from rlblocks.target_updates.polyak import Polyak
from rlblocks.target_updates.same_as_online import SameAsOnline

__all__ = ["HardCopy", "Polyak", "SameAsOnline", "TargetUpdate"]
