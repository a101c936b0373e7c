"""The role of cadences: how many collects and learns, and when."""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

import attrs

from rlblocks._core.block import Block, role
from rlblocks.explorers.base import Explorer


@attrs.frozen
class Progress:
    """Where a run stands. A cadence reads nothing else, so a resumed program goes on as if it had never stopped.

    Attributes:
        env_steps: environment steps so far, warm-up included.
        warmup_steps: those of them that were taken by a warm-up explorer.
        updates: learn steps so far.
        episodes: episodes that ended so far.
        rows: how many rows the store can hand over.
        budget: environment steps planned in all.
    """

    env_steps: int
    warmup_steps: int
    updates: int
    episodes: int
    rows: int
    budget: int


@attrs.frozen
class Collect:
    """Take `steps` environment steps, summed over the environments; by `explorer` instead of the recipe's, if given."""

    steps: int
    explorer: Explorer | None = None


@attrs.frozen
class Learn:
    """Take `updates` learn steps, each on a fresh sample of `batch` rows."""

    updates: int
    batch: int


Op = Collect | Learn


@role("cadences")
class Cadence(Block):
    """How many of each operation.

    Attributes:
        demands: what the store must do: "sampled" or "drained".
    """

    demands: ClassVar[str] = "sampled"

    def program(self, progress: Progress, environments: int) -> Generator[Op, Progress, None]:
        """The operations, from where `progress` stands to the budget; after each one it is sent the new progress.

        `environments` is how many step together: a collect takes a multiple of it.
        """
        raise NotImplementedError

    def needs(self) -> int:
        """How many rows the store must be able to hold before anything is learned."""
        raise NotImplementedError

    def updates_planned(self, budget: int) -> int:
        """About how many learn steps a run of `budget` environment steps takes."""
        raise NotImplementedError
