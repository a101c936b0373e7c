"""Fields of blocks refuse what they do not take, when the block is made."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import EnvSteps, Episodes, OfRun, Updates
from rlblocks._core import fields
from rlblocks._core.errors import FieldError
from rlblocks.losses import Huber
from rlblocks.schedules import Constant, Linear
from rlblocks.stores import UniformReplay
from rlblocks.targets import MaxQ

some = settings(derandomize=True, deadline=None, max_examples=60)


@attrs.frozen
class Knobs:
    """One field of each kind."""

    share: float = fields.number(0.5, ge=0.0, lt=1.0)
    free: float = fields.number(0.0)
    count: int = fields.integer(3, ge=1, le=9, unit="rows")
    rate: Any = fields.schedule(0.1, ge=0.0, le=1.0)  # noqa: RUF009  a field, not a value
    target: Any = fields.slot("targets", MaxQ)
    every: Any = fields.duration(EnvSteps(5), clocks=(EnvSteps, Updates))
    kind: str = fields.choice(("relu", "tanh"), "relu")
    widths: Any = fields.sizes((8,))  # noqa: RUF009
    name: str = fields.text("x")


def refusal(**given: Any) -> str:
    with pytest.raises(FieldError) as caught:
        Knobs(**given)
    return str(caught.value)


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers())
@some
def test_a_number_is_finite_and_in_its_range(value: float) -> None:
    """Exactly the finite numbers in the range are taken, and they are kept as they are."""
    fits = not (isinstance(value, float) and not math.isfinite(value)) and 0 <= value < 1
    if fits:
        assert Knobs(share=value).share == value
    else:
        assert "Knobs.share is" in refusal(share=value)


@pytest.mark.parametrize("value", [True, False, None, "0.5", 1j, [0.5], np.bool_(True)])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """A bool is no number, and a text is not read as one."""
    assert refusal(share=value) == f"Knobs.share is {value!r}, but must be a number, at least 0 and below 1"


@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["great", "small"])
def test_an_integer_that_no_double_can_hold_is_no_finite_number(value: int) -> None:
    """Refused like infinity, not by an OverflowError."""
    assert "but must be a finite number" in refusal(free=value)
    assert "Knobs.rate is" in refusal(rate=value)


def test_a_range_is_told_with_its_ends() -> None:
    """At least, above, at most and below, with the unit."""
    assert refusal(share=1.0) == "Knobs.share is 1.0, but must be a finite number, at least 0 and below 1"
    assert refusal(count=0) == "Knobs.count is 0, but must be a whole number, at least 1 and at most 9 (rows)"
    assert refusal(free=float("inf")) == "Knobs.free is inf, but must be a finite number"


@pytest.mark.parametrize("value", [True, 3.0, "3", None, 0, 10, np.int64(3)])
def test_a_whole_number_is_an_int_in_its_range(value: Any) -> None:
    """3.0 is not a whole number, and True is not 1."""
    assert refusal(count=value).startswith(f"Knobs.count is {value!r}, but must be a whole number")


def test_a_number_stands_for_a_constant_schedule() -> None:
    """And a schedule for itself."""
    assert Knobs(rate=0.3).rate == Constant(0.3)
    assert Knobs().rate == Constant(0.1)
    assert Knobs(rate=Linear(1.0, 0.0, over=EnvSteps(9))).rate == Linear(1.0, 0.0, over=EnvSteps(9))


def test_a_schedule_stays_in_its_range() -> None:
    """The ends of a schedule are compared with the range; no number, NaN and infinity are refused."""
    steep = Linear(1.5, 0.0, over=EnvSteps(9))

    assert refusal(rate=steep).endswith("a schedule whose values are at least 0 and at most 1")
    for value in (True, "0.1", float("nan"), float("inf"), None):
        assert refusal(rate=value).endswith("a finite number or a schedule, at least 0 and at most 1")


def test_a_slot_takes_a_block_of_its_role() -> None:
    """Not one of another role, not its class, not a number."""
    assert refusal(target=Huber()).startswith("Knobs.target holds a Huber of role 'losses', but takes a block of role")
    assert refusal(target=MaxQ).splitlines()[1] == "  fix: make the block first: MaxQ()"
    assert "double_q, expected_sarsa, max_q" in refusal(target=3)


def test_a_duration_says_its_clock() -> None:
    """A text is read; a bare number and another clock are refused."""
    assert Knobs(every="7 updates").every == Updates(7)
    expected = "but must be a duration on a clock: EnvSteps, Updates"

    assert refusal(every=7) == f"Knobs.every is 7, {expected}\n  fix: say which clock counts: EnvSteps(7)"
    assert refusal(every=Episodes(7)) == f"Knobs.every is Episodes(7), {expected}"
    assert "'updtes' is no clock" in refusal(every="7 updtes")


def test_any_clock_is_taken_where_none_is_named() -> None:
    """The message then names all four."""

    @attrs.frozen
    class Free:
        every: Any = fields.duration()

    assert Free(every=OfRun(0.5)).every == OfRun(0.5)
    with pytest.raises(FieldError, match="EnvSteps, Updates, Episodes or OfRun"):
        Free(every=0.5)


def test_a_choice_offers_the_nearest_name() -> None:
    """And names all."""
    assert refusal(kind="rleu") == "Knobs.kind is 'rleu', but must be one of relu, tanh\n  fix: did you mean 'relu'?"
    assert "Knobs.kind is 3" in refusal(kind=3)


@pytest.mark.parametrize("value", [(8, 0), (8, True), (8.0,), 8, "88", None, ([8],)])
def test_sizes_are_positive_whole_numbers(value: Any) -> None:
    """In a tuple; a list becomes one."""
    assert Knobs(widths=[4, 5]).widths == (4, 5)
    assert Knobs(widths=()).widths == ()
    assert refusal(widths=value).startswith(f"Knobs.widths is {value!r}, but must be a tuple of whole numbers")


@pytest.mark.parametrize("value", ["", None, 3])
def test_a_text_is_not_empty(value: Any) -> None:
    """And is a text."""
    assert refusal(name=value) == f"Knobs.name is {value!r}, but must be a non-empty text"


def test_an_error_carries_its_facts() -> None:
    """Programs read attributes, people read the sentence."""
    with pytest.raises(FieldError) as caught:
        UniformReplay(-1)

    assert caught.value.facts["block"] == "UniformReplay"
    assert caught.value.facts["field"] == "capacity"
    assert caught.value.facts["value"] == -1
    assert isinstance(caught.value, ValueError)
