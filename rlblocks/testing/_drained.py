"""Drained memories under test: what a loop over lists would hand over, and what they do hand over."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._memories import KEYS, Subject, is_drained, small, tell
from rlblocks.testing.oracles import like
from rlblocks.testing.streams import COLUMNS, Rows, Stream, streams

Lane = list[Rows]
Chunk = dict[str, NDArray[Any]]
WEIGHT = "weight"
MOST = 50  # chunks at once, after which a memory counts as one that is never empty


def drained(block: Any) -> str:
    """Whether a store hands over each row once."""
    return "" if is_drained(block) else "its rows are sampled"


def modelled(block: Any) -> str:
    """Whether the kit knows which chunks a store hands over, by its name or the tag `like`."""
    return drained(block) or (
        "" if like(block) in LANES else f"the kit does not know what a store like {like(block)!r} hands over"
    )


def _rollout(block: Any, stream: Stream) -> Iterator[tuple[int, list[Lane]]]:
    for end in range(block.steps, len(stream.writes) + 1, block.steps):
        lanes: list[Lane] = [[] for _ in range(stream.environments)]
        for write in stream.writes[end - block.steps : end]:
            for row, environment in zip(write.rows, write.environments, strict=True):
                lanes[environment].append(row)
        yield end - 1, lanes


def _episodes(block: Any, stream: Stream) -> Iterator[tuple[int, list[Lane]]]:
    going: list[Lane] = [[] for _ in range(stream.environments)]
    waiting: list[Lane] = []
    for k, write in enumerate(stream.writes):
        for row, environment in zip(write.rows, write.environments, strict=True):
            going[environment].append(row)
            if row["terminated"] or row["truncated"]:
                waiting.append(going[environment])
                going[environment] = []
        while len(waiting) >= block.count:
            yield k, waiting[: block.count]
            waiting = waiting[block.count :]


LANES = {"rollout": _rollout, "whole_episodes": _episodes}


def due_chunks(block: Any, stream: Stream) -> list[tuple[int, Chunk]]:
    """Every chunk that a store owes after a stream, with the number of the write that completes it."""
    steps = block.chunk(stream.environments)[0]
    return [(k, padded(lanes, steps)) for k, lanes in LANES[like(block)](block, stream)]


def padded(lanes: list[Lane], steps: int) -> Chunk:
    """Rows side by side as columns `[T, N, ...]`, entry by entry: 0 and weight 0 where there is no row."""
    made: Chunk = {key: np.zeros((steps, len(lanes), *spec.shape), spec.dtype) for key, spec in COLUMNS.items()}
    made[WEIGHT] = np.zeros((steps, len(lanes)), np.float32)
    for i, lane in enumerate(lanes):
        for t, row in enumerate(lane):
            for key in COLUMNS:
                made[key][t, i] = row[key]
            made[WEIGHT][t, i] = float(Fraction(steps * len(lanes), sum(map(len, lanes))))
        if 0 < len(lane) < steps and not lane[-1]["terminated"]:
            made["truncated"][len(lane) - 1, i] = True
    return made


@attrs.frozen(eq=False)
class Handed:
    """A chunk that was handed over.

    Attributes:
        after: the number of the write after which it was.
        held: how many rows the memory said it had.
        chunk: all its columns and the weight.
    """

    after: int
    held: int
    chunk: Chunk

    @property
    def lengths(self) -> list[int]:
        """How many rows each environment or episode has, by the weights."""
        return [int(n) for n in (self.chunk[WEIGHT] > 0).sum(axis=0)]

    def lane(self, i: int) -> list[Rows]:
        """The rows of one environment or episode, in the order of time."""
        return [{key: self.chunk[key][t, i] for key in KEYS} for t in range(self.lengths[i])]

    def codes(self) -> list[int]:
        """The stamps of all rows."""
        return [int(row["action"]) for i in range(len(self.lengths)) for row in self.lane(i)]


def take_all(subject: Subject, after: int) -> list[Handed]:
    """Every chunk that is complete."""
    found: list[Handed] = []
    while held := len(subject.memory):
        require(len(found) < MOST, f"after {MOST} chunks without another row it still has some")
        chunk = subject.memory.drain(KEYS)
        require(set(chunk) == {*KEYS, WEIGHT}, f"asked for {list(KEYS)} it handed over {list(chunk)}")
        found.append(Handed(after, held, {key: chunk[key] for key in (*KEYS, WEIGHT)}))
    return found


def hand_over(subject: Subject, stream: Stream) -> list[Handed]:
    """Write a whole stream, and take every chunk as soon as it is complete."""
    found: list[Handed] = []
    for k, write in enumerate(stream.writes):
        subject.memory.add(*write.arguments())
        found += take_all(subject, k)
    return found


def small_and_stream(case: Case, most: int = 5) -> tuple[Any, Stream]:
    """A small drained store and a stream, as part of the example."""
    block, stream = small(case.block, case.draw(st.integers(1, most))), case.draw(streams())
    tell(case, block, stream)
    return block, stream


def observe(case: Case, handed: list[Handed]) -> list[Handed]:
    """Count what was handed over."""
    for one in handed:
        case.saw("a chunk")
        case.saw("padding", len(set(one.lengths)) > 1)
    case.saw("a second chunk", len(handed) > 1)
    return handed
