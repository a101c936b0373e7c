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
        window: how many consecutive steps of an environment stay together, at most 32; what remembers learns through
            them (truncated back-propagation through time), and 1 mixes single steps.

    >>> program = RolloutEpochs(epochs=2).program(Progress(0, 0, 0, 0, 0, budget=16), environments=8)
    >>> next(program), program.send(Progress(8, 0, 0, 0, 0, 16)), program.send(Progress(16, 0, 0, 0, 16, 16))
    (Collect(steps=8, explorer=None), Collect(steps=8, explorer=None), Drain(epochs=2, minibatches=4, \
early_stop=NoEarlyStop(), window=1))
    """

    demands: ClassVar[str] = "drained"
    epochs: int = fields.integer(4, ge=1, unit="epochs")
    minibatches: int = fields.integer(4, ge=1, unit="learn steps")
    early_stop: EarlyStop = fields.slot("early_stops", NoEarlyStop)
    window: int = fields.integer(1, ge=1, le=32, unit="steps")

    def program(self, progress: Progress, environments: int) -> Generator[Op, Progress, None]:
        """One step of every environment at a time until there is a chunk, until the budget is spent."""
        while True:
            if progress.rows > 0:
                progress = yield Drain(self.epochs, self.minibatches, self.early_stop, self.window)
            elif progress.env_steps < progress.budget:
                progress = yield Collect(environments)
            else:
                return

    def needs(self) -> int:
        """None: a chunk is complete when the store says so."""
        return 0

    def updates_planned(self, budget: int, chunk: tuple[int, int] = (0, 0)) -> int:
        """Epochs times minibatches for each complete chunk; fewer where epochs end early.

        A store whose chunks may be shorter than it says, such as one of whole episodes, completes more of them.
        """
        rows = chunk[0] * chunk[1] or USUAL_ROWS
        return budget // rows * self.epochs * self.minibatches

    def together(self) -> int:
        """See `Cadence.together`: the window."""
        return self.window

    def misfit(self, chunk: tuple[int, int]) -> str:
        """See `Cadence.misfit`: the parts must be of one size, and made of whole windows."""
        steps, environments = chunk
        if steps % self.window:
            fit = max(w for w in range(1, self.window) if steps % w == 0)
            said = f"keeps {self.window} steps together, and a chunk of {steps} steps is not made of whole such windows"
            return f"{said}; use window={fit}, or another number of steps"
        windows = steps // self.window * environments
        if windows % self.minibatches == 0:
            return ""
        fit = max(parts for parts in range(1, self.minibatches) if windows % parts == 0)
        what = "rows" if self.window == 1 else f"windows of {self.window} steps"
        said = f"cuts a chunk of {steps} × {environments} = {windows:,} {what} into {self.minibatches} minibatches"
        if self.window > 1:
            said = f"cuts a chunk of {windows:,} {what} into {self.minibatches} minibatches"
        return f"{said}, and a rest would be left; use minibatches={fit}, or another number of steps or environments"
