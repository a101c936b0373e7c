"""How many collects and learns, and when."""

from rlblocks.cadences.base import Cadence, Collect, Evaluate, Learn, Op, Progress
from rlblocks.cadences.learn_every import LearnEvery

__all__ = ["Cadence", "Collect", "Evaluate", "Learn", "LearnEvery", "Op", "Progress"]
