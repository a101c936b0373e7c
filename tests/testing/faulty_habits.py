"""Blocks that compute what is due, with a bad habit around it: what no block of any role may do besides.

A fault is the name of the habit. `HABITS` says which law speaks of it.
"""

import sys

import torch
from torch import Tensor, nn

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, Updates
from rlblocks.aggregates import Aggregate, Average
from rlblocks.distributions import Distribution, Gaussian
from rlblocks.explorers import Explorer, GaussianNoise
from rlblocks.losses import Loss, SquaredError
from rlblocks.networks import MLP, Body, Dense, Head, Layer, Quantiles, StateValue, ValueForm
from rlblocks.optimizers import SGD, Clip, ClipNorm, NoClip, Optimizer
from rlblocks.returns import Return, TDLambda
from rlblocks.schedules import Schedule
from rlblocks.target_updates import Polyak, TargetUpdate
from rlblocks.targets import MaxQ, Target
from rlblocks.testing import unlisted
from rlblocks.transforms import Keep, Transform
from tests.testing.planting import hashed

HABITS = {
    "writes what it reads": "GEN-1",
    "draws a number that it does not use": "GEN-3",
    "prints": "GEN-3a",
    "counts its calls": "GEN-14",
    "notes its calls in its class": "GEN-17a",
    "is known by its identity": "GEN-18",
    "hashed by its identity": "GEN-17",
}
FLOATING = {"computes in float32": "GEN-7", "casts to the type of what it reads": "GEN-7a"}
ROWS = {"numbers its rows": "GEN-9"}
BUFFER = {"computes in the memory of what it reads": "GEN-2"}
LAID = {"reads memory as if it were contiguous": "GEN-12"}
EMPTY = {"a row of nothing": "GEN-19"}
CALLS, KNOWN, IN_PLACE = [], set(), ("target_updates", "optimizers")


def every_float(value, change):
    """What a block returned, with its floating tensors changed; what it wrote in place is changed in place."""
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {name: every_float(part, change) for name, part in value.items()}
    return type(value)(every_float(part, change) for part in value) if isinstance(value, tuple | list) else value


def spoiled(owner, function, given):
    """What a function says of what it is given, by keyword, and what the habit of its block makes of that."""
    fault, tensors = (
        owner.fault,
        [x for value in given.values() for x in (value if isinstance(value, list) else [value])],
    )
    seen = [x for x in tensors if isinstance(x, Tensor)]
    if fault == "writes what it reads":
        with torch.no_grad():
            first = (given.get("online") or given.get("grads") or seen)[0]
            first.copy_(first.clone())
    if fault == "computes in float32":
        given = {name: every_float(x, Tensor.float) for name, x in given.items()}
    if fault == "reads memory as if it were contiguous":
        given = {name: every_float(x, lambda t: t.as_strided(t.shape, _strides(t))) for name, x in given.items()}
    found, change = function(**given), _change(owner, seen)
    for written in given.get("target", []) + given.get("params", []) if owner.role in IN_PLACE else ():
        written.copy_(change(written)) if written.is_floating_point() else None
    return every_float(found, change)


def _change(owner, seen):
    """What becomes of the floating tensors that a call of a block results in."""
    match owner.fault:
        case "draws a number that it does not use":
            torch.rand(())
        case "prints":
            sys.stdout.write(owner.fault)
        case "counts its calls":
            CALLS.append(owner.fault)
        case "notes its calls in its class":
            type(owner).noted = [*type(owner).noted, owner.fault]
    whole = any(x.dtype == torch.int64 for x in seen)
    return {
        "counts its calls": lambda t: t + len(CALLS) / 64,
        "is known by its identity": lambda t: t + float(id(owner) not in KNOWN),
        "computes in float32": lambda t: t.to(seen[0].dtype),
        "computes in the memory of what it reads": lambda t: _buffer(seen, t).copy_(t),
        "casts to the type of what it reads": lambda t: t.long().to(t.dtype) if whole else t,
        "numbers its rows": lambda t: t + torch.arange(len(t)).view(-1, *[1] * (t.dim() - 1)) if t.dim() else t,
        "a row of nothing": lambda t: t if len(t) else t.new_zeros((1, *t.shape[1:])),
    }.get(owner.fault, lambda t: t)


def _buffer(seen, due):
    """Something that was handed over and has the shape that is due, or a tensor of its own."""
    return next((x for x in seen if x.shape == due.shape and x.dtype == due.dtype), torch.empty_like(due))


def _strides(tensor):
    return torch.empty(tensor.shape, device="meta").stride()


class Spoiled(nn.Module):
    """A module of a block with a habit."""

    def __init__(self, owner, inner):
        super().__init__()
        self.owner, self.inner, self.noise_size = [owner], inner, inner.noise_size

    def forward(self, x, noise=None):
        return spoiled(self.owner[0], lambda x: self.inner(x, noise), {"x": x})


def registers(self):
    """Become known."""
    KNOWN.add(id(self))


with unlisted():

    @block("max_q")
    class SpoiledTarget(Target):
        """The target of Q-learning with a bad habit."""

        inputs = property(lambda _: MaxQ.inputs)
        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, **given):
            return spoiled(self, MaxQ().compute, given)

    @block("squared_error")
    class SpoiledLoss(Loss):
        """The squared error with a bad habit."""

        inputs, outputs = property(lambda _: SquaredError.inputs), SquaredError.outputs
        fault: str = fields.text("none")
        coefficient: float = fields.number(1.0)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, **given):
            return spoiled(self, SquaredError().compute, given)

    @block("gaussian_noise")
    class SpoiledNoise(Explorer):
        """Normal noise around an action with a bad habit."""

        inputs, misfit = property(lambda _: GaussianNoise.inputs), GaussianNoise.misfit
        fault: str = fields.text("none")
        scale: Schedule = fields.schedule(0.1)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, **given):
            return spoiled(self, GaussianNoise().compute, given)

        def evaluation(self):
            return GaussianNoise().evaluation()

    @block("td_lambda")
    class SpoiledReturn(Return):
        """λ-returns with a bad habit."""

        inputs = property(lambda _: TDLambda.inputs)
        fault: str = fields.text("none")
        lam: float = fields.number(0.5)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, **given):
            return spoiled(self, TDLambda(self.lam).compute, given)

    @block("keep")
    class SpoiledTransform(Transform):
        """A kept column with a bad habit."""

        inputs, outputs, specs = (
            property(lambda _, part=part: getattr(Keep(), part)) for part in ("inputs", "outputs", "specs")
        )
        fault: str = fields.text("none")
        key: str = fields.text("value")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, **given):
            return spoiled(self, Keep().compute, given)

    @block("average")
    class SpoiledAggregate(Aggregate):
        """A mean over members with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, values):
            return spoiled(self, lambda values: Average().compute(values), {"values": values})

    @block("clip_norm")
    class SpoiledClip(Clip):
        """A limit of the norm with a bad habit."""

        fault: str = fields.text("none")
        max_norm: float = fields.number(1.0)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, grad):
            return spoiled(self, lambda grad: ClipNorm(self.max_norm).compute(grad), {"grad": grad})

    @block("polyak")
    class SpoiledUpdate(TargetUpdate):
        """A moving average with a bad habit."""

        tags = Polyak.tags
        fault: str = fields.text("none")
        tau: float = fields.number(0.25)
        every: Clock = fields.duration(Updates(1))
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def compute(self, *, online, target):
            return spoiled(self, Polyak(self.tau).compute, {"online": online, "target": target})

    @block("sgd")
    class SpoiledOptimizer(Optimizer):
        """Gradient descent with a bad habit."""

        inputs = SGD.inputs
        fault: str = fields.text("none")
        lr: Schedule = fields.schedule(0.01)
        momentum: float = fields.number(0.0)
        clip: Clip = fields.slot("clips", NoClip)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def init(self, params):
            return SGD().init(params)

        def compute(self, *, params, grads, carry, lr):
            return spoiled(
                self, lambda **given: SGD().compute(**given, carry=carry, lr=lr), {"params": params, "grads": grads}
            )

    @block("dense")
    class SpoiledLayer(Layer):
        """An affine map with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def build(self, inputs, outputs, generator):
            return Spoiled(self, Dense().build(inputs, outputs, generator))

    @block("mlp")
    class SpoiledBody(Body):
        """Layers on a vector with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed
        plain = MLP((5,))

        def misfit(self, spec):
            return self.plain.misfit(spec)

        def width(self, spec):
            return self.plain.width(spec)

        def build(self, spec, generator):
            return Spoiled(self, self.plain.build(spec, generator))

    @block("state_value")
    class SpoiledHead(Head):
        """The value of a state with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def writes(self, spec):
            return StateValue().writes(spec)

        def misfit(self, spec):
            return StateValue().misfit(spec)

        def build(self, spec, generator):
            return Spoiled(self, StateValue().build(spec, generator))

    @block("quantiles")
    class SpoiledForm(ValueForm):
        """Quantiles with a bad habit in their back-up."""

        key = "quantiles"
        fault: str = fields.text("none")
        n: int = fields.integer(3)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def width(self):
            return self.n

        def dims(self):
            return ("quantile",)

        def mean(self, value):
            return value.mean(-1)

        def backup(self, reward, discount, value):
            given = {"reward": reward, "discount": discount, "value": value}
            return spoiled(self, Quantiles(self.n).backup, given)

    @block("gaussian")
    class SpoiledPolicy(Distribution):
        """Normal components with a bad habit in their density."""

        noise, plain = "normal", Gaussian()
        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def misfit(self, action):
            return self.plain.misfit(action)

        def width(self, action):
            return self.plain.width(action)

        def writes(self, action):
            return self.plain.writes(action)

        def build(self, action, generator):
            return self.plain.build(action, generator)

        def sample(self, parameters, *, noise):
            return self.plain.sample(parameters, noise=noise)

        def log_prob(self, parameters, *, action):
            given = {**parameters, "action": action}
            return spoiled(self, lambda action, **found: self.plain.log_prob(found, action=action), given)

        def entropy(self, parameters):
            return self.plain.entropy(parameters)

        def mode(self, parameters):
            return self.plain.mode(parameters)


KINDS = {
    SpoiledTarget: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID, **EMPTY},
    SpoiledLoss: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID},
    SpoiledNoise: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID, **EMPTY},
    SpoiledReturn: {**HABITS, **BUFFER, **FLOATING, **LAID},
    SpoiledTransform: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID},
    SpoiledAggregate: HABITS,
    SpoiledClip: HABITS,
    SpoiledUpdate: HABITS,
    SpoiledOptimizer: HABITS,
    SpoiledLayer: {**HABITS, **ROWS, **LAID, **EMPTY},
    SpoiledBody: {**HABITS, **ROWS, **LAID, **EMPTY},
    SpoiledHead: {**HABITS, **ROWS, **LAID, **EMPTY},
    SpoiledForm: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID, **EMPTY},
    SpoiledPolicy: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID, **EMPTY},
}
FAULTS = [(kind(fault=fault), law) for kind, laws in KINDS.items() for fault, law in laws.items()]
