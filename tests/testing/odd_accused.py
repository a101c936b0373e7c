"""Correct blocks that a law once accused: they serve less, report less, or make their constants in another way."""

import torch

from rlblocks import block, functional, read, scheduled
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.distributions import Distribution, StateGaussian, TanhGaussian
from rlblocks.losses import Loss
from rlblocks.schedules import Schedule
from rlblocks.targets import Target
from rlblocks.testing import unlisted
from tests.testing.odd_losses import counted

with unlisted():

    @block("lab/unit_tanh")
    class UnitTanh(Distribution):
        """Squashed normal components between -1 and 1, and actions with other bounds are refused in words."""

        noise = "normal"
        tags = {"mode": "median"}
        plain = TanhGaussian()

        def misfit(self, action):
            ends = {
                end for bound in (action.low, action.high) for end in (bound if isinstance(bound, tuple) else [bound])
            }
            return "" if ends == {-1.0, 1.0} else "chooses real numbers between -1 and 1"

        def width(self, action):
            return self.plain.width(action)

        def writes(self, action):
            return {key: Spec(action.shape) for key in ("mean", "log_std")}

        def build(self, action, generator):
            return StateGaussian(low=self.plain.low, high=self.plain.high).build(action, generator)

        def between(self, parameters):
            one = torch.ones_like(parameters["mean"])
            return {**parameters, "low": -one, "high": one}

        def sample(self, parameters, *, noise):
            return self.plain.sample(self.between(parameters), noise=noise)

        def log_prob(self, parameters, *, action):
            return self.plain.log_prob(self.between(parameters), action=action)

        def entropy(self, parameters):
            return self.plain.entropy(self.between(parameters))

        def mode(self, parameters):
            return self.plain.mode(self.between(parameters))

    @block("lab/ppo_without_reports")
    class SurrogateWithoutReports(Loss):
        """The clipped surrogate as the least of two products, and nothing is reported of it."""

        inputs = {
            "now": read("log_prob@online", at="action"),
            "then": read("log_prob"),
            "a": read("advantage"),
            "clip": scheduled("clip"),
            "w": read("weight", default=1),
        }
        outputs = ("loss",)
        tags = {"like": "clipped_surrogate"}
        clip: Schedule = fields.schedule(0.2)
        coefficient: float = fields.number(1.0)

        def compute(self, *, now, then, a, clip, w=1):
            if not now.shape == then.shape == a.shape:
                raise ValueError("other shapes")
            weights, counts = counted(now, w)
            ratio, gain = torch.where(counts, now - then.detach(), 0.0).exp(), torch.where(counts, a.detach(), 0.0)
            least = torch.minimum(ratio * gain, torch.minimum(torch.maximum(ratio, 1 - clip), 1 + clip) * gain)
            return -(weights * least).mean() * self.coefficient

    @block("lab/tensor_constants")
    class TensorConstants(Target):
        """Q-learning's target whose constants are tensors without dims, which every device takes."""

        inputs = {
            "reward": read("reward"),
            "discount": read("discount"),
            "q": read("next.q@target", dims=("batch", "action")),
            "legal": read("next.action_mask", default=None),
        }

        def compute(self, *, reward, discount, q, legal=None):
            best = (q if legal is None else q.masked_fill(~legal, torch.tensor(-torch.inf))).amax(1)
            sign = torch.copysign(torch.tensor(1.0), best)
            return functional.one_step_backup(reward, discount, sign * best.abs()).detach()


CORRECT = [UnitTanh(), SurrogateWithoutReports(), TensorConstants()]
