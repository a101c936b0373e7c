"""When the epochs over one chunk end before their number."""

from rlblocks.early_stops.base import EarlyStop

__all__ = ["EarlyStop"]
