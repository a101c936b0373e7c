"""Several epochs of minibatches over each rollout (Schulman et al., 2017)."""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.cadences.base import Cadence, Collect, Drain, Op, Progress
from rlblocks.early_stops import EarlyStop, NoEarlyStop

USUAL_ROWS = 2_048  # the horizon of Schulman et al., 2017, table 3


@block("rollout_epochs")
class RolloutEpochs(Cadence):
    """Collects until the store has a complete chunk, then learns from it: `epochs` times, in `minibatches` parts.

    "Optimize surrogate L wrt θ, with K epochs and minibatch size M ≤ NT" (Schulman et al., 2017, algorithm 1). With one
    epoch and one minibatch it is the update of A2C (Mnih et al., 2016): one learn step for each chunk. A chunk that is
    not complete when the budget is spent is not learnt from.

    Attributes:
        epochs: K, how often every row of a chunk is learnt from.
        minibatches: learn steps an epoch; M = N·T / minibatches rows each, and it must divide.
        early_stop: when the epochs over a chunk end before their number.

    >>> program = RolloutEpochs(epochs=2).program(Progress(0, 0, 0, 0, 0, budget=16), environments=8)
    >>> next(program), program.send(Progress(8, 0, 0, 0, 0, 16)), program.send(Progress(16, 0, 0, 0, 16, 16))
    (Collect(steps=8, explorer=None), Collect(steps=8, explorer=None), Drain(epochs=2, minibatches=4, \
early_stop=NoEarlyStop()))
    """

    demands: ClassVar[str] = "drained"
    epochs: int = fields.integer(4, ge=1, unit="epochs")
    minibatches: int = fields.integer(4, ge=1, unit="learn steps")
    early_stop: EarlyStop = fields.slot("early_stops", NoEarlyStop)

    def program(self, progress: Progress, environments: int) -> Generator[Op, Progress, None]:
        """One step of every environment at a time until there is a chunk, until the budget is spent."""
        while True:
            if progress.rows > 0:
                progress = yield Drain(self.epochs, self.minibatches, self.early_stop)
            elif progress.env_steps < progress.budget:
                progress = yield Collect(environments)
            else:
                return

    def needs(self) -> int:
        """None: a chunk is complete when the store says so."""
        return 0

    def updates_planned(self, budget: int, chunk: tuple[int, int] = (0, 0)) -> int:
        """Epochs times minibatches for each complete chunk; at most, where epochs may end early."""
        rows = chunk[0] * chunk[1] or USUAL_ROWS
        return budget // rows * self.epochs * self.minibatches

    def misfit(self, chunk: tuple[int, int]) -> str:
        """See `Cadence.misfit`: the parts must be of one size."""
        rows = chunk[0] * chunk[1]
        if rows % self.minibatches == 0:
            return ""
        fit = max(parts for parts in range(1, self.minibatches) if rows % parts == 0)
        said = f"cuts a chunk of {chunk[0]} × {chunk[1]} = {rows:,} rows into {self.minibatches} minibatches"
        return f"{said}, and a rest would be left; use minibatches={fit}, or another number of steps or environments"
