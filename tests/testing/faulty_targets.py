"""Targets and losses with one planted fault each, and the law that must catch it."""

import torch
from torch import Tensor

from rlblocks import block, fn, raw, read
from rlblocks._core import fields
from rlblocks.functional import greedy_action, one_step_backup, value_of_action
from rlblocks.losses import Loss
from rlblocks.targets import DoubleQ, MaxQ, Target
from rlblocks.testing import unlisted

SINGLE, DOUBLE = dict(MaxQ.inputs), dict(DoubleQ.inputs)
PLAIN = {key: SINGLE[key] for key in ("reward", "discount", "action_mask")}
PLAIN["q_evaluate"] = read("next.q@target", dims=("batch", "action"))
LOSS = {
    "prediction": read("q@online", at="action"),
    "td_target": read("td_target"),
    "weight": read("weight", default=1),
}

with unlisted():

    @block("double_q")
    class EvaluatesWithOnline(Target):
        """The online network says what its own choice is worth."""

        inputs = DOUBLE

        def compute(self, *, reward, discount, q_select, q_evaluate, backup=one_step_backup, action_mask=None):
            best = greedy_action(q_select, action_mask)
            online = value_of_action(q_select, best)
            return backup(reward, discount, online + 0 * value_of_action(q_evaluate, best)).detach()

    @block("max_q")
    class IgnoresDiscountZero(Target):
        """A terminated row bootstraps."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            value = value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            return (reward + discount.clamp(min=0.5) * value).detach()

    @block("max_q")
    class MasksByMultiplication(Target):
        """What is masked is multiplied by 0, and 0 times NaN is NaN."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            value = value_of_action(q_evaluate, greedy_action(q_evaluate.nan_to_num(0, 0, 0), action_mask))
            return (reward + discount * value).detach()

    @block("max_q")
    class OneDiscountForAll(Target):
        """The discount of the first row stands for those of all."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            value = value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            shared = torch.where(discount != 0, discount.max(), discount)
            return one_step_backup(reward, shared, value).detach()

    @block("max_q")
    class TruncationIsAnEnd(Target):
        """A truncated row does not bootstrap."""

        inputs = {**PLAIN, "truncated": read("truncated")}

        def compute(self, *, reward, discount, q_evaluate, truncated, action_mask=None):
            value = value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            return one_step_backup(reward, discount * ~truncated, value).detach()

    @block("max_q")
    class UsesIllegalActions(Target):
        """The mask is read and not used."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            return one_step_backup(reward, discount, q_evaluate.amax(1)).detach()

    @block("max_q")
    class MaximumOverTheBatch(Target):
        """The greatest value of an action among all rows."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            legal = q_evaluate if action_mask is None else q_evaluate.masked_fill(~action_mask, -torch.inf)
            return one_step_backup(reward, discount, legal.amax(1).max().expand_as(reward)).detach()

    @block("max_q")
    class LetsGradientsThrough(Target):
        """The target network would be trained."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            return one_step_backup(
                reward, discount, value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            )

    @block("max_q")
    class Broadcasts(Target):
        """Nothing looks at shapes."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            value = value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            return torch.where(discount == 0, reward, reward + discount * value).detach()

    @block("max_q")
    class WritesIntoTheReward(Target):
        """The reward is the buffer."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            value = value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            return reward.add_(torch.where(discount == 0, 0.0, discount * value)).detach()

    @block("max_q")
    class PresentInsteadOfNext(Target):
        """The values of the state that was left, not of the one that was reached."""

        inputs = {**PLAIN, "q_evaluate": raw("q@target"), "backup": fn("q.backup")}

        def compute(self, *, reward, discount, q_evaluate, backup=one_step_backup, action_mask=None):
            return backup(
                reward, discount, value_of_action(q_evaluate, greedy_action(q_evaluate, action_mask))
            ).detach()

    @block("squared_error")
    class ReportsWeightsOnly(Loss):
        """The reported value is weighted, the gradient is not."""

        inputs = LOSS
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            rows = (td_target.detach() - prediction) ** 2 / 2
            plain = rows.mean()
            weighted = (rows * weight).mean()
            error = (td_target - prediction).detach().abs()
            return self.coefficient * (plain + (weighted - plain).detach()), error

    @block("huber")
    class FlatBeyondDelta(Loss):
        """The error is clipped before it is squared, so that its gradient vanishes."""

        inputs = LOSS
        delta: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            error = td_target.detach() - prediction
            rows = error.clamp(-self.delta, self.delta) ** 2 / 2
            return self.coefficient * (rows * weight).mean(), error.detach().abs()

    @block("huber")
    class SlopeTooSteep(Loss):
        """Beyond δ the line rises by δ², not by δ."""

        inputs = LOSS
        delta: float = fields.number(2.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            error = td_target.detach() - prediction
            rows = torch.where(error.abs() <= self.delta, error**2 / 2, self.delta**2 * (error.abs() - self.delta / 2))
            return self.coefficient * (rows * weight).mean(), error.detach().abs()

    @block("squared_error")
    class SumsRows(Loss):
        """A sum of rows instead of their mean."""

        inputs = LOSS
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            error = td_target.detach() - prediction
            return self.coefficient * (error**2 / 2 * weight).sum(), error.detach().abs()

    @block("squared_error")
    class NormalisesWeights(Loss):
        """Divided by the sum of the weights."""

        inputs = LOSS
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            error = td_target.detach() - prediction
            share = (weight / weight.mean()).detach() if isinstance(weight, Tensor) else weight
            return self.coefficient * (error**2 / 2 * share).mean(), error.detach().abs()

    @block("squared_error")
    class TrainsTheTarget(Loss):
        """A gradient reaches the target."""

        inputs = LOSS
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            error = td_target - prediction
            rows = error**2 / 2 * (weight.detach() if isinstance(weight, Tensor) else weight)
            return self.coefficient * rows.mean(), error.detach().abs()

    @block("squared_error")
    class SignedErrors(Loss):
        """The error of a row has a sign."""

        inputs = LOSS
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            error = td_target.detach() - prediction
            return self.coefficient * (error**2 / 2 * weight).mean(), error.detach()


FAULTS = [
    (EvaluatesWithOnline(), "TGT-5"),
    (IgnoresDiscountZero(), "TGT-2"),
    (MasksByMultiplication(), "TGT-2"),
    (OneDiscountForAll(), "TGT-9"),
    (TruncationIsAnEnd(), "TGT-2a"),
    (UsesIllegalActions(), "TGT-7"),
    (MaximumOverTheBatch(), "GEN-8"),
    (LetsGradientsThrough(), "GEN-16"),
    (Broadcasts(), "GEN-11"),
    (WritesIntoTheReward(), "GEN-1"),
    (PresentInsteadOfNext(), "TGT-10a"),
    (ReportsWeightsOnly(), "LOS-3a"),
    (FlatBeyondDelta(), "LOS-5"),
    (FlatBeyondDelta(), "LOS-17a"),
    (SlopeTooSteep(), "LOS-1"),
    (SumsRows(), "LOS-13"),
    (NormalisesWeights(), "LOS-3b"),
    (TrainsTheTarget(), "LOS-12"),
    (SignedErrors(), "LOS-4"),
]
