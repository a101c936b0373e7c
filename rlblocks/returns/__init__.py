"""Estimators of returns and advantages over a time axis."""

from rlblocks.returns.base import Return

__all__ = ["Return"]
