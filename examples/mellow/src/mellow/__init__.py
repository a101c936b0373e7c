"""Blocks for rlblocks: mellowmax, and exploration among the best few actions."""

from mellow.best_few import BestFew as BestFew
from mellow.mellow_max import MellowMax as MellowMax
