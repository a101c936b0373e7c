"""Losses and networks of continuous control that are correct and not at all like the library's: every law holds."""

import math

import torch
from torch import Tensor, nn

from rlblocks import block, fn, read, spec
from rlblocks._core import fields
from rlblocks._core.declare import Read
from rlblocks._core.keys import Spec
from rlblocks.aggregates import Aggregate, Average
from rlblocks.losses import Loss
from rlblocks.networks import Head, ValueForm
from rlblocks.testing import unlisted


def weights(given, rows):
    """Weights as a constant vector."""
    if not isinstance(given, Tensor):
        return rows.new_full((len(rows),), float(given))
    if given.shape != rows.shape[:1]:
        raise ValueError("other shapes")
    return given.detach().to(rows.dtype)


with unlisted():

    @block("lab/expectiles")
    class Expectiles(Loss):
        """Asymmetric squares of what several networks predict: no Huber, and nobody has an oracle for it."""

        inputs = {
            "said": read("q@online", at="action", dims=("*", "batch")),
            "due": read("td_target"),
            "w": read("weight", default=1),
        }
        tilt: float = fields.number(0.7)

        @property
        def coefficient(self):
            return 1.0

        def compute(self, *, said, due, w=1):
            if said.shape[-1:] != due.shape:
                raise ValueError("other shapes")
            rows, errors = 0.0, []
            for q in said.reshape(-1, len(due)).unbind(0) if len(due) else [said.reshape(-1)]:
                gap = due.detach() - q
                rows = rows + torch.where(gap > 0, self.tilt, 1 - self.tilt) * gap * gap
                errors.append(gap.detach().abs())
            return (rows * weights(w, rows)).mean(), torch.stack(errors).mean(0)

    @block("lab/quantilewise")
    class QuantileByQuantile(Loss):
        """The quantile Huber error in Python, one quantile at a time, with a κ for all times."""

        inputs = {
            "theta": Read("q@online", at="action", dims=("*", "batch"), raw=True),
            "y": read("td_target"),
            "w": read("weight", default=1),
        }
        tags = {"like": "quantile_huber"}
        kappa: float = fields.number(2.0, gt=0.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, theta, y, w=1):
            if theta.dim() < 2 or y.dim() != 2 or theta.shape[-2] != y.shape[0]:
                raise ValueError("other shapes")
            each = theta.reshape(-1, *theta.shape[-2:])
            count, k, goal = theta.shape[-1], self.kappa, y.detach()
            rows = each.new_zeros(len(y))
            for i in range(count):
                gap = goal - each[:, :, i : i + 1]
                size, level = gap.abs(), (i + 0.5) / count
                cost = torch.where(size <= k, gap * gap / (2 * k), size - k / 2)
                rows = rows + (torch.where(gap.detach() < 0, 1 - level, level) * cost).mean(2).sum(0) / count
            errors = (goal.mean(1) - each.detach().mean(2)).abs().mean(0)
            return (rows * weights(w, rows)).mean() * self.coefficient, errors

    @block("lab/mean_actor")
    class MeanActor(Loss):
        """A soft policy's loss with arguments of other names, the mean of all members, and nothing reported."""

        inputs = {
            "critic": fn("q@online"),
            "temperature": read("log_alpha@online"),
            "log_prob": read("log_prob@online"),
            "doing": read("sample@online"),
            "w": read("weight", default=1),
        }
        outputs = ("loss",)
        tags = {"constant": "temperature"}
        over: Aggregate = fields.slot("aggregates", Average)

        @property
        def coefficient(self):
            return 1.0

        def compute(self, *, critic, temperature, log_prob, doing, w=1):
            value = critic(doing).reshape(-1, len(log_prob)).mean(0)
            if value.shape != log_prob.shape:
                raise ValueError("other shapes")
            rows = math.e ** temperature.detach() * log_prob - value
            share = weights(w, rows)
            return (rows.masked_fill(share == 0, 0.0) * share).mean()

    @block("lab/temperature_in_bits")
    class InBits(Loss):
        """Log α follows the entropy in bits, by the volume of the bounds."""

        inputs = {
            "level": read("log_alpha@online"),
            "surprise": read("log_prob@online"),
            "box": spec("action"),
            "w": read("weight", default=1),
        }
        outputs = ("loss",)
        tags = {"constant": "surprise"}

        @property
        def coefficient(self):
            return 1 / math.log(2)

        def compute(self, *, level, surprise, box, w=1):
            count = math.prod(box.shape)
            low, high = (b if isinstance(b, tuple) else (b,) * count for b in (box.low, box.high))
            volume = 1.0
            for l, h in zip(low, high, strict=True):
                volume *= h - l
            if surprise.dim() != 1:
                raise ValueError("other shapes")
            missing = (surprise.detach() + math.log(volume) - 2 * count) / math.log(2)
            share = weights(w, missing)
            return -(missing.masked_fill(share == 0, 0.0) * share).mean() * level

    @block("lab/sorted")
    class SortedQuantiles(ValueForm):
        """Quantiles that come back in order: their mean does not care."""

        key = "quantiles"
        count: int = fields.integer(3, ge=1)

        def width(self):
            return self.count

        def dims(self):
            return ("quantile",)

        def mean(self, value):
            return value.sum(-1) / self.count

        def backup(self, reward, discount, value):
            if reward.dim() != 1 or discount.shape != reward.shape:
                raise ValueError("other shapes")
            over = (discount == 0).unsqueeze(1)
            moved = reward.unsqueeze(1) + discount.unsqueeze(1) * value.masked_fill(over, 0.0)
            return moved.sort(1).values

    @block("lab/clamped")
    class ClampedPolicy(Head):
        """Actions cut to their bounds, without any squashing; at the start it is near the middle."""

        def writes(self, spec):
            return {"mode": spec.action}

        def misfit(self, spec):
            action = spec.action
            return "" if action.low is not None and not action.n and action.shape else "needs bounds"

        def build(self, spec, generator):
            count, shape = math.prod(spec.action.shape), spec.action.shape
            low, high = (b if isinstance(b, tuple) else (b,) * count for b in (spec.action.low, spec.action.high))
            device = "meta" if generator is None else "cpu"

            class Clamped(nn.Module):
                noise_size = 0

                def __init__(self):
                    super().__init__()
                    start = torch.empty(count, spec.features, device=device)
                    self.w = nn.Parameter(start.uniform_(-0.1, 0.1, generator=generator))

                def forward(self, x, noise=None):
                    least, most = (torch.tensor(b, device=x.device) for b in (low, high))
                    middle, half = (least + most) / 2, (most - least) / 2
                    return {"mode": (middle + half * (x @ self.w.T)).clamp(least, most).reshape(-1, *shape)}

            return Clamped()

    @block("lab/two_numbers")
    class TwoNumbers(Head):
        """Two numbers for all rows, of which one is drawn from the generator."""

        def writes(self, spec):
            return {"log_alpha": Spec(dims=()), "pace": Spec((2,), dims=())}

        def misfit(self, spec):
            return ""

        def build(self, spec, generator):
            device = "meta" if generator is None else "cpu"

            class Numbers(nn.Module):
                noise_size = 0

                def __init__(self):
                    super().__init__()
                    self.level = nn.Parameter(torch.zeros((), device=device))
                    self.pace = nn.Parameter(torch.empty(2, device=device).normal_(generator=generator))

                def forward(self, x, noise=None):
                    return {"log_alpha": self.level * 1.0, "pace": self.pace * 1.0}

            return Numbers()


CORRECT = [
    Expectiles(), QuantileByQuantile(), MeanActor(), InBits(), SortedQuantiles(), SortedQuantiles(1), ClampedPolicy(),
    TwoNumbers(),
]  # fmt: skip
