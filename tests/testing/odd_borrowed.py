"""Correct blocks over the functions of other libraries (torch, numpy, gymnasium), for roles where these have some."""

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Independent, Normal
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, Episodes, Updates
from rlblocks._core.keys import Spec
from rlblocks.distributions import Distribution, Gaussian
from rlblocks.envs import Wrapper
from rlblocks.networks import Body, Layer
from rlblocks.optimizers import Clip
from rlblocks.schedules import Schedule
from rlblocks.target_updates import TargetUpdate
from rlblocks.testing import unlisted


class Quiet(nn.Module):
    """A module of torch's, made on the meta device, which takes no noise; its parameters come from a generator."""

    noise_size = 0

    def __init__(self, inner, generator):
        super().__init__()
        self.inner = inner if generator is None else inner.to_empty(device=generator.device)
        for parameter in inner.parameters() if generator is not None else ():
            nn.init.normal_(parameter, std=0.3, generator=generator)

    def forward(self, x, noise=None):
        return self.inner(x)


class Scales(nn.Module):
    """Half of what it reads is a location, the other half becomes a scale."""

    noise_size = 0

    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        where, scale = x.chunk(2, -1)
        return {"where": where.reshape(-1, *self.shape), "scale": F.softplus(scale).reshape(-1, *self.shape) + 1e-3}


with unlisted():

    @block("lab/renorm")
    class Renorm(Clip):
        """The sum of absolute components held at a limit, by `torch.renorm`."""

        most: float = fields.number(0.5, gt=0)

        def compute(self, grad):
            return torch.renorm(grad.unsqueeze(0), p=1, dim=0, maxnorm=self.most).squeeze(0)

    @block("lab/hard_tanh")
    class HardTanh(Clip):
        """Every component between two bounds that differ, by `torch.nn.functional.hardtanh`."""

        low: float = fields.number(-0.25, lt=0)
        high: float = fields.number(2.0, gt=0)

        def compute(self, grad):
            return F.hardtanh(grad, self.low, self.high)

    @block("lab/points")
    class Points(Schedule):
        """Straight lines through points that are not evenly spaced, by `numpy.interp`."""

        over: Clock = fields.duration(Episodes(30))

        def at(self, t):
            return float(np.interp(t / self.over.count, [0.0, 0.125, 0.5, 1.0], [2.0, 1.5, -0.5, -1.0]))

        def span(self):
            return (2.0, -1.0)

    @block("lab/torch_normal")
    class TorchNormal(Distribution):
        """Normal components by `torch.distributions`, whose scale sees the features."""

        noise = "normal"

        def misfit(self, action):
            return Gaussian().misfit(action)

        def width(self, action):
            return 2 * int(np.prod(action.shape))

        def writes(self, action):
            return {"where": Spec(action.shape), "scale": Spec(action.shape)}

        def build(self, action, generator):
            return Scales(action.shape)

        def _family(self, parameters, action=None):
            shapes = {part.shape for part in (*parameters.values(), *([] if action is None else [action]))}
            if len(shapes) > 1:
                raise ValueError(f"shapes differ: {shapes}")
            normal = Normal(parameters["where"], parameters["scale"], validate_args=False)
            return Independent(normal, parameters["where"].dim() - 1, validate_args=False)

        def sample(self, parameters, *, noise):
            self._family(parameters, noise)
            action = parameters["where"] + parameters["scale"] * noise
            return action, self.log_prob(parameters, action=action)

        def log_prob(self, parameters, *, action):
            return self._family(parameters, action).log_prob(action)

        def entropy(self, parameters):
            return self._family(parameters).entropy()

        def mode(self, parameters):
            return self._family(parameters).mean.clone()

    @block("lab/torch_linear")
    class TorchLinear(Layer):
        """`torch.nn.Linear`, from normal numbers."""

        def build(self, inputs, outputs, generator):
            return Quiet(nn.Linear(inputs, outputs, device="meta"), generator)

    @block("lab/torch_stack")
    class TorchStack(Body):
        """`torch.nn.Sequential`, with another activation after each layer."""

        units: int = fields.integer(6, ge=1)

        def misfit(self, spec):
            return "" if spec.dtype == "float32" and spec.shape and 0 not in spec.shape else "reads arrays"

        def width(self, spec):
            return self.units

        def build(self, spec, generator):
            layers = (
                nn.Flatten(1), nn.Linear(int(np.prod(spec.shape)), 9, device="meta"), nn.Softsign(),
                nn.Linear(9, self.units, device="meta"), nn.Tanh(),
            )  # fmt: skip
            return Quiet(nn.Sequential(*layers), generator)

    @block("lab/swa")
    class MovingAverage(TargetUpdate):
        """`torch.optim.swa_utils`: an exponential moving average; counters are copied."""

        tags = {"copies": "part"}
        decay: float = fields.number(0.875, gt=0, lt=1)
        every: Clock = fields.duration(Updates(1))

        def compute(self, *, online, target):
            if [t.shape for t in target] != [o.shape for o in online]:
                raise ValueError("other shapes")
            real = [(t, o) for t, o in zip(target, online, strict=True) if t.is_floating_point()]
            with torch.no_grad():
                if real:
                    get_ema_multi_avg_fn(self.decay)(*(list(side) for side in zip(*real, strict=True)), None)
                for t, o in zip(target, online, strict=True):
                    if not t.is_floating_point():
                        t.copy_(o)

    @block("lab/rescaled")
    class Rescaled(Wrapper):
        """Observations in [−1, 1] by `gymnasium.wrappers.RescaleObservation`."""

        def wrap(self, env):
            space = env.observation_space
            return gymnasium.wrappers.RescaleObservation(env, *(np.full(space.shape, b, space.dtype) for b in (-1, 1)))

    @block("lab/doubled_rewards")
    class DoubledRewards(Wrapper):
        """Twice the reward by `gymnasium.wrappers.TransformReward`."""

        tags = {"changes": "reward"}

        def wrap(self, env):
            return gymnasium.wrappers.TransformReward(env, lambda reward: 2 * reward)


CORRECT = [
    Renorm(), HardTanh(), Points(), TorchNormal(), TorchLinear(), TorchStack(), MovingAverage(), Rescaled(),
    DoubledRewards(),
]  # fmt: skip
