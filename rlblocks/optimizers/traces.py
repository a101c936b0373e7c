"""Steps along an eligibility trace, for any optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Read, Scheduled, read
from rlblocks._core.errors import FieldError
from rlblocks.optimizers.base import Carry, Clip, Optimizer, zeros
from rlblocks.optimizers.sgd import SGD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from rlblocks._core.declare import Declared
    from rlblocks.schedules import Schedule


@block("traces")
class Traces(Optimizer):
    """Credits each TD error to all that led to it: z ← γλz + ∇q, θ ← θ + α·δ·z (accumulating traces).

    Sutton and Barto, 2018, section 12.7. The trace is decayed by the discount *into* a state, so that nothing before
    the end of an episode is credited with what comes after it, and cleared where an episode begins, so that nothing is
    where an episode was cut either.

    The loss must leave ∇q and hand δ over, as `Eligibility` does; rows must come one at a time, each once, in order.
    Nothing cuts the trace behind an action that was taken to explore, as Watkins' Q(λ) does (section 12.10), so the
    target must value what is done.

    Attributes:
        decay: λ in [0, 1]; at 0 a step is that of the optimizer inside along −δ·∇q alone.
        inner: takes the step along −δ·z, as along a gradient.

    >>> import torch
    >>> theta, traces = [torch.zeros(2)], Traces(0.5, SGD(0.1))
    >>> carry = traces.init(theta)
    >>> for grad, delta in (([1.0, 0.0], 1.0), ([0.0, 1.0], 2.0)):
    ...     traces.compute(params=theta, grads=[torch.tensor(grad)], carry=carry, td_error=torch.tensor([delta]),
    ...                    discount=torch.tensor([0.8]), is_first=torch.tensor([False]), lr=torch.tensor(0.1))
    >>> theta  # the first entry: 0.1·1, and later 0.1·2·(0.8·0.5)
    [tensor([0.1800, 0.2000])]
    """

    equation = "z ← γλz + ∇q, θ ← θ + α·δ·z"
    tags = {"rows": "one by one"}

    decay: float = fields.number(0.9, ge=0.0, le=1.0)
    inner: Optimizer = fields.slot("optimizers", SGD)

    def __attrs_post_init__(self) -> None:
        if any(isinstance(asked, Read) for asked in self.inner.inputs.values()):
            raise FieldError(
                f"Traces.inner holds {type(self.inner).__name__}, which keeps a trace itself",
                fix=f"write Traces(inner={getattr(self.inner, 'inner', self.inner)!r})",
                block="Traces", field="inner", value=self.inner,
            )  # fmt: skip

    @property
    def inputs(self) -> Mapping[str, Declared]:  # type: ignore[override]  # a wrapper answers for what it wraps
        """The row that is learned from, and the numbers of the optimizer inside, which are found there."""
        inside = {name: asked.name for name, asked in self.inner.inputs.items() if isinstance(asked, Scheduled)}
        return {
            "td_error": read("td_error", dims=("batch",)),
            "discount": read("discount"),
            "is_first": read("is_first"),
            **{name: Scheduled(f"inner.{held}") for name, held in inside.items()},
        }

    @property
    def lr(self) -> Schedule:
        """That of the optimizer inside."""
        return self.inner.lr

    @property
    def clip(self) -> Clip:
        """That of the optimizer inside: it limits δ·z."""
        return self.inner.clip

    def init(self, params: list[Tensor]) -> Carry:
        """A trace z of 0, and what the optimizer inside remembers."""
        return {"trace": zeros(params), **{f"inner_{name}": held for name, held in self.inner.init(params).items()}}

    def compute(
        self, *, params: list[Tensor], grads: list[Tensor], carry: Carry, td_error: Tensor, discount: Tensor,
        is_first: Tensor, **numbers: Tensor,
    ) -> None:  # fmt: skip
        """One step, in place. `td_error` δ, `discount` and `is_first` are of one row, `[1]`; grads are ∇q."""
        (trace,) = carry["trace"]
        trace.masked_fill_(is_first[0], 0.0).add_(functional.join(grads))
        inside = {name.removeprefix("inner_"): held for name, held in carry.items() if name != "trace"}
        step = functional.part(trace * -td_error[0], params)
        self.inner.compute(params=params, grads=step, carry=inside, **numbers)
        trace.mul_(discount[0] * self.decay)  # into the next state: to 0 behind the last one
