"""What the verbs that train listen with."""

from __future__ import annotations

import attrs

from rlblocks.runs.events import Callback, Event, Started


def boards(*, wanted: bool) -> list[Callback]:
    """The callback that writes TensorBoard files into the run's folder, where it is wanted.

    Raises:
        RecipeError: it is wanted and TensorBoard is not installed.
    """
    from importlib.util import find_spec

    from rlblocks._core.errors import RecipeError
    from rlblocks.runs.tensorboard import INSTALL

    if wanted and find_spec("tensorboard") is None:
        raise RecipeError("--tensorboard is asked for, and TensorBoard is not installed", fix=INSTALL)
    return [BoardInFolder()] if wanted else []


@attrs.define(eq=False)
class BoardInFolder:
    """Opens a TensorBoard writer in the run's folder, once that is known, and hands everything on to it."""

    board: Callback | None = None

    def on(self, event: Event) -> None:
        """Hand on."""
        if isinstance(event, Started) and event.folder is not None:
            from rlblocks.runs.tensorboard import tensorboard

            self.board = tensorboard(event.folder / "tensorboard")
        if self.board is not None:
            self.board.on(event)
