"""Observations in units of their own spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.functional.moments import chosen
from rlblocks.normalizers._carry import nothing_seen, take_in, write
from rlblocks.normalizers.base import Normalizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from rlblocks._core.keys import Spec
    from rlblocks.normalizers.base import Steps


@block("observation_norm")
class ObservationNorm(Normalizer):
    """Observations less their mean, by their standard deviation: x̂ = (x − μ)/√(σ² + ε), cut to [−clip, clip].

    Engstrom et al., 2020, section 3. μ and σ² are, for each component, the mean and the variance of the
    population of every observation that was acted on and of the last one of every episode that ended, each once. Before
    any was seen x̂ = x, cut alike.

    Attributes:
        clip: above 0, in standard deviations.
        eps: ε, at least 1e-30.

    >>> import torch
    >>> from rlblocks import Spec
    >>> from rlblocks.normalizers import Steps
    >>> norm, no = ObservationNorm(clip=1.5), np.zeros((2, 1), bool)
    >>> carry = norm.init(Spec((1,)), environments=1)
    >>> seen, none = np.array([[[2.0]], [[6.0]]]), np.zeros((2, 1))
    >>> norm.absorb(carry, Steps(seen, seen, none, none, terminated=no, truncated=no, real=~no))
    >>> norm.compute(x=torch.tensor([[4.0], [6.0], [99.0]]), carry=carry).flatten()
    tensor([0.0000, 1.0000, 1.5000])

    Differs from the paper: the statistics hold still while a chunk is collected and learnt from.
    """

    equation = "x̂ = clip((x − μ)/√(σ² + ε))"

    clip: float = fields.number(10.0, gt=0.0)
    eps: float = fields.number(1e-8, ge=1e-30)  # so that float32 holds 1/√ε

    def misfit(self, key: str, spec: Spec) -> str:
        """It serves observations that are real numbers."""
        if key != "observation":
            return f"normalises observations, and {key!r} is none"
        if spec.n or not spec.dtype.startswith("float"):
            return f"takes means of real numbers, and {key!r} is {spec}"
        return ""

    def init(self, spec: Spec, environments: int) -> dict[str, Tensor]:  # noqa: ARG002  one statistic for all of them
        """Nothing seen: `seen`, `mean`, `square` in float64; `centre`, `scale`, `offset` of the identity, float32."""
        import torch

        ready = {"centre": torch.zeros(spec.shape), "scale": torch.ones(spec.shape), "offset": torch.zeros(spec.shape)}
        return nothing_seen(spec.shape) | ready

    def compute(self, *, x: Tensor, carry: Mapping[str, Tensor]) -> Tensor:
        """x̂, float32, of x, `[..., *shape]` float."""
        return functional.standardised(x, carry["centre"], carry["scale"], carry["offset"], self.clip)

    def absorb(self, carry: dict[str, Tensor], steps: Steps) -> None:
        """Take in what was acted on, and the last observations of episodes."""
        last = steps.real & (steps.terminated | steps.truncated)
        seen = np.concatenate((chosen(steps.observation, steps.real), chosen(steps.next_observation, last)))
        if not len(seen):
            return
        known = take_in(carry, seen)
        centre, scale = known.mean.astype(np.float32), 1 / np.sqrt(known.variance + self.eps)
        write(carry, centre=centre, scale=np.asarray(scale), offset=np.asarray((centre - known.mean) * scale))
