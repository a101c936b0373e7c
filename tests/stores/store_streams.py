"""Stamped streams of rows, scripted randomness and exact binomial regions for the laws of stores."""

import json
from collections import Counter

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import binom

from rlblocks._core.keys import Spec
from rlblocks.runs.tree import flatten, restore
from rlblocks.stores import StoreSpec

GAMMA = 0.9
LAW = settings(max_examples=40, deadline=None, derandomize=True)
COLUMNS = {
    "observation": Spec((3,)),
    "action": Spec((), "int64", n=4),
    "reward": Spec((), "float64"),
    "terminated": Spec((), "bool"),
    "truncated": Spec((), "bool"),
    "discount": Spec((), "float64"),
    "next.observation": Spec((3,)),
    "picture": Spec((2, 2), "uint8"),
    "log_prob": Spec((), "float64"),
}
KEYS = tuple(COLUMNS)


def spec_for(environments=1, seed=0, columns=COLUMNS):
    """What a store is built for."""
    return StoreSpec(columns, environments, np.random.default_rng(seed))


def stamp(environment, episode, t):
    """A number that names a transition and is exact only in 64 bits."""
    return 2**40 + environment * 10**8 + episode * 10**4 + t


def row(environment, episode, t, *, reward=0.5, terminated=False, truncated=False):
    """One stamped transition: every column tells which one it is."""
    code = stamp(environment, episode, t)
    return {
        "observation": np.array([environment, episode, t], np.float32),
        "action": np.int64(code),
        "reward": np.float64(reward),
        "terminated": np.bool_(terminated),
        "truncated": np.bool_(truncated),
        "discount": np.float64(0.0 if terminated else GAMMA),
        "next.observation": np.array([environment, episode, t + 1], np.float32),
        "picture": np.array([[environment, episode % 256], [t % 256, 255]], np.uint8),
        "log_prob": np.float64(-code / 3),
    }


def stack(rows):
    """Rows as arrays by column."""
    return {key: np.stack([one[key] for one in rows]) for key in rows[0]}


class Stream:
    """Environments that end their episodes by themselves and step out of phase."""

    def __init__(self, environments, seed, ending=0.3, idle=0.2):
        self.environments = environments
        self._random = np.random.default_rng([seed, 77])
        self._ending, self._idle = ending, idle
        self.episode, self.t = [0] * environments, [0] * environments
        self.counts = Counter()

    def step(self):
        """One row of each environment that takes part, and which these are, in any order."""
        random = self._random
        taking = [e for e in range(self.environments) if random.random() >= self._idle] or [0]
        random.shuffle(taking)
        rows = []
        for e in taking:
            terminated, truncated = random.random(2) < self._ending / 2
            reward = float(random.integers(-8, 9)) / 4
            rows.append(row(e, self.episode[e], self.t[e], reward=reward, terminated=terminated, truncated=truncated))
            self.t[e] += 1
            self.counts["terminated"] += int(terminated and not truncated)
            self.counts["truncated"] += int(truncated and not terminated)
            self.counts["both"] += int(terminated and truncated)
            if terminated or truncated:
                self.counts["single"] += int(self.t[e] == 1)
                self.episode[e], self.t[e] = self.episode[e] + 1, 0
        self.counts["out of phase"] += int(len(set(self.t)) > 1)
        return stack(rows), np.array(taking)


@st.composite
def streams(draw, max_environments=4):
    """A stream of 1 to 4 environments with short or long episodes."""
    return Stream(
        draw(st.integers(1, max_environments)), draw(st.integers(0, 2**31)), draw(st.sampled_from([0.05, 0.3, 0.8]))
    )


def same_rows(found, expected):
    """Bit for bit the same arrays under the same keys."""
    assert found.keys() == expected.keys()
    for key in expected:
        assert found[key].dtype == expected[key].dtype, key
        assert found[key].tobytes() == expected[key].tobytes(), key
        assert found[key].shape == expected[key].shape, key


def same_tree(found, expected):
    """Bit for bit the same state."""
    a, b = flatten(found), flatten(expected)
    assert a[1] == b[1]
    same_rows(a[0], b[0])


def through_checkpoint(tree):
    """The state as it comes back from a checkpoint."""
    arrays, skeleton = flatten(tree)
    kept = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    return restore(json.loads(json.dumps(skeleton)), kept.__getitem__)


def whole(rows):
    """Every row carries one stamp in all of its columns."""
    for i in range(len(rows["action"])):
        e, episode, t = (int(x) for x in rows["observation"][i])
        free = {key: rows[key][i] for key in ("reward", "terminated", "truncated")}
        expected = row(e, episode, t, **free)
        same_rows({key: rows[key][i : i + 1] for key in KEYS}, stack([expected]))


class Scripted:
    """A generator whose uniform numbers are given."""

    def __init__(self, uniform):
        self.uniform = list(uniform)

    def random(self, size):
        """The next numbers of the script."""
        taken, self.uniform = self.uniform[:size], self.uniform[size:]
        return np.array(taken)


def within_binomial(counts, probability, draws):
    """Every count lies in the exact two-sided region at level 1e-9, shared out over the cells."""
    level = 1e-9 / len(counts) / 2
    for count, p in zip(counts, np.broadcast_to(probability, len(counts)), strict=True):
        assert binom.cdf(count, draws, p) > level, (count, draws * p)
        assert binom.sf(count - 1, draws, p) > level, (count, draws * p)
