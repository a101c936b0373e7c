"""Blocks that compute what is due, with a bad habit around it; a fault is the name of the habit."""

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, Updates
from rlblocks.aggregates import Aggregate, Average
from rlblocks.explorers import Explorer, GaussianNoise
from rlblocks.losses import Loss, SquaredError
from rlblocks.optimizers import SGD, Clip, ClipNorm, NoClip, Optimizer
from rlblocks.returns import Return, TDLambda
from rlblocks.schedules import Schedule
from rlblocks.target_updates import Polyak, TargetUpdate
from rlblocks.targets import MaxQ, Target
from rlblocks.testing import unlisted
from rlblocks.transforms import Keep, Transform
from tests.testing.habits import BUFFER, EMPTY, FLOATING, HABITS, LAID, ROWS, registers, spoiled
from tests.testing.planting import hashed

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
}
FAULTS = [(kind(fault=fault), law) for kind, laws in KINDS.items() for fault, law in laws.items()]
