"""One run from its first step to its last: the loop, with everything that happens between two steps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import torch

from rlblocks._core.calls import ArrayCall, Call
from rlblocks._core.errors import RlblocksError
from rlblocks._core.loop import Loop
from rlblocks._core.plan import Plan
from rlblocks._core.randomness import Numbers
from rlblocks._core.state import State
from rlblocks.runs import checkpoint
from rlblocks.runs import folder as files
from rlblocks.runs._interrupts import Interrupts
from rlblocks.runs._text import tenths
from rlblocks.runs.agent import Agent, evaluation_seed
from rlblocks.runs.evaluation import evaluate
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


class BrokenOff(Exception):  # noqa: N818  a way out of an evaluation, not an error
    """The run is to stop, and does not wait for the end of an evaluation."""


class Session:
    """Drives a state through its budget: evaluates, reports, saves and stops.

    Attributes:
        outcome: what it has found so far.
        owed: whether an evaluation was broken off at the present step; the run begins with it when it goes on.
        cut: how many episodes of the last evaluation were cut.
        reason: why it ended: "budget", "solved", "interrupted" or "stopped".
    """

    def __init__(
        self, plan: Plan, state: State, options: Options, *, folder: Path | None, metrics: MetricsFile | None,
        callbacks: Sequence[Callback], mode: str = "eager", outcome: Outcome | None = None, owed: bool = False,
        fixed: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.state, self.options, self.folder = plan, state, options, folder
        self.outcome, self.owed, self.cut = outcome or Outcome(), owed, 0
        self._fixed = dict(fixed or {})
        self.reason = ""
        self._metrics, self._callbacks = metrics, tuple(callbacks)
        self.agent = Agent(plan, state.online, state.carries, state.device, options.seed, times=state.counters)
        self._loop = Loop(state, compiler(mode), ArrayCall if mode == "numpy" else Call)
        self._shown = Numbers(
            {name: source for part in (plan.act, plan.learn) for name, source in part.numbers.items()},
            torch.device("cpu"),
        )
        self._began = time.perf_counter() - self.outcome.seconds
        self._past = state.counters.env_steps
        self._interrupts = Interrupts()
        self._next_tick = 0.0

    # -- events --------------------------------------------------------------------------------------------------

    def seconds(self) -> float:
        """Wall clock since the run began, over all its parts."""
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
        with self._interrupts.heard():
            if self.owed and self.state.counters.env_steps < self.options.steps:  # else it is the last one
                self.evaluate()
            if not self._stopping():
                self._go()
            self._close()
        return self.reason

    def _go(self) -> None:
        for _ in self._loop.steps():
            self._report()
            self._tick()
            if self._stopping():
                return

    def _stopping(self) -> bool:
        return bool(self.reason or self._interrupts.asked)

    def _tick(self) -> None:
        """Say that time passes, if it is time to."""
        now, c = time.perf_counter(), self.state.counters
        if now >= self._next_tick:
            self._next_tick = now + TICK
            self.emit(Tick(c.env_steps, c.updates, c.episodes, self.seconds()))

    def _report(self) -> None:
        """What became due since the last time: finished episodes, a learn report, an evaluation, a checkpoint."""
        counters, past = self.state.counters, self._past
        if self._loop.episodes:
            first = counters.episodes - len(self._loop.episodes) + 1
            for number, (at, index, value, length) in enumerate(self._loop.episodes, first):
                self.emit(EpisodeEnded(at, counters.updates, number, value, length, index, self.seconds()))
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
        self.emit(Learned(counters.env_steps, counters.updates, self._losses() | numbers, self.seconds()))

    def _losses(self) -> dict[str, float]:
        found = {name: float(value) for name, value in self._loop.last.items() if value.ndim == 0}
        return found or self.outcome.learned

    def evaluate(self) -> None:
        """Play greedy episodes, note the result, and keep the best networks; owed where the run is to stop first."""
        counters, outcome, options = self.state.counters, self.outcome, self.options
        try:
            scores = evaluate(
                self.agent, self.plan.recipe.env, options.episodes, evaluation_seed(options),
                steps=options.evaluation_steps, between=self._between,
            )  # fmt: skip
        except BrokenOff:
            self.owed = True
            return
        self.owed, self.cut = False, scores.cut
        best = scores.mean > outcome.best
        outcome.last, outcome.last_std = scores.mean, scores.std
        self.emit(
            Evaluated(
                counters.env_steps, counters.updates, scores.returns, scores.lengths, best, self.seconds(), scores.cut
            )
        )
        if best:
            outcome.best, outcome.best_at = scores.mean, counters.env_steps
            self._write("best", self.state.tree_of_agent())
        threshold = self.plan.facts.reward_threshold
        if threshold is not None and scores.mean >= threshold:
            outcome.solved_at = outcome.solved_at or counters.env_steps
            if options.stop == "solved" and counters.env_steps < options.steps:
                self.reason = "solved"

    def _between(self) -> None:
        """Between two steps of an evaluation."""
        self._tick()
        if self._stopping():
            raise BrokenOff

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint `last`: everything that is needed to go on bit for bit."""
        if self.folder is None:
            return
        self.outcome.seconds, self.outcome.learned = self.seconds(), self._losses()
        position = self._metrics.position() if self._metrics else 0
        outcome = attrs.asdict(self.outcome)
        session = {"outcome": outcome, "owed": self.owed, "metrics": position, "fixed": self._fixed}
        self._write("last", {**self.state.tree(), "session": session})

    def _write(self, kind: str, tree: dict[str, Any]) -> None:
        if self.folder is None:
            return
        path = self.folder / (files.LAST if kind == "last" else files.BEST)
        facts = {"recipe": self.plan.recipe.name, **attrs.asdict(self.state.counters)}
        checkpoint.save(path, tree, meta=facts)
        self.emit(Saved(self.state.counters.env_steps, path, kind, self.seconds()))

    def _close(self) -> None:
        """The last evaluation and the last checkpoint of a run that ended in good order."""
        if not self._stopping():
            if self.options.episodes:
                self.evaluate()
            if not self.owed:
                self.reason = "budget"
        self.reason = self.reason or "interrupted"
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
        return Finished(counters.env_steps, counters.updates, reason, verdict, self.folder, self.seconds())


def verdict_of(session: Session) -> str:
    """One sentence: did it solve its environment, when, and how well does it do now."""
    outcome, steps, facts = session.outcome, session.state.counters.env_steps, session.plan.facts
    episodes = session.options.episodes
    cut = f", {session.cut} of them cut short" if session.cut else ""
    score = f"mean {tenths(outcome.last)} ± {tenths(outcome.last_std)} over {episodes} episodes{cut}"
    score = score if episodes else "not evaluated"
    if session.reason == "interrupted":
        where = " in an evaluation, with which it will go on" if session.owed else ""
        return f"interrupted at {steps:,} steps{where}; everything is saved"
    if facts.reward_threshold is None or not episodes:
        return f"finished {steps:,} steps; {score}"
    if outcome.solved_at:
        kept = (
            ""
            if outcome.last >= facts.reward_threshold
            else f", but the last policy is below {facts.reward_threshold:g}"
        )
        return f"solved at {outcome.solved_at:,} steps{kept}; {score}"
    return f"not solved (threshold {facts.reward_threshold:g}) in {steps:,} steps; {score}; best {tenths(outcome.best)}"
