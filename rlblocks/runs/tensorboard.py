"""A callback that writes a run's numbers for TensorBoard, where that is installed."""

from __future__ import annotations

import math
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.errors import RunError
from rlblocks.runs.events import EpisodeEnded, Evaluated, Event, Finished, Learned, Saved, Started, Tick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rlblocks.runs.events import Callback

Scalar = tuple[str, float, int]  # name, value, environment steps
INSTALL = "pip install rlblocks[tensorboard]"


def tensorboard(folder: Path) -> Callback:
    """A callback that writes scalars into `folder`, by environment steps.

    Their names are `episode/return`, `episode/length`, `evaluation/return`, `evaluation/length`, and `learn/…` for
    whatever learning reports. Numbers that are not finite are left out.

    Raises:
        RunError: TensorBoard is not installed.
    """
    if find_spec("tensorboard") is None:
        raise RunError("TensorBoard is not installed", fix=INSTALL)
    return TensorBoard(folder)


def scalars(event: Event) -> Iterator[Scalar]:
    """What TensorBoard is told of an event.

    >>> list(scalars(Learned(env_steps=100, updates=50, values={"q.loss": 0.5}, seconds=1.0)))
    [('learn/q.loss', 0.5, 100)]
    """
    match event:
        case EpisodeEnded():
            yield "episode/return", event.value, event.env_steps
            yield "episode/length", event.length, event.env_steps
        case Evaluated():
            yield "evaluation/return", sum(event.returns) / max(1, len(event.returns)), event.env_steps
            yield "evaluation/length", sum(event.lengths) / max(1, len(event.lengths)), event.env_steps
        case Learned():
            for name, value in event.values.items():
                yield f"learn/{name}", value, event.env_steps
        case Tick():
            yield "run/updates", event.updates, event.env_steps
            yield "run/seconds", event.seconds, event.env_steps
        case _:
            return


@attrs.define(eq=False)
class TensorBoard:
    """Writes scalars as they come. A disk that is full ends the writing, with a warning, and not the run."""

    folder: Path
    writer: Any = None

    def on(self, event: Event) -> None:
        """Write what the event says; at the start, forget what lies beyond the step that the run goes on from."""
        try:
            if isinstance(event, Started):
                from torch.utils.tensorboard import SummaryWriter

                self.writer = SummaryWriter(str(self.folder), purge_step=event.env_steps + 1)
            if self.writer is not None:
                self._write(event)
        except OSError as error:
            self.writer = None
            warnings.warn(f"TensorBoard gets no more numbers of this run: {error}", stacklevel=2)

    def _write(self, event: Event) -> None:
        for name, value, step in scalars(event):
            if math.isfinite(value):
                self.writer.add_scalar(name, float(value), step)
        if isinstance(event, Evaluated | Saved):
            self.writer.flush()
        if isinstance(event, Finished):
            self.writer.add_text("verdict", event.verdict, event.env_steps)
            self.writer.close()
            self.writer = None
