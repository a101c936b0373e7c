"""Stores: what is remembered, and what is handed to learning."""

from rlblocks.stores.base import DrainedMemory, Memory, SampledMemory, Store, StoreSpec, bytes_of
from rlblocks.stores.hindsight import Hindsight
from rlblocks.stores.latest import Latest
from rlblocks.stores.model import Model
from rlblocks.stores.n_step import NStep
from rlblocks.stores.prioritized_replay import PrioritizedReplay
from rlblocks.stores.rollout import Rollout
from rlblocks.stores.tensordicts import as_tensordict
from rlblocks.stores.uniform_replay import UniformReplay
from rlblocks.stores.whole_episodes import WholeEpisodes
from rlblocks.stores.with_next import WithNext

__all__ = [
    "DrainedMemory",
    "Hindsight",
    "Latest",
    "Memory",
    "Model",
    "NStep",
    "PrioritizedReplay",
    "Rollout",
    "SampledMemory",
    "Store",
    "StoreSpec",
    "UniformReplay",
    "WholeEpisodes",
    "WithNext",
    "as_tensordict",
    "bytes_of",
]
