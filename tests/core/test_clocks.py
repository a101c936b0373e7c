"""Durations say what they count; how often they fire does not depend on how time is cut into pieces."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import EnvSteps, Episodes, OfRun, Updates
from rlblocks._core.clocks import CLOCKS, clock_from_text
from rlblocks._core.errors import FieldError

some = settings(derandomize=True, deadline=None, max_examples=60)
COUNTED = st.sampled_from([EnvSteps, Updates, Episodes])
SHARES = st.floats(1e-6, 10.0) | st.sampled_from([0.1, 0.2, 0.3, 0.05, 1 / 3, 1.0])
CLOCK = st.builds(lambda kind, count: kind(count), COUNTED, st.integers(1, 10**12)) | st.builds(OfRun, SHARES)


@attrs.frozen
class Now:
    """Where a run stands."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    budget: int = 0


@given(CLOCK)
@some
def test_a_clock_is_its_text(clock: Any) -> None:
    """clock_from_text(str(clock)) == clock, and so does its repr."""
    assert clock_from_text(str(clock)) == clock
    assert eval(repr(clock), {kind.__name__: kind for kind in CLOCKS.values()}) == clock


@given(COUNTED, st.integers(1, 500), st.integers(0, 14_000))
@some
def test_a_clock_has_fired_once_for_each_time_it_was_full(kind: Any, count: int, now: int) -> None:
    """After t units ⌊t/k⌋ times."""
    assert kind(count).fired(Now(env_steps=now, updates=now, episodes=now)) == now // count


@given(st.integers(1, 60), st.integers(1, 50_000), st.floats(0, 1))
@some
def test_shares_fire_exactly(parts: int, budget: int, share: float) -> None:
    """Every hundredths of a run have fired ⌊steps / (share · budget)⌋ times, in exact arithmetic."""
    steps = round(share * budget)
    clock = OfRun(parts / 100)

    assert clock.fired(Now(env_steps=steps, budget=budget)) == Fraction(steps, budget) // Fraction(parts, 100)


def test_a_tenth_of_a_run_fires_ten_times() -> None:
    """In doubles 0.3 // 0.1 is 2."""
    assert [OfRun(0.1).fired(Now(env_steps=n * 100, budget=1_000)) for n in range(11)] == list(range(11))


def test_large_counts_are_exact() -> None:
    """No rounding up just below a count beyond a billion."""
    count = 10**15

    assert EnvSteps(count).fired(Now(env_steps=count - 1)) == 0
    assert EnvSteps(count).fired(Now(env_steps=count)) == 1


def test_each_clock_reads_its_own_counter() -> None:
    """Environment steps, updates, episodes, and the share of the budget."""
    now = Now(env_steps=30, updates=7, episodes=2, budget=120)

    assert [kind(1).now(now) for kind in (EnvSteps, Updates, Episodes)] == [30, 7, 2]
    assert OfRun(0.5).now(now) == 0.25
    assert OfRun(0.5).now(attrs.evolve(now, budget=0)) == 1.0


def test_clocks_do_not_mix() -> None:
    """Equal counts on two clocks are two durations."""
    assert EnvSteps(5) != Updates(5)
    assert len({EnvSteps(5), Updates(5), Episodes(5), EnvSteps(5)}) == 3


@pytest.mark.parametrize("kind", [EnvSteps, Updates, Episodes])
@pytest.mark.parametrize("count", [0, -1, 1.5, 5.0, True, None, "5", float("nan"), float("inf")])
def test_counts_are_whole_and_positive(kind: Any, count: Any) -> None:
    """Anything else is refused, and named."""
    with pytest.raises(FieldError) as caught:
        kind(count)

    assert str(caught.value) == f"{kind.__name__}({count!r}): a duration in {kind.unit} must be a whole number above 0"


@pytest.mark.parametrize("count", [0, -0.5, True, None, float("nan"), float("inf")])
def test_shares_are_positive_and_finite(count: Any) -> None:
    """A share may be any finite number above 0."""
    with pytest.raises(FieldError, match="a duration in of_run must be a share of the run above 0"):
        OfRun(count)


TEXTS = {
    "500 env_steps": EnvSteps(500), "1_000 updates": Updates(1_000), "1e3 env_steps": EnvSteps(1_000),
    " 10 episodes ": Episodes(10), "0.2 of_run": OfRun(0.2), "1 of_run": OfRun(1.0), "500env_steps": EnvSteps(500),
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read(text: str) -> None:
    """Numbers in Python's ways of writing them."""
    assert clock_from_text(text) == TEXTS[text]


WRONG = {
    "500": "'500' names no clock",
    "500 steps": "'steps' is no clock; did you mean 'env_steps'?",
    "500 env_stpes": "'env_stpes' is no clock; did you mean 'env_steps'?",
    "five updates": "'five updates' is not a duration",
    "": "'' is not a duration",
    "1.2.3 updates": "'1.2.3' is not a number",
    "__ updates": "'__' is not a number",
    "1.5 updates": "Updates(1.5): a duration in updates must be a whole number above 0",
    "1e999 env_steps": "EnvSteps(inf): a duration in env_steps must be a whole number above 0",
    "-5 env_steps": "EnvSteps(-5): a duration in env_steps must be a whole number above 0",
}


@pytest.mark.parametrize("text", WRONG)
def test_other_texts_are_refused(text: str) -> None:
    """The message quotes what was written, and says how to write it."""
    with pytest.raises(FieldError) as caught:
        clock_from_text(text)

    assert caught.value.what == WRONG[text]


@given(st.text(max_size=20))
@some
def test_any_text_gives_a_clock_or_says_why_not(text: str) -> None:
    """Nothing but a FieldError is raised."""
    with suppress(FieldError):
        assert clock_from_text(str(clock_from_text(text))) == clock_from_text(text)
