"""Wrappers and environments with one planted fault each, and the law that must catch it."""

import gymnasium
import numpy as np
from gymnasium import spaces

from rlblocks import block
from rlblocks._core import fields
from rlblocks.envs import Environment, SuppliedVector, Wrapper
from rlblocks.testing import unlisted
from tests.testing.odd_envs import Walkers, Walking
from tests.testing.planting import each, hashed


class Stacked(gymnasium.Wrapper):
    """The last two observations, one above the other."""

    def __init__(self, env, fault):
        super().__init__(env)
        self.fault, self.frames = fault, []
        seen = env.observation_space
        self.observation_space = spaces.Box(seen.low[0].min(), seen.high[0].max(), (2, *seen.shape), seen.dtype)

    def _told(self, seen):
        frame = seen if self.fault == "keeps no copies" else np.copy(seen)
        self.frames = [*self.frames, frame][-2:] if self.frames else [frame, frame]
        frames = self.frames[::-1] if self.fault == "newest first" else self.frames
        return np.stack([frames[0], frames[0]] if self.fault == "one frame twice" else frames)

    def reset(self, **arguments):
        seen, info = self.env.reset(**arguments)
        self.frames = self.frames if self.fault == "carried into the next episode" else []
        return self._told(seen), info

    def step(self, action):
        seen, *rest = self.env.step(action)
        if self.fault == "the final observation as it was" and (rest[1] or rest[2]):
            return seen, *rest
        return self._told(seen), *rest


class Changed(gymnasium.Wrapper):
    """An environment with something else done to it besides."""

    def __init__(self, env, owner):
        super().__init__(env)
        self.owner, self.fault, self.total = owner, owner.fault, 0.0
        if self.fault == "writes into the class":
            type(env.unwrapped).metadata["render_fps"] = 30

    def reset(self, **arguments):
        seed = {"loses the seed": None, "one seed for all": 3}.get(self.fault, arguments.get("seed"))
        return self.env.reset(**{**arguments, "seed": seed})

    def step(self, action):
        seen, reward, over, cut, info = self.env.step(action)
        low, high = self.owner.low, self.owner.high
        self.total += reward
        paid = {
            "clips below alone": max(reward, low), "clips above alone": min(reward, high),
            "the sign": float(np.sign(reward)), "half of it": min(max(reward / 2, low), high),
            "clips the return": min(max(self.total, low), high),
        }.get(self.fault, min(max(reward, low), high))  # fmt: skip
        if self.fault == "swallows truncations":
            cut = False
        if self.fault == "flips what is seen":
            seen = seen[::-1]
        return seen, float(paid), bool(over), bool(cut), info


class Limited(gymnasium.Wrapper):
    """An episode of so many steps."""

    def __init__(self, env, steps, fault):
        super().__init__(env)
        self.steps, self.fault, self.taken = steps, fault, 0

    def reset(self, **arguments):
        self.taken = self.taken if self.fault == "counts over episodes" else 0
        return self.env.reset(**arguments)

    def step(self, action):
        self.taken += 1
        seen, reward, over, cut, info = self.env.step(action)
        late = self.taken >= self.steps + (self.fault == "a step late")
        return seen, reward, over, late if self.fault == "its own limit alone" else bool(cut or late), info


class Broken(Walkers):
    """Walks on a line that do one thing wrong."""

    fault = ""

    def step(self, actions):
        if self.fault == "takes any shape":
            actions = np.resize(actions, self.n)
        if self.fault == "moves before it refuses":
            self.place = self.place + 0.5
        step = super().step(actions)
        if self.fault == "flags as numbers":
            step = step._replace(terminated=step.terminated.astype(int))
        if self.fault == "observations in float64":
            step = step._replace(next_observation=step.next_observation.astype(float))
        if self.fault == "a NaN at the end":
            step = step._replace(next_observation=np.where(step.terminated[:, None], np.nan, step.next_observation))
        return step


with unlisted():

    @block("frame_stack")
    class FaultyStack(Wrapper):
        """The last two observations."""

        k: int = fields.integer(2)
        fault: str = fields.text("none")

        def wrap(self, env):
            return Stacked(env, self.fault)

    @block("clip_reward")
    class FaultyRewards(Wrapper):
        """Rewards between two bounds."""

        low: float = fields.number(0.5)
        high: float = fields.number(1.5)
        fault: str = fields.text("none")

        def wrap(self, env):
            return Changed(env, self)

    @block("time_limit")
    class FaultyLimit(Wrapper):
        """Episodes of at most so many steps."""

        steps: int = fields.integer(3)
        fault: str = fields.text("none")
        __hash__ = hashed

        def wrap(self, env):
            return Limited(env, self.steps, self.fault)

    @block("lab/broken_walkers")
    class FaultyWalkers(Environment):
        """Walks on a line."""

        n: int = fields.integer(3)
        fault: str = fields.text("none")
        __hash__ = hashed

        def facts(self):
            facts = Walking(self.n).facts()
            if self.fault == "says another space":
                return type(facts)("walkers", spaces.Box(-9, 9, (3,), np.float32), facts.action_space, n=self.n)
            return facts

        def build(self, seed, *, n=None, render_mode=None):
            pool = Broken(Walking().facts(), n or self.n, seed)
            pool.fault = self.fault
            return pool

    class Forgetful:
        """A pool of a vector environment, of whose steps one thing is lost."""

        def __init__(self, pool, fault):
            self.pool, self.fault = pool, fault

        def __getattr__(self, name):
            return getattr(self.pool, name)

        def step(self, actions):
            step = self.pool.step(actions)
            if self.fault == "takes dummy steps for real":
                return step._replace(real=np.ones_like(step.real))
            if self.fault == "loses final observations":
                return step._replace(next_observation=step.observation)
            return step

    @block("supplied_vector")
    class FaultyVector(Environment):
        """Vector environments of others."""

        source: object = None
        fault: str = fields.text("none")

        def facts(self):
            return SuppliedVector(self.source).facts()

        def build(self, seed, *, n=None, render_mode=None):
            return Forgetful(SuppliedVector(self.source).build(seed, n=n), self.fault)


FAULTS = [
    *each(
        FaultyStack, ("keeps no copies", "WRP-4"), ("newest first", "WRP-4"), ("one frame twice", "WRP-4"),
        ("carried into the next episode", "WRP-3"), ("the final observation as it was", "WRP-1"),
    ),
    *each(
        FaultyRewards, ("clips below alone", "WRP-6"), ("clips above alone", "WRP-6"), ("the sign", "WRP-6"),
        ("half of it", "WRP-6"), ("clips the return", "WRP-6"), ("loses the seed", "WRP-3"),
        ("one seed for all", "WRP-2"), ("writes into the class", "WRP-5"), ("swallows truncations", "WRP-2"),
        ("flips what is seen", "WRP-2"),
    ),
    *each(
        FaultyLimit, ("a step late", "WRP-7"), ("counts over episodes", "WRP-3"), ("its own limit alone", "WRP-2"),
        ("hashed by its identity", "GEN-17"),
    ),
    *each(
        FaultyWalkers, ("takes any shape", "GEN-21"), ("moves before it refuses", "GEN-21"),
        ("flags as numbers", "COL-4"), ("observations in float64", "COL-4"), ("a NaN at the end", "COL-4"),
        ("says another space", "COL-4a"), ("hashed by its identity", "GEN-17"),
    ),
    *each(FaultyVector, ("takes dummy steps for real", "COL-2"), ("loses final observations", "COL-2")),
]  # fmt: skip
