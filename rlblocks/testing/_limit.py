"""A limit to how long a law may take."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLong(BaseException):  # no Exception: neither a block nor hypothesis shall take it for one of its own
    """The time is over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooLong` where the body takes longer than so many seconds; 0 sets no limit.

    It interrupts Python and whatever waits, not a single call into compiled code. Where there is no alarm to set
    (Windows, or outside the main thread) there is no limit. An alarm that was set by somebody else rings later.

    >>> import time
    >>> try:
    ...     with time_limit(0.01):
    ...         time.sleep(60)
    ... except TooLong:
    ...     print("stopped")
    stopped
    """
    if not seconds or "SIGALRM" not in vars(signal) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    waiting, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, waiting)
        signal.signal(signal.SIGALRM, before)
