"""Schedules one after another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_cases import law, piecewise

from rlblocks._core.clocks import EnvSteps, Updates
from rlblocks._core.errors import FieldError
from rlblocks.schedules import Constant, Linear, Piecewise
from rlblocks.testing.strategies import Moment


@law
@given(piecewise(), st.integers(1, 10**6))
def test_the_last_piece_goes_on(schedule, later):
    """After the last duration the last piece is still asked."""
    began = sum(before.over.count for before in schedule.pieces[:-1])

    assert schedule.at(began + later) == schedule.pieces[-1].at(later)


@law
@given(piecewise(), st.integers(0, 10**6))
def test_pieces_of_pieces_are_pieces(schedule, t):
    """A piecewise schedule as the only piece of another changes nothing."""
    assert Piecewise((schedule,)).at(t) == schedule.at(t)


def test_hand_worked_values():
    """Warm up over 10 updates, fall over 100, stay."""
    warmed = Piecewise((Linear(0.0, 1.0, over=Updates(10)), Linear(1.0, 0.5, over=Updates(100)), Constant(0.1)))

    assert [warmed.at(t) for t in (0, 5, 10, 60, 109, 110)] == [0.0, 0.5, 1.0, 0.75, 0.505, 0.1]
    assert warmed.over == Updates(110)
    assert warmed.value(Moment(env_steps=999, updates=60)) == 0.75


def test_pieces_on_two_clocks_are_refused():
    """The message names both clocks."""
    with pytest.raises(FieldError, match=r"EnvSteps, Updates"):
        Piecewise((Linear(0.0, 1.0, over=EnvSteps(10)), Linear(1.0, 0.0, over=Updates(10))))


def test_a_constant_before_the_end_is_refused():
    """Nothing could follow what has no duration; the message says how to hold a value."""
    with pytest.raises(FieldError, match=r"Linear\(0\.5, 0\.5, over=EnvSteps"):
        Piecewise((Constant(0.5), Linear(1.0, 0.0)))


@pytest.mark.parametrize("pieces", [(), (0.5,), Constant(1.0), None])
def test_what_is_no_tuple_of_schedules_is_refused(pieces):
    """Numbers are not converted here, because they would have no duration."""
    with pytest.raises(FieldError, match="tuple of schedules"):
        Piecewise(pieces)


def test_a_list_is_taken_for_a_tuple():
    """A file has lists only."""
    assert Piecewise([Linear(1.0, 0.0)]) == Piecewise((Linear(1.0, 0.0),))


def test_a_constant_alone_is_a_schedule():
    """Its clock is the constant's, which does not matter."""
    assert Piecewise((Constant(0.5),)).value(Moment()) == 0.5
