"""Running statistics between what is stored and what is read."""

from rlblocks.normalizers.base import Normalizer, Steps

__all__ = ["Normalizer", "Steps"]
