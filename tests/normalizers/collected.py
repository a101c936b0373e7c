"""Steps of environments, written by hand or drawn by a seed."""

import numpy as np

from rlblocks.normalizers import Steps


def collected(observation, reward=None, *, successor=None, gamma=0.5, terminated=None, truncated=None, real=None):
    """Steps of real rows that go on, but for what is said; lists are `[T][n]` of entries."""
    observation = np.asarray(observation, np.float32)
    lead = observation.shape[:2]
    successor = observation + 100 if successor is None else np.asarray(successor, np.float32)
    terminated, truncated = (
        np.zeros(lead, bool) if flags is None else np.asarray(flags, bool) for flags in (terminated, truncated)
    )
    return Steps(
        observation=observation,
        next_observation=successor,
        reward=np.zeros(lead) if reward is None else np.asarray(reward, np.float64),
        discount=gamma * ~terminated,
        terminated=terminated,
        truncated=truncated,
        real=np.ones(lead, bool) if real is None else np.asarray(real, bool),
    )


def random_steps(rows, environments, size, seed=0):
    """Many steps, of which one in fifty terminates and one in fifty is truncated."""
    random = np.random.default_rng(seed)
    terminated, truncated = random.random((2, rows, environments)) < 0.02
    seen = random.normal(size=(2, rows, environments, size)).astype(np.float32)
    return Steps(
        *seen, random.normal(size=(rows, environments)), 0.99 * ~terminated, terminated, truncated,
        np.ones((rows, environments), bool),
    )  # fmt: skip
