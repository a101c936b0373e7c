"""Target updates, optimizers and clips with one planted fault each, and the law that must catch it."""

import torch

from rlblocks import block, scheduled
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, Updates
from rlblocks.optimizers import Adam, Clip, Optimizer, RMSprop
from rlblocks.schedules import Schedule
from rlblocks.target_updates import TargetUpdate
from rlblocks.testing import unlisted

with unlisted():

    @block("polyak")
    class SharesSwapped(TargetUpdate):
        """τ of the target and 1 − τ of the online network."""

        tags = {"copies": "part"}
        tau: float = fields.number(0.25)
        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            for t, o in zip(target, online, strict=True):
                t.copy_(self.tau * t + (1 - self.tau) * o.detach() if t.is_floating_point() else o)

    @block("polyak")
    class TruncatesCounters(TargetUpdate):
        """A share of a counter is a counter."""

        tags = {"copies": "part"}
        tau: float = fields.number(0.25)
        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            for t, o in zip(target, online, strict=True):
                t.copy_(((1 - self.tau) * t.float() + self.tau * o.detach().float()).to(t.dtype))

    @block("polyak")
    class KeepsAGraph(TargetUpdate):
        """Nothing switches gradients off."""

        tags = {"copies": "part"}
        tau: float = fields.number(0.25)
        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            for t, o in zip(target, online, strict=True):
                t.copy_((1 - self.tau) * t + self.tau * o if t.is_floating_point() else o)

    @block("hard_copy")
    class Aliases(TargetUpdate):
        """The target shares the memory of the online network."""

        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            for t, o in zip(target, online, strict=True):
                t.data = o.data

    @block("hard_copy")
    class CopiesParametersOnly(TargetUpdate):
        """Buffers stay behind."""

        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            for t, o in zip(target[:-3], online[:-3], strict=True):
                t.copy_(o.detach())

    @block("hard_copy")
    class BroadcastsCopies(TargetUpdate):
        """zip stops at the shorter list, and copy_ broadcasts."""

        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            for t, o in zip(target, online, strict=False):
                t.copy_(o.detach())

    @block("adam")
    class NoBiasCorrection(Optimizer):
        """The first steps are too small or too large."""

        inputs = {"rate": scheduled("lr")}
        lr: Schedule = fields.schedule(0.01)
        beta1: float = fields.number(0.9)
        beta2: float = fields.number(0.999)
        eps: float = fields.number(1e-8)
        clip: Clip = fields.slot("clips", lambda: Adam().clip)

        def init(self, params):
            return {"mean": [torch.zeros_like(p) for p in params], "square": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry, rate):
            for p, g, m, v in zip(params, grads, carry["mean"], carry["square"], strict=True):
                m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
                v.mul_(self.beta2).add_(g * g, alpha=1 - self.beta2)
                p.sub_(rate * m / (v.sqrt() + self.eps))

    @block("sgd")
    class Climbs(Optimizer):
        """It goes uphill."""

        inputs = {"rate": scheduled("lr")}
        lr: Schedule = fields.schedule(0.01)
        momentum: float = fields.number(0.0)
        clip: Clip = fields.slot("clips", lambda: Adam().clip)

        def init(self, params):
            return {"none": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry, rate):
            for p, g in zip(params, grads, strict=True):
                p.add_(rate * g)

    @block("rmsprop")
    class RemembersByItself(Optimizer):
        """What it remembers is not in the carry."""

        inputs = {"rate": scheduled("lr")}
        lr: Schedule = fields.schedule(0.01)
        clip: Clip = fields.slot("clips", lambda: RMSprop().clip)
        memory = {"steps": 0}

        def init(self, params):
            return {"none": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry, rate):
            self.memory["steps"] += 1
            for p, g in zip(params, grads, strict=True):
                p.sub_(rate * g / self.memory["steps"])

    @block("sgd")
    class ConstantRate(Optimizer):
        """The schedule is read once, at its start."""

        lr: Schedule = fields.schedule(0.01)
        clip: Clip = fields.slot("clips", lambda: Adam().clip)

        def init(self, params):
            return {"none": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry):
            for p, g in zip(params, grads, strict=True):
                p.sub_(self.lr.at(0) * g)

    @block("sgd")
    class ScalesGradientsInPlace(Optimizer):
        """The gradient is its buffer."""

        inputs = {"rate": scheduled("lr")}
        lr: Schedule = fields.schedule(0.01)
        clip: Clip = fields.slot("clips", lambda: Adam().clip)

        def init(self, params):
            return {"none": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry, rate):
            for p, g in zip(params, grads, strict=True):
                p.sub_(g.mul_(rate.to(g.dtype)))

    @block("sgd")
    class NormOfEachTensor(Optimizer):
        """Every tensor is scaled by its own norm."""

        inputs = {"rate": scheduled("lr")}
        lr: Schedule = fields.schedule(0.01)
        clip: Clip = fields.slot("clips", lambda: Adam().clip)

        def init(self, params):
            return {"none": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry, rate):
            for p, g in zip(params, grads, strict=True):
                p.sub_(rate * g / torch.linalg.vector_norm(g).clamp(min=1))

    @block("clip_norm")
    class AlwaysScales(Clip):
        """Small gradients are made longer."""

        max_norm: float = fields.number(1.0)

        def compute(self, grad):
            return grad * self.max_norm / (torch.linalg.vector_norm(grad) + 1e-6)

    @block("clip_value")
    class ZeroesLargeOnes(Clip):
        """What is too large is dropped."""

        max_value: float = fields.number(1.0)

        def compute(self, grad):
            return torch.where(grad.abs() <= self.max_value, grad, 0.0)


FAULTS = [
    (SharesSwapped(), "TUP-2"),
    (SharesSwapped(), "TUP-3"),
    (TruncatesCounters(), "TUP-5"),
    (KeepsAGraph(), "TUP-7"),
    (Aliases(), "TUP-1"),
    (CopiesParametersOnly(), "TUP-1"),
    (BroadcastsCopies(), "TUP-11"),
    (NoBiasCorrection(), "OPT-1"),
    (Climbs(), "OPT-7"),
    (RemembersByItself(), "OPT-5"),
    (ConstantRate(), "OPT-8"),
    (ScalesGradientsInPlace(), "OPT-2"),
    (NormOfEachTensor(), "OPT-6"),
    (AlwaysScales(), "CLP-3"),
    (AlwaysScales(), "CLP-5"),
    (ZeroesLargeOnes(), "CLP-3"),
]
