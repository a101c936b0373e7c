"""CAD: what every cadence obeys of a run that goes on: a program reads nothing but how far it has come."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

from rlblocks.cadences import Progress
from rlblocks.cadences.base import Collect, Drain, Op
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.laws.cadences import played


@law("CAD-4", role="cadences", since="0.1", covers=("learning",), examples=15)
def it_resumes_as_if_it_had_never_stopped(case: Case) -> None:
    """From any moment on, a resumed program does what it would have done.

    It reads nothing but the progress.
    """
    scene, trace = played(case)
    k = case.draw(st.integers(0, len(trace) - 1))
    again, rest = scene.play(case.block, trace[k][1]), trace[k + 1 :]
    require(
        totals(again) == totals(rest),
        f"resumed after {trace[k][0]!r} it does {totals(again)[:3]}…, and not {totals(rest)[:3]}…",
    )


def totals(trace: list[tuple[Op, Progress]]) -> list[tuple[str, int, int]]:
    """After every run of operations of one kind, where things stand; how a run is cut into them does not matter."""
    found: list[tuple[str, int, int]] = []
    for op, progress in trace:
        here = (type(op).__name__, progress.env_steps, progress.updates)
        if found and found[-1][0] == here[0]:
            found.pop()
        found.append(here)
    return found


@law("CAD-4a", role="cadences", since="0.1", examples=10)
def it_resumes_inside_of_an_operation(case: Case) -> None:
    """Resumed inside of a run of collects or learns, it completes what was begun.

    A run may stop in the middle of a long collect; the totals at the end are the same.
    """
    scene, trace = played(case)
    k = case.draw(st.integers(0, len(trace) - 1))
    op, after = trace[k]
    before = trace[k - 1][1] if k else scene.start()
    if isinstance(op, Drain):
        return
    size = op.steps // scene.environments if isinstance(op, Collect) else op.updates
    if size > 1:
        part = case.draw(st.integers(1, size - 1), "part")
        half = (
            attrs.evolve(op, steps=part * scene.environments)
            if isinstance(op, Collect)
            else attrs.evolve(op, updates=part)
        )
        again = scene.play(case.block, scene.after(before, half))
        end, due = (again[-1][1] if again else after), trace[-1][1]
        require(
            (end.env_steps, end.updates) == (due.env_steps, due.updates),
            f"resumed {part} into {op!r} it ends with {end}, not {due}",
        )


@law("CAD-6", role="cadences", since="0.1", examples=8)
def programs_are_pure(case: Case) -> None:
    """The same progress gives the same program, however often.

    Two programs of one cadence do not disturb each other.
    """
    scene, trace = played(case)
    other = case.block.program(scene.start(), scene.environments)
    next(other, None)
    require(scene.play(case.block) == trace, "a second program of the same cadence does something else")
