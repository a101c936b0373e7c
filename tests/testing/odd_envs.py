"""Correct environments whose pools share nothing with the library's."""

import json

import numpy as np
from gymnasium import spaces

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.errors import EnvironmentFault
from rlblocks.envs import Environment
from rlblocks.envs.base import Facts, Step, no_goals
from rlblocks.testing import unlisted
from rlblocks.testing.clock import ClockEnv


class Lane:
    """One environment, and what must be played again for it to stand where it stands."""

    def __init__(self, facts, make, seed):
        self.facts, self.env, self.seed = facts, make(), seed
        self.episode, self.actions, self.total = -1, [], 0.0

    def begin(self, episode):
        self.episode, self.actions, self.total = episode, [], 0.0
        seen, info = self.env.reset(seed=int(np.random.default_rng([*self.seed, episode]).integers(2**31)))
        self.seen, self.mask = np.array(seen), self._mask(info, over=False, cut=False)

    def step(self, action):
        seen, reward, over, cut, info = self.env.step(self.facts.action_space.start + action)
        self.actions.append(action)
        self.total += reward
        self.seen, self.mask = np.array(seen), self._mask(info, over=over, cut=cut)
        return float(reward), bool(over), bool(cut)

    def _mask(self, info, *, over, cut):
        if not self.facts.masked:
            return None
        every = [True] * int(self.facts.action_space.n)
        told = info.get("action_mask")
        if told is None and (over or cut):
            return every
        if told is None or len(told) != len(every) or not (any(told) or over):
            raise EnvironmentFault(f"the mask is {told}", fix="tell a flag for each action, one of them set")
        return [bool(flag) for flag in told] if any(told) else every


class Lanes:
    """Environments side by side, each in a lane."""

    inexact = ""

    def __init__(self, facts, make, n, seed):
        self.facts, self.make, self.n = facts, make, n
        self.lanes = [Lane(facts, make, (seed, i)) for i in range(n)]

    @property
    def action_mask(self):
        return np.array([lane.mask for lane in self.lanes]) if self.facts.masked else None

    def seen(self):
        return np.stack([lane.seen for lane in self.lanes])

    def reset(self):
        for lane in self.lanes:
            lane.begin(lane.episode + 1)
        return self.seen()

    def step(self, actions):
        if np.shape(actions) != (self.n,) or not set(actions.tolist()) <= set(range(int(self.facts.action_space.n))):
            raise ValueError(f"{actions} are no actions")
        came = [lane.step(action) for lane, action in zip(self.lanes, actions.tolist(), strict=True)]
        reward, over, cut = (np.array(column) for column in zip(*came, strict=True))
        after, mask_after, episodes = self.seen(), self.action_mask, []
        for i in np.flatnonzero(over | cut).tolist():
            episodes.append((i, self.lanes[i].total, len(self.lanes[i].actions)))
            self.lanes[i].begin(self.lanes[i].episode + 1)
        real = np.ones(self.n, bool)
        return Step(after, self.seen(), reward, over, cut, real, tuple(episodes), self.action_mask, mask_after)

    def judge(self, achieved, desired):
        return no_goals(achieved, desired)

    def under_way(self):
        return tuple((i, lane.total, len(lane.actions)) for i, lane in enumerate(self.lanes))

    def render(self):
        return None

    def state(self):
        return {"lanes": [[*lane.seed, lane.episode, *lane.actions] for lane in self.lanes]}

    def load(self, state):
        self.lanes = [Lane(self.facts, self.make, (seed, i)) for seed, i, *_ in state["lanes"]]
        for lane, (_, _, episode, *actions) in zip(self.lanes, state["lanes"], strict=True):
            lane.begin(episode)
            for action in actions:
                lane.step(action)
        return self.seen()

    def close(self):
        for lane in self.lanes:
            lane.env.close()


class Walkers:
    """Walks on a line, all of them in a few arrays, with one generator."""

    inexact, action_mask = "", None

    def __init__(self, facts, n, seed):
        self.facts, self.n, self.generator = facts, n, np.random.default_rng(seed)
        self.place, self.time, self.total = np.zeros(n), np.zeros(n, np.int64), np.zeros(n)

    def seen(self):
        return np.stack([self.place, self.time], 1).astype(np.float32)

    def reset(self):
        return self.begin(np.ones(self.n, bool))

    def begin(self, where):
        self.place = np.where(where, self.generator.uniform(-1.0, 1.0, self.n), self.place)
        self.time, self.total = np.where(where, 0, self.time), np.where(where, 0.0, self.total)
        return self.seen()

    def step(self, actions):
        if np.shape(actions) != (self.n,):
            raise ValueError(f"{np.shape(actions)} are no actions of {self.n} walkers")
        self.place = np.clip(self.place + actions - 1.0 + self.generator.normal(size=self.n), -4.0, 4.0)
        self.time = self.time + 1
        reward = -np.abs(self.place)
        self.total = self.total + reward
        over, cut, after = np.abs(self.place) > 3, self.time >= 9, self.seen()
        ended = [(int(i), float(self.total[i]), int(self.time[i])) for i in np.flatnonzero(over | cut)]
        return Step(after, self.begin(over | cut), reward, over, cut, np.ones(self.n, bool), tuple(ended))

    def judge(self, achieved, desired):
        return no_goals(achieved, desired)

    def under_way(self):
        return tuple((i, float(self.total[i]), int(self.time[i])) for i in range(self.n))

    def render(self):
        return None

    def state(self):
        arrays = {name: getattr(self, name).copy() for name in ("place", "time", "total")}
        return {**arrays, "generator": json.dumps(self.generator.bit_generator.state)}

    def load(self, state):
        for name in ("place", "time", "total"):
            setattr(self, name, np.array(state[name]))
        self.generator.bit_generator.state = json.loads(state["generator"])
        return self.seen()

    def close(self):
        """Nothing is open."""


with unlisted():

    @block("lab/by_lanes")
    class ByLanes(Environment):
        """Environments of gymnasium, each in a lane of its own."""

        tags = {"like": "supplied"}
        source: object = ClockEnv
        n: int = fields.integer(2, ge=1)
        wrappers: tuple = ()

        def facts(self):
            env = self.source()
            masked = "action_mask" in env.reset(seed=0)[1]
            return Facts("lanes", env.observation_space, env.action_space, n=self.n, masked=masked)

        def build(self, seed, *, n=None, render_mode=None):
            return Lanes(self.facts(), self.source, n or self.n, seed)

    @block("lab/walkers")
    class Walking(Environment):
        """Walks on a line in numpy, without any environment of gymnasium."""

        n: int = fields.integer(3, ge=1)

        def facts(self):
            return Facts("walkers", spaces.Box(-9.0, 9.0, (2,), np.float32), spaces.Discrete(3), n=self.n)

        def build(self, seed, *, n=None, render_mode=None):
            return Walkers(self.facts(), n or self.n, seed)


CORRECT = [ByLanes(), Walking()]
