"""Explorers: outputs of networks to actions."""

from rlblocks.explorers.base import Explorer
from rlblocks.explorers.boltzmann import Boltzmann
from rlblocks.explorers.epsilon_greedy import EpsilonGreedy
from rlblocks.explorers.epsilon_soft import EpsilonSoft
from rlblocks.explorers.gaussian_noise import GaussianNoise
from rlblocks.explorers.greedy import Greedy
from rlblocks.explorers.mode import Mode
from rlblocks.explorers.ornstein_uhlenbeck import OrnsteinUhlenbeck
from rlblocks.explorers.over_members import OverMembers
from rlblocks.explorers.sample import Sample
from rlblocks.explorers.uniform_random import UniformRandom

__all__ = [
    "Boltzmann",
    "EpsilonGreedy",
    "EpsilonSoft",
    "Explorer",
    "GaussianNoise",
    "Greedy",
    "Mode",
    "OrnsteinUhlenbeck",
    "OverMembers",
    "Sample",
    "UniformRandom",
]
