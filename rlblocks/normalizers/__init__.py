"""Running statistics between what is stored and what is read."""

from rlblocks.normalizers.base import Normalizer, Steps
from rlblocks.normalizers.observation_norm import ObservationNorm
from rlblocks.normalizers.reward_scale import RewardScale

__all__ = ["Normalizer", "ObservationNorm", "RewardScale", "Steps"]
