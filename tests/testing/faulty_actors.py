"""Explorers, schedules and cadences with one planted fault each, and the law that must catch it."""

import numpy as np
import torch

from rlblocks import EnvSteps, block, read
from rlblocks._core import fields
from rlblocks._core.clocks import Clock
from rlblocks.cadences import Cadence, Collect, Learn
from rlblocks.explorers import Boltzmann, EpsilonGreedy, Explorer, Greedy, UniformRandom
from rlblocks.functional import greedy_action, uniform_action, uniform_legal_action
from rlblocks.schedules import Schedule
from rlblocks.testing import unlisted

EPSILON = dict(EpsilonGreedy.inputs)


def random_action(choice, q, action_mask):
    if action_mask is None:
        return uniform_action(choice, q.shape[1])
    return uniform_legal_action(choice, action_mask)


with unlisted():

    @block("epsilon_greedy")
    class OneCoinForAllRows(Explorer):
        """All rows explore, or none."""

        inputs = EPSILON
        epsilon: Schedule = fields.schedule(0.3)

        def compute(self, *, q, epsilon, explore, choice, action_mask=None):
            coin = (explore[:1] < epsilon).expand_as(explore)
            return torch.where(coin, random_action(choice, q, action_mask), greedy_action(q, action_mask))

        def evaluation(self):
            return Greedy()

    @block("epsilon_greedy")
    class NeverGreedyAtRandom(Explorer):
        """A random action is never the greedy one."""

        inputs = EPSILON
        epsilon: Schedule = fields.schedule(0.3)

        def compute(self, *, q, epsilon, explore, choice, action_mask=None):
            best, other = greedy_action(q, action_mask), random_action(choice, q, action_mask)
            legal = torch.ones_like(q, dtype=torch.bool) if action_mask is None else action_mask
            others = legal & ~torch.nn.functional.one_hot(best, q.shape[1]).bool()
            other = torch.where(others.any(1), uniform_legal_action(choice, others), other)
            return torch.where(explore < epsilon, other, best)

        def evaluation(self):
            return Greedy()

    @block("epsilon_greedy")
    class ExploresAtZero(Explorer):
        """At most instead of below: a draw of 0 explores at ε = 0."""

        inputs = EPSILON
        epsilon: Schedule = fields.schedule(0.3)

        def compute(self, *, q, epsilon, explore, choice, action_mask=None):
            return torch.where(explore <= epsilon, random_action(choice, q, action_mask), greedy_action(q, action_mask))

        def evaluation(self):
            return Greedy()

    @block("epsilon_greedy")
    class IllegalAtRandom(Explorer):
        """The random branch does not look at the mask."""

        inputs = EPSILON
        epsilon: Schedule = fields.schedule(0.3)

        def compute(self, *, q, epsilon, explore, choice, action_mask=None):
            return torch.where(explore < epsilon, uniform_action(choice, q.shape[1]), greedy_action(q, action_mask))

        def evaluation(self):
            return Greedy()

    @block("epsilon_greedy")
    class ExploresInEvaluation(Explorer):
        """It takes its own place in evaluation."""

        inputs = EPSILON
        epsilon: Schedule = fields.schedule(0.3)

        def compute(self, *, q, epsilon, explore, choice, action_mask=None):
            return torch.where(explore < epsilon, random_action(choice, q, action_mask), greedy_action(q, action_mask))

        def evaluation(self):
            return self

    @block("uniform_random")
    class RoundsUp(Explorer):
        """A draw close to 1 gives an action that there is not."""

        inputs = dict(UniformRandom.inputs)
        tags = {"evaluation": "stochastic"}

        def compute(self, *, choice, action, action_mask=None):
            if action_mask is not None:
                return uniform_legal_action(choice, action_mask)
            return (choice * action.n + 0.5).floor().long()

        def misfit(self, action):
            return "" if isinstance(action.n, int) and action.n else "chooses one of several actions"

        def evaluation(self):
            return self

    @block("uniform_random")
    class DrawsForItself(Explorer):
        """The global generator of torch decides."""

        inputs = {"q": read("q@online", dims=("batch", "action"))}
        tags = {"evaluation": "stochastic"}

        def compute(self, *, q):
            return torch.randint(q.shape[1], (len(q),))

        def evaluation(self):
            return self

    @block("boltzmann")
    class Overflows(Explorer):
        """exp of a large number, divided by the sum of such."""

        inputs = dict(Boltzmann.inputs)
        temperature: Schedule = fields.schedule(1.0)

        def compute(self, *, q, temperature, choice, action_mask=None):
            powers = (q / temperature.clamp(min=1e-9)).exp().float()
            powers = powers if action_mask is None else powers * action_mask
            cumulative = (powers / powers.sum(1, keepdim=True)).cumsum(1)
            return (cumulative > choice.unsqueeze(1)).byte().argmax(1)

        def evaluation(self):
            return Greedy()

    @block("linear")
    class OffByOne(Schedule):
        """It is one step ahead."""

        start: float = fields.number(1.0)
        end: float = fields.number(0.0)
        over: Clock = fields.duration(EnvSteps(10))

        def at(self, t):
            share = min(max((t + 1) / self.over.count, 0.0), 1.0)
            return float(self.start + (self.end - self.start) * share)

        def span(self):
            return (self.start, self.end)

    @block("linear")
    class GoesOnForEver(Schedule):
        """It does not stop at its end."""

        start: float = fields.number(1.0)
        end: float = fields.number(0.0)
        over: Clock = fields.duration(EnvSteps(10))

        def at(self, t):
            return float(self.start + (self.end - self.start) * t / self.over.count)

        def span(self):
            return (self.start, self.end)

    @block("linear")
    class CountsItsCalls(Schedule):
        """It steps whenever it is asked."""

        start: float = fields.number(1.0)
        end: float = fields.number(0.0)
        over: Clock = fields.duration(EnvSteps(10))
        calls = [0]

        def at(self, t):
            self.calls[0] += 1
            return max(1.0 - self.calls[0] / 1000, 0.0)

        def span(self):
            return (self.start, self.end)

    @block("linear")
    class ReturnsArrays(Schedule):
        """numpy's float64."""

        start: float = fields.number(1.0)
        end: float = fields.number(0.0)
        over: Clock = fields.duration(EnvSteps(10))

        def at(self, t):
            return np.float64(self.start + (self.end - self.start) * min(max(t / self.over.count, 0), 1))

        def span(self):
            return (self.start, self.end)

    @block("learn_every")
    class ModuloEquality(Cadence):
        """It learns where the steps are a multiple of `every`, which several environments may jump over."""

        every: Clock = fields.duration(EnvSteps(4))
        updates: float = fields.number(1)
        batch: int = fields.integer(4)
        warmup: int = fields.integer(8)

        def program(self, progress, environments):
            learnt = False
            while progress.env_steps < progress.budget:
                warm = progress.rows >= max(self.warmup, self.batch)
                if warm and not learnt and (progress.env_steps - progress.warmup_steps) % int(self.every.count) == 0:
                    learnt = True
                    progress = yield Learn(1, self.batch)
                else:
                    learnt = False
                    progress = yield Collect(environments, None if warm else UniformRandom())

        def needs(self):
            return max(self.warmup, self.batch)

        def updates_planned(self, budget):
            return max(0, (budget - self.warmup) // 4)

    @block("learn_every")
    class LearnsTooEarly(Cadence):
        """A batch is enough, whatever the warm-up says."""

        batch: int = fields.integer(4)
        warmup: int = fields.integer(20)

        def program(self, progress, environments):
            while progress.env_steps < progress.budget:
                progress = yield Collect(environments)
                if progress.rows >= self.batch:
                    progress = yield Learn(1, self.batch)

        def needs(self):
            return max(self.warmup, self.batch)

        def updates_planned(self, budget):
            return budget

    @block("lab/counts_itself")
    class ForgetsWhereItStands(Cadence):
        """It counts its own steps, so that a resumed program begins anew."""

        batch: int = fields.integer(4)
        every: int = fields.integer(3)

        def program(self, progress, environments):
            turn = 0
            while progress.env_steps < progress.budget:
                progress = yield Collect(environments)
                turn += 1
                if turn % self.every == 0 and progress.rows >= self.batch:
                    progress = yield Learn(1, self.batch)

        def needs(self):
            return self.batch

        def updates_planned(self, budget):
            return budget // self.every


FAULTS = [
    (OneCoinForAllRows(), "EXP-4"),
    (OneCoinForAllRows(), "GEN-8"),
    (NeverGreedyAtRandom(), "EXP-3"),
    (ExploresAtZero(), "EXP-2"),
    (IllegalAtRandom(), "EXP-1a"),
    (ExploresInEvaluation(), "EXP-7"),
    (RoundsUp(), "EXP-1"),
    (DrawsForItself(), "GEN-3"),
    (Overflows(), "EXP-10"),
    (OffByOne(), "SCH-3"),
    (GoesOnForEver(), "SCH-1"),
    (GoesOnForEver(), "SCH-2a"),
    (CountsItsCalls(), "SCH-4"),
    (ReturnsArrays(), "SCH-10"),
    (ModuloEquality(), "CAD-3"),
    (LearnsTooEarly(), "CAD-2"),
    (ForgetsWhereItStands(), "CAD-4"),
]
