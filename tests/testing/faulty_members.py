"""Losses over members and quantiles with one planted fault each, and the law that must catch it."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.functional import (
    for_members,
    huber,
    mean_of_members,
    quantile_huber,
    quantile_levels,
    squared_error,
    total_of_members,
    weighted_mean,
)
from rlblocks.losses import Loss, QuantileHuber, SquaredError
from rlblocks.testing import unlisted


class Members:
    """What the faulty errors over members are right about."""

    inputs = dict(SquaredError.inputs)
    coefficient: float = 1.0


def regression(prediction, td_target):
    """The target for each member, and the error of each row."""
    target = for_members("td_target", td_target.detach(), "prediction", prediction)
    return target, mean_of_members((target - prediction.detach()).abs())


class Quantiles:
    """What the faulty quantile errors are right about."""

    inputs = dict(QuantileHuber.inputs)


def quantiles(prediction, td_target, weight, block, slant, power=1):  # noqa: PLR0917  as a loss has them
    """A quantile Huber error with a slant of one's own, `[*, B, M, K]`."""
    theta, y = torch.broadcast_tensors(prediction.unsqueeze(-1), td_target.detach().unsqueeze(-2))
    levels = quantile_levels(prediction).unsqueeze(-1)
    errors = slant(levels, y - theta.detach()) * huber(theta, y, block.kappa) / block.kappa**power
    rows = total_of_members(errors.mean((-2, -1)))
    distance = td_target.detach().mean(-1) - prediction.detach().mean(-1)
    return weighted_mean(rows, weight, block.coefficient), mean_of_members(distance.abs())


def dabney(levels, u):
    """|τ − 1{u < 0}|."""
    return (levels - (u < 0).to(u.dtype)).abs()


with unlisted():

    @block("squared_error")
    class MeanOfMembers(Members, Loss):
        """Members are averaged: each learns more slowly the more there are."""

        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            target, error = regression(prediction, td_target)
            rows = mean_of_members(squared_error(prediction, target))
            return weighted_mean(rows, weight, 0.5 * self.coefficient), error

    @block("squared_error")
    class ErrorOfTheMean(Members, Loss):
        """What is compared with the target is the mean of the members: none is responsible for its own error."""

        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            target, error = regression(prediction, td_target)
            rows = squared_error(mean_of_members(prediction), mean_of_members(target))
            return weighted_mean(rows, weight, 0.5 * self.coefficient), error

    @block("squared_error")
    class ErrorOfTheFirst(Members, Loss):
        """The error that is paid is that of the first member."""

        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            target, error = regression(prediction, td_target)
            rows = total_of_members(squared_error(prediction, target))
            first = (target - prediction.detach()).abs().reshape(-1, len(error))[0]
            return weighted_mean(rows, weight, 0.5 * self.coefficient), first

    @block("squared_error")
    class OneWeightForEachMember(Members, Loss):
        """The weight of row i weighs member i where there are as many, and else the row."""

        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            target, error = regression(prediction, td_target)
            each = squared_error(prediction, target)
            if each.dim() > 1 and each.shape[0] == each.shape[1] and isinstance(weight, torch.Tensor):
                return (each * weight.detach().unsqueeze(1)).sum() * 0.5 * self.coefficient / len(error), error
            return weighted_mean(total_of_members(each), weight, 0.5 * self.coefficient), error

    @block("quantile_huber")
    class RepeatsTheTarget(Quantiles, Loss):
        """Whatever stands for a target is repeated for all rows and all quantiles."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            return quantiles(prediction, td_target, weight, self, dabney)

    @block("quantile_huber")
    class LevelsSwapped(Quantiles, Loss):
        """τ where the target is below, 1 − τ where it is above."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            def slant(levels, u):
                return (levels - (u > 0).to(u.dtype)).abs()

            return quantiles(prediction, td_target, weight, self, slant)

    @block("quantile_huber")
    class LevelsOfTheTarget(Quantiles, Loss):
        """The level belongs to the numbers of the target, in their order, and not to the predicted quantile."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            def slant(_, u):
                return dabney(quantile_levels(td_target), u)

            return quantiles(prediction, td_target, weight, self, slant)

    @block("quantile_huber")
    class NoSlant(Quantiles, Loss):
        """Huber's error of all pairs: every quantile learns the middle."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            return quantiles(prediction, td_target, weight, self, lambda *_: 0.5)

    @block("quantile_huber")
    class LevelsFromZero(Quantiles, Loss):
        """Levels i/M, from 0, in the place of the middles of their intervals."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            def slant(levels, u):
                return dabney(levels - 0.5 / levels.shape[-2], u)

            return quantiles(prediction, td_target, weight, self, slant)

    @block("quantile_huber")
    class NotDividedByKappa(Quantiles, Loss):
        """The smaller κ is, the smaller the loss."""

        kappa: float = fields.number(0.5)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            return quantiles(prediction, td_target, weight, self, dabney, power=0)

    @block("quantile_huber")
    class SumsTheTarget(Quantiles, Loss):
        """The numbers of the target are summed, not averaged."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            loss, error = quantiles(prediction, td_target, weight, self, dabney)
            return loss * td_target.shape[-1], error

    @block("quantile_huber")
    class MeanOfQuantileMembers(Quantiles, Loss):
        """Members are averaged."""

        kappa: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            rows = mean_of_members(quantile_huber(prediction, td_target, self.kappa))
            distance = td_target.detach().mean(-1) - prediction.detach().mean(-1)
            return weighted_mean(rows, weight, self.coefficient), mean_of_members(distance.abs())


FAULTS = [
    (MeanOfMembers(), "LOS-1"),
    (MeanOfMembers(), "LOS-21"),
    (ErrorOfTheMean(), "LOS-21"),
    (ErrorOfTheFirst(), "LOS-4a"),
    (ErrorOfTheFirst(), "LOS-21"),
    (OneWeightForEachMember(), "LOS-3a"),
    (RepeatsTheTarget(), "QR-2a"),
    (LevelsSwapped(), "LOS-1"),
    (LevelsSwapped(), "QR-4"),
    (LevelsSwapped(), "QR-5"),
    (LevelsSwapped(), "QR-8"),
    (LevelsOfTheTarget(), "QR-2"),
    (NoSlant(), "QR-8"),
    (LevelsFromZero(), "QR-3"),
    (NotDividedByKappa(), "QR-4"),
    (SumsTheTarget(), "QR-2"),
    (MeanOfQuantileMembers(), "LOS-21"),
]
