"""Environments and wrappers with one planted fault each, and the law that must catch it."""

import gymnasium
import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks.envs import Environment, Supplied, Wrapper
from rlblocks.testing import unlisted
from rlblocks.testing.clock import ClockEnv


class FaultyPool:
    """A pool that does one thing wrong.

    A fault is the name of the place.
    """

    def __init__(self, pool, fault, seed):
        self.pool, self.fault = pool, fault
        self.last = None
        self.seed = seed

    def __getattr__(self, name):
        return getattr(self.pool, name)

    def reset(self):
        return self.pool.reset()

    def step(self, actions):
        step = self.pool.step(actions)
        ended = step.terminated | step.truncated
        changes = {}
        if self.fault == "loses final observations":
            changes["next_observation"] = step.observation
        if self.fault == "acts on final observations":
            changes["observation"] = step.next_observation
        if self.fault == "forgets a step" and step.episodes:
            changes["episodes"] = tuple((e, total, length - 1) for e, total, length in step.episodes)
        if self.fault == "reuses one array":
            self.last = step.next_observation if self.last is None else self.last
            self.last[...] = step.next_observation
            changes["next_observation"] = self.last
        if self.fault == "rewards are single":
            changes["reward"] = step.reward.astype(np.float32)
        if self.fault == "global generator":
            changes["reward"] = step.reward + np.random.random(len(ended))  # noqa: NPY002
        if self.fault == "loses final masks":
            changes["next_action_mask"] = step.action_mask
        if self.fault == "acts on final masks":
            changes["action_mask"] = step.next_action_mask
        return step._replace(**changes)

    def load(self, state):
        observation = self.pool.load(state)
        if self.fault == "resumes elsewhere":
            self.pool.step(np.zeros(self.pool.n, np.int64))
        return observation


with unlisted():

    @block("supplied")
    class FaultyEnvironment(Environment):
        """Clocks in a pool that does one thing wrong."""

        source: object = None
        n: int = fields.integer(3)
        wrappers: tuple = ()
        fault: str = fields.text("none")

        def facts(self):
            return Supplied(self.source or ClockEnv).facts()

        def build(self, seed, *, n=None, render_mode=None):
            own = 0 if self.fault == "ignores its seed" else seed
            source = ClockEnv if self.source is None or self.fault == "looks at no mask" else self.source
            return FaultyPool(Supplied(source, n=n or self.n).build(own), self.fault, seed)

    class Doubled(gymnasium.ObservationWrapper):
        """Observations times two, in the old space."""

        def observation(self, observation):
            return (observation * 2 + 1).astype(observation.dtype) if observation.ndim == 1 else observation

    @block("lab/doubled")
    class LeavesTheSpace(Wrapper):
        """Observations times two, in the old space."""

        def wrap(self, env):
            return Doubled(env)

    class Halved(gymnasium.Wrapper):
        """Half the reward."""

        def step(self, action):
            observation, reward, *rest = self.env.step(action)
            return observation, reward / 2, *rest

    @block("lab/halved")
    class TouchesRewards(Wrapper):
        """An observation wrapper, by its tag, that changes rewards."""

        def wrap(self, env):
            return Halved(env)

    class Limited(gymnasium.Wrapper):
        """Terminated where the limit is."""

        def __init__(self, env, steps):
            super().__init__(env)
            self.steps, self.t = steps, 0

        def reset(self, **arguments):
            self.t = 0
            return self.env.reset(**arguments)

        def step(self, action):
            self.t += 1
            observation, reward, terminated, truncated, info = self.env.step(action)
            return observation, reward, terminated or self.t >= self.steps, truncated, info

    @block("time_limit")
    class LimitIsAnEnd(Wrapper):
        """A time limit that terminates."""

        steps: int = fields.integer(2)

        def wrap(self, env):
            return Limited(env, self.steps)


FAULTS = [
    (FaultyEnvironment(fault="loses final observations"), "COL-1"),
    (FaultyEnvironment(fault="acts on final observations"), "COL-1"),
    (FaultyEnvironment(fault="forgets a step"), "COL-12"),
    (FaultyEnvironment(fault="reuses one array"), "COL-7"),
    (FaultyEnvironment(fault="rewards are single"), "COL-4"),
    (FaultyEnvironment(fault="global generator"), "COL-6"),
    (FaultyEnvironment(fault="ignores its seed"), "COL-6a"),
    (FaultyEnvironment(fault="resumes elsewhere"), "GEN-5"),
    (FaultyEnvironment(fault="loses final masks"), "COL-13"),
    (FaultyEnvironment(fault="acts on final masks"), "COL-13"),
    (FaultyEnvironment(fault="resumes elsewhere"), "COL-13a"),
    (FaultyEnvironment(fault="looks at no mask"), "COL-13b"),
    (LeavesTheSpace(), "WRP-1"),
    (TouchesRewards(), "WRP-2"),
    (LimitIsAnEnd(), "WRP-2"),
]
