"""Counts of what the drawn inputs contained, so that a law cannot pass because nothing was asked of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Coverage:
    """How often each thing was seen in the inputs of one law.

    >>> coverage = Coverage()
    >>> coverage.saw("a terminated row", True)
    >>> coverage.saw("a mask", False)
    >>> coverage.missing(("a terminated row", "a mask"))
    ['a mask']
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def saw(self, what: str, happened: object = True) -> None:
        """Count `what` if it happened."""
        if happened:
            self.counts[what] += 1

    def missing(self, wanted: Iterable[str]) -> list[str]:
        """Which of the things wanted were never seen."""
        return [what for what in wanted if not self.counts[what]]
