"""The laws SCH on every schedule."""

from __future__ import annotations

import schedule_laws as laws
from hypothesis import given
from hypothesis import strategies as st
from schedule_laws import clocks, duration, law, ramps, schedules

shares = st.lists(st.floats(-0.5, 3.0), min_size=1, max_size=12)


@law
@given(ramps, st.floats(0, 1e9))
def test_it_goes_from_its_start_to_its_end(schedule, later):
    """SCH-1: v(0) is the start, v(D) and all after it the end, exactly."""
    laws.sch_1_ends(schedule, schedule.start, schedule.end, later)


@law
@given(ramps, shares)
def test_it_moves_in_one_direction(schedule, parts):
    """SCH-2: ramps are monotone and stay between their ends, rounding included."""
    laws.sch_2_monotone_and_inside(schedule, [part * duration(schedule) for part in parts])


@law
@given(schedules, shares)
def test_it_stays_in_its_span(schedule, parts):
    """SCH-2: no value lies outside of the span that fields check."""
    laws.sch_2_inside(schedule, [part * duration(schedule) for part in parts])


@law
@given(schedules, shares)
def test_it_is_pure_in_time(schedule, parts):
    """SCH-4: it may be asked in any order."""
    laws.sch_4_pure_in_time(schedule, [part * duration(schedule) for part in parts])


@law
@given(schedules, st.lists(st.integers(1, 40), max_size=8))
def test_chunks_of_time_do_not_matter(schedule, chunks):
    """SCH-5: what was asked on the way leaves no trace."""
    laws.sch_5_chunks(schedule, chunks)


@law
@given(ramps)
def test_it_moves(schedule):
    """SCH-6: a ramp whose ends differ has left its start at D."""
    laws.sch_6_lives(schedule, schedule.start, schedule.end)


@law
@given(schedules)
def test_it_is_finite_at_all_times(schedule):
    """SCH-7: neither time 0 nor times past 2⁵³ give more than its extreme values."""
    laws.sch_7_finite(schedule)


@law
@given(schedules)
def test_it_is_a_value(schedule):
    """SCH-9: made again from its own fields it is equal, however often."""
    laws.sch_9_copies(schedule)


@law
@given(schedules, st.floats(0, 1e9))
def test_it_returns_floats(schedule, t):
    """SCH-10: tensors and numpy scalars never leak into a schedule's values."""
    laws.sch_10_float(schedule, t)


@law
@given(clocks, st.data())
def test_it_reads_the_clock_of_its_duration(clock, data):
    """A ramp over updates does not listen to environment steps, and so on for each clock."""
    kind = data.draw(st.sampled_from([laws.Linear, laws.Cosine, laws.Exponential]))
    laws.reads_its_clock(kind(0.0, 1.0, over=clock), clock)
