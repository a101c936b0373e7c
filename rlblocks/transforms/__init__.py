"""Transforms: a column written anew, over all rows of a chunk or a minibatch."""

from rlblocks.transforms.base import Transform
from rlblocks.transforms.keep import Keep
from rlblocks.transforms.normalise import Normalise

__all__ = ["Keep", "Normalise", "Transform"]
