"""When the epochs over one chunk end before their number."""

from rlblocks.early_stops.base import EarlyStop
from rlblocks.early_stops.kl_stop import KLStop
from rlblocks.early_stops.no_early_stop import NoEarlyStop

__all__ = ["EarlyStop", "KLStop", "NoEarlyStop"]
