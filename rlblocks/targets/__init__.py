"""Targets: which next value is bootstrapped from."""

from rlblocks.targets.base import Backup, Critic, Target
from rlblocks.targets.discrete_soft_q import DiscreteSoftQ
from rlblocks.targets.double_estimator import DoubleEstimator
from rlblocks.targets.double_q import DoubleQ
from rlblocks.targets.expected_sarsa import ExpectedSarsa
from rlblocks.targets.max_q import MaxQ
from rlblocks.targets.no_target import NoTarget
from rlblocks.targets.policy_q import PolicyQ
from rlblocks.targets.prepared_return import PreparedReturn
from rlblocks.targets.random_subset import RandomSubset
from rlblocks.targets.sarsa import Sarsa
from rlblocks.targets.smoothed_q import SmoothedQ
from rlblocks.targets.soft_q import SoftQ
from rlblocks.targets.truncated_quantiles import TruncatedQuantiles

__all__ = [
    "Backup",
    "Critic",
    "DiscreteSoftQ",
    "DoubleEstimator",
    "DoubleQ",
    "ExpectedSarsa",
    "MaxQ",
    "NoTarget",
    "PolicyQ",
    "PreparedReturn",
    "RandomSubset",
    "Sarsa",
    "SmoothedQ",
    "SoftQ",
    "Target",
    "TruncatedQuantiles",
]
