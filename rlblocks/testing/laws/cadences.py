"""CAD: what every cadence obeys: counts add up, ratios are exact, a resumed program goes on as if never stopped."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from rlblocks.cadences import Progress
from rlblocks.cadences.base import Collect, Drain, Learn, Op
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law

MOST = 5_000  # operations, after which a program counts as endless


@attrs.frozen
class Scene:
    """A run without environments, networks or stores: what a program hears back.

    Attributes:
        environments: how many step together.
        budget: environment steps planned.
        capacity: rows that the store can hold.
        lag: rows that the store cannot hand over yet, as one that joins steps.
        steps: of every environment, until a drained store has a complete chunk; 0 where the store is sampled.
        at_once: how many chunks become complete together.
        stopped: learn steps after which the epochs over a chunk end early.
    """

    environments: int
    budget: int
    capacity: int = 10**9
    lag: int = 0
    steps: int = 0
    at_once: int = 1
    stopped: int = 10**9

    def start(self) -> Progress:
        """Nothing has happened."""
        return Progress(0, 0, 0, 0, 0, self.budget)

    def after(self, progress: Progress, op: Op) -> Progress:
        """What the program hears after an operation."""
        match op:
            case Collect(steps=steps, explorer=explorer):
                taken = progress.env_steps + steps
                warm = progress.warmup_steps + (steps if explorer is not None else 0)
                rows = self._complete(taken) if self.steps else max(min(taken - self.lag, self.capacity), 0)
                return attrs.evolve(progress, env_steps=taken, warmup_steps=warm, rows=rows, episodes=taken // 7)
            case Learn(updates=updates):
                return attrs.evolve(progress, updates=progress.updates + updates)
            case Drain(epochs=epochs, minibatches=parts):
                require(progress.rows, f"{op!r} comes when no chunk is complete")
                updates = progress.updates + min(epochs * parts, self.stopped)
                return attrs.evolve(progress, updates=updates, rows=progress.rows - self.steps * self.environments)

    def _complete(self, taken: int) -> int:
        """The rows that a drained store has after so many steps: those of the chunks that this very step completes."""
        rows = self.steps * self.environments * self.at_once
        return 0 if taken % rows else rows

    def play(self, block: Any, progress: Progress | None = None) -> list[tuple[Op, Progress]]:
        """The operations of a program, each with what was heard after it."""
        progress = progress or self.start()
        trace: list[tuple[Op, Progress]] = []
        program = block.program(progress, self.environments)
        op = next(program, None)
        while op is not None:
            require(len(trace) < MOST, f"after {MOST} operations the program has not ended")
            progress = self.after(progress, op)
            trace.append((op, progress))
            try:
                op = program.send(progress)
            except StopIteration:
                break
        return trace


def of_samples(block: Any) -> str:
    """Whether a cadence learns from samples."""
    return "" if block.demands == "sampled" else "it learns from chunks, which has laws of its own"


def scenes(block: Any) -> st.SearchStrategy[Scene]:
    """Runs that end before, in and long after the warm-up, with one and with several environments."""
    if block.demands == "drained":
        return st.builds(
            Scene, st.sampled_from([1, 2, 3, 8]), st.integers(1, 150), steps=st.integers(1, 9),
            at_once=st.sampled_from([1, 1, 3]), stopped=st.sampled_from([10**9, 10**9, 1]),
        )  # fmt: skip
    warm = block.needs()
    budgets = st.integers(1, 60).map(lambda steps: steps + warm) | st.sampled_from([1, max(warm - 1, 1), warm + 173])
    return st.builds(Scene, st.sampled_from([1, 2, 3, 8]), budgets, lag=st.sampled_from([0, 0, 3]))


def played(case: Case) -> tuple[Scene, list[tuple[Op, Progress]]]:
    """A scene and what a program does in it, as part of the example."""
    scene = case.draw(scenes(case.block))
    case.say("from rlblocks.testing.laws.cadences import Scene")
    case.say(f"{scene!r}.play({case.block!r})")
    trace = scene.play(case.block)
    case.saw("learning", any(isinstance(op, Learn | Drain) for op, _ in trace))
    case.saw("several environments", scene.environments > 1)
    case.saw("early stops", scene.stopped == 1)
    case.saw("several chunks at once", scene.at_once > 1)
    return scene, trace


@law("CAD-1", role="cadences", since="0.1", covers=("learning", "several environments"), examples=30)
def the_budget_is_spent(case: Case) -> None:
    """It takes the steps of the budget, and less than one step of every environment more.

    A collect is a multiple of the environments, and above 0.

    Formula: budget ≤ steps < budget + environments
    """
    scene, trace = played(case)
    taken = 0
    for op, progress in trace:
        if isinstance(op, Collect):
            require(
                op.steps > 0 and op.steps % scene.environments == 0,
                f"{op!r} is no multiple of {scene.environments} environments",
            )
            require(
                taken < scene.budget, f"{op!r} comes after {taken} steps, when the budget of {scene.budget} is spent"
            )
        taken = progress.env_steps
    require(scene.budget <= taken < scene.budget + scene.environments, f"of {scene.budget} steps it takes {taken}")


@law("CAD-2", role="cadences", since="0.1", covers=("learning",), examples=20)
def nothing_is_learnt_before_the_warm_up(case: Case) -> None:
    """No learn step comes before the warm-up is over.

    The store holds what the warm-up asks for, and a batch of rows; a drained one a complete chunk.

    Formula: updates > 0 ⇒ rows ≥ warm-up
    """
    _, trace = played(case)
    rows = 0
    for op, progress in trace:
        if isinstance(op, Learn | Drain):
            due = max(case.block.needs(), 1)
            require(rows >= due, f"{op!r} comes with {rows} rows held, and {due} are due")
            require(not isinstance(op, Learn) or op.updates > 0, f"{op!r} is no operation")
        rows = progress.rows


@law(
    "CAD-3",
    role="cadences",
    since="0.1",
    needs=lambda block: "" if oracles.like(block) == "learn_every" else "it is not LearnEvery",
    covers=("learning", "several environments"),
    examples=30,
)
def the_ratio_is_exact(case: Case) -> None:
    """The ratio of learn steps to environment steps is exact at every moment, for any number of environments.

    Before every collect and at the end.

    Formula: learn steps = ⌊updates·⌊(t − warm-up)/every⌋⌋
    """
    block = case.block
    _, trace = played(case)
    ratio, before = Fraction(block.updates).limit_denominator(10**6), None
    for op, progress in [*trace, (None, None)]:
        if before is not None and not isinstance(op, Learn):
            since = before.env_steps - before.warmup_steps
            due = math.floor(ratio * (since // int(block.every.count)))
            require(
                before.updates == due,
                f"after {since} steps since the warm-up it has learnt {before.updates} times, and {due} were due",
            )
        before = progress


@law("CAD-5", role="cadences", since="0.1", needs=of_samples, examples=15)
def the_announced_learn_steps_are_taken(case: Case) -> None:
    """The learn steps that it announces are about those that it takes.

    Within a burst and what the environments step together, and none where there are none.
    """
    scene, trace = played(case)
    if scene.lag:
        return
    found = trace[-1][1].updates
    announced = case.block.updates_planned(scene.budget)
    per_step = max([op.updates for op, _ in trace if isinstance(op, Learn)], default=1)
    slack = per_step * (scene.environments + 1) + 0.1 * found
    require(abs(found - announced) <= slack, f"it announced {announced} learn steps and took {found}")


@law("CAD-8", role="cadences", since="0.1", needs=of_samples, covers=("learning",), examples=15)
def environments_do_not_change_the_ratio(case: Case) -> None:
    """How many environments step together does not change how much is learnt.

    Budgets that all of them divide end with the same counts, up to the warm-up's rounding.
    """
    budget = case.block.needs() + 24 * case.draw(st.integers(1, 6), "k")
    ends = {n: Scene(n, budget).play(case.block) for n in (1, 2, 3, 8)}
    case.saw("learning", any(isinstance(op, Learn) for op, _ in ends[1]))
    alone = ends[1][-1][1]
    for n, trace in ends.items():
        end = trace[-1][1]
        most = max([op.updates for op, _ in trace if isinstance(op, Learn)], default=0)
        slack = 2 * most + math.ceil(most * n)
        require(
            abs(end.updates - alone.updates) <= slack,
            f"{n} environments end with {end.updates} learn steps, one with {alone.updates}",
        )


@law("CAD-9", role="cadences", since="0.1", examples=15)
def the_warm_up_comes_first(case: Case) -> None:
    """The warm-up is in one piece at the start: its explorer is never asked again.

    From the first learn step on, the recipe's own explorer acts.
    """
    scene, trace = played(case)
    over, before = False, scene.start()
    for op, progress in trace:
        if isinstance(op, Collect) and op.explorer is not None:
            require(
                before.rows < max(case.block.needs(), 1), f"{op!r} comes with {before.rows} rows held, which are enough"
            )
        before = progress
        over |= isinstance(op, Learn) or (isinstance(op, Collect) and op.explorer is None)
        require(not (over and isinstance(op, Collect) and op.explorer is not None), f"{op!r} comes after the warm-up")
