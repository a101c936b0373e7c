"""Normalizers that are correct and not at all like the library's."""

import math
from fractions import Fraction

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.normalizers import Normalizer
from rlblocks.testing import unlisted


def real_steps(steps):
    """Each real step: its time and its environment."""
    return [(t, n) for t in range(len(steps.real)) for n in range(steps.real.shape[1]) if steps.real[t, n]]


with unlisted():

    @block("lab/welford")
    class Welford(Normalizer):
        """Observations by their standard deviation, one row at a time, as Welford does; the division is done late."""

        tags = {"like": "observation_norm"}
        clip: float = fields.number(5.0)
        eps: float = fields.number(1e-6)

        def misfit(self, key, spec):
            return "" if key == "observation" and spec.dtype.startswith("float") else f"cannot read {key!r}"

        def init(self, spec, environments):
            zeros = {name: torch.zeros(spec.shape, dtype=torch.float64) for name in ("mean", "square")}
            return {**zeros, "rows": torch.zeros((), dtype=torch.int64)}

        def compute(self, *, x, carry):
            variance = carry["square"] / carry["rows"].clamp(min=1)
            known = torch.where(carry["rows"] == 0, torch.ones_like(variance), variance + self.eps)
            return ((x.double() - carry["mean"]) / known.sqrt()).clamp(-self.clip, self.clip).float()

        def absorb(self, carry, steps):
            for t, n in real_steps(steps):
                over = steps.terminated[t, n] or steps.truncated[t, n]
                for column in (steps.observation, steps.next_observation)[: 1 + over]:
                    row = torch.as_tensor(column[t, n].copy()).double()
                    carry["rows"].add_(1)
                    apart = row - carry["mean"]
                    carry["mean"].add_(apart / carry["rows"])
                    carry["square"].add_(apart * (row - carry["mean"]))

    @block("lab/exact")
    class ExactSums(Normalizer):
        """Rewards by the standard deviation of returns, from sums of returns and of their squares about the first."""

        tags = {"like": "reward_scale"}
        clip: float = fields.number(3.0)
        eps: float = fields.number(1e-8)

        def misfit(self, key, spec):
            return "" if key == "reward" and not spec.shape else f"cannot read {key!r}"

        def init(self, spec, environments):
            sizes = {"returns": (environments,), "sums": (4,)}
            return {name: torch.zeros(size, dtype=torch.float64) for name, size in sizes.items()}

        def compute(self, *, x, carry):
            seen, _, total, squares = carry["sums"]
            count = seen.clamp(min=1)
            variance = ((squares - total * total / count) / count).clamp(min=0.0)
            scale = torch.where(seen == 0, torch.ones_like(seen), (variance + self.eps).sqrt())
            return (x / scale).clamp(-self.clip, self.clip).float()

        def absorb(self, carry, steps):
            for t, n in real_steps(steps):
                found = float(steps.reward[t, n]) + float(carry["returns"][n])
                over = steps.terminated[t, n] or steps.truncated[t, n]
                carry["returns"][n] = 0.0 if over else float(steps.discount[t, n]) * found
                seen, first, total, squares = carry["sums"].tolist()
                first = first if seen else found
                apart = Fraction(found) - Fraction(first)
                carry["sums"].copy_(
                    torch.tensor([seen + 1, first, total + float(apart), squares + float(apart * apart)])
                )

    @block("lab/recent")
    class RecentSize(Normalizer):
        """Rewards by a fading mean of their size: later steps weigh more, and there is neither a clip nor an oracle."""

        tags = {"weighs": "late"}

        def misfit(self, key, spec):
            return "" if key == "reward" else "is for rewards"

        def init(self, spec, environments):
            return {"size": torch.zeros((), dtype=torch.float64), "weight": torch.zeros((), dtype=torch.float64)}

        def compute(self, *, x, carry):
            size = carry["size"] / carry["weight"].clamp(min=1e-9)
            return (x / torch.where(carry["weight"] == 0, torch.ones_like(size), size.clamp(min=1e-6))).float()

        def absorb(self, carry, steps):
            for t, n in real_steps(steps):
                carry["size"].mul_(math.exp(-0.1)).add_(abs(float(steps.reward[t, n])))
                carry["weight"].mul_(math.exp(-0.1)).add_(1.0)


CORRECT = [Welford(), ExactSums(), RecentSize()]
