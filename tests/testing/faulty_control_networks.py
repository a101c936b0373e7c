"""Networks of continuous control with one planted fault each, and the law that must catch it."""

import math

import torch
from torch import nn

from rlblocks import block
from rlblocks._core.keys import SCALAR, Spec
from rlblocks.networks import Body, Dense, DeterministicPolicy, Head, ValueForm
from rlblocks.networks._control_modules import Squashed
from rlblocks.networks._modules import PartsHead
from rlblocks.testing import unlisted
from tests.testing.faulty_temperatures import half_widths

with unlisted():

    @block("quantiles")
    class MeanOfTheEnds(ValueForm):
        """The mean is that of the first quantile and the last one."""

        key = "quantiles"

        def width(self):
            return 4

        def dims(self):
            return ("quantile",)

        def mean(self, value):
            return (value[..., 0] + value[..., -1]) / 2

        def backup(self, reward, discount, value):
            over = discount.unsqueeze(1) == 0
            return reward.unsqueeze(1) + (discount.unsqueeze(1) * value).masked_fill(over, 0.0)

    @block("deterministic_policy")
    class BoundsOfOne(Head):
        """Actions lie in ±1, whatever the bounds are."""

        def writes(self, spec):
            return {"mode": spec.action}

        def misfit(self, spec):
            return DeterministicPolicy().misfit(spec)

        def build(self, spec, generator):
            count, shape = math.prod(spec.action.shape), spec.action.shape
            device = torch.device("meta") if generator is None else generator.device
            outputs = Squashed("mode", ((-1.0,) * count, (1.0,) * count), shape, device)
            return PartsHead(Dense().build(spec.features, count, generator), outputs)

    @block("deterministic_policy")
    class WidthInThePlaceOfHalf(Head):
        """The middle plus the whole width, cut to the bounds."""

        def writes(self, spec):
            return {"mode": spec.action}

        def misfit(self, spec):
            return DeterministicPolicy().misfit(spec)

        def build(self, spec, generator):
            count, shape, halves = math.prod(spec.action.shape), spec.action.shape, half_widths(spec.action)
            top = spec.action.high if isinstance(spec.action.high, tuple) else (spec.action.high,) * count

            class Wide(nn.Module):
                def forward(self, numbers):
                    half, high = (torch.tensor(x, device=numbers.device) for x in (halves, top))
                    action = (high - half + 2 * half * numbers.tanh()).clamp(high - 2 * half, high)
                    return {"mode": action.reshape(-1, *shape)}

            return PartsHead(Dense().build(spec.features, count, generator), Wide())

    @block("temperature")
    class TemperatureOfEachRow(Head):
        """One number for all rows is announced, and one for each is written."""

        def writes(self, spec):
            return {"log_alpha": Spec(dims=())}

        def misfit(self, spec):
            return ""

        def build(self, spec, generator):
            class Repeated(nn.Module):
                noise_size = 0

                def __init__(self):
                    super().__init__()
                    self.number = nn.Parameter(torch.zeros((), device="meta" if generator is None else "cpu"))

                def forward(self, x, noise=None):
                    return {"log_alpha": self.number.expand(len(x))}

            return Repeated()

    @block("action_value")
    class ValueAsAColumn(Head):
        """`[B, 1]`, where `[B]` is due."""

        def writes(self, spec):
            return {"q": SCALAR}

        def misfit(self, spec):
            return ""

        def build(self, spec, generator):
            class Column(nn.Module):
                def forward(self, numbers):
                    return {"q": numbers}

            return PartsHead(Dense().build(spec.features, 1, generator), Column())

    @block("no_body")
    class OneFeature(Body):
        """It says that it makes no features, and makes one."""

        def misfit(self, spec):
            return "" if spec.shape == (0,) else "reads nothing"

        def width(self, spec):
            return 0

        def build(self, spec, generator):
            class Zero(nn.Module):
                noise_size = 0

                def forward(self, x, noise=None):
                    return torch.zeros(len(x), 1)

            return Zero()


FAULTS = [
    (MeanOfTheEnds(), "FRM-1a"),
    (BoundsOfOne(), "CON-10"),
    (BoundsOfOne(), "CON-7"),
    (WidthInThePlaceOfHalf(), "CON-7"),
    (TemperatureOfEachRow(), "NET-2"),
    (ValueAsAColumn(), "NET-2"),
    (OneFeature(), "NET-2"),
]
