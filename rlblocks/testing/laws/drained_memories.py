"""DRN: what drained stores refuse, save and load, and what those obey whose chunks the kit knows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._drained import drained, hand_over, modelled, observe, small_and_stream, take_all
from rlblocks.testing._law import law
from rlblocks.testing._memories import KEYS, Subject, small, tell
from rlblocks.testing.oracles import like
from rlblocks.testing.streams import COLUMNS, Rows, one_episode, stacked, streams, transition

ROWS = 64  # of an episode whose bytes are counted, and as many again


def refused(subject: Subject, act: Callable[[], Any], what: str) -> str:
    """What is said where something is refused; broken where it is not, or where something has changed."""
    before = subject.snapshot()
    try:
        act()
    except Exception as error:  # noqa: BLE001  any refusal is one
        same(subject.snapshot(), before, f"after {what} was refused, the state")
        return str(error)
    require(False, f"{what} was not refused")
    return ""


def written(case: Case) -> Subject:
    """A small memory in the middle of collecting."""
    block, stream = small_and_stream(case)
    return Subject(block, stream.environments).fill(stream)


def one_row(environment: int, t: int) -> tuple[Rows, NDArray[np.int64]]:
    """What `add` is handed for one step of an endless episode."""
    return stacked([transition(environment, 0, t)]), np.array([environment])


@law("DRN-9", role="stores", since="0.1", needs=drained, covers=("no chunk", "a chunk"), examples=15)
def what_is_not_there_is_not_handed_over(case: Case) -> None:
    """A chunk that is not complete, and a column that there is not, are refused; nothing has changed."""
    subject = written(case)
    there = bool(len(subject.memory))
    case.saw("a chunk" if there else "no chunk")
    if there:
        said = refused(subject, lambda: subject.memory.drain([*KEYS, "rewrad"]), "an unknown column")
        require("rewrad" in said, f"the refusal does not name the unknown column: {said}")
    else:
        refused(subject, lambda: subject.memory.drain(KEYS), "draining without a complete chunk")


@law("DRN-10", role="stores", since="0.1", needs=drained, examples=10)
def a_step_of_nobody_changes_nothing(case: Case) -> None:
    """A step in which no environment wrote changes nothing: it is as if there had been none."""
    block, stream = small_and_stream(case)
    subject = Subject(block, stream.environments)
    rows, who = stream.writes[0].arguments()
    for k, write in enumerate(stream.writes):
        before = subject.snapshot()
        subject.memory.add({key: value[:0] for key, value in rows.items()}, who[:0])
        same(subject.snapshot(), before, "after a step of nobody, the state")
        subject.memory.add(*write.arguments())
        take_all(subject, k)


@law("DRN-11", role="stores", since="0.1", needs=drained, covers=("a chunk", "saved inside of a chunk"), examples=25)
def it_resumes_inside_of_a_chunk(case: Case) -> None:
    """Saved after any step and loaded into a memory that did other things, it hands over the same chunks.

    Also with a complete chunk that nobody has taken, and by way of a checkpoint.
    """
    block, stream = small_and_stream(case)
    subject = Subject(block, stream.environments)
    other = Subject(block, stream.environments, 9).fill(case.draw(streams(6, stream.environments)))
    k = case.draw(st.integers(0, len(stream.writes) - 1), "k")
    due = [one.chunk for one in observe(case, hand_over(Subject(block, stream.environments), stream))]
    found = []
    for i, write in enumerate(stream.writes):
        subject.memory.add(*write.arguments())
        if i == k:
            case.saw("saved inside of a chunk", not len(subject.memory))
            saved = subject.snapshot()
            kept = copy.deepcopy(saved)
            other.restore(saved)
            same(other.snapshot(), saved, "loaded and saved again, the state")
            subject = other
        found += [one.chunk for one in take_all(subject, i)]
    same(found, due, "of the loaded memory, the chunks")
    same(saved, kept, "what was saved")


@law("DRN-12", role="stores", since="0.1", needs=drained, examples=10)
def an_environment_writes_one_row_a_step(case: Case) -> None:
    """Two rows of one environment in one step, and rows of an environment that there is not, are refused.

    Nothing has changed: there is a place for one row only.
    """
    subject = written(case)
    if len(subject.memory):
        subject.memory.drain(KEYS)
    stranger = case.draw(st.sampled_from([-1, 99]), "stranger")
    twice = stacked([transition(0, 9, 0), transition(0, 9, 1)])
    refused(subject, lambda: subject.memory.add(twice, np.array([0, 0])), "two rows of one environment")
    refused(
        subject, lambda: subject.memory.add(one_row(0, 0)[0], np.array([stranger])), f"a row of environment {stranger}"
    )


@law("DRN-13", role="stores", since="0.1", needs=modelled, examples=1)
def rows_take_their_bytes(case: Case) -> None:
    """A row takes no more bytes than it says.

    What is saved of an unfinished chunk grows with the rows, and with nothing else.
    """
    sizes = []
    for rows in (ROWS, 2 * ROWS):
        subject = Subject(_roomy(case.block), 1).fill(one_episode(rows))
        sizes.append(sum(value.nbytes for value in _arrays(subject.memory.state())))
    case.say(f"{case.block!r}.row_bytes(COLUMNS)")
    declared, grown = case.block.row_bytes(COLUMNS), (sizes[1] - sizes[0]) / ROWS
    require(0 < grown <= declared, f"a row takes {grown:g} bytes, and it says {declared}")


def _roomy(block: Any) -> Any:
    return attrs.evolve(small(block, 4 * ROWS), **({"longest": 4 * ROWS} if like(block) == "whole_episodes" else {}))


def _arrays(tree: Any) -> list[NDArray[Any]]:
    if isinstance(tree, np.ndarray):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return [array for part in parts for array in _arrays(part)]


def of_steps(block: Block) -> str:
    """Whether a chunk is a number of steps."""
    return modelled(block) or ("" if like(block) == "rollout" else "its chunks are not a number of steps")


def of_episodes(block: Block) -> str:
    """Whether a chunk is a number of whole episodes."""
    return modelled(block) or ("" if like(block) == "whole_episodes" else "its chunks are no whole episodes")


@law("DRN-14", role="stores", since="0.1", needs=of_steps, examples=8)
def nothing_is_written_over_a_rollout(case: Case) -> None:
    """A complete rollout is not written over: another step is refused until it was handed over."""
    block = small(case.block, case.draw(st.integers(1, 5)))
    case.say(f"block = {block!r}")
    subject = Subject(block, 1)
    for t in range(block.steps):
        subject.memory.add(*one_row(0, t))
    refused(subject, lambda: subject.memory.add(*one_row(0, block.steps)), "a step after the last one")
    subject.memory.drain(KEYS)
    subject.memory.add(*one_row(0, block.steps))


@law(
    "DRN-15",
    role="stores",
    since="0.1",
    needs=of_episodes,
    covers=("a chunk", "several environments", "an episode of one step"),
    examples=30,
)
def episodes_are_whole(case: Case) -> None:
    """Every episode is whole: it begins at its first step, ends with a flag, and has no row of another one.

    Its rows follow each other without a gap.
    """
    block, stream = small_and_stream(case)
    for one in observe(case, hand_over(Subject(block, stream.environments), stream)):
        for i in range(len(one.lengths)):
            rows = one.lane(i)
            require(rows, f"column {i} of a chunk has no episode")
            of = {tuple(row["observation"][:2].tolist()) for row in rows}
            require(len(of) == 1, f"column {i} of a chunk has rows of the episodes {sorted(of)}")
            times = [int(row["observation"][2]) for row in rows]
            require(times == list(range(len(times))), f"an episode was handed over as its steps {times}")
            flags = [bool(row["terminated"] or row["truncated"]) for row in rows]
            require(flags == [False] * (len(rows) - 1) + [True], f"the ends in one episode are {flags}")


@law("DRN-16", role="stores", since="0.1", needs=of_episodes, examples=6)
def too_long_an_episode_is_refused(case: Case) -> None:
    """An episode longer than the longest is refused by number, never cut; nothing has changed.

    Other environments go on, and an episode of just that many steps is taken.
    """
    longest = case.draw(st.integers(1, 9))
    block = attrs.evolve(case.block, count=1, longest=longest)
    case.say(f"block = {block!r}")
    subject = Subject(block, 2)
    for t in range(longest):
        subject.memory.add(*one_row(0, t))
    said = refused(subject, lambda: subject.memory.add(*one_row(0, longest)), "a step beyond the longest episode")
    require(str(longest) in said, f"the refusal does not say how long an episode may be: {said}")
    for t in range(longest):
        last = stacked([transition(1, 0, t, terminated=t == longest - 1)])
        subject.memory.add(last, np.array([1]))
    require(len(subject.memory) == longest, f"of an episode of {longest} steps it has {len(subject.memory)} rows")


@law("DRN-17", role="stores", since="0.1", needs=modelled, covers=("something was let go", "a chunk"), examples=20)
def what_is_cut_goes_on_in_no_chunk(case: Case) -> None:
    """Where the episodes under way end unseen, later chunks are as if nothing of them had been written.

    A resumed run asks for that where its environments begin new episodes.
    """
    block, stream = small(case.block, 3), case.draw(streams())  # 3 steps, or 1 episode
    later = case.draw(streams(environments=stream.environments))
    tell(case, block, stream)
    tell(case, block, later)
    subject, fresh = Subject(block, stream.environments), Subject(block, stream.environments)
    handed = sum(len(one.codes()) for one in hand_over(subject, stream))
    subject.memory.cut()
    require(len(subject.memory) == 0, f"after the cut it holds a chunk of {len(subject.memory)} rows")
    found, expected = observe(case, hand_over(subject, later)), hand_over(fresh, later)
    case.saw("something was let go", len(stream.rows()) > handed)
    require(len(found) == len(expected), f"{len(found)} chunks were handed over, not {len(expected)}")
    for one, other in zip(found, expected, strict=True):
        same(one.chunk, other.chunk, "behind the cut, a chunk")
