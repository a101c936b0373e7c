"""Blocks that mind the type of what they are given, or do not mind its shape, and the law that must catch it."""

import torch

from rlblocks import block, fields, functional
from rlblocks._core.clocks import Clock, Updates
from rlblocks.distributions import TanhGaussian
from rlblocks.losses import Loss, SquaredError
from rlblocks.schedules import Schedule
from rlblocks.target_updates import TargetUpdate
from rlblocks.testing import unlisted
from tests.testing.faulty_policies import Real
from tests.testing.faulty_surrogates import Shared, surrogate

with unlisted():

    @block("squared_error")
    class WeightsOfOneType(Loss):
        """Squared errors that are weighed by a product of two vectors, which must have one type."""

        inputs, outputs = SquaredError.inputs, SquaredError.outputs
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            loss, error = SquaredError(self.coefficient).compute(
                prediction=prediction, td_target=td_target, weight=weight
            )
            return loss if isinstance(weight, int) else loss + 0 * (weight @ error), error

    @block("clipped_surrogate")
    class CountsLogarithms(Shared, Loss):
        """The logarithms of ratios are counted that are outside of the clip."""

        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, log_prob, old_log_prob, advantage, clip, weight=1):
            log_ratio = functional.only_counted(log_prob - old_log_prob.detach(), weight)
            rows = functional.clipped_surrogate(log_ratio, advantage, clip)
            loss, kl, _ = surrogate(rows, weight, log_ratio, clip, self.coefficient)
            far = (log_ratio.detach().abs() > clip).to(log_ratio.dtype)
            return loss, kl, functional.weighted_average(far, weight)

    @block("polyak")
    class LooksAtTheLast(TargetUpdate):
        """Only the shapes of the last tensors are compared."""

        every: Clock = fields.duration(Updates(1))
        tau: float = fields.number(0.25)

        def compute(self, *, online, target):
            if len(online) != len(target) or any(o.dim() != t.dim() for o, t in zip(online, target, strict=True)):
                raise ValueError("other dims")
            if online[-1].shape != target[-1].shape:
                raise ValueError("other shapes")
            for t, o in zip(target, online, strict=True):
                t.lerp_(o.expand(t.shape), self.tau) if t.is_floating_point() else t.copy_(o)

    @block("gaussian")
    class RepeatsComponents(Real):
        """What has one component stands for all."""

        def log_prob(self, parameters, *, action):
            mean, log_std, action = torch.broadcast_tensors(parameters["mean"], parameters["log_std"], action)
            return self.plain.log_prob({"mean": mean, "log_std": log_std}, action=action)

        def sample(self, parameters, *, noise):
            mean, log_std, noise = torch.broadcast_tensors(parameters["mean"], parameters["log_std"], noise)
            return self.plain.sample({"mean": mean, "log_std": log_std}, noise=noise)

    @block("tanh_gaussian")
    class RoundsBeyondBounds(Real):
        """Middle and half of the bounds, added up."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def sample(self, parameters, *, noise):
            u = parameters["mean"] + parameters["log_std"].exp() * noise
            low, high = parameters["low"], parameters["high"]
            return (low + high) / 2 + (high - low) / 2 * u.tanh(), self.plain.sample(parameters, noise=noise)[1]


FAULTS = [
    (WeightsOfOneType(), "LOS-3c"), (CountsLogarithms(), "LOS-15b"),
    (LooksAtTheLast(), "TUP-11"), (RepeatsComponents(), "POL-13"), (RoundsBeyondBounds(), "POL-11"),
]  # fmt: skip
