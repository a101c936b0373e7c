"""Losses of policies that follow a value, with one planted fault each, and the law that must catch it."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.aggregates import Aggregate, First, Least
from rlblocks.functional import only_counted, soft_policy_loss, weighted_average, weighted_mean
from rlblocks.losses import DeterministicPolicyLoss, DiscreteSoftPolicyLoss, Loss, SoftPolicyLoss
from rlblocks.testing import unlisted


class Soft:
    """What the faulty losses of random policies are right about."""

    inputs = dict(SoftPolicyLoss.inputs)
    outputs = ("loss", "policy_entropy")
    specs = {"policy_entropy": Spec(dims=())}
    tags = {"constant": "log_alpha"}


class OverActions:
    """What the faulty losses over all actions are right about."""

    inputs = dict(DiscreteSoftPolicyLoss.inputs)
    outputs = ("loss",)
    tags = {"constant": "q, log_alpha"}


def reported(rows, log_prob, weight, coefficient):
    """What a soft loss writes, once its rows are known."""
    entropy = weighted_average(only_counted(-log_prob, weight), weight)
    return weighted_mean(only_counted(rows, weight), weight, coefficient), entropy


with unlisted():

    @block("deterministic_policy_loss")
    class FleesTheValue(Loss):
        """The sign is wrong."""

        inputs, outputs = dict(DeterministicPolicyLoss.inputs), ("loss",)
        over: Aggregate = fields.slot("aggregates", First)
        coefficient: float = fields.number(1.0)

        def compute(self, *, mode, q, weight=1):
            return weighted_mean(only_counted(self.over.compute(q(mode)), weight), weight, self.coefficient)

    @block("deterministic_policy_loss")
    class AlwaysTheLeast(Loss):
        """The first member is asked for, and the least is taken."""

        inputs, outputs = dict(DeterministicPolicyLoss.inputs), ("loss",)
        over: Aggregate = fields.slot("aggregates", First)
        coefficient: float = fields.number(1.0)

        def compute(self, *, mode, q, weight=1):
            return weighted_mean(only_counted(Least().compute(q(mode)), weight), weight, -self.coefficient)

    @block("deterministic_policy_loss")
    class KeepsTheActionStill(Loss):
        """The action is detached: the value of what the policy does is reported, and moves nothing."""

        inputs, outputs = dict(DeterministicPolicyLoss.inputs), ("loss",)
        over: Aggregate = fields.slot("aggregates", First)
        coefficient: float = fields.number(1.0)

        def compute(self, *, mode, q, weight=1):
            value = self.over.compute(q(mode.detach())) + 0 * mode.flatten(1 if mode.dim() > 1 else 0).sum()
            return weighted_mean(only_counted(value, weight), weight, -self.coefficient)

    @block("deterministic_policy_loss")
    class PullsToTheMiddle(Loss):
        """The square of the action costs a little besides."""

        inputs, outputs = dict(DeterministicPolicyLoss.inputs), ("loss",)
        over: Aggregate = fields.slot("aggregates", First)
        coefficient: float = fields.number(1.0)

        def compute(self, *, mode, q, weight=1):
            size = mode.reshape(len(mode), -1).square().mean(1) if len(mode) else mode.new_zeros(0)
            rows = self.over.compute(q(mode)) - size
            return weighted_mean(only_counted(rows, weight), weight, -self.coefficient)

    @block("soft_policy_loss")
    class EntropyForNothing(Soft, Loss):
        """α is missing: a nat is always worth 1."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, sample, log_prob, log_alpha, q, weight=1):
            rows = log_prob - self.over.compute(q(sample))
            return reported(rows, log_prob, weight, self.coefficient)

    @block("soft_policy_loss")
    class PunishesRandomness(Soft, Loss):
        """The sign of the entropy is wrong."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, sample, log_prob, log_alpha, q, weight=1):
            rows = soft_policy_loss(-log_prob, self.over.compute(q(sample)), log_alpha)
            return reported(rows, log_prob, weight, self.coefficient)

    @block("soft_policy_loss")
    class LogarithmForAlpha(Soft, Loss):
        """Log α multiplies, in the place of α."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, sample, log_prob, log_alpha, q, weight=1):
            rows = log_alpha.detach() * log_prob - self.over.compute(q(sample))
            return reported(rows, log_prob, weight, self.coefficient)

    @block("soft_policy_loss")
    class TrainsAlphaToo(Soft, Loss):
        """α is no constant: the policy's loss falls as its temperature does."""

        inputs = {**SoftPolicyLoss.inputs}
        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, sample, log_prob, log_alpha, q, weight=1):
            rows = log_alpha.exp() * log_prob - self.over.compute(q(sample))
            return reported(rows, log_prob, weight, self.coefficient)

    @block("soft_policy_loss")
    class GreatestForLeast(Soft, Loss):
        """The greatest member."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, sample, log_prob, log_alpha, q, weight=1):
            rows = soft_policy_loss(log_prob, -self.over.compute(-q(sample)), log_alpha)
            return reported(rows, log_prob, weight, self.coefficient)

    @block("soft_policy_loss")
    class ReportsNegentropy(Soft, Loss):
        """What is reported is the mean of log π, below 0 where the entropy is above."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, sample, log_prob, log_alpha, q, weight=1):
            rows = soft_policy_loss(log_prob, self.over.compute(q(sample)), log_alpha)
            return reported(rows, -log_prob, weight, self.coefficient)

    @block("discrete_soft_policy_loss")
    class EveryActionAlike(OverActions, Loss):
        """All actions count alike, in the place of π."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, logits, q, log_alpha, action_mask=None, weight=1):
            together = self.over.compute(q.detach().flatten(-2)).view_as(logits)
            rows = (log_alpha.detach().exp() * logits.log_softmax(-1) - together).mean(-1)
            return weighted_mean(only_counted(rows, weight), weight, self.coefficient)

    @block("discrete_soft_policy_loss")
    class LeastOfAllActions(OverActions, Loss):
        """The member that says least of all actions together, for all of them."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, logits, q, log_alpha, action_mask=None, weight=1):
            legal = logits if action_mask is None else logits.masked_fill(~action_mask, -1e9)
            each = q.detach().unsqueeze(0).flatten(0, -3)
            together = each.gather(0, each.sum(-1).argmin(0)[None, :, None].expand(1, *logits.shape))[0]
            cost = log_alpha.detach().exp() * legal.log_softmax(-1) - together
            rows = (legal.softmax(-1) * cost).sum(-1)
            return weighted_mean(only_counted(rows, weight), weight, self.coefficient)

    @block("discrete_soft_policy_loss")
    class IllegalActionsCost(OverActions, Loss):
        """The value of illegal actions is multiplied by 0, and NaN stays NaN."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, logits, q, log_alpha, action_mask=None, weight=1):
            legal = logits if action_mask is None else logits.masked_fill(~action_mask, -1e9)
            together = self.over.compute(q.detach().flatten(-2)).view_as(logits)
            cost = log_alpha.detach().exp() * legal.log_softmax(-1) - together
            rows = (legal.softmax(-1) * cost).sum(-1)
            return weighted_mean(only_counted(rows, weight), weight, self.coefficient)

    @block("discrete_soft_policy_loss")
    class TrainsTheCritic(OverActions, Loss):
        """The values are no constants."""

        over: Aggregate = fields.slot("aggregates", Least)
        coefficient: float = fields.number(1.0)

        def compute(self, *, logits, q, log_alpha, action_mask=None, weight=1):
            pi = torch.softmax(logits, -1)
            together = self.over.compute(q.flatten(-2)).view_as(logits)
            rows = (pi * (log_alpha.detach().exp() * logits.log_softmax(-1) - together)).sum(-1)
            return weighted_mean(only_counted(rows, weight), weight, self.coefficient)


FAULTS = [
    (FleesTheValue(), "CON-8"),
    (FleesTheValue(), "LOS-1"),
    (AlwaysTheLeast(), "CON-8"),
    (KeepsTheActionStill(), "CON-8"),
    (PullsToTheMiddle(), "CON-8"),
    (EntropyForNothing(), "CON-8a"),
    (EntropyForNothing(), "LOS-1"),
    (PunishesRandomness(), "CON-8a"),
    (LogarithmForAlpha(), "CON-8a"),
    (TrainsAlphaToo(), "LOS-12"),
    (GreatestForLeast(), "CON-8"),
    (ReportsNegentropy(), "LOS-1"),
    (EveryActionAlike(), "CON-8b"),
    (LeastOfAllActions(), "CON-8b"),
    (IllegalActionsCost(), "GEN-15"),
    (TrainsTheCritic(), "LOS-12"),
]
