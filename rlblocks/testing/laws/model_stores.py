"""MDL: what stores obey that generate rows from what followed each state and action."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.stores.base import StoreSpec
from rlblocks.testing._binomial import frequencies
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing._memories import through_checkpoint
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import raw_bytes

STATES, ACTIONS, DRAWS = 3, 2, 6_000
COLUMNS = {
    "observation": Spec((), "int64", n=STATES),
    "action": Spec((), "int64", n=ACTIONS),
    "stamp": Spec((), "int64"),
}
KEYS = tuple(COLUMNS)
Pair = tuple[int, int]
Transition = tuple[int, int, int]  # state, action, and a number of its own


def modelling(block: Block) -> str:
    """Whether a store generates rows: by its name or the tag `like`."""
    return "" if like(block) == "model" else "it generates no rows"


class Lived:
    """A memory, what was written, and what of it waits to be handed over.

    Attributes:
        memory: the memory.
        generator: its source of randomness.
        wrote: every row, in order.
        waits: those of the last write that were not handed over, in order.
    """

    def __init__(self, block: Any, environments: int) -> None:
        self.generator = np.random.default_rng(0)
        self.memory: Any = block.build(StoreSpec(COLUMNS, environments, self.generator))
        self.wrote: list[Transition] = []
        self.waits: list[Transition] = []

    def write(self, case: Case, step: list[Pair]) -> None:
        """One row of each environment."""
        rows = [(state, action, len(self.wrote) + i) for i, (state, action) in enumerate(step)]
        columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
        case.say(f"memory.add({dict(zip(KEYS, (c.tolist() for c in columns), strict=True))}, {len(rows)} environments)")
        self.memory.add(dict(zip(KEYS, columns, strict=True)), np.arange(len(rows)))
        self.wrote, self.waits = self.wrote + rows, rows

    def model(self) -> set[Transition]:
        """The last row of each pair."""
        return set({row[:2]: row for row in self.wrote}.values())

    def sample(self, case: Case, batch: int) -> tuple[list[Transition], list[Transition]]:
        """A batch: the rows that had to be handed over, as they came, and the generated ones."""
        case.say(f"memory.sample({batch}, {KEYS})")
        rows = _rows(self.memory.sample(batch, KEYS))
        require(len(rows) == batch, f"of {batch} rows it handed over {len(rows)}")
        due, self.waits = self.waits[:batch], self.waits[batch:]
        require(rows[: len(due)] == due, f"it handed over {rows[: len(due)]}, and the new rows {due} were due")
        return due, rows[len(due) :]


def _rows(columns: dict[str, NDArray[Any]]) -> list[Transition]:
    return [(int(s), int(a), int(k)) for s, a, k in zip(*(columns[key] for key in KEYS), strict=True)]


def drawn(case: Case) -> tuple[Lived, list[list[Pair]]]:
    """A memory, and what one to three environments do in a world of few states."""
    many, steps = case.draw(st.integers(1, 3), "environments"), case.draw(st.integers(1, 10), "steps")
    drawn_bytes = case.draw(raw_bytes(2 * many * steps)).reshape(steps, many, 2)
    case.say(f"memory of {case.block!r}, of {STATES} states and {ACTIONS} actions")
    done = [[(int(s) % STATES, int(a) % ACTIONS) for s, a in step] for step in drawn_bytes]
    pairs = [pair for step in done for pair in step]
    case.saw("several environments", many > 1)
    case.saw("a pair that came again", len(set(pairs)) < len(pairs))
    case.saw("one pair twice in a step", any(len(set(step)) < len(step) for step in done))
    return Lived(case.block, many), done


AGAIN = ("several environments", "a pair that came again", "one pair twice in a step")


@law("MDL-1", role="stores", since="0.1", needs=modelling, covers=AGAIN, examples=30)
def new_rows_come_first_and_once(case: Case) -> None:
    """The rows of the last write are handed over once, in their order, before any row of the model.

    Older ones are in the model alone. Whatever batches are asked for between the writes.
    """
    lived, steps = drawn(case)
    for step in steps:
        lived.write(case, step)
        for batch in case.draw(st.lists(st.integers(1, 4), max_size=3), "batches"):
            lived.sample(case, batch)


@law("MDL-2", role="stores", since="0.1", needs=modelling, covers=AGAIN, examples=30)
def generated_rows_are_the_last_of_their_pairs(case: Case) -> None:
    """A row of the model is what followed its state and action last, whole, and no pair is made up.

    After every write, which may have changed what follows a pair.

    Formula: Model(s, a) = (r, s′) of the last visit of (s, a)

    Reference: Sutton and Barto (2018), section 8.2.
    """
    lived, steps = drawn(case)
    for step in steps:
        lived.write(case, step)
        _, generated = lived.sample(case, len(lived.waits) + 8)
        wrong = set(generated) - lived.model()
        require(not wrong, f"it generated {sorted(wrong)}, and the last rows of all pairs are {sorted(lived.model())}")


@law("MDL-3", role="stores", since="0.1", needs=modelling, covers=AGAIN, examples=8)
def pairs_are_equally_likely(case: Case) -> None:
    """Each pair that was seen is drawn with the same probability, however often and whenever it was seen.

    Exact binomial tails.

    Formula: P(s, a) = 1 / number of pairs seen

    Reference: Sutton and Barto (2018), section 8.2.
    """
    lived, steps = drawn(case)
    for step in steps:
        lived.write(case, step)
    _, generated = lived.sample(case, len(lived.waits) + DRAWS)
    seen = {row[:2] for row in lived.wrote}
    frequencies(Counter(str(row[:2]) for row in generated), {str(p): 1 / len(seen) for p in seen}, "with equal chances")


@law("MDL-4", role="stores", since="0.1", needs=modelling, covers=AGAIN, examples=30)
def it_holds_the_model_and_what_waits(case: Case) -> None:
    """It shows the last row of each pair and every row that waits, each once, in the order of the writes.

    Also after a cut, which concerns no row that is complete.
    """
    lived, steps = drawn(case)
    for step in steps:
        lived.write(case, step)
        if case.draw(st.booleans(), "sampled"):
            lived.sample(case, 1)
        due = sorted(lived.model() | set(lived.waits), key=lambda row: row[2])
        for how in ("", " after a cut"):
            found = _rows(lived.memory.contents())
            require(found == due, f"it shows {found}{how}, and holds {due}")
            lived.memory.cut()


@law("MDL-5", role="stores", since="0.1", needs=modelling, covers=AGAIN, examples=10)
def draws_of_a_batch_are_independent(case: Case) -> None:
    """The rows that are generated for one batch are drawn independently of each other.

    Every ordered pair of neighbours is equally likely.

    Formula: P(x, then y) = 1 / (number of pairs seen)²
    """
    lived, steps = drawn(case)
    for step in steps[:3]:
        lived.write(case, step)
    _, generated = lived.sample(case, len(lived.waits) + 2 * DRAWS)
    seen = {row[:2] for row in lived.wrote}
    counts = Counter(f"{a[:2]} before {b[:2]}" for a, b in zip(generated[::2], generated[1::2], strict=True))
    frequencies(counts, {f"{a} before {b}": len(seen) ** -2 for a in seen for b in seen}, "neighbours of a batch")


@law("MDL-6", role="stores", since="0.1", needs=modelling, covers=AGAIN, examples=20)
def it_resumes_between_two_samples(case: Case) -> None:
    """Saved between the learn steps of one step, it goes on with the same rows, real and generated.

    Loaded into a memory that had lived in another way.
    """
    lived, steps = drawn(case)
    for step in steps:
        lived.write(case, step)
    lived.sample(case, case.draw(st.integers(1, 3), "batch"))
    other = Lived(case.block, len(steps[0]))
    other.write(case, [(STATES - 1 - state, action) for state, action in steps[-1]])
    saved = through_checkpoint({"memory": lived.memory.state(), "generator": lived.generator.bit_generator.state})
    other.memory.load(saved["memory"])
    other.generator.bit_generator.state = saved["generator"]
    asked, found = ([_rows(each.memory.sample(4, KEYS)) for _ in range(3)] for each in (lived, other))
    require(found == asked, f"loaded, it handed over {found}, not {asked}")
