"""NST: what stores obey that join the rows of several steps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import Subject, as_given, setting, small, tell
from rlblocks.testing.laws.stores import last, stamps
from rlblocks.testing.oracles import like
from rlblocks.testing.streams import ENDS, GAMMA, Rows, Stream, Write, n_step_rows, streams

LARGE = 200
EXACT = 1e-9  # rewards and γ are multiples of powers of two


def joining(block: Block) -> str:
    """Whether a store joins the rows of n steps: by its name or the tag `like`."""
    return "" if like(block) == "n_step" else "it joins no rows"


def by_stamp(rows: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Rows in the order of their stamps, whatever order they were handed on in."""
    order = np.argsort(rows["action"], kind="stable")
    return {key: value[order] for key, value in rows.items()}


def contents(block: Any, stream: Stream) -> dict[str, NDArray[Any]]:
    """What a store holds after a stream, by stamp; nothing as no columns."""
    memory = Subject(block, stream.environments).fill(stream).memory
    return by_stamp(memory.contents()) if len(memory) else {}


def due(stream: Stream, n: int) -> dict[str, NDArray[Any]]:
    """What the oracle makes of a stream, by stamp."""
    rows = [row for _, row in n_step_rows(stream, n)]
    return by_stamp(last(rows, len(rows))) if rows else {}


def drawn(case: Case, capacity: int = LARGE) -> tuple[Any, Stream]:
    """A store and a stream, as part of the example."""
    block, stream = small(case.block, capacity), case.draw(streams())
    tell(case, block, stream)
    return block, stream


def changed(stream: Stream, change: Any) -> Stream:
    """The stream with every row changed."""
    return Stream(
        stream.environments,
        tuple(
            Write(tuple(change(dict(row)) for row in write.rows), write.environments, write.texts)
            for write in stream.writes
        ),
    )


@law(
    "NST-1",
    role="stores",
    since="0.1",
    needs=joining,
    covers=(*ENDS, "environments out of phase", "shorter than n"),
    examples=40,
)
def rows_are_those_of_a_loop(case: Case) -> None:
    """Its rows are those of a loop over each environment's episodes.

    All of them complete, none of two episodes or environments; first columns of the first row, last ones of the last.

    Formula: (s_t, a_t, Σ_{k<m} γᵏ r_{t+k}, γᵐ, s_{t+m}, flags), m = min(n, steps to the end)

    Reference: Sutton and Barto (2018), equation 7.1.
    """
    block, stream = drawn(case)
    expected = due(stream, block.n)
    case.saw("shorter than n", bool(expected) and bool(((expected["discount"] > GAMMA**block.n) & (block.n > 1)).any()))
    case.saw("shorter than n", block.n == 1)
    same(contents(block, stream), expected, "the contents")


@law("NST-1a", role="stores", since="0.1", needs=joining, covers=("a wrapped memory",), examples=25)
def the_newest_joined_rows_stay(case: Case) -> None:
    """Of more rows than it holds, the ones completed last stay.

    Rows completed by one and the same step may be dropped in any order.
    """
    block, stream = drawn(case, case.draw(st.integers(1, 6)))
    rows, capacity = n_step_rows(stream, block.n), setting(block, "capacity")
    case.saw("a wrapped memory", len(rows) > capacity)
    held = Counter(stamps(contents(block, stream))) if rows else Counter()
    require(held.total() == min(len(rows), capacity), f"of {len(rows)} rows it holds {held.total()}")
    oldest = rows[max(len(rows) - capacity, 0)][0] if rows else 0
    must = Counter(int(row["action"]) for write, row in rows if write > oldest)
    may = Counter(int(row["action"]) for write, row in rows if write >= oldest)
    require(must <= held <= may, f"it holds the rows {sorted(held)}, and {sorted(may)} are the newest")


@law("NST-2", role="stores", since="0.1", needs=joining, covers=("a termination", "a truncation"), examples=20)
def discounts_are_of_the_rows_own_steps(case: Case) -> None:
    """The discount of a row is γᵐ for its own m steps, and 0 exactly where it is terminated.

    So a truncated tail bootstraps from its true final observation, by its own length.

    Formula: discount = γᵐ·(1 − terminated), 1 ≤ m ≤ n

    Reference: Sutton and Barto (2018), equation 7.1; Pardo et al. (2018).
    """
    block, stream = drawn(case)
    rows = contents(block, stream)
    for i in range(len(rows.get("action", ()))):
        steps = int(rows["next.observation"][i][2] - rows["observation"][i][2])
        require(1 <= steps <= block.n, f"row {i} spans {steps} steps, of at most {block.n}")
        wanted = 0.0 if rows["terminated"][i] else GAMMA**steps
        require(
            rows["discount"][i] == wanted,
            f"row {i} spans {steps} steps and has the discount {rows['discount'][i]}, not {wanted}",
        )


@law("NST-4", role="stores", since="0.1", needs=joining, covers=("an end inside", "several environments"), examples=20)
def other_episodes_do_not_matter(case: Case) -> None:
    """Other episodes and other environments do not reach a row: NaN rewards there change nothing.

    One episode stays clean, everything else is poisoned.
    """
    block, stream = drawn(case)
    chosen = stream.rows()[0]["observation"][:2]

    def poison(row: Rows) -> Rows:
        mine = (row["observation"][:2] == chosen).all()
        return row if mine else {**row, "reward": np.asarray(np.nan)}

    clean, dirty = contents(block, stream), contents(block, changed(stream, poison))
    if clean:
        mine = (clean["observation"][:, :2] == chosen).all(axis=1)
        same(
            {k: v[mine] for k, v in dirty.items()},
            {k: v[mine] for k, v in clean.items()},
            "the rows of the clean episode",
        )


@law("NST-5", role="stores", since="0.1", needs=joining, covers=("several environments",), examples=15)
def interleaving_does_not_matter(case: Case) -> None:
    """Environments one after the other give the rows that they give side by side.

    Pending rows are kept apart for each environment.
    """
    block, stream = drawn(case)
    apart = [
        Write((row,), (e,), ("",)) for e in range(stream.environments) for write in stream.writes
        for row, of in zip(write.rows, write.environments, strict=True) if of == e
    ]  # fmt: skip
    same(contents(block, Stream(stream.environments, tuple(apart))), contents(block, stream), "the contents")


@law("NST-7", role="stores", since="0.1", needs=joining, covers=("an end inside",), examples=20)
def every_step_yields_a_row(case: Case) -> None:
    """An episode of L steps yields L rows, and rows whose steps are not complete cannot be sampled.

    The tail of an episode is handed on as soon as it ends.

    Formula: rows = steps − Σ_e min(steps under way in e, n − 1)
    """
    block, stream = drawn(case)
    running: Counter[int] = Counter()
    for row in stream.rows():
        over = bool(row["terminated"] or row["truncated"])
        running[int(row["observation"][0])] = 0 if over else running[int(row["observation"][0])] + 1
    due_rows = len(stream.rows()) - sum(min(steps, block.n - 1) for steps in running.values())
    found = len(Subject(block, stream.environments).fill(stream).memory)
    require(found == due_rows, f"it holds {found} rows, and {due_rows} are complete")


@law("NST-10", role="stores", since="0.1", needs=joining, examples=12)
def returns_are_linear(case: Case) -> None:
    """Rewards twice as large give returns twice as large, and nothing else.

    Formula: G(2r) = 2·G(r); γ = 0 ⇒ G = r_t
    """
    block, stream = drawn(case)
    once, twice = (
        contents(block, stream),
        contents(block, changed(stream, lambda row: {**row, "reward": 2 * row["reward"]})),
    )
    none = contents(block, changed(stream, lambda row: {**row, "discount": 0 * row["discount"]}))
    if once:
        same(twice["reward"], 2 * once["reward"], "of rewards twice as large, the returns")
        same(
            {k: v for k, v in twice.items() if k != "reward"},
            {k: v for k, v in once.items() if k != "reward"},
            "the other columns",
        )
        first = {int(row["action"]): row["reward"] for row in stream.rows()}
        same(none["reward"], np.array([first[code] for code in stamps(none)]), "with a discount of 0, the returns")


@law("NST-12", role="stores", since="0.1", needs=joining, covers=("an end inside",), examples=12)
def exact_values_are_a_fixed_point(case: Case) -> None:
    """With exact values, return plus discount times the value of the last state is the value of the first.

    Whatever n is; a truncated episode has a value after it, a terminated one has none.

    Formula: v(s_t) = Σ_{k<m} γᵏ r_{t+k} + discount·v(s_{t+m}) for v = r + γ·v′

    Reference: Sutton and Barto (2018), section 7.1.
    """
    block, stream = drawn(case)
    value: dict[tuple[float, ...], float] = {}
    for row in reversed(stream.rows()):
        after = value.get(tuple(row["next.observation"]), 8.0)
        value[tuple(row["observation"])] = float(row["reward"] + row["discount"] * after)
        value.setdefault(tuple(row["next.observation"]), after)
    rows = contents(block, stream)
    for i in range(len(rows.get("action", ()))):
        found = rows["reward"][i] + rows["discount"][i] * value[tuple(rows["next.observation"][i])]
        require(
            abs(found - value[tuple(rows["observation"][i])]) < EXACT,
            f"row {i} backs up {found}, not {value[tuple(rows['observation'][i])]}",
        )


def keeping(block: Block) -> str:
    """Whether a store keeps every row that it was given, as long as there is room."""
    of_pairs = "of a state and an action it keeps the last row alone, which has laws of its own"
    return of_pairs if block.tags.get("takes") == "counted states" else as_given(block)


@law("NST-13", role="stores", since="0.1", needs=keeping, covers=("rows before and behind the cut",), examples=15)
def what_is_cut_joins_nothing(case: Case) -> None:
    """Where the episodes under way end unseen, complete rows stay, and later ones are as if nothing had waited.

    A resumed run asks for that where its environments begin new episodes. What a cut hands on was terminated: there is
    nothing that it could have waited for.
    """
    block, stream = drawn(case)
    later = case.draw(streams(environments=stream.environments))
    tell(case, block, later)
    subject = Subject(block, stream.environments).fill(stream)
    before = rows_in(subject)
    subject.memory.cut()
    kept, many = rows_in(subject), len(before.get("action", ()))
    same({key: column[:many] for key, column in kept.items() if many}, before, "after the cut, the rows")
    require(bool(kept.get("terminated", np.ones(1))[many:].all()), "the cut handed on rows that were not terminated")
    before = kept
    subject.fill(later)
    behind = rows_in(Subject(block, later.environments).fill(later))
    case.saw("rows before and behind the cut", len(before) and len(behind))
    if not (before and behind):
        return
    for key, column in rows_in(subject).items():
        same(column, np.concatenate((before[key], behind[key])), f"with other episodes behind the cut, {key}")


def rows_in(subject: Subject) -> dict[str, NDArray[Any]]:
    """What a memory holds, oldest first; nothing as no columns."""
    return dict(subject.memory.contents()) if len(subject.memory) else {}
