"""What several networks say of the same thing, as one number."""

from rlblocks.aggregates.average import Average
from rlblocks.aggregates.base import Aggregate
from rlblocks.aggregates.first import First
from rlblocks.aggregates.least import Least

__all__ = ["Aggregate", "Average", "First", "Least"]
