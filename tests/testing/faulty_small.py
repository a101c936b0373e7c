"""Clips, forms of values, target updates, optimizers and cadences with one planted fault each."""

import torch

from rlblocks import block, scheduled
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, EnvSteps, Updates
from rlblocks.cadences import Cadence, Collect, Learn
from rlblocks.explorers import UniformRandom
from rlblocks.networks import ValueForm
from rlblocks.optimizers import Clip, NoClip, Optimizer
from rlblocks.schedules import Schedule
from rlblocks.target_updates import TargetUpdate
from rlblocks.testing import unlisted
from tests.testing.planting import each, hashed

SCALED = {"lr": scheduled("lr")}

with unlisted():

    @block("clip_norm")
    class FaultyNorm(Clip):
        """A limit of the gradient's length."""

        max_norm: float = fields.number(1.0, gt=0)
        fault: str = fields.text("none")

        def compute(self, grad):
            norm, most = torch.linalg.vector_norm(grad), self.max_norm
            norm = {
                "the largest component": grad.abs().amax(), "the sum of components": grad.abs().sum(),
                "the mean of squares": grad.square().mean().sqrt(),
            }.get(self.fault, norm)  # fmt: skip
            share = (most / (norm + 1e-6)).clamp(max=1.0)
            return {
                "half way": grad * (1 + share) / 2, "divides by nothing": grad / norm * norm.clamp(max=most),
                "in float32": (grad * share).float(), "a soft limit": grad * most / (most + norm),
                "components that are cut": grad.clamp(-most, most), "the root of the length": grad * share.sqrt(),
                "turned round": -grad * share,
            }.get(self.fault, grad * share)  # fmt: skip

    @block("quantiles")
    class FaultyForm(ValueForm):
        """Equally likely numbers."""

        key = "quantiles"
        n: int = fields.integer(3)
        fault: str = fields.text("none")

        def width(self):
            return self.n

        def dims(self):
            return () if self.fault == "no dim of its own" else ("quantile",)

        def mean(self, value):
            return {
                "the median": value.median(-1).values, "the sum": value.sum(-1), "the greatest": value.amax(-1),
                "the mean of all actions": value.mean(-1).mean(-1, keepdim=True).expand_as(value[..., 0]),
                "keeps the dim": value.mean(-1, keepdim=True),
            }.get(self.fault, value.mean(-1))  # fmt: skip

        def backup(self, reward, discount, value):
            if reward.dim() != 1 or discount.shape != reward.shape:
                raise ValueError("other shapes")
            r, d = reward[:, None], discount[:, None]
            later = torch.where(d == 0, 0.0, d * value)
            return {
                "rewards are shared": r / self.n + later, "the reward of the first row": r[:1] + later,
                "the mean is backed up": r + later.mean(-1, keepdim=True).expand_as(later),
                "the reward is discounted": d * r + later,
                "no reward at an end": torch.where(d == 0, 0.0, r) + later, "discounted twice": r + d * later,
                "the discount of the last row": r + torch.where(d == 0, 0.0, d[-1:] * value),
                "ends are worth what follows": torch.where(d == 0, value, r + later),
            }.get(self.fault, r + later)  # fmt: skip

    @block("scalar")
    class FaultyScalar(ValueForm):
        """One number."""

        fault: str = fields.text("none")

        def width(self):
            return 1

        def dims(self):
            return ()

        def mean(self, value):
            return value * 0.5 if self.fault == "half of it" else value

        def backup(self, reward, discount, value):
            if reward.dim() != 1 or discount.shape != reward.shape:
                raise ValueError("other shapes")
            later = torch.where(discount == 0, 0.0, discount * value)
            return reward.clamp(-1, 1) + later if self.fault == "rewards are clipped" else reward + later

    @block("polyak")
    class FaultyAverage(TargetUpdate):
        """A moving average of the online network."""

        tags = {"copies": "part"}
        tau: float = fields.number(0.25)
        every: Clock = fields.duration(Updates(1))
        fault: str = fields.text("none")

        def compute(self, *, online, target):
            if [t.shape for t in target] != [o.shape for o in online]:
                raise ValueError("other shapes")
            tau = {"twice as far": 2 * self.tau, "beyond the network": 1.5, "stays": 0.0, "a root": self.tau**0.5}
            share = tau.get(self.fault, self.tau)
            with torch.no_grad():
                for t, o in zip(target, online, strict=True):
                    if not t.is_floating_point():
                        t.copy_(o) if self.fault != "counters stay" else None
                    elif self.fault == "in float32":
                        t.data = (t.float() + share * (o.float() - t.float())).clone()
                    elif self.fault == "the other one moves":
                        o.add_(share * (t - o))
                    elif self.fault == "half of each":
                        t.copy_((t + o) / 2)
                    elif self.fault == "noise besides":
                        t.add_(share * (o - t) + 1e-3)
                    else:
                        t.add_(share * (o - t))
                if self.fault == "freezes the online network":
                    for o in online:
                        o.requires_grad_(False)

    @block("sgd")
    class FaultyDescent(Optimizer):
        """Gradient descent with momentum."""

        inputs = SCALED
        lr: Schedule = fields.schedule(0.01)
        momentum: float = fields.number(0.5)
        clip: Clip = fields.slot("clips", NoClip)
        fault: str = fields.text("none")

        def init(self, params):
            like = torch.zeros_like
            if self.fault == "a carry of the parameters":
                return {"v": list(params)}
            return {"v": [like(p) for p in (params[:1] if self.fault == "a carry for the first" else params)]}

        def compute(self, *, params, grads, carry, lr):
            carried = carry["v"] if len(carry["v"]) == len(params) else [torch.zeros_like(p) for p in params]
            for p, g, v in zip(params, grads, carried, strict=True):
                v.mul_(self.momentum).add_(g.half().to(g.dtype) if self.fault == "in half precision" else g)
                step = {
                    "damped": (1 - self.momentum) * v, "the sign": v.sign(), "nesterov": g + self.momentum * v,
                    "decays besides": v + 0.1 * p, "by the length of its tensor": v / (1e-3 + v.norm()),
                    "its gradient alone": g, "a thousandth goes on": v + 1e-3,
                }.get(self.fault, v)  # fmt: skip
                p.sub_(lr * step if self.fault != "the rate is squared" else lr * lr * step)
                if self.fault == "moves at a rate of 0":
                    p.sub_(1e-4 * v)

    @block("learn_every")
    class FaultyRhythm(Cadence):
        """A learn step for every second step."""

        every: Clock = fields.duration(EnvSteps(2))
        updates: float = fields.number(1.0)
        batch: int = fields.integer(4)
        warmup: int = fields.integer(6)
        fault: str = fields.text("none")
        __hash__ = hashed

        def program(self, progress, environments):
            many = {"one step too many": environments, "by the hundred": 100 * environments}.get(self.fault, 0)
            mine = 0
            while True:
                warm = progress.rows >= self.needs()
                since = progress.env_steps - progress.warmup_steps
                due = {
                    "a learn step for each environment": since // 2 * environments,
                    "counts the warm-up": progress.env_steps // 2, "counts collects": mine // 2,
                }.get(self.fault, since // 2)  # fmt: skip
                if warm and progress.updates < due:
                    progress = yield Learn(due - progress.updates, self.batch)
                elif progress.env_steps >= progress.budget + (many if self.fault == "one step too many" else 0):
                    return
                else:
                    mine += 1
                    again = self.fault == "warms up now and then" and mine % 7 == 0
                    steps = environments if self.fault != "by the hundred" else many
                    steps = 1 if self.fault == "one environment alone" else steps
                    progress = yield Collect(steps, UniformRandom() if again or not warm else None)

        def needs(self):
            return max(self.batch, self.warmup)

        def updates_planned(self, budget, chunk=(0, 0)):
            return (
                budget
                * (2 if self.fault == "promises too much" else 1)
                // (1 if self.fault == "promises too much" else 2)
            )


FAULTS = [
    *each(
        FaultyNorm, ("the largest component", "CLP-6"), ("the sum of components", "CLP-1"),
        ("the mean of squares", "CLP-1"), ("half way", "CLP-4"), ("divides by nothing", "CLP-2"),
        ("in float32", "CLP-2"), ("a soft limit", "CLP-5"), ("components that are cut", "CLP-1"),
        ("the root of the length", "CLP-6"), ("turned round", "CLP-3"),
    ),
    *each(
        FaultyForm, ("no dim of its own", "FRM-4"), ("the median", "FRM-1a"), ("the sum", "FRM-2"),
        ("the greatest", "FRM-1a"), ("the mean of all actions", "FRM-5"), ("keeps the dim", "FRM-4"),
        ("rewards are shared", "FRM-2"), ("the reward of the first row", "FRM-6"),
        ("the mean is backed up", "FRM-1a"), ("the reward is discounted", "FRM-1a"),
        ("no reward at an end", "FRM-2"), ("discounted twice", "FRM-2"), ("the discount of the last row", "FRM-6"),
        ("ends are worth what follows", "FRM-3"),
    ),
    *each(
        FaultyScalar, ("half of it", "FRM-1"), ("rewards are clipped", "FRM-1"),
    ),
    *each(
        FaultyAverage, ("twice as far", "TUP-2"), ("beyond the network", "TUP-10"), ("stays", "TUP-10a"),
        ("a root", "TUP-3"), ("counters stay", "TUP-5"), ("in float32", "TUP-12"), ("the other one moves", "TUP-4"),
        ("half of each", "TUP-2a"), ("noise besides", "TUP-2a"), ("freezes the online network", "TUP-4"),
    ),
    *each(
        FaultyDescent, ("a carry of the parameters", "OPT-4"), ("a carry for the first", "OPT-1"),
        ("in half precision", "OPT-1a"), ("damped", "OPT-1"), ("the sign", "OPT-1a"), ("nesterov", "OPT-1"),
        ("decays besides", "OPT-11"), ("by the length of its tensor", "OPT-6"), ("its gradient alone", "OPT-1"),
        ("a thousandth goes on", "OPT-11"), ("the rate is squared", "OPT-8"), ("moves at a rate of 0", "OPT-3"),
    ),
    *each(
        FaultyRhythm, ("one step too many", "CAD-1"), ("by the hundred", "CAD-1"),
        ("a learn step for each environment", "CAD-8"), ("counts the warm-up", "CAD-3"),
        ("counts collects", "CAD-4"), ("warms up now and then", "CAD-9"), ("one environment alone", "CAD-1"),
        ("promises too much", "CAD-5"), ("hashed by its identity", "GEN-17"),
    ),
]  # fmt: skip
