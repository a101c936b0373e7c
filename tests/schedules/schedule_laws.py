"""The laws of schedules as functions of one schedule, and the schedules and times to ask them of."""

from __future__ import annotations

import attrs
from hypothesis import settings
from hypothesis import strategies as st

from rlblocks._core.clocks import Clock, EnvSteps, Episodes, OfRun, Updates
from rlblocks.schedules import Constant, Cosine, Exponential, Linear, Piecewise, Schedule

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)

values = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 0.05, -1.0])
counts = st.integers(1, 5) | st.integers(1, 10**7)
clocks = (
    st.builds(EnvSteps, counts)
    | st.builds(Updates, counts)
    | st.builds(Episodes, counts)
    | st.builds(OfRun, st.floats(0.01, 1.0))
)
ramps = st.one_of(*(st.builds(kind, values, values, over=clocks) for kind in (Linear, Cosine, Exponential)))


@st.composite
def piecewise(draw: st.DrawFn) -> Piecewise:
    """Ramps of any kind on one clock, now and then with a constant at the end."""
    kinds = draw(st.lists(st.sampled_from([Linear, Cosine, Exponential]), min_size=1, max_size=4))
    pieces = [kind(draw(values), draw(values), over=Updates(draw(counts))) for kind in kinds]
    tail = [Constant(draw(values))] if draw(st.booleans()) else []
    return Piecewise((*pieces, *tail))


schedules = ramps | st.builds(Constant, values) | piecewise()


@attrs.frozen
class At:
    """A run that stands at these times."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    budget: int = 100


def duration(schedule: Schedule) -> float:
    """D in units of the schedule's clock."""
    return schedule.over.count


def sch_1_ends(schedule: Schedule, start: float, end: float, later: float) -> None:
    """It begins at its start, and from D on it is exactly its end where its tail says so."""
    assert schedule.at(0) == start
    if schedule.tags["tail"] == "end":
        assert schedule.at(duration(schedule)) == schedule.at(duration(schedule) + later) == end


def sch_2_monotone_and_inside(schedule: Schedule, times: list[float]) -> None:
    """It moves in one direction and never leaves its span."""
    found = [schedule.at(t) for t in sorted(times)]
    assert found == sorted(found) or found == sorted(found, reverse=True)
    sch_2_inside(schedule, times)


def sch_2_inside(schedule: Schedule, times: list[float]) -> None:
    """It never leaves its span."""
    assert all(min(schedule.span()) <= schedule.at(t) <= max(schedule.span()) for t in times)


def sch_4_pure_in_time(schedule: Schedule, times: list[float]) -> None:
    """The order in which it is asked does not matter."""
    asked = {t: schedule.at(t) for t in times}
    assert [schedule.at(t) for t in reversed(times)] == [asked[t] for t in reversed(times)]


def sch_5_chunks(schedule: Schedule, chunks: list[int]) -> None:
    """Going on by chunks gives what going on at once gives, on every clock."""
    reached = 0
    for chunk in chunks:
        reached += chunk
        schedule.value(At(reached, reached, reached))
    n = sum(chunks)
    assert schedule.value(At(reached, reached, reached)) == schedule.value(At(n, n, n))


def sch_6_lives(schedule: Schedule, start: float, end: float) -> None:
    """Where start and end differ, it has moved by D."""
    assert start == end or schedule.at(duration(schedule)) != start


def sch_7_finite(schedule: Schedule) -> None:
    """It is finite before 0, at 0, and at times beyond the integers that a float tells apart."""
    for t in (-1, 0, 1, 2**31 + 1, 2**53 + 1, 10**30):
        assert abs(schedule.at(t)) <= max(abs(end) for end in schedule.span())


def sch_9_copies(schedule: Schedule) -> None:
    """Making it anew from its fields, three times over, changes nothing."""
    made = schedule
    for _ in range(3):
        made = type(made)(**{field.name: getattr(made, field.name) for field in attrs.fields(type(made))})
    assert made == schedule
    assert hash(made) == hash(schedule)


def sch_10_float(schedule: Schedule, t: float) -> None:
    """It returns a Python float."""
    assert type(schedule.at(t)) is float
    assert all(type(end) is float for end in schedule.span())


def reads_its_clock(schedule: Schedule, clock: Clock) -> None:
    """Its value at a run's times is its value at the reading of its clock."""
    times = At(env_steps=7, updates=5, episodes=3, budget=70)
    assert schedule.value(times) == schedule.at(clock.now(times))
