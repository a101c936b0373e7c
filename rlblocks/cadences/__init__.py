"""How many collects and learns, and when."""

from rlblocks.cadences.base import Cadence, Collect, Learn, Op, Progress
from rlblocks.cadences.learn_every import LearnEvery

__all__ = ["Cadence", "Collect", "Learn", "LearnEvery", "Op", "Progress"]
