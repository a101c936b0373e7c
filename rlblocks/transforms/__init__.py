"""Transforms: a key in, the same key out, over all rows of a chunk or a minibatch."""

from rlblocks.transforms.base import Transform
from rlblocks.transforms.normalise import Normalise

__all__ = ["Normalise", "Transform"]
