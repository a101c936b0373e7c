"""Environments: where experience comes from, and wrappers that change one of them."""

from rlblocks.envs.base import Environment, Facts, Pool, Step, Wrapper
from rlblocks.envs.convert import as_environment
from rlblocks.envs.discretise import Discretise
from rlblocks.envs.goals import Goal
from rlblocks.envs.gym import Gym
from rlblocks.envs.point_goal import PointGoal
from rlblocks.envs.supplied import Supplied
from rlblocks.envs.supplied_vector import SuppliedVector
from rlblocks.envs.transition_table import TransitionTable
from rlblocks.envs.wrappers import ClipReward, Flatten, FrameStack, Grayscale, Resize, Select, TimeLimit

__all__ = [
    "ClipReward",
    "Discretise",
    "Environment",
    "Facts",
    "Flatten",
    "FrameStack",
    "Goal",
    "Grayscale",
    "Gym",
    "PointGoal",
    "Pool",
    "Resize",
    "Select",
    "Step",
    "Supplied",
    "SuppliedVector",
    "TimeLimit",
    "TransitionTable",
    "Wrapper",
    "as_environment",
]
