"""The divergence penalty of proximal policy optimisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read, scheduled
from rlblocks._core.keys import Spec
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.clocks import Times


@block("kl_penalty")
class KLPenalty(Loss):
    """The adaptive penalty on moving: L = β·mean(w·((r − 1) − log r)), r = π(a|s) / π_old(a|s).

    Schulman et al., 2017, eq. 8, its second term; the first is that of `ClippedSurrogate(clip=1e9)`. The mean estimates
    d = KL(π_old ‖ π). β is halved where d < d_targ/1.5 and doubled where d > 1.5·d_targ, once for each chunk of rows,
    when learning from it begins: at the first call after environment steps were taken. Reported besides: `beta`, the β
    of this call.

    Attributes:
        beta: β at the start, above 0; later ones are in the carry.
        target: d_targ above 0, in nats.

    >>> import torch
    >>> penalty, rows = KLPenalty(), {"log_prob": torch.tensor([0.5]).log(), "old_log_prob": torch.tensor([0.25]).log()}
    >>> carry = penalty.init()
    >>> penalty.compute(**rows, env_steps=torch.tensor(128), carry=carry)
    (tensor(0.3069), tensor(1.))
    >>> penalty.compute(**rows, env_steps=torch.tensor(256), carry=carry)
    (tensor(0.6137), tensor(2.))

    Differs from the paper: the divergence is estimated from the actions that were taken, and d is that of the last
    minibatch of the chunk before; β stays within 10⁻¹⁰ and 10¹⁰.
    """

    equation = "L = β·mean(w·((r − 1) − log r)), r = π(a|s) / π_old(a|s)"
    inputs = {
        "log_prob": read("log_prob@online", at="action"),
        "old_log_prob": read("log_prob"),
        "env_steps": scheduled("env_steps"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "beta")  # no `kl`: the surrogate beside it writes that
    specs = {"beta": Spec(dims=())}
    handed: ClassVar[tuple[str, ...]] = ("carry",)

    beta: float = fields.number(1.0, gt=0.0)
    target: float = fields.number(0.01, gt=0.0)

    @property
    def coefficient(self) -> float:
        """1: what multiplies this loss is β."""
        return 1.0

    def env_steps(self, times: Times) -> float:
        """Environment steps so far: they tell one chunk from the next."""
        return times.env_steps

    def init(self) -> dict[str, Tensor]:
        """The carry before the first call: β, the divergence last measured (as wished for), and when (never)."""
        import torch

        return {"beta": torch.tensor(self.beta), "kl": torch.tensor(self.target), "env_steps": torch.tensor(-1)}

    def compute(
        self,
        *,
        log_prob: Tensor,
        old_log_prob: Tensor,
        env_steps: Tensor,
        carry: dict[str, Tensor],
        weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:
        """The loss and β, each 0-dim; all arguments but `env_steps`, 0-dim, are `[B]`; writes into `carry`."""
        functional.same_shape("log_prob", log_prob, "old_log_prob", old_log_prob)
        log_ratio = functional.only_counted(log_prob - old_log_prob.detach(), weight)
        rows = functional.divergence(log_ratio)
        adapted = functional.adapted_penalty(carry["beta"], carry["kl"], self.target)
        beta = adapted.where(carry["env_steps"] != env_steps, carry["beta"])
        carry["beta"].copy_(beta)
        carry["kl"].copy_(functional.weighted_average(rows, weight))
        carry["env_steps"].copy_(env_steps)
        return functional.weighted_mean(rows, weight) * beta, beta
