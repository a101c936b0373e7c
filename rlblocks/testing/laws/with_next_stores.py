"""NXT: what stores obey that hand a row on when its next action is known."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import KEYS, Subject, small, tell
from rlblocks.testing.laws.stores import last, stamps
from rlblocks.testing.oracles import like
from rlblocks.testing.streams import ENDS, Rows, Stream, Write, streams

LARGE = 200
NEXT = "next.action"
PHASES = (*ENDS, "environments out of phase", "several environments")


def waiting(block: Block) -> str:
    """Whether a store waits for the next action: by its name or the tag `like`."""
    return "" if like(block) == "with_next" else "it waits for no next action"


@attrs.frozen(eq=False)
class Due:
    """A row that must be handed on.

    Attributes:
        write: number of the write that completes it.
        place: of its environment in that write.
        row: as it was written.
        following: the action of the next row of its environment.
    """

    write: int
    place: int
    row: Rows
    following: int


def due_rows(stream: Stream) -> list[Due]:
    """By a loop over the history of each environment, in the order in which rows are completed."""
    found = []
    for e in range(stream.environments):
        history = [(k, w.environments.index(e), w) for k, w in enumerate(stream.writes) if e in w.environments]
        for (_, before, earlier), (k, place, later) in pairwise(history):
            row = earlier.rows[before]
            if row["terminated"] or not row["truncated"]:
                found.append(Due(k, place, row, int(later.rows[place]["action"])))
    return sorted(found, key=lambda due: (due.write, due.place))


def drawn(case: Case) -> tuple[Any, Stream]:
    """A store that nothing falls out of, and a stream, as part of the example."""
    block, stream = small(case.block, LARGE), case.draw(streams())
    tell(case, block, stream)
    return block, stream


def contents(subject: Subject) -> dict[str, NDArray[Any]]:
    """What is held; of nothing no rows."""
    return subject.memory.contents() if len(subject.memory) else {"action": np.zeros(0, np.int64)}


@law("NXT-1", role="stores", since="0.1", needs=waiting, covers=PHASES, examples=30)
def rows_come_when_the_next_one_does(case: Case) -> None:
    """After every write it holds the rows that a loop over each environment's history says: whole, once, in order.

    A row comes with the next one of its own environment. One that was truncated and not terminated never does.
    """
    block, stream = drawn(case)
    subject, due = Subject(block, stream.environments), due_rows(stream)
    for k, write in enumerate(stream.writes):
        subject.memory.add(*write.arguments())
        rows, found = [one.row for one in due if one.write <= k], contents(subject)
        wrote = stamps({"action": [row["action"] for row in rows]})
        require(stamps(found) == wrote, f"after write {k + 1} it holds {stamps(found)}, not {wrote}")
        if rows:
            same({key: found[key] for key in KEYS}, last(rows, LARGE), f"after write {k + 1} the contents")


@law("NXT-2", role="stores", since="0.1", needs=waiting, covers=PHASES, examples=30)
def the_next_action_is_of_the_same_environment(case: Case) -> None:
    """A row's next action is the action of the next row that its own environment wrote, whoever wrote in between.

    Of rows that were not terminated, with which no action follows.

    Formula: next.action of row t = a_{t+1} of the same environment

    Reference: Sutton and Barto (2018), section 6.4.
    """
    block, stream = drawn(case)
    found = contents(Subject(block, stream.environments).fill(stream))
    owed = {int(one.row["action"]): one.following for one in due_rows(stream) if not one.row["terminated"]}
    for i, code in enumerate(stamps(found)):
        if not found["terminated"][i]:
            said = int(found[NEXT][i])
            require(
                said == owed.get(code), f"the row of action {code} has the next action {said}, not {owed.get(code)}"
            )


@law("NXT-3", role="stores", since="0.1", needs=waiting, covers=("a termination", "both flags"), examples=30)
def terminated_rows_have_no_next_action(case: Case) -> None:
    """A terminated row is handed on, truncated as well or not, and its next action is 0.

    Its discount is 0, so that no target uses it.

    Formula: terminated ⇒ next.action = 0 and discount = 0

    Reference: Convention of the library.
    """
    block, stream = drawn(case)
    found = contents(Subject(block, stream.environments).fill(stream))
    over = [int(one.row["action"]) for one in due_rows(stream) if one.row["terminated"]]
    held = [code for i, code in enumerate(stamps(found)) if found["terminated"][i]]
    require(held == over, f"of the terminated rows {over} it holds {held}")
    for i, code in enumerate(stamps(found)):
        if found["terminated"][i]:
            said = int(found[NEXT][i])
            require(said == 0, f"the terminated row of action {code} has the next action {said}, not 0")


@law("NXT-4", role="stores", since="0.1", needs=waiting, covers=("a terminated row waits", "a row waits"), examples=30)
def a_cut_joins_nothing(case: Case) -> None:
    """A cut hands on the terminated rows that wait, which are complete, and lets go of the others.

    What is written behind it is as if nothing had been written before.
    """
    block, stream = drawn(case)
    ahead = case.draw(streams(6, stream.environments))
    subject = Subject(block, stream.environments).fill(stream)
    newest = {e: row for write in stream.writes for e, row in zip(write.environments, write.rows, strict=True)}
    over = {int(row["action"]) for row in newest.values() if row["terminated"]}
    case.saw("a terminated row waits", over)
    case.saw("a row waits", [row for row in newest.values() if not (row["terminated"] or row["truncated"])])
    before = stamps(contents(subject))
    subject.memory.cut()
    case.say("memory.cut()")
    new = stamps(contents(subject))[len(before) :]
    require(set(new) == over and len(new) == len(over), f"of the terminated rows {sorted(over)} it handed on {new}")
    held = before + new
    for k, write in enumerate(_later(ahead)):
        subject.memory.add(*write.arguments())
        expected = [
            int(one.row["action"]) for one in due_rows(Stream(ahead.environments, _later(ahead))) if one.write <= k
        ]
        found = stamps(contents(subject))[len(held) :]
        require(found == expected, f"after write {k + 1} behind the cut it handed on {found}, not {expected}")


def _later(stream: Stream) -> tuple[Write, ...]:
    """The stream with stamps of its own, so that no row of it is one of another stream."""
    return tuple(
        Write(tuple({**row, "action": row["action"] + 2**41} for row in write.rows), write.environments, write.texts)
        for write in stream.writes
    )
