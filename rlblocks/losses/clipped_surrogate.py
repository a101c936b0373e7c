"""The clipped surrogate objective of proximal policy optimisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read, scheduled
from rlblocks._core.keys import Spec
from rlblocks.losses.base import Loss
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("clipped_surrogate")
class ClippedSurrogate(Loss):
    """The clipped surrogate: L = −c·mean(w·min(r·A, clip(r, 1 − ε, 1 + ε)·A)), r = π(a|s) / π_old(a|s).

    Schulman et al., 2017, eq. 7. A row whose ratio has left the clip in the direction that its advantage favours has no
    gradient. Reported besides, as averages over rows by weight: `kl`, an estimate of KL(π_old ‖ π), the average of
    (r − 1) − log r, at least 0, in nats; and `clip_fraction`, the share in [0, 1] of rows with |r − 1| > ε.

    Attributes:
        clip: ε at least 0; a schedule or a number. So wide that no ratio leaves it, such as 1e9, it is eq. 6.
        coefficient: c, at least 0.

    >>> import torch
    >>> log_prob, old_log_prob = torch.tensor([0.5, 0.5]).log(), torch.tensor([0.25, 0.5]).log()
    >>> advantage, clip = torch.tensor([1.0, 1.0]), torch.tensor(0.2)
    >>> loss, kl, clip_fraction = ClippedSurrogate().compute(
    ...     log_prob=log_prob, old_log_prob=old_log_prob, advantage=advantage, clip=clip
    ... )
    >>> loss, kl, clip_fraction
    (tensor(-1.1000), tensor(0.1534), tensor(0.5000))
    """

    equation = "L = −c·mean(w·min(r·A, clip(r, 1 − ε, 1 + ε)·A)), r = π(a|s) / π_old(a|s)"
    inputs = {
        "log_prob": read("log_prob@online", at="action"),
        "old_log_prob": read("log_prob"),
        "advantage": read("advantage"),
        "clip": scheduled("clip"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "kl", "clip_fraction")
    specs = {"kl": Spec(dims=()), "clip_fraction": Spec(dims=())}

    clip: Schedule = fields.schedule(0.2, ge=0.0)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(
        self, *, log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: Tensor, weight: Tensor | float = 1
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, `kl` and `clip_fraction`, each 0-dim; all arguments but `clip`, 0-dim, are `[B]`."""
        functional.same_shape("log_prob", log_prob, "old_log_prob", old_log_prob)
        functional.same_shape("log_prob", log_prob, "advantage", advantage)
        log_ratio = functional.only_counted(log_prob - old_log_prob.detach(), weight)
        rows = functional.clipped_surrogate(log_ratio, advantage, clip)
        loss = functional.weighted_mean(functional.only_counted(rows, weight), weight, self.coefficient)
        kl = functional.weighted_average(functional.divergence(log_ratio.detach()), weight)
        return loss, kl, functional.weighted_average(functional.is_outside(log_ratio, clip), weight)
