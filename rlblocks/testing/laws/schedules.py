"""SCH: what every schedule obeys: a number that is pure in time, inside its span, and at its end where it says."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.files import plain
from rlblocks._core.structure import structured
from rlblocks.schedules.base import Schedule
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.strategies import Moment, chunks, moments

FAR = (2.0**31 + 1, 2.0**53 + 2, 1e18)


def ends(block: Any) -> str:
    """Whether a schedule promises to be at its end from D on."""
    return "" if block.tags.get("tail", "end") == "end" else f"its tail is {block.tags['tail']!r}, not 'end'"


def one_piece(block: Any) -> str:
    """Whether a schedule has no knots, so that it goes one way."""
    return "its tags say that it has knots" if "knots" in block.tags else ""


def times(block: Any) -> st.SearchStrategy[float]:
    """Times from before the start to far beyond the end, the knots and their neighbours among them."""
    duration = block.over.count
    marks = [0, 1, duration, duration / 2, duration * 2, *_knots(block)]
    near = sorted({max(mark + step, 0) for mark in marks for step in (-1, 0, 1)})
    return st.sampled_from(near) | st.floats(0, 3 * duration) | st.sampled_from(FAR)


def _knots(block: Any) -> list[float]:
    """Where one piece ends and the next begins."""
    found, at = [], 0.0
    for piece in getattr(block, "pieces", ())[:-1]:
        at += piece.over.count
        found.append(at)
    return found


def value_at(case: Case, t: float) -> float:
    """The value at a time, as part of the example."""
    case.say(f"{case.block!r}.at({t!r})")
    return case.block.at(t)  # type: ignore[no-any-return]


@law("SCH-1", role="schedules", since="0.1", needs=ends)
def the_end_is_held(case: Case) -> None:
    """From D on it is v(D), exactly.

    A run that goes on after the schedule's end does not move it.

    Formula: v(D + t) = v(D), for t ≥ 0
    """
    duration, t = case.block.over.count, case.draw(times(case.block))
    last = value_at(case, duration)
    require(value_at(case, duration + t) == last, f"the value {t} after the end is not that at the end, {last}")


@law("SCH-1a", role="schedules", since="0.1")
def the_start_is_held(case: Case) -> None:
    """Before 0 it is v(0), exactly, whether or not it ever ends.

    So that nothing moves by rounding when a run begins.

    Formula: v(−t) = v(0), for t ≥ 0
    """
    t = case.draw(times(case.block))
    first = case.block.at(0)
    require(value_at(case, -t) == first, f"the value {t} before the start is not that at the start, {first}")


@law("SCH-2", role="schedules", since="0.1", needs=one_piece, examples=30)
def it_is_monotone(case: Case) -> None:
    """It goes from its start to its end without turning back.

    Between two times it never moves away from its end.

    Formula: t ≤ u ⇒ |v(u) − v(∞)| ≤ |v(t) − v(∞)|
    """
    block, rising = case.block, case.block.at(1e18) >= case.block.at(0)
    asked = [(t, value_at(case, t)) for t in sorted(case.draw(st.lists(times(block), min_size=2, max_size=8)))]
    for (first, before), (second, after) in pairwise(asked):
        require(
            before <= after if rising else before >= after,
            f"it is {before} at {first} and {after} at {second} on its way from {block.at(0)} to {block.at(1e18)}",
        )


@law("SCH-2a", role="schedules", since="0.1", examples=25)
def values_lie_in_the_span(case: Case) -> None:
    """No value lies outside of its span.

    What a field was checked against holds for every value.

    Formula: min span ≤ v(t) ≤ max span
    """
    found, span = value_at(case, case.draw(times(case.block))), case.block.span()
    require(min(span) <= found <= max(span), f"the value {found} lies outside of the span {span}")


@law("SCH-3", role="schedules", since="0.1", needs=oracles.unknown, examples=30)
def equals_its_equation(case: Case) -> None:
    """It equals its equation.

    The straight line to 2 units in the last place of exact fractions.

    Formula: linear: a + (b − a)·s; cosine: b + (a − b)·(1 + cos πs)/2; exponential: b + (a − b)·exp(−t/D); with s =
    min(max(t/D, 0), 1)

    Reference: cosine: Loshchilov and Hutter (2017), equation 5.
    """
    t = case.draw(times(case.block))
    found, due = value_at(case, t), oracles.SCHEDULES[oracles.like(case.block)](case.block, t)
    scale = max(map(abs, case.block.span()))
    require(
        abs(found - due) <= 2 * math.ulp(scale) + 1e-9 * scale * (oracles.like(case.block) != "linear"),
        f"the value at {t} is {found!r}, but must be {due!r}",
    )


@law("SCH-4", role="schedules", since="0.1")
def any_order_of_times(case: Case) -> None:
    """It is pure in time: asked about any times in any order, it answers the same.

    So a resumed run reads what an uninterrupted one would.

    Formula: v(t) is a function of t alone
    """
    asked = case.draw(st.lists(times(case.block), min_size=2, max_size=6), "times")
    forward = {t: case.block.at(t) for t in asked}
    backward = {t: case.block.at(t) for t in reversed(asked)}
    require(forward == backward, f"it answered {forward}, and in the other order {backward}")


@law("SCH-5", role="schedules", since="0.1")
def chunks_do_not_matter(case: Case) -> None:
    """How time is divided into steps does not matter, nor what other clocks count.

    Nothing is remembered of earlier times.

    Formula: value(times) = v(clock(times))
    """
    block, total = case.block, case.draw(st.integers(1, 300), "total")
    reached = 0
    for part in case.draw(chunks(total), "chunks"):
        reached += part
        block.value(Moment(env_steps=reached, updates=reached, episodes=reached))
    moment = case.draw(moments(), "moment")
    require(
        block.value(moment) == block.at(block.over.now(moment)), f"value({moment}) is not at({block.over.now(moment)})"
    )
    here = Moment(total, total, total)
    require(block.value(here) == block.at(block.over.now(here)), "after those steps it is not what it is at once")


@law("SCH-6", role="schedules", since="0.1", examples=1)
def it_moves(case: Case) -> None:
    """If it has two ends, it moves between them.

    At D it is not still where it started.

    Formula: min span < max span ⇒ v(t) ≠ v(0) for some t in {D/4, D/2, 3D/4, D}
    """
    block = case.block
    start, span = value_at(case, 0), block.span()
    if min(span) != max(span):
        far = [block.at(share * block.over.count) for share in (0.25, 0.5, 0.75, 1.0)]
        require(any(value != start for value in far), f"it is {start} at every quarter of its duration")


@law("SCH-7", role="schedules", since="0.1", examples=5)
def it_is_finite(case: Case) -> None:
    """At any time, however late, it is a finite number.

    Beyond 2³¹ and 2⁵³ as well.
    """
    for t in (0, 1, *FAR):
        require(math.isfinite(value_at(case, t)), f"at {t} it is {case.block.at(t)}")


@law(
    "SCH-8",
    role="schedules",
    since="0.1",
    needs=lambda block: "" if getattr(block, "pieces", ()) else "it has no pieces",
    examples=10,
)
def pieces_have_local_time(case: Case) -> None:
    """At a knot the piece rules that begins there, in its own local time.

    Every piece is asked for the time since it began.

    Formula: v(b_k + t) = v_k(t) for 0 ≤ t < D_k, with b_k = Σ_{j<k} D_j
    """
    block: Any = case.block
    for piece, begins in zip(block.pieces, [0.0, *_knots(block)], strict=True):
        last = piece is block.pieces[-1]
        inside = case.draw(st.floats(0, piece.over.count, exclude_max=not last))
        if last or begins + inside < begins + piece.over.count:
            found, due = value_at(case, begins + inside), piece.at((begins + inside) - begins)
            require(
                math.isclose(found, due, rel_tol=1e-9, abs_tol=1e-12),
                f"{inside} into {piece!r} it is {found}, not {due}",
            )


def writable(block: Block) -> str:
    """Whether a schedule can be written to a file: only what is registered can be read back."""
    from rlblocks._core.block import blocks_of

    registered = blocks_of(block.role).get(type(block).registered_name) is type(block)
    return "" if registered else "it is not registered, so no file can name it"


@law("SCH-9", role="schedules", since="0.1", needs=writable, examples=1)
def files_keep_it(case: Case) -> None:
    """Written to a file and read back, three times, it is the same.

    No field is rescaled on the way.
    """
    found = case.block
    for _ in range(3):
        found = structured(plain(found, Schedule), Schedule)
    require(found == case.block, f"after three times it is {found!r}")


@law("SCH-10", role="schedules", since="0.1")
def it_returns_floats(case: Case) -> None:
    """It returns a plain float.

    Not an int, a numpy scalar or a tensor: loggers and files would show the difference.
    """
    found = value_at(case, case.draw(times(case.block)))
    require(type(found) is float, f"it returned {found!r} of type {type(found).__name__}")
