"""Optimizers with one planted fault in their trace, losses with one in what they leave to it, and the law for each."""

from rlblocks import block
from rlblocks._core import fields
from rlblocks.functional import join, part, weighted_mean
from rlblocks.losses import Eligibility, Loss
from rlblocks.optimizers import SGD, Optimizer, Traces
from rlblocks.testing import unlisted
from tests.testing.planting import each

with unlisted():

    @block("traces")
    class Trace(Optimizer):
        """Whom an error is credited to."""

        decay: float = fields.number(0.9, ge=0.0, le=1.0)
        inner: Optimizer = fields.slot("optimizers", SGD)
        fault: str = fields.text("none")

        @property
        def inputs(self):
            return Traces(self.decay, self.inner).inputs

        def init(self, params):
            return Traces(self.decay, self.inner).init(params)

        def compute(self, *, params, grads, carry, td_error, discount, is_first, **numbers):
            fault, (trace,) = self.fault, carry["trace"]
            grad, delta, gamma = join(grads), td_error[0], discount[0]
            faded = gamma if fault == "no λ" else gamma * self.decay
            faded = 0 * gamma + self.decay * (gamma > 0) if fault == "no γ" else faded
            if fault != "never cleared":
                trace.masked_fill_(is_first[0], 0.0)
            if fault == "the discount out of the state":
                trace.mul_(faded)
            if fault == "cleared before the last error":
                trace.mul_(gamma > 0)
            if fault == "replacing":
                trace.mul_(grad == 0)
            trace.add_(grad * delta if fault == "it sums the errors too" else grad)
            step = {
                "it sums the errors too": -trace, "uphill": trace * delta,
                "faded before the step": trace * -delta * faded,
            }.get(fault, trace * -delta)  # fmt: skip
            inside = {name.removeprefix("inner_"): held for name, held in carry.items() if name != "trace"}
            self.inner.compute(params=params, grads=part(step, params), carry=inside, **numbers)
            if fault == "the end is not seen":
                faded = faded + self.decay * (gamma == 0)
            if fault != "the discount out of the state":
                trace.mul_(faded)

    @block("eligibility")
    class Leaves(Loss):
        """What is left to the optimizer."""

        inputs = dict(Eligibility.inputs)
        outputs = Eligibility.outputs
        debts = Eligibility.debts
        fault: str = fields.text("none")

        @property
        def coefficient(self):
            return 1.0

        def compute(self, *, prediction, td_target, weight=1):
            if prediction.shape != td_target.shape or not prediction.is_floating_point():
                raise ValueError("other shapes, or no numbers")
            delta = td_target.detach() - (
                prediction if self.fault == "the error has a gradient" else prediction.detach()
            )
            rows = {
                "the square": 0.5 * (td_target.detach() - prediction) ** 2,
                "the error itself": delta.detach() * prediction,
                "downhill": -prediction,
            }.get(self.fault, prediction)  # fmt: skip
            sign = -1 if self.fault == "the other sign" else 1
            return weighted_mean(rows, weight), sign * delta, delta.detach().abs()


FAULTS = [
    *each(
        Trace, ("no λ", "TAB-7"), ("no λ", "TAB-7a"), ("no γ", "TAB-7"), ("no γ", "TAB-7e"),
        ("never cleared", "TAB-7"), ("never cleared", "TAB-7c"), ("the discount out of the state", "TAB-7"),
        ("the discount out of the state", "TAB-7b"), ("the discount out of the state", "TAB-7e"),
        ("cleared before the last error", "TAB-7b"), ("cleared before the last error", "TAB-7"),
        ("replacing", "TAB-7e"), ("replacing", "TAB-7"), ("it sums the errors too", "TAB-7d"),
        ("it sums the errors too", "TAB-7"), ("uphill", "TAB-7a"), ("faded before the step", "TAB-7a"),
        ("the end is not seen", "TAB-7b"),
    ),
    *each(
        Leaves, ("the square", "LOS-1"), ("the error itself", "LOS-1"), ("downhill", "LOS-1"),
        ("the other sign", "LOS-1"), ("the error has a gradient", "LOS-15"),
    ),
]  # fmt: skip
