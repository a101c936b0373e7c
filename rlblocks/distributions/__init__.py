"""Policies over actions, as pure functions of what a head wrote."""

from rlblocks.distributions.base import Distribution

__all__ = ["Distribution"]
