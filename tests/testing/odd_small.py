"""Small correct blocks that are not at all like the library's, for roles with few others."""

import math
from fractions import Fraction

import torch
from torch import nn

from rlblocks import block, read, scheduled
from rlblocks._core import fields
from rlblocks.cadences import Cadence, Collect, Learn
from rlblocks.early_stops import EarlyStop
from rlblocks.explorers import Explorer, UniformRandom
from rlblocks.networks import Layer, ValueForm
from rlblocks.optimizers import Clip, NoClip, Optimizer
from rlblocks.schedules import Schedule
from rlblocks.testing import unlisted

with unlisted():

    @block("lab/by_fractions")
    class ByFractions(EarlyStop):
        """A limit of the divergence, compared as fractions."""

        inputs = {"moved": read("kl")}
        tags = {"like": "kl_stop"}
        limit: float = fields.number(0.03, gt=0)

        def compute(self, *, moved):
            if math.isnan(moved):
                return False
            return math.isinf(moved) or Fraction(float(moved)) > Fraction(self.limit)

    @block("lab/in_bits")
    class InBits(EarlyStop):
        """The epochs end where the divergence is above so many bits."""

        inputs = {"kl": read("kl")}
        bits: float = fields.number(0.125, gt=0)

        def compute(self, *, kl):
            return bool(float(kl) / math.log(2.0) > self.bits)

    @block("lab/step_by_step")
    class StepByStep(Cadence):
        """One step of every environment at a time, and a learn step for every third of them after the warm-up."""

        batch: int = fields.integer(5, ge=1)
        warmup: int = fields.integer(11, ge=0)
        explorer: Explorer = fields.slot("explorers", UniformRandom)

        def program(self, progress, environments):
            while True:
                warm = progress.rows >= self.needs()
                due = (progress.env_steps - progress.warmup_steps) // 3
                if warm and progress.updates < due:
                    progress = yield Learn(1, self.batch)
                elif progress.env_steps >= progress.budget:
                    return
                else:
                    progress = yield Collect(environments, None if warm else self.explorer)

        def needs(self):
            return max(self.batch, self.warmup)

        def updates_planned(self, budget, chunk=(0, 0)):
            return max(budget - self.needs(), 0) // 3

    class Narrow(nn.Module):
        """(x U) V + b."""

        noise_size = 0

        def __init__(self, inputs, outputs, generator):
            super().__init__()
            device = "meta" if generator is None else generator.device
            for name, shape in {"u": (inputs, 2), "v": (2, outputs), "b": (outputs,)}.items():
                start = torch.empty(shape, device=device).uniform_(-0.5, 0.5, generator=generator)
                setattr(self, name, nn.Parameter(start))

        def forward(self, x, noise=None):
            return x @ self.u @ self.v + self.b

    @block("lab/narrow")
    class LowRank(Layer):
        """An affine map of rank 2, as a product of two matrices."""

        def build(self, inputs, outputs, generator):
            return Narrow(inputs, outputs, generator)

    @block("lab/two_parts")
    class TwoParts(ValueForm):
        """A value as the sum of two parts, each of which gets half of the reward."""

        key = "parts"

        def width(self):
            return 2

        def dims(self):
            return ("part",)

        def mean(self, value):
            return value[..., 0] + value[..., 1]

        def backup(self, reward, discount, value):
            if reward.dim() != 1 or discount.shape != reward.shape:
                raise ValueError("other shapes")
            later = value.masked_fill((discount == 0)[:, None], 0.0)
            return reward[:, None] / 2 + discount[:, None] * later

    @block("lab/nesterov")
    class Nesterov(Optimizer):
        """Nesterov's momentum, tensor by tensor: v ← μv + g, θ ← θ − α(g + μv)."""

        inputs = {"speed": scheduled("lr")}
        lr: Schedule = fields.schedule(0.02)
        mu: float = fields.number(0.5, ge=0, lt=1)
        clip: Clip = fields.slot("clips", NoClip)

        def init(self, params):
            return {"v": [torch.zeros_like(p) for p in params]}

        def compute(self, *, params, grads, carry, speed):
            for p, g, v in zip(params, grads, carry["v"], strict=True):
                v.mul_(self.mu).add_(g)
                p.sub_(speed * (g + self.mu * v))


CORRECT = [ByFractions(), InBits(), StepByStep(), LowRank(), TwoParts(), Nesterov()]
