"""Losses of policies and values that are correct and not at all like the library's: every law must hold for them."""

import math

import torch
from torch import Tensor

from rlblocks import block, read
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.losses import Loss
from rlblocks.testing import unlisted


def counted(rows, weight):
    """The weights of rows as a constant, and which of them count."""
    if isinstance(weight, Tensor):
        if weight.shape != rows.shape:
            raise ValueError("other shapes")
        return weight.detach(), weight != 0
    return torch.full_like(rows, weight), torch.full_like(rows, True, dtype=torch.bool)


with unlisted():

    @block("lab/ppo_by_cases")
    class SurrogateByCases(Loss):
        """The clipped surrogate, row by row in Python, with a clip for all times; it reports only how much it clips."""

        inputs = {
            "a": read("advantage"),
            "now": read("log_prob@online", at="action"),
            "then": read("log_prob"),
            "w": read("weight", default=1),
        }
        outputs = ("loss", "clip_fraction")
        specs = {"clip_fraction": Spec(dims=())}
        scale: float = fields.number(3.0)

        @property
        def coefficient(self):
            return self.scale

        def compute(self, *, a, now, then, w=1):
            if not a.shape == now.shape == then.shape:
                raise ValueError("other shapes")
            weights, counts = counted(now, w)
            loss, outside = 0 * now[counts].sum(), now.new_zeros(())
            for i in counts.nonzero().flatten().tolist():
                ratio, gain = torch.exp(now[i] - then[i].detach()), a[i].detach()
                spent = (gain > 0 and ratio > 1.25) or (gain < 0 and ratio < 0.75)
                loss = loss - weights[i] * gain * (ratio.detach().clamp(0.75, 1.25) if spent else ratio)
                outside = outside + weights[i] * ((ratio.detach() - 1).abs() > 0.25)
            return loss * self.scale / len(now), outside / weights.sum().clamp(min=1e-9)

    @block("lab/awr")
    class AdvantageWeighted(Loss):
        """Advantage-weighted regression: −mean(w·min(exp(A/T), 20)·log π(a|s)); no policy gradient."""

        inputs = {
            "chosen": read("log_prob@online", at="action"),
            "advantage": read("advantage"),
            "weight": read("weight", default=1),
        }
        outputs = ("loss",)
        temperature: float = fields.number(4.0, gt=0)
        coefficient: float = fields.number(0.5)

        def compute(self, *, chosen, advantage, weight=1):
            if chosen.shape != advantage.shape:
                raise ValueError("other shapes")
            weights, counts = counted(chosen, weight)
            share = (advantage.detach() / self.temperature).exp().clamp(max=20.0)
            rows = torch.where(counts, share * chosen, 0.0)
            return -(weights * rows).mean() * self.coefficient

    @block("lab/log_cosh_value")
    class LogCoshOfValue(Loss):
        """mean(w·log cosh(R − V)), which pays a store too."""

        inputs = {"v": read("value@online"), "goal": read("return"), "weight": read("weight", default=1)}
        coefficient: float = fields.number(1.0)

        def compute(self, *, v, goal, weight=1):
            if v.shape != goal.shape:
                raise ValueError("other shapes")
            weights, counts = counted(v, weight)
            error = (goal.detach() - v).abs()
            rows = torch.where(counts, error + torch.nn.functional.softplus(-2 * error) - math.log(2), 0.0)
            return (weights * rows).mean() * self.coefficient, error.detach()

    @block("lab/entropy_target")
    class EntropyTarget(Loss):
        """An entropy bonus −α·mean(w·S) whose α remembers: it grows where the entropy is below a target."""

        inputs = {"entropy": read("entropy@online"), "weight": read("weight", default=1)}
        outputs = ("loss", "alpha")
        specs = {"alpha": Spec(dims=())}
        handed = ("carry",)
        target: float = fields.number(0.5)

        @property
        def coefficient(self):
            return 1.0

        def init(self):
            return {"alpha": torch.tensor(0.25), "calls": torch.tensor(0)}

        def compute(self, *, entropy, carry, weight=1):
            weights, counts = counted(entropy, weight)
            alpha = carry["alpha"].clone()
            rows = torch.where(counts, entropy, 0.0)
            mean = (weights * rows).sum().detach() / weights.sum().clamp(min=1e-9)
            carry["alpha"].mul_(torch.where(mean < self.target, 1.5, 0.75))
            carry["calls"].add_(1)
            return -(weights * rows).mean() * alpha, alpha


CORRECT = [SurrogateByCases(), AdvantageWeighted(), LogCoshOfValue(), EntropyTarget()]
