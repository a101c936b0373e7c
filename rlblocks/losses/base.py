"""The role of losses: a scalar to minimise, and what is reported beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from rlblocks.schedules import Schedule


@role("losses")
class Loss(Block):
    """A scalar to minimise, and what is reported beside it.

    `compute` returns what `outputs` names, in that order: first `loss`, 0-dim, times `coefficient`. By default `error`
    follows, `[B]`, |δ| ≥ 0 without weight, which a prioritized store may read. A member that writes something else
    states its own `outputs`, and in `specs` which of them are one number for all rows (`Spec(dims=())`). What is
    written beside the loss carries no gradient.

    `debts` names those of its outputs that the optimizer of the objective must read, or the step would mean nothing.

    `weight` `[B]` multiplies a row's loss and gradient, and 1 is its identity; the mean is over the number of rows.
    A row of weight 0 is padding: what it holds changes nothing. Targets, advantages and weights are constants. A NaN
    in a row that counts makes the loss NaN, so that the run stops and says so.

    A loss that remembers something between calls has `init()`, which returns new tensors by name, and is handed them as
    `carry` beside its declared inputs (`handed = ("carry",)`); it writes into them in place, and the run owns them.
    """

    outputs: tuple[str, ...] = ("loss", "error")
    debts: ClassVar[tuple[str, ...]] = ()

    @property
    def coefficient(self) -> float | Schedule:
        """What the loss is multiplied by, where several are added up."""
        raise NotImplementedError

    compute: Any
