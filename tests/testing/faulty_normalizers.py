"""Normalizers with one planted fault each, and the law that must catch it."""

import numpy as np
import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.normalizers import Normalizer, ObservationNorm, RewardScale
from rlblocks.testing import unlisted

OBSERVATION_FAULTS = (
    "sample variance", "sums of squares", "float32 statistics", "no last observations", "every successor",
    "counts dummies", "the last chunk only", "means of chunks", "never cut", "no eps", "one mean for all components",
    "one environment", "last of truncated only", "looking counts", "normalises the batch", "float64 results",
    "new tensors", "remembers in the block", "writes into the steps", "keeps the steps", "starts at one",
    "later weighs more", "rounded mean", "shifted before anything", "draws", "in place", "one carry for all",
)  # fmt: skip
REWARD_FAULTS = (
    "centred", "never reset", "reset before use", "reset at terminations only", "own gamma", "variance of rewards",
    "mean of environments", "forgets between chunks", "root of the second moment", "dummies discount",
    "dummies are counted", "return of the first environment",
)  # fmt: skip


def chosen(steps, fault):
    """The observations that a faulty statistic counts, `[K, *shape]` in float64."""
    real = np.ones_like(steps.real) if fault == "counts dummies" else steps.real
    end = steps.truncated if fault == "last of truncated only" else steps.terminated | steps.truncated
    end = np.ones_like(end) if fault == "every successor" else end & (fault != "no last observations")
    if fault == "one environment":
        real = real & (np.arange(real.shape[1]) == 0)
    found = np.concatenate((steps.observation[real], steps.next_observation[real & end])).astype(np.float64)
    if fault == "one mean for all components" and found.size:
        found = np.broadcast_to(found.reshape(len(found), -1).mean(1).reshape(-1, *[1] * (found.ndim - 1)), found.shape)
    return found


with unlisted():

    @block("observation_norm")
    class FaultyNorm(Normalizer):
        """Observations less their mean, by their standard deviation."""

        fault: str = fields.choice(OBSERVATION_FAULTS, "sample variance")
        clip: float = fields.number(10.0)
        eps: float = fields.number(1e-8)
        hidden = {}

        def misfit(self, key, spec):
            return ObservationNorm().misfit(key, spec)

        def init(self, spec, environments):
            if self.fault == "one carry for all" and spec in self.hidden:
                return dict(self.hidden[spec])
            kind = torch.float32 if self.fault == "float32 statistics" else torch.float64
            made = {name: torch.zeros(spec.shape, dtype=kind) for name in ("mean", "square")}
            made["seen"] = torch.zeros((), dtype=torch.float64)
            if self.fault in {"starts at one", "shifted before anything"}:
                made["seen"] += 1e-4
                made["square"] += 1e-4
                made["mean"] += 0.5 * (self.fault == "shifted before anything")
            self.hidden[spec] = made
            return dict(made)

        def compute(self, *, x, carry):
            fault, seen, mean = self.fault, carry["seen"], carry["mean"]
            if fault == "looking counts":
                seen.add_(1.0)
            if fault == "normalises the batch" and x.dim() > mean.dim() and len(x) > 1:
                mean = mean + 1e-2 * (x - mean).mean(0)
            less = (seen > 1).double() * (fault == "sample variance")
            variance = carry["square"] / (seen - less).clamp(min=1e-9)
            variance = torch.where(seen == 0, torch.ones_like(variance) - self.eps, variance)
            if fault == "sums of squares":
                variance = torch.where(seen == 0, variance, (variance - mean**2).clamp(min=0.0))
            eps = 0.0 if fault == "no eps" else self.eps
            mean = mean.float().double() if fault == "rounded mean" else mean
            found = (x.double() - mean) / (variance + eps).sqrt()
            found = found if fault == "never cut" else found.clamp(-self.clip, self.clip)
            if fault == "in place":
                x.add_(1.0)
            return found if fault == "float64 results" else found.float()

        def absorb(self, carry, steps):  # noqa: C901  a branch for each fault
            fault, rows = self.fault, chosen(steps, self.fault)
            if fault == "writes into the steps":
                steps.observation[...] = 0.0
            if not len(rows):
                return
            rows, count = torch.from_numpy(np.ascontiguousarray(rows)), float(len(rows))
            if fault == "draws":
                rows = rows + 1e-3 * torch.rand(())
            if fault == "remembers in the block":
                self.hidden["seen"] = self.hidden.get("seen", 0.0) + 1.0
                rows = rows + 0.125 * self.hidden["seen"]
            before, mean, square = float(carry["seen"]), carry["mean"], carry["square"]
            if fault == "the last chunk only":
                before = 0.0
            if fault == "later weighs more":
                before, square = 0.5 * before, 0.5 * square
            if fault == "sums of squares":
                parts = {"mean": (mean * before + rows.sum(0)) / (before + count), "square": square + (rows**2).sum(0)}
            else:
                apart, share = rows.mean(0) - mean, count / (before + count)
                share = 0.5 if fault == "means of chunks" and before else share
                fresh = ((rows - rows.mean(0)) ** 2).sum(0) + apart**2 * before * share
                parts = {"mean": mean + apart * share, "square": (square if before else 0.0) + fresh}
            parts["seen"] = torch.tensor(before + count, dtype=torch.float64)
            for name, value in parts.items():
                if fault == "new tensors":
                    carry[name] = value
                else:
                    carry[name].copy_(value)
            if fault == "keeps the steps":
                carry["mean"].set_(torch.from_numpy(steps.reward).flatten()[:1].expand(mean.shape))

    @block("reward_scale")
    class FaultyScale(Normalizer):
        """Rewards by the standard deviation of the return so far."""

        fault: str = fields.choice(REWARD_FAULTS, "centred")
        clip: float = fields.number(10.0)
        eps: float = fields.number(1e-8)

        def misfit(self, key, spec):
            return RewardScale().misfit(key, spec)

        def init(self, spec, environments):
            sizes = {"left": (environments,), "seen": (), "total": (), "squares": ()}
            return {name: torch.zeros(size, dtype=torch.float64) for name, size in sizes.items()}

        def compute(self, *, x, carry):
            seen = carry["seen"].clamp(min=1.0)
            mean, square = carry["total"] / seen, carry["squares"] / seen
            variance = square if self.fault == "root of the second moment" else (square - mean**2).clamp(min=0.0)
            variance = torch.where(carry["seen"] == 0, torch.ones_like(variance), variance)
            centred = x - mean if self.fault == "centred" else x
            return (centred / (variance + self.eps).sqrt()).clamp(-self.clip, self.clip).float()

        def absorb(self, carry, steps):
            fault, left = self.fault, carry["left"].numpy().copy()
            if fault == "forgets between chunks":
                left[:] = 0.0
            for t in range(len(steps.real)):
                real, over = steps.real[t], steps.terminated[t]
                end = over if fault == "reset at terminations only" else over | steps.truncated[t]
                end = end & (fault != "never reset")
                discount = np.where(over, 0.0, 0.9) if fault == "own gamma" else steps.discount[t]
                if fault in {"never reset", "reset at terminations only"}:
                    discount = np.where(over & (fault == "never reset"), 0.5, discount)
                found = np.where(real, steps.reward[t], 0.0) + left
                if fault == "reset before use":
                    found = np.where(end, steps.reward[t], found)
                passes = real | (fault == "dummies discount")
                left = np.where(passes, np.where(end & real, 0.0, discount * found), left)
                taken = found if fault != "variance of rewards" else np.where(real, steps.reward[t], 0.0)
                taken = taken if fault == "dummies are counted" else taken[real]
                if fault == "mean of environments" and len(taken):
                    taken = np.full_like(taken, taken.mean())
                if fault == "return of the first environment":
                    taken = taken[:1] if real[0] else taken[:0]
                for name, value in (("seen", len(taken)), ("total", taken.sum()), ("squares", (taken**2).sum())):
                    carry[name].add_(float(value))
            carry["left"].copy_(torch.from_numpy(left))


FAULTS = [
    *((FaultyNorm(fault), law) for fault, law in {
        "sample variance": "NRM-4",
        "sums of squares": "NRM-3",
        "float32 statistics": "NRM-3",
        "no last observations": "NRM-10",
        "every successor": "NRM-10",
        "counts dummies": "NRM-14",
        "the last chunk only": "NRM-1a",
        "means of chunks": "NRM-1a",
        "never cut": "NRM-6a",
        "no eps": "NRM-7",
        "one mean for all components": "NRM-1",
        "one environment": "NRM-15",
        "last of truncated only": "NRM-8",
        "looking counts": "NRM-5",
        "normalises the batch": "NRM-13",
        "float64 results": "NRM-13",
        "new tensors": "NRM-11a",
        "remembers in the block": "GEN-14",
        "writes into the steps": "NRM-12",
        "keeps the steps": "NRM-11a",
        "starts at one": "NRM-1",
        "later weighs more": "NRM-2",
        "rounded mean": "NRM-3",
        "shifted before anything": "NRM-13b",
        "draws": "GEN-3",
        "in place": "NRM-12",
        "one carry for all": "NRM-17a",
    }.items()),
    *((FaultyScale(fault), law) for fault, law in {
        "centred": "NRM-9",
        "never reset": "NRM-15",
        "reset before use": "NRM-1",
        "reset at terminations only": "NRM-8",
        "own gamma": "NRM-1",
        "variance of rewards": "NRM-1",
        "mean of environments": "NRM-15",
        "forgets between chunks": "NRM-1a",
        "root of the second moment": "NRM-1",
        "dummies are counted": "NRM-14",
        "return of the first environment": "NRM-2a",
    }.items()),
]  # fmt: skip
