"""Policies over actions, as pure functions of what a head wrote."""

from rlblocks.distributions.base import Distribution
from rlblocks.distributions.categorical import Categorical
from rlblocks.distributions.gaussian import Gaussian
from rlblocks.distributions.state_gaussian import StateGaussian
from rlblocks.distributions.tanh_gaussian import TanhGaussian

__all__ = ["Categorical", "Distribution", "Gaussian", "StateGaussian", "TanhGaussian"]
