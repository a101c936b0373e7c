"""What happens in a run, as values. A callback is anything with `on(event)`; there is nothing to subclass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import attrs


@attrs.frozen
class Started:
    """The run begins, or goes on. `env_steps` is where it stands."""

    title: str  # recipe and environment, as "dqn on CartPole-v1"
    folder: Path | None
    budget: int  # environment steps in all
    env_steps: int
    facts: Mapping[str, str]  # the banner, in order: version, device and why, threads, seed, resume, ...
    recipe: tuple[tuple[str, str], ...]  # slot and block, a line each


@attrs.frozen
class EpisodeEnded:
    """A training episode ended."""

    env_steps: int
    updates: int
    episode: int  # counted from 1 over all environments
    value: float  # the undiscounted return
    length: int  # steps
    environment: int
    seconds: float  # wall clock since the run began


@attrs.frozen
class Learned:
    """A learn step was taken that is worth reporting (not every one is)."""

    env_steps: int
    updates: int
    values: Mapping[str, float]  # such as `q.loss`, `epsilon`
    seconds: float


@attrs.frozen
class Evaluated:
    """Greedy episodes on environments of their own were played."""

    env_steps: int
    updates: int
    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    best: bool  # the best of the run so far, by mean
    seconds: float
    cut: int = 0  # how many of them were cut by the limit of steps


@attrs.frozen
class Saved:
    """A checkpoint was written and verified."""

    env_steps: int
    path: Path
    kind: str  # "last" or "best"
    seconds: float


@attrs.frozen
class Finished:
    """The run is over."""

    env_steps: int
    updates: int
    reason: str  # "budget", "solved", "interrupted" or "failed"
    verdict: str  # one sentence
    folder: Path | None
    seconds: float


@attrs.frozen
class Warned:
    """Something is wrong that does not stop the run: a block broke a law on a real batch."""

    env_steps: int
    updates: int
    said: str
    seconds: float


@attrs.frozen
class LawsAsked:
    """The run is over, and laws were asked of its batches."""

    env_steps: int
    updates: int
    batches: int
    laws: Mapping[str, tuple[str, ...]]  # by slot, the ids of those that were asked
    broken: tuple[str, ...]  # each in words
    seconds: float
    unasked: tuple[str, ...] = ()  # why batches could not be asked about, which is no fault of a block


@attrs.frozen
class Tick:
    """Time passes: at most four times a second, for views that show where the run stands."""

    env_steps: int
    updates: int
    episodes: int
    seconds: float


Event = Started | EpisodeEnded | Learned | Evaluated | Saved | Finished | Tick | Warned | LawsAsked


class Callback(Protocol):
    """Anything that wants to know."""

    def on(self, event: Event) -> None:
        """Take note. May raise `StopRun` to end the run after the present step."""
        ...


class StopRun(Exception):  # noqa: N818  it is a request, not an error
    """Raised by a callback to end the run in good order."""
