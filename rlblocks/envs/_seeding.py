"""Where the seed of an episode comes from."""

from __future__ import annotations

import numpy as np


def episode_seed(seed: int, environment: int, episode: int) -> int:
    """The seed of one episode: a function of the run's seed, the environment's index and the episode's number alone.

    So it is the same whatever the other environments do, however many there are, and in whichever order they end.
    It has 31 bits, because some environments hand it on to generators that take no more.

    >>> episode_seed(0, environment=0, episode=0), episode_seed(0, environment=0, episode=1)
    (1941048836, 1433790897)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(environment, episode))
    return int(sequence.generate_state(1)[0]) & 0x7FFF_FFFF
