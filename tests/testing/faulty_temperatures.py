"""Losses of temperatures with one planted fault each, and the law that must catch it."""

import math

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.functional import greatest_entropy, only_counted, temperature_loss, weighted_mean
from rlblocks.losses import DiscreteTemperatureLoss, Loss, TemperatureLoss
from rlblocks.testing import unlisted


class Temperature:
    """What the faulty losses of temperatures are right about."""

    inputs = dict(TemperatureLoss.inputs)
    outputs = ("loss",)
    tags = {"constant": "log_prob"}


def half_widths(action):
    """Half the width of the bounds of each component."""
    count = math.prod(action.shape)
    lows, highs = (bound if isinstance(bound, tuple) else (bound,) * count for bound in (action.low, action.high))
    return [(high - low) / 2 for low, high in zip(lows, highs, strict=True)]


def held(log_alpha, log_prob, target, weight, coefficient):
    """The loss of a temperature whose target is known."""
    entropy = only_counted(-log_prob.detach(), weight)
    return weighted_mean(temperature_loss(log_alpha, entropy, target), weight, coefficient)


with unlisted():

    @block("temperature_loss")
    class AlphaFollowsEntropy(Temperature, Loss):
        """The sign is wrong: the more entropy there is, the more it is worth."""

        per_component: float = fields.number(-1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, log_prob, action, weight=1):
            target = math.fsum(self.per_component + math.log(d) for d in half_widths(action))
            return held(log_alpha, log_prob, target, weight, -self.coefficient)

    @block("temperature_loss")
    class TargetOfARow(Temperature, Loss):
        """The target is counted once, however many components an action has."""

        per_component: float = fields.number(-1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, log_prob, action, weight=1):
            target = self.per_component + math.fsum(map(math.log, half_widths(action)))
            return held(log_alpha, log_prob, target, weight, self.coefficient)

    @block("temperature_loss")
    class TargetOfTheWrongSign(Temperature, Loss):
        """Plus a nat for each component, where minus a nat is due."""

        per_component: float = fields.number(-1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, log_prob, action, weight=1):
            target = math.fsum(-self.per_component + math.log(d) for d in half_widths(action))
            return held(log_alpha, log_prob, target, weight, self.coefficient)

    @block("temperature_loss")
    class WidthsForgotten(Temperature, Loss):
        """The target is that of bounds of −1 and 1, whatever they are."""

        per_component: float = fields.number(-1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, log_prob, action, weight=1):
            target = self.per_component * math.prod(action.shape)
            return held(log_alpha, log_prob, target, weight, self.coefficient)

    @block("temperature_loss")
    class AlphaAndNotItsLogarithm(Temperature, Loss):
        """α multiplies, as in the paper, and the step depends on it."""

        per_component: float = fields.number(-1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, log_prob, action, weight=1):
            target = math.fsum(self.per_component + math.log(d) for d in half_widths(action))
            return held(log_alpha.exp(), log_prob, target, weight, self.coefficient)

    @block("temperature_loss")
    class TrainsThePolicyToo(Temperature, Loss):
        """The log-probability is no constant."""

        per_component: float = fields.number(-1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, log_prob, action, weight=1):
            target = math.fsum(self.per_component + math.log(d) for d in half_widths(action))
            return weighted_mean(-(log_prob + target) * log_alpha, weight, self.coefficient)

    @block("discrete_temperature_loss")
    class IllegalActionsCount(Loss):
        """The greatest entropy is that of all actions, legal or not."""

        inputs, outputs = dict(DiscreteTemperatureLoss.inputs), ("loss",)
        tags = {"constant": "entropy"}
        share: float = fields.number(0.89)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, entropy, action, action_mask=None, weight=1):
            counted = only_counted(entropy.detach(), weight)
            rows = temperature_loss(log_alpha, counted, self.share * math.log(action.n))
            return weighted_mean(rows, weight, self.coefficient)

    @block("discrete_temperature_loss")
    class ShareOfTheActions(Loss):
        """The logarithm of a share of the actions, not a share of the logarithm."""

        inputs, outputs = dict(DiscreteTemperatureLoss.inputs), ("loss",)
        tags = {"constant": "entropy"}
        share: float = fields.number(0.89)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_alpha, entropy, action, action_mask=None, weight=1):
            legal = torch.ones(len(entropy), action.n, dtype=torch.bool) if action_mask is None else action_mask
            target = greatest_entropy(legal) + math.log(max(self.share, 1e-3))
            rows = temperature_loss(log_alpha, only_counted(entropy.detach(), weight), target)
            return weighted_mean(rows, weight, self.coefficient)


FAULTS = [
    (AlphaFollowsEntropy(), "CON-9"),
    (TargetOfARow(), "CON-9a"),
    (TargetOfTheWrongSign(), "CON-9a"),
    (WidthsForgotten(), "CON-9a"),
    (AlphaAndNotItsLogarithm(), "CON-9"),
    (TrainsThePolicyToo(), "LOS-12"),
    (IllegalActionsCount(), "CON-9b"),
    (ShareOfTheActions(), "CON-9b"),
]
