"""How many collects and learns, and when."""

from rlblocks.cadences.base import Cadence, Collect, Drain, Learn, Op, Progress
from rlblocks.cadences.learn_every import LearnEvery
from rlblocks.cadences.rollout_epochs import RolloutEpochs

__all__ = ["Cadence", "Collect", "Drain", "Learn", "LearnEvery", "Op", "Progress", "RolloutEpochs"]
