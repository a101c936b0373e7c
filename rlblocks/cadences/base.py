"""The role of cadences: how many collects and learns, and when."""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar

import attrs

from rlblocks._core.block import Block, role
from rlblocks.early_stops.base import EarlyStop
from rlblocks.explorers.base import Explorer


@attrs.frozen
class Progress:
    """Where a run stands. A cadence reads nothing else, so a resumed program goes on as if it had never stopped.

    Attributes:
        env_steps: environment steps so far, warm-up included.
        warmup_steps: those of them that were taken by a warm-up explorer.
        updates: learn steps so far.
        episodes: episodes that ended so far.
        rows: how many rows the store can hand over; of a drained one 0 until a chunk is complete.
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


@attrs.frozen
class Drain:
    """Take one chunk out of the store, and learn from it in `epochs`, each in `minibatches` of equal size.

    `early_stop` is asked after each learn step whether the rest is left out. `window` consecutive steps of one
    environment stay together, time first: row t·k + i is step t of the i-th of the k windows of a minibatch.
    """

    epochs: int
    minibatches: int
    early_stop: EarlyStop
    window: int = 1


Op = Collect | Learn | Drain


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

    def together(self) -> int:
        """How many consecutive steps of one environment stay together in a learn step."""
        return 1

    def needs(self) -> int:
        """How many rows the store must be able to hold before anything is learned."""
        raise NotImplementedError

    def updates_planned(self, budget: int, chunk: tuple[int, int] = (0, 0)) -> int:
        """About how many learn steps a run of `budget` environment steps takes, where the store hands over `chunk`.

        The chunk is `Store.chunk`: zeros where the store is sampled, or nobody knows yet.
        """
        raise NotImplementedError

    def burst(self, environments: int) -> int:  # noqa: ARG002  the role's signature
        """How many learn steps follow each other on fresh samples, with no step of that many environments between."""
        return 1

    def one_by_one(self) -> str:
        """Why its learn steps are not one for each environment step, on one row each: "what; fix"; empty where so."""
        return "mixes the rows of a chunk; use learn_every with updates=1 and batch=1 every EnvSteps(1)"

    def misfit(self, chunk: tuple[int, int]) -> str:  # noqa: ARG002  the role's signature
        """Why it cannot learn from chunks `[T, N]`, to stand after its name: "what; fix"; empty where it can."""
        return ""
