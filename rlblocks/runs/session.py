"""One run from its first step to its last: the loop, with everything that happens between two steps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import torch

from rlblocks._core.errors import RlblocksError
from rlblocks._core.loop import Loop
from rlblocks._core.plan import Plan
from rlblocks._core.randomness import Numbers
from rlblocks._core.state import State
from rlblocks.runs import checkpoint
from rlblocks.runs import folder as files
from rlblocks.runs.agent import Agent, evaluation_seed
from rlblocks.runs.evaluation import Scores, evaluate
from rlblocks.runs.events import (
    Callback,
    EpisodeEnded,
    Evaluated,
    Event,
    Finished,
    Learned,
    Saved,
    StopRun,
    Tick,
)  # fmt: skip
from rlblocks.runs.options import Options, compiler
from rlblocks.runs.records import MetricsFile

TICK = 0.25  # seconds between ticks
REPORTS = 200  # learn reports over a run


@attrs.define
class Outcome:
    """What a run has found so far; part of its checkpoint."""

    best: float = float("-inf")
    best_at: int = 0
    last: float = float("nan")
    last_std: float = float("nan")
    solved_at: int = 0
    seconds: float = 0.0
    learned: dict[str, float] = attrs.Factory(dict)  # losses of the last learn step: a resumed run may report them


class Session:
    """Drives a state through its budget: evaluates, reports, saves and stops.

    Attributes:
        outcome: what it has found so far.
        reason: why it ended: "budget", "solved", "interrupted" or "stopped".
    """

    def __init__(
        self, plan: Plan, state: State, options: Options, *, folder: Path | None, metrics: MetricsFile | None,
        callbacks: Sequence[Callback], mode: str = "eager", outcome: Outcome | None = None,
        fixed: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.state, self.options, self.folder = plan, state, options, folder
        self.outcome = outcome or Outcome()
        self._fixed = dict(fixed or {})
        self.reason = ""
        self._metrics, self._callbacks = metrics, tuple(callbacks)
        self.agent = Agent(plan, state.online, state.carries, state.device, options.seed)
        self._loop = Loop(state, compiler(mode))
        self._shown = Numbers(
            {name: source for part in (plan.act, plan.learn) for name, source in part.numbers.items()},
            torch.device("cpu"),
        )
        self._began = time.perf_counter() - self.outcome.seconds
        self._past = state.counters.env_steps
        self._asked_to_stop = 0

    # -- events --------------------------------------------------------------------------------------------------

    def _seconds(self) -> float:
        return time.perf_counter() - self._began

    def emit(self, event: Event) -> None:
        """Tell every callback. One that raises `StopRun` ends the run after this step."""
        for callback in self._callbacks:
            try:
                callback.on(event)
            except StopRun:
                self.reason = self.reason or "stopped"

    # -- the run -------------------------------------------------------------------------------------------------

    def run(self) -> str:
        """Go to the end of the budget, or stop before it; returns why."""
        with self._signals():
            tick = 0.0
            for _ in self._loop.steps():
                self._report()
                now = time.perf_counter()
                if now >= tick:
                    tick = now + TICK
                    c = self.state.counters
                    self.emit(Tick(c.env_steps, c.updates, c.episodes, self._seconds()))
                if self.reason or self._asked_to_stop:
                    self.reason = self.reason or "interrupted"
                    break
            self.reason = self.reason or "budget"
            self._close()
        return self.reason

    def _report(self) -> None:
        """What became due since the last time: finished episodes, a learn report, an evaluation, a checkpoint."""
        counters, past = self.state.counters, self._past
        if self._loop.episodes:
            first = counters.episodes - len(self._loop.episodes) + 1
            for number, (at, index, value, length) in enumerate(self._loop.episodes, first):
                self.emit(EpisodeEnded(at, counters.updates, number, value, length, index, self._seconds()))
            self._loop.episodes.clear()
        now = self._past = counters.env_steps
        if now == past:
            return
        every = max(1, self.options.steps // REPORTS)
        if now // every > past // every and self._losses():
            self._report_learning()
        interval = self.options.evaluation_interval
        if self.options.episodes and now // interval > past // interval and now < self.options.steps:
            self.evaluate()
        interval = self.options.save_interval
        if now // interval > past // interval and now < self.options.steps:
            self.save()

    def _report_learning(self) -> None:
        counters = self.state.counters
        numbers = self._shown.plain(counters)
        self.emit(Learned(counters.env_steps, counters.updates, self._losses() | numbers, self._seconds()))

    def _losses(self) -> dict[str, float]:
        found = {name: float(value) for name, value in self._loop.last.items() if value.ndim == 0}
        return found or self.outcome.learned

    def evaluate(self) -> Scores:
        """Play greedy episodes, note the result, and keep the best networks."""
        counters, outcome = self.state.counters, self.outcome
        scores = evaluate(self.agent, self.plan.recipe.env, self.options.episodes, evaluation_seed(self.options))
        best = scores.mean > outcome.best
        outcome.last, outcome.last_std = scores.mean, scores.std
        self.emit(
            Evaluated(counters.env_steps, counters.updates, scores.returns, scores.lengths, best, self._seconds())
        )
        if best:
            outcome.best, outcome.best_at = scores.mean, counters.env_steps
            self._write("best", self.state.tree_of_agent())
        threshold = self.plan.facts.reward_threshold
        if threshold is not None and scores.mean >= threshold:
            outcome.solved_at = outcome.solved_at or counters.env_steps
            if self.options.stop == "solved" and counters.env_steps < self.options.steps:
                self.reason = "solved"
        return scores

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint `last`: everything that is needed to go on bit for bit."""
        if self.folder is None:
            return
        self.outcome.seconds, self.outcome.learned = self._seconds(), self._losses()
        position = self._metrics.position() if self._metrics else 0
        session = {"outcome": attrs.asdict(self.outcome), "metrics": position, "fixed": self._fixed}
        self._write("last", {**self.state.tree(), "session": session})

    def _write(self, kind: str, tree: dict[str, Any]) -> None:
        if self.folder is None:
            return
        path = self.folder / (files.LAST if kind == "last" else files.BEST)
        facts = {"recipe": self.plan.recipe.name, "env_steps": self.state.counters.env_steps}
        checkpoint.save(path, tree, meta=facts)
        self.emit(Saved(self.state.counters.env_steps, path, kind, self._seconds()))

    def _close(self) -> None:
        """The last evaluation and the last checkpoint of a run that ended in good order."""
        if self.options.episodes and self.reason == "budget":
            self.evaluate()
        self.save()

    def finish(self, reason: str, verdict: str) -> None:
        """Tell everybody that the run is over."""
        self.emit(self._finished(reason, verdict))

    def fail(self, error: Exception) -> None:
        """Tell everybody that the run broke, whoever of them broke it. The last checkpoint is from before that."""
        what = error.what if isinstance(error, RlblocksError) else f"{type(error).__name__}: {error}"
        event = self._finished("failed", f"failed at {self.state.counters.env_steps:,} steps: {what}")
        for callback in self._callbacks:
            with suppress(Exception):
                callback.on(event)

    def _finished(self, reason: str, verdict: str) -> Finished:
        counters = self.state.counters
        return Finished(counters.env_steps, counters.updates, reason, verdict, self.folder, self._seconds())

    # -- signals -------------------------------------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end the run after the present step, with a checkpoint; a second one ends it at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(_: int, __: FrameType | None) -> None:
            self._asked_to_stop += 1
            if self._asked_to_stop > 1:
                raise KeyboardInterrupt

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def verdict_of(session: Session) -> str:
    """One sentence: did it solve its environment, when, and how well does it do now."""
    outcome, steps, facts = session.outcome, session.state.counters.env_steps, session.plan.facts
    episodes = session.options.episodes
    score = (
        f"mean {outcome.last:.1f} ± {outcome.last_std:.1f} over {episodes} episodes" if episodes else "not evaluated"
    )
    if session.reason == "interrupted":
        return f"interrupted at {steps:,} steps; everything is saved"
    if facts.reward_threshold is None or not episodes:
        return f"finished {steps:,} steps; {score}"
    if outcome.solved_at:
        kept = (
            ""
            if outcome.last >= facts.reward_threshold
            else f", but the last policy is below {facts.reward_threshold:g}"
        )
        return f"solved at {outcome.solved_at:,} steps{kept}; {score}"
    return f"not solved (threshold {facts.reward_threshold:g}) in {steps:,} steps; {score}; best {outcome.best:.1f}"
