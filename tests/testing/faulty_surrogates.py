"""Clipped surrogates with one planted fault each, and the law that must catch it."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.functional import (
    clipped_surrogate,
    divergence,
    is_outside,
    only_counted,
    same_shape,
    weighted_average,
    weighted_mean,
)
from rlblocks.losses import ClippedSurrogate, Loss
from rlblocks.schedules import Schedule
from rlblocks.testing import unlisted


class Shared:
    """What the faulty surrogates are right about."""

    inputs = dict(ClippedSurrogate.inputs)
    outputs = ("loss", "kl", "clip_fraction")
    specs = {"kl": Spec(dims=()), "clip_fraction": Spec(dims=())}


def surrogate(rows, weight, log_ratio, clip, coefficient=1.0):
    """What a surrogate writes, once its rows are known."""
    kl, outside = divergence(log_ratio.detach()), is_outside(log_ratio, clip)
    loss = weighted_mean(only_counted(rows, weight), weight, coefficient)
    return loss, weighted_average(kl, weight), weighted_average(outside, weight)


with unlisted():

    @block("clipped_surrogate")
    class GreaterOfBoth(Shared, Loss):
        """The greater of both objectives, not the smaller one."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            same_shape("log_prob", log_prob, "advantage", advantage)
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            r, gain = log_ratio.exp(), advantage.detach()
            rows = -torch.maximum(r * gain, r.clamp(1 - clip, 1 + clip) * gain)
            return surrogate(rows, weight, log_ratio, clip, self.coefficient)

    @block("clipped_surrogate")
    class OldOverNew(Shared, Loss):
        """The ratio is upside down."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(old_log_prob.detach() - log_prob, weight)
            return surrogate(clipped_surrogate(log_ratio, advantage, clip), weight, log_ratio, clip, self.coefficient)

    @block("clipped_surrogate")
    class ClipsTheOtherSide(Shared, Loss):
        """What gains is held from below, what loses from above."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            r, gain = log_ratio.exp(), advantage.detach()
            rows = -torch.where(gain > 0, torch.maximum(r, 1 - clip), torch.minimum(r, 1 + clip)) * gain
            return surrogate(rows, weight, log_ratio, clip, self.coefficient)

    @block("clipped_surrogate")
    class ClipsWithoutMinimum(Shared, Loss):
        """Only the clipped objective: what has gone wrong is left alone too."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            rows = -log_ratio.exp().clamp(1 - clip, 1 + clip) * advantage.detach()
            return surrogate(rows, weight, log_ratio, clip, self.coefficient)

    @block("clipped_surrogate")
    class ClipsTheLogarithm(Shared, Loss):
        """log r is held in [−ε, ε]."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            gain = advantage.detach()
            rows = -torch.minimum(log_ratio.exp() * gain, log_ratio.clamp(-clip, clip).exp() * gain)
            return surrogate(rows, weight, log_ratio, clip, self.coefficient)

    @block("clipped_surrogate")
    class TrainsTheAdvantage(Shared, Loss):
        """A gradient reaches the advantage, and by that the value network."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            r = log_ratio.exp()
            rows = -torch.minimum(r * advantage, r.clamp(1 - clip, 1 + clip) * advantage)
            return surrogate(rows, weight, log_ratio, clip, self.coefficient)

    @block("clipped_surrogate")
    class ReportsWithGraph(Shared, Loss):
        """What is reported holds the graph of the whole network."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = log_prob - old_log_prob
            loss, _, fraction = surrogate(clipped_surrogate(log_ratio, advantage, clip), weight, log_ratio, clip)
            return loss, divergence(log_ratio).mean(), fraction

    @block("clipped_surrogate")
    class MinusLogarithm(Shared, Loss):
        """The divergence by −log r, which is right on average and can be below 0."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            loss, _, fraction = surrogate(clipped_surrogate(log_ratio, advantage, clip), weight, log_ratio, clip)
            return loss, weighted_average(-log_ratio, weight), fraction

    @block("clipped_surrogate")
    class FromNewToOld(Shared, Loss):
        """The divergence the other way round."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            loss, _, fraction = surrogate(clipped_surrogate(log_ratio, advantage, clip), weight, log_ratio, clip)
            return loss, weighted_average(divergence(-log_ratio), weight), fraction

    @block("clipped_surrogate")
    class CountsPadding(Shared, Loss):
        """The clip fraction is that of all rows, those that are not there included."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = only_counted(log_prob - old_log_prob.detach(), weight)
            loss, kl, _ = surrogate(clipped_surrogate(log_ratio, advantage, clip), weight, log_ratio, clip)
            return loss, kl, is_outside(log_prob - old_log_prob, clip).mean()

    @block("clipped_surrogate")
    class MasksPaddingByMultiplication(Shared, Loss):
        """0 times infinity is no number."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = log_prob - old_log_prob.detach()
            loss = weighted_mean(clipped_surrogate(log_ratio, advantage, clip), weight, self.coefficient)
            clean = only_counted(log_ratio, weight)
            return loss, *surrogate(clean, weight, clean, clip)[1:]


FAULTS = [
    (GreaterOfBoth(), "LOS-1"),
    (GreaterOfBoth(), "LOS-7a"),
    (GreaterOfBoth(), "LOS-7b"),
    (OldOverNew(), "LOS-1"),
    (OldOverNew(), "LOS-7"),
    (OldOverNew(), "LOS-11"),
    (ClipsTheOtherSide(), "LOS-1"),
    (ClipsTheOtherSide(), "LOS-7a"),
    (ClipsWithoutMinimum(), "LOS-7a"),
    (ClipsWithoutMinimum(), "LOS-7b"),
    (ClipsTheLogarithm(), "LOS-1"),
    (ClipsTheLogarithm(), "LOS-7a"),
    (TrainsTheAdvantage(), "LOS-12"),
    (ReportsWithGraph(), "LOS-15"),
    (MinusLogarithm(), "LOS-15a"),
    (FromNewToOld(), "LOS-1"),
    (FromNewToOld(), "LOS-11"),
    (CountsPadding(), "LOS-6"),
    (MasksPaddingByMultiplication(), "LOS-6"),
]
