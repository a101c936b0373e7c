"""GEN: what every store obeys that changes: seeded, saved and loaded whole, unchanged by what it refuses."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import Subject, fed, in_order, sampled, small, tell
from rlblocks.testing.laws.general import watched_generators
from rlblocks.testing.strategies import floats
from rlblocks.testing.streams import Stream, streams


def filled(case: Case, *, capacity: int | None = None, seed: int = 0) -> tuple[Subject, Stream]:
    """A small memory after a stream, as part of the example; it may have wrapped."""
    block = small(case.block, case.draw(st.integers(1, 9)) if capacity is None else capacity)
    stream = case.draw(streams())
    tell(case, block, stream)
    subject = Subject(block, stream.environments, seed).fill(stream)
    case.saw("a wrapped memory", len(stream.rows()) > len(subject.memory) > 0)
    return subject, stream


@law("GEN-3", role="stores", since="0.1", examples=8)
def global_generators_are_left_alone(case: Case) -> None:
    """Global generators are neither read nor moved.

    A store draws from its own generator alone.
    """
    subject, _ = filled(case)
    twin = copy.deepcopy(subject)
    with watched_generators():
        first = subject.sample(3) if subject.can_sample(3) else {}
    with watched_generators(seed=2):
        again = twin.sample(3) if twin.can_sample(3) else {}
    same(again, first, "after the global generators were seeded anew, the sample")


@law("GEN-4", role="stores", since="0.1", needs=sampled, examples=8)
def seeds_decide(case: Case) -> None:
    """The same seed draws the same rows, another seed others, and two memories do not disturb each other.

    Two memories of one seed are asked in turn, beside a third of another seed.
    """
    _, stream = filled(case, capacity=64)
    one, two, other = (Subject(small(case.block, 64), stream.environments, seed).fill(stream) for seed in (0, 0, 1))
    if not one.can_sample(1):
        return
    first = [one.sample(1) for _ in range(30)]
    second = [two.sample(1) for _ in range(30) if other.sample(1)]
    same(second, first, "of a second memory with the same seed, the samples")
    steps = np.unique(one.memory.contents()["action"])  # some are held several times, such as with other goals
    if len(steps) > 2 and not in_order(case.block):  # noqa: PLR2004  at chance 2/3³⁰ they would agree
        differs = [other.sample(1)["action"] for _ in range(30)] != [sample["action"] for sample in first]
        require(differs, "another seed drew the same 30 rows")


@law("GEN-5", role="stores", since="0.1", covers=("a wrapped memory",), examples=12)
def it_resumes_exactly(case: Case) -> None:
    """Saved in the middle, loaded into a memory that did other things, it goes on bit-equal.

    Through the checkpoint's format, three times over; pending rows, priorities and the last sample included.

    Formula: load(state(m)) and m answer alike to every later sequence of operations
    """
    subject, stream = filled(case)
    ahead = case.draw(streams(8, stream.environments))
    errors = case.draw(floats(2)).abs().double().numpy()
    if subject.can_sample(2):
        subject.sample(2)
        subject.feed(errors)
    if subject.can_sample(2):
        subject.sample(2)  # it still waits for its errors
    saved = subject.snapshot()
    kept = copy.deepcopy(saved)
    loaded = Subject(subject.block, stream.environments, 99).fill(ahead)
    for _ in range(3):
        loaded.restore(saved)
        same(loaded.snapshot(), saved, "loaded and saved again, the state")
    answers: list[list[Any]] = [[], []]
    for write in ahead.writes:
        for mine, found in zip((subject, loaded), answers, strict=True):
            mine.memory.add(*write.arguments())
            if mine.can_sample(2):
                found.append(mine.sample(2))
                mine.feed(errors)
            found.append(mine.memory.contents() if len(mine.memory) else {})
    same(answers[1], answers[0], "of the loaded memory, the answers")
    same(loaded.snapshot(), subject.snapshot(), "of the loaded memory, the state at the end")
    same(saved, kept, "what was saved")


@law("GEN-5a", role="stores", since="0.1", examples=8)
def states_are_copies(case: Case) -> None:
    """A saved state is a copy: what happens later does not reach it.

    And a memory does not share what it was loaded with.
    """
    subject, stream = filled(case)
    state = subject.memory.state()
    kept = copy.deepcopy(state)
    subject.fill(case.draw(streams(5, stream.environments)))
    same(state, kept, "after more was written, a state that was saved before")
    subject.memory.load(state)
    subject.fill(case.draw(streams(5, stream.environments)))
    same(state, kept, "after more was written, a state that was loaded before")


@law("GEN-21", role="stores", since="0.1", examples=10)
def misfits_change_nothing(case: Case) -> None:
    """Rows that it was not built for are refused, and nothing has changed.

    A column too few, too many, of another shape, or of floats where integers are due.
    """
    subject, stream = filled(case)
    before, (rows, who) = subject.snapshot(), stream.writes[0].arguments()
    wrong = {
        "a column too few": {key: value for key, value in rows.items() if key != "log_prob"},
        "a column too many": {**rows, "surplus": rows["reward"]},
        "rewards of shape [B, 1]": {**rows, "reward": rows["reward"][:, None]},
        "a row less in one column": {**rows, "reward": rows["reward"][:-1]},
        "float actions": {**rows, "action": rows["action"] + 0.5},
    }
    name = case.draw(st.sampled_from(list(wrong)), "wrong")
    try:
        subject.memory.add(wrong[name], who)
    except Exception:  # noqa: BLE001  any refusal is one
        same(subject.snapshot(), before, "after the refusal the state")
    else:
        require(False, f"rows with {name} were taken")


@law(
    "GEN-21a",
    role="stores",
    since="0.1",
    needs=lambda block: "" if fed(block) else "it asks for nothing back",
    examples=10,
)
def bad_errors_change_nothing(case: Case) -> None:
    """Errors that are no numbers at least 0 are refused, and nothing has changed; the refusal says which number it was.

    NaN, below 0, infinite, in any place, beside errors of 0 and others; too few or too many.
    """
    subject, _ = filled(case)
    if not subject.can_sample(3):
        return
    subject.sample(3)
    before = subject.snapshot()
    given = {"nan": np.nan, "-1": -1.0, "inf": np.inf, "too few": [0.5, 0.0], "too many": [0.5] * 4}
    name = case.draw(st.sampled_from(list(given)), "bad")
    errors = np.array(given[name], float)
    if not errors.ndim:
        errors = np.insert([0.0, 0.5], case.draw(st.integers(0, 2), "place"), errors)
    try:
        subject.feed(errors)
    except Exception as error:  # noqa: BLE001  any refusal is one
        same(subject.snapshot(), before, "after the refusal the state")
        named = name in str(error).lower()
        require(named or name.startswith("too"), f"the error {name} was refused, and not named: {error}")
    else:
        require(False, f"the errors {errors.tolist()} were taken")


@law("GEN-21b", role="stores", since="0.1", examples=4)
def refused_samples_change_nothing(case: Case) -> None:
    """What cannot be sampled is refused: nothing is drawn, nothing has changed.

    From an empty memory, no rows, and columns that there are not.
    """
    subject = Subject(small(case.block, 4), 1)
    before = subject.snapshot()
    for batch in (1, 0):
        case.say(f"memory.sample({batch}, ...)  # of an empty memory")
        try:
            subject.sample(batch)
        except Exception:  # noqa: BLE001  any refusal is one
            same(subject.snapshot(), before, "after the refusal the state")
        else:
            require(False, f"{batch} rows of an empty memory were handed over")
