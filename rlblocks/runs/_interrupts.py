"""Ctrl-C and SIGTERM, heard while a run goes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import attrs


@attrs.define
class Interrupts:
    """Counts how often somebody asked the run to stop.

    Attributes:
        asked: how often. The run stops in good order after the first time; the second one ends it at once.
    """

    asked: int = 0

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Take both signals, where this is the main thread: no other can. Afterwards they are as they were."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, _: int, __: FrameType | None) -> None:
        self.asked += 1
        if self.asked > 1:
            raise KeyboardInterrupt
