"""Losses and early stops of policy gradients with one planted fault each, and the law that must catch it."""

import torch
from torch import Tensor

from rlblocks import block, read
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.early_stops import EarlyStop
from rlblocks.functional import (
    adapted_penalty,
    clipped_value_error,
    divergence,
    only_counted,
    policy_gradient,
    squared_error,
    weighted_average,
    weighted_mean,
)
from rlblocks.losses import ClippedValueLoss, Entropy, KLPenalty, Loss, PolicyGradient, ValueLoss
from rlblocks.schedules import Schedule
from rlblocks.testing import unlisted

VALUE, PENALTY = dict(ClippedValueLoss.inputs), dict(KLPenalty.inputs)

with unlisted():

    @block("policy_gradient")
    class Punishes(Loss):
        """What was good becomes rare."""

        inputs, outputs = dict(PolicyGradient.inputs), ("loss",)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, advantage, weight=1):
            return weighted_mean(-policy_gradient(log_prob, advantage), weight, self.coefficient)

    @block("policy_gradient")
    class HidesNaN(Loss):
        """An advantage that is no number is taken for 0."""

        inputs, outputs = dict(PolicyGradient.inputs), ("loss",)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, advantage, weight=1):
            return weighted_mean(policy_gradient(log_prob, advantage.nan_to_num()), weight, self.coefficient)

    @block("policy_gradient")
    class IgnoresWeights(Loss):
        """The weight is read and not used."""

        inputs, outputs = dict(PolicyGradient.inputs), ("loss",)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, advantage, weight=1):
            return weighted_mean(policy_gradient(log_prob, advantage), 1, self.coefficient)

    @block("policy_gradient")
    class DividesByTheWeights(Loss):
        """A mean over the rows that count, though their weights make up for the others already."""

        inputs, outputs = dict(PolicyGradient.inputs), ("loss",)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, advantage, weight=1):
            rows = policy_gradient(log_prob, advantage)
            shares = weight.detach() / weight.sum().clamp(min=1e-9) if isinstance(weight, Tensor) else 1 / len(rows)
            return (rows * shares).sum() * self.coefficient

    @block("entropy")
    class PunishesEntropy(Loss):
        """The sign of the bonus is wrong."""

        inputs, outputs = dict(Entropy.inputs), ("loss",)
        coefficient: Schedule = fields.schedule(0.01)

        def compute(self, *, entropy, coefficient, weight=1):
            return weighted_mean(entropy * coefficient, weight)

    @block("entropy")
    class SumsEntropies(Loss):
        """A sum of entropies instead of their mean."""

        inputs, outputs = dict(Entropy.inputs), ("loss",)
        coefficient: Schedule = fields.schedule(0.01)

        def compute(self, *, entropy, coefficient, weight=1):
            return weighted_mean(entropy * coefficient, weight, -1.0 * len(entropy))

    @block("value_loss")
    class TrainsTheReturn(Loss):
        """The return is moved towards the value."""

        inputs, outputs = dict(ValueLoss.inputs), ("loss",)
        coefficient: float = fields.number(0.5)

        def compute(self, *, value, target, weight=1):
            return weighted_mean(squared_error(value, target), weight, 0.5 * self.coefficient)

    @block("value_loss")
    class ForgetsTheHalf(Loss):
        """mean(δ²), though the house halves."""

        inputs, outputs = dict(ValueLoss.inputs), ("loss",)
        coefficient: float = fields.number(0.5)

        def compute(self, *, value, target, weight=1):
            return weighted_mean(squared_error(value, target.detach()), weight, self.coefficient)

    @block("clipped_value_loss")
    class ClipsAroundTheReturn(Loss):
        """The value is held near its return."""

        inputs, outputs = VALUE, ("loss",)
        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(0.5)

        def compute(self, *, value, old_value, target, clip, weight=1):
            rows = clipped_value_error(value, target + 0 * old_value, target, clip)
            return weighted_mean(rows, weight, 0.5 * self.coefficient)

    @block("clipped_value_loss")
    class ClipsAroundItself(Loss):
        """The present value stands for the stored one, so that nothing is ever clipped."""

        inputs, outputs = VALUE, ("loss",)
        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(0.5)

        def compute(self, *, value, old_value, target, clip, weight=1):
            rows = clipped_value_error(value, value + 0 * old_value, target, clip)
            return weighted_mean(rows, weight, 0.5 * self.coefficient)

    @block("clipped_value_loss")
    class LesserOfBothErrors(Loss):
        """The smaller error, not the greater one."""

        inputs, outputs = VALUE, ("loss",)
        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(0.5)

        def compute(self, *, value, old_value, target, clip, weight=1):
            kept = old_value.detach() + (value - old_value.detach()).clamp(-clip, clip)
            rows = torch.minimum(squared_error(value, target.detach()), squared_error(kept, target.detach()))
            return weighted_mean(rows, weight, 0.5 * self.coefficient)

    @block("kl_penalty")
    class AdaptsEveryTime(Loss):
        """β changes with every minibatch."""

        inputs, outputs, specs, handed = PENALTY, ("loss", "beta"), {"beta": Spec(dims=())}, ("carry",)
        beta: float = fields.number(1.0)
        target: float = fields.number(0.01)
        coefficient, env_steps, init = KLPenalty.coefficient, KLPenalty.env_steps, KLPenalty.init

        def compute(self, *, log_prob, old_log_prob, env_steps, carry, weight=1):
            rows = divergence(only_counted(log_prob - old_log_prob.detach(), weight))
            beta = adapted_penalty(carry["beta"], carry["kl"], self.target)
            carry["beta"].copy_(beta)
            carry["kl"].copy_(weighted_average(rows, weight))
            return weighted_mean(rows, weight) * beta, beta

    @block("kl_penalty")
    class AdaptsTheOtherWay(Loss):
        """What has moved too far is allowed to move further."""

        inputs, outputs, specs, handed = PENALTY, ("loss", "beta"), {"beta": Spec(dims=())}, ("carry",)
        beta: float = fields.number(1.0)
        target: float = fields.number(0.01)
        coefficient, env_steps, init = KLPenalty.coefficient, KLPenalty.env_steps, KLPenalty.init

        def compute(self, *, log_prob, old_log_prob, env_steps, carry, weight=1):
            rows = divergence(only_counted(log_prob - old_log_prob.detach(), weight))
            other = carry["beta"] ** 2 / adapted_penalty(carry["beta"], carry["kl"], self.target)
            beta = other.where(carry["env_steps"] != env_steps, carry["beta"])
            carry["beta"].copy_(beta)
            carry["kl"].copy_(weighted_average(rows, weight))
            carry["env_steps"].copy_(env_steps)
            return weighted_mean(rows, weight) * beta, beta

    @block("kl_penalty")
    class PushesAway(Loss):
        """The penalty is subtracted."""

        inputs, outputs, specs, handed = PENALTY, ("loss", "beta"), {"beta": Spec(dims=())}, ("carry",)
        beta: float = fields.number(1.0)
        target: float = fields.number(0.01)
        coefficient, env_steps, init = KLPenalty.coefficient, KLPenalty.env_steps, KLPenalty.init

        def compute(self, *, log_prob, old_log_prob, env_steps, carry, weight=1):
            loss, beta = KLPenalty(self.beta, self.target).compute(
                log_prob=log_prob, old_log_prob=old_log_prob, env_steps=env_steps, carry=carry, weight=weight
            )
            return -loss, beta

    @block("kl_stop")
    class StopsWhenNear(EarlyStop):
        """It stops below the limit."""

        inputs = {"kl": read("kl")}

        def compute(self, *, kl):
            return kl < 0.015

    @block("kl_stop")
    class StopsAtOnce(EarlyStop):
        """The first minibatch has a divergence of 0 and is the last."""

        inputs = {"kl": read("kl")}

        def compute(self, *, kl):
            return kl >= 0.0

    @block("kl_stop")
    class AnswersWithANumber(EarlyStop):
        """How much there is left."""

        inputs = {"kl": read("kl")}

        def compute(self, *, kl):
            return max(kl - 0.015, 0.0)


FAULTS = [
    (Punishes(), "LOS-7"),
    (HidesNaN(), "LOS-19"),
    (IgnoresWeights(), "LOS-3a"),
    (DividesByTheWeights(), "LOS-3b"),
    (PunishesEntropy(), "LOS-9"),
    (SumsEntropies(), "LOS-13"),
    (TrainsTheReturn(), "LOS-12"),
    (ForgetsTheHalf(), "LOS-1"),
    (ClipsAroundTheReturn(), "LOS-1"),
    (ClipsAroundTheReturn(), "LOS-10"),
    (ClipsAroundItself(), "LOS-10"),
    (LesserOfBothErrors(), "LOS-10"),
    (LesserOfBothErrors(), "LOS-10a"),
    (AdaptsEveryTime(), "LOS-20"),
    (AdaptsTheOtherWay(), "LOS-1"),
    (AdaptsTheOtherWay(), "LOS-20"),
    (PushesAway(), "LOS-11a"),
    (StopsWhenNear(), "STP-2"),
    (StopsAtOnce(), "STP-3"),
    (AnswersWithANumber(), "STP-1"),
]
