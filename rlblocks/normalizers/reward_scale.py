"""Rewards in units of the spread of returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.functional.moments import chosen, running_returns
from rlblocks.normalizers._carry import nothing_seen, take_in, write
from rlblocks.normalizers.base import Normalizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from rlblocks._core.keys import Spec
    from rlblocks.normalizers.base import Steps


@block("reward_scale")
class RewardScale(Normalizer):
    """Rewards by the standard deviation of the return so far: r̂ = r/√(Var(R) + ε), cut to [−clip, clip].

    Reward scaling in Engstrom et al., 2020, section 3: R_t = r_t + γ·R_{t−1} in each environment, from 0 in every
    episode. The variance is that of the population of all R_t. The reward is not centred, so it keeps its sign. Before
    any was seen r̂ = r, cut alike.

    Attributes:
        clip: above 0, in standard deviations of the return.
        eps: ε, at least 1e-30.

    >>> import torch
    >>> from rlblocks import Spec
    >>> from rlblocks.normalizers import Steps
    >>> scale, one = RewardScale(), np.ones((2, 1))
    >>> carry = scale.init(Spec(), environments=1)
    >>> end, real = np.array([[False], [True]]), np.array([[True], [True]])
    >>> scale.absorb(carry, Steps(one, one, 2 * one, 0.5 * ~end, terminated=end, truncated=~real, real=real))
    >>> scale.compute(x=torch.tensor([1.0, -1.0]), carry=carry)  # R was 2 and 3
    tensor([ 2., -2.])

    Differs from the paper: the statistics hold still while a chunk is collected and learnt from, and the return starts
    anew in every episode.
    """

    equation = "r̂ = clip(r/√(Var(R) + ε)), R_t = r_t + γ·R_{t−1}"

    clip: float = fields.number(10.0, gt=0.0)
    eps: float = fields.number(1e-8, ge=1e-30)  # so that float32 holds 1/√ε

    def misfit(self, key: str, spec: Spec) -> str:
        """It serves the reward."""
        if key != "reward":
            return f"scales rewards, and {key!r} is none"
        if spec.shape or not spec.dtype.startswith("float"):
            return f"scales one real number a row, and {key!r} is {spec}"
        return ""

    def init(self, spec: Spec, environments: int) -> dict[str, Tensor]:
        """Nothing seen: moments of R and what is `left` of R, `[environments]`, in float64; `scale` 1 in float32."""
        import torch

        left = torch.zeros(environments, dtype=torch.float64)
        return nothing_seen(spec.shape) | {"left": left, "scale": torch.ones(spec.shape)}

    def compute(self, *, x: Tensor, carry: Mapping[str, Tensor]) -> Tensor:
        """r̂, float32, of r, of any shape."""
        return functional.scaled(x, carry["scale"], self.clip)

    def absorb(self, carry: dict[str, Tensor], steps: Steps) -> None:
        """Take in the return after each step; a dummy step neither adds to it nor discounts it."""
        reward = np.where(steps.real, steps.reward, 0.0)
        keep = np.where(steps.real, np.where(steps.terminated | steps.truncated, 0.0, steps.discount), 1.0)
        returns, left = running_returns(carry["left"].cpu().numpy(), reward, keep)
        write(carry, left=left)
        seen = chosen(returns, steps.real)
        if len(seen):
            write(carry, scale=np.asarray(1 / np.sqrt(take_in(carry, seen).variance + self.eps)))
