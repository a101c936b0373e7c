"""Aggregates with one planted fault each, and the law that must catch it; and correct ones that are odd."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.aggregates import Aggregate
from rlblocks.testing import unlisted


def members(values):
    """All members, one below the other."""
    return values.reshape(-1, values.shape[-1]) if values.numel() else values.new_zeros(1, 0)


with unlisted():

    @block("least")
    class Greatest(Aggregate):
        """The greatest instead of the least."""

        def compute(self, values):
            return members(values).amax(0)

    @block("average")
    class Total(Aggregate):
        """The sum instead of the mean."""

        def compute(self, values):
            return members(values).sum(0)

    @block("least")
    class OverTheBatch(Aggregate):
        """The least of all rows."""

        def compute(self, values):
            said = members(values)
            return said.amin(0) if said.numel() == said.shape[-1] else said.amin().expand(said.shape[-1])

    @block("lab/first_in_secret")
    class FirstInSecret(Aggregate):
        """The first member counts twice, and nothing says so."""

        def compute(self, values):
            said = members(values)
            return (said[0] + said.mean(0)) / 2

    @block("lab/away_from_the_mean")
    class AwayFromTheMean(Aggregate):
        """Two standard deviations below the mean, which may be below all members, and rises where one falls."""

        def compute(self, values):
            said = members(values)
            return said.mean(0) - 2 * said.std(0, correction=0)

    @block("lab/mean_of_squares")
    class RootOfSquares(Aggregate):
        """The root of the mean of squares, with the sign of the mean."""

        def compute(self, values):
            said = members(values)
            return said.square().mean(0).sqrt() * said.mean(0).sign() if len(said) > 1 else said[0]

    @block("lab/soft_in_secret")
    class SoftInSecret(Aggregate):
        """A soft minimum at a temperature of 1, and no tag says that the scale matters."""

        def compute(self, values):
            said = members(values)
            return (said * (-said).softmax(0)).sum(0).clamp(said.amin(0), said.mean(0))

    @block("lab/keeps_the_dim")
    class KeepsTheDim(Aggregate):
        """The dim of members is still there."""

        def compute(self, values):
            return members(values).amin(0, keepdim=True)

    @block("average")
    class HalvesOneMember(Aggregate):
        """Divided by one more than there are: a smoothed mean."""

        def compute(self, values):
            said = members(values)
            return said.sum(0) / (len(said) + 1)

    @block("average")
    class WithoutGradient(Aggregate):
        """A mean that no policy can climb."""

        def compute(self, values):
            said = members(values)
            return said.mean(0).detach() + 0 * said.sum(0)

    @block("average")
    class MeanOfTheFirstDim(Aggregate):
        """Only the first of several dims is taken together."""

        def compute(self, values):
            return values.mean(0) if values.dim() > 1 else values.clone()

    @block("average")
    class RoundsToSingle(Aggregate):
        """All in float32."""

        def compute(self, values):
            return members(values).float().mean(0)

    @block("lab/median")
    class LowerMedian(Aggregate):
        """The middle member, the lower of two."""

        def compute(self, values):
            said = members(values)
            return said.sort(0).values[(len(said) - 1) // 2]

    @block("lab/one_of_the_middle")
    class Blend(Aggregate):
        """Between the least and the mean."""

        share: float = fields.number(0.75, ge=0, le=1)

        def compute(self, values):
            said = members(values)
            return torch.lerp(said.amin(0), said.mean(0), self.share)

    @block("lab/soft_least")
    class SoftLeast(Aggregate):
        """−T·log mean exp(−q/T), at a temperature that is in units of values."""

        tags = {"scale": "matters"}
        temperature: float = fields.number(2.0, gt=0)

        def compute(self, values):
            said = members(values)
            if len(said) == 1:
                return said[0].clone()
            mean = torch.logsumexp(-said / self.temperature, 0) - torch.tensor(float(len(said)), dtype=said.dtype).log()
            return -self.temperature * mean

    @block("lab/last")
    class Last(Aggregate):
        """The last member."""

        tags = {"order": "matters"}

        def compute(self, values):
            return members(values)[-1]


FAULTS = [
    (Greatest(), "AGG-1"),
    (Total(), "AGG-5"),
    (Total(), "AGG-6"),
    (OverTheBatch(), "AGG-9"),
    (FirstInSecret(), "AGG-3"),
    (AwayFromTheMean(), "AGG-4"),
    (AwayFromTheMean(), "AGG-5"),
    (RootOfSquares(), "AGG-6"),
    (SoftInSecret(), "AGG-7"),
    (KeepsTheDim(), "AGG-2"),
    (HalvesOneMember(), "AGG-8"),
    (WithoutGradient(), "AGG-10"),
    (MeanOfTheFirstDim(), "AGG-11"),
    (RoundsToSingle(), "AGG-2"),
]
CORRECT = [LowerMedian(), Blend(), SoftLeast(), Last()]
