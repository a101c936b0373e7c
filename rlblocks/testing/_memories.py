"""Memories under test: a store built small, driven by a stream, saved and loaded through the checkpoint's format."""

from __future__ import annotations

import json
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks._core.declare import Read, Scheduled
from rlblocks._core.keys import Spec
from rlblocks.runs.tree import flatten, restore
from rlblocks.stores.base import StoreSpec
from rlblocks.testing._case import Case
from rlblocks.testing._world import number_at
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import Moment
from rlblocks.testing.streams import COLUMNS, Rows, Stream, judged, n_step_rows

KEYS = tuple(COLUMNS)
LONGEST = 40  # steps of an episode that a small store of episodes takes: more than any stream has


def small(block: Any, capacity: int) -> Any:
    """The store with another capacity, so that it is full within a short stream; itself where it has none."""
    names = attrs.fields_dict(type(block))
    if is_drained(block):
        sizes = {"steps": capacity, "count": 1 + capacity % 3, "longest": LONGEST}
        return attrs.evolve(block, **{name: size for name, size in sizes.items() if name in names})
    if "capacity" in names:
        return attrs.evolve(block, capacity=capacity)
    return attrs.evolve(block, inner=small(block.inner, capacity)) if "inner" in names else block


def is_drained(block: Any) -> bool:
    """Whether a store hands over each row once, in chunks of time steps."""
    return bool(block.hands == "drained")


def relabels(block: Any) -> bool:
    """Whether a store adds rows of its own making: copies of steps with other goals."""
    return like(block) == "hindsight"


def as_given(block: Any) -> str:
    """Whether a store hands over some of the rows that it was given, and keeps them."""
    return "it adds copies with other goals, which has laws of its own" if relabels(block) else sampled(block)


def sampled(block: Any) -> str:
    """Whether a store hands over some of its rows and keeps them."""
    return "it is drained, which has laws of its own" if is_drained(block) else ""


def holds_the_newest(block: Any) -> bool:
    """Whether whatever is written to a store is held, until something newer is in its place."""
    return block.tags.get("keeps", "newest") == "newest" or like(block) in ("hindsight", "model")


def setting(block: Any, name: str) -> Any:
    """A field of a store, or of the one inside it; None where neither has it."""
    names = attrs.fields_dict(type(block))
    if name in names:
        return getattr(block, name)
    return setting(block.inner, name) if "inner" in names else None


def joins(block: Any) -> int:
    """How many steps a store joins into a row: 1 but for n-step stores."""
    return int(block.n) if like(block) == "n_step" else 1


def no_model(block: Any) -> str:
    """Why the kit does not know which rows a store should hold; empty where it does."""
    if why := sampled(block):
        return why
    if block.tags.get("keeps", "newest") != "newest":
        return f"its tag keeps says {block.tags['keeps']!r}, not 'newest'"
    if "flush" in block.tags and like(block) != "n_step":
        return "it joins rows, and the kit does not know how"
    return "" if setting(block, "capacity") is not None else "it has no field named capacity"


def expected(block: Any, stream: Stream) -> list[Rows]:
    """The rows that a store was given after a stream, complete ones only, in order; it holds the last of them."""
    if joins(block) == 1:
        return stream.rows()
    return [row for _, row in n_step_rows(stream, joins(block))]


EPISODES, STEPS, ACTIONS = 16, 32, 2  # that are told apart where they are counted
COUNTED = {
    **COLUMNS,
    "stamped.observation": COLUMNS["observation"],
    "stamped.action": COLUMNS["action"],
    "observation": Spec((), "int64", n=3 * EPISODES * STEPS),
    "action": Spec((), "int64", n=ACTIONS),
}


class Numbered:
    """A memory of counted states, which is given stamped rows and hands them over: each has a number of its own."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory
        self.feed, self.cut, self.state, self.load = memory.feed, memory.cut, memory.state, memory.load

    def __len__(self) -> int:
        return len(self._memory)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Rows whose observation and action are stamps, as rows whose are numbers; those are columns beside them."""
        given = dict(rows)
        for name in ("observation", "action"):
            if name in rows:
                given[f"stamped.{name}"] = rows[name]
        if "observation" in rows and rows["observation"].shape[1:] == COLUMNS["observation"].shape:
            environment, episode, t = rows["observation"].astype(np.int64).T
            given["observation"] = (environment % 3 * EPISODES + episode % EPISODES) * STEPS + t % STEPS
        if "action" in rows:
            given["action"] = rows["action"] % ACTIONS
        self._memory.add(given, environments)

    def sample(self, batch: int, keys: Any, **numbers: float) -> dict[str, NDArray[Any]]:
        """Rows as they were given, and what the store writes besides."""
        others = [key for key in keys if key not in COUNTED]
        return _stamped(self._memory.sample(batch, (*COUNTED, *others), **numbers))

    def contents(self) -> dict[str, NDArray[Any]]:
        """Rows as they were given."""
        return _stamped(self._memory.contents())


def _stamped(rows: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    given = {key: rows[f"stamped.{key}" if key in ("observation", "action") else key] for key in COLUMNS}
    return given | {key: column for key, column in rows.items() if key not in COUNTED}


class Subject:
    """A built memory and what it takes to sample from it, or to drain it.

    Attributes:
        block: the store.
        memory: what it built.
        generator: the memory's source of randomness.
    """

    def __init__(self, block: Any, environments: int, seed: int = 0, generator: Any = None) -> None:
        self.block = block
        self.generator: Any = np.random.default_rng(seed) if generator is None else generator
        counts = block.tags.get("takes") == "counted states"
        columns = COUNTED if counts else COLUMNS
        memory = block.build(StoreSpec(columns, environments, self.generator, judged))
        self.memory: Any = Numbered(memory) if counts else memory

    def fill(self, stream: Stream) -> Subject:
        """Write a whole stream; a drained memory hands over a chunk whenever the next write finds one."""
        for write in stream.writes:
            if is_drained(self.block) and len(self.memory):
                self.memory.drain(KEYS)
            self.memory.add(*write.arguments())
        return self

    def sample(self, batch: int) -> dict[str, NDArray[Any]]:
        """A batch of all columns, with the numbers that the store asks for as they are at the start of a run.

        Of a drained memory a chunk, whatever the batch.
        """
        if is_drained(self.block):
            return dict(self.memory.drain(KEYS))
        return dict(self.memory.sample(batch, KEYS, **numbers(self.block)))

    def can_sample(self, batch: int) -> bool:
        """Whether so many rows may be asked for: at least one held, and as many where no row is handed over twice."""
        held, again = len(self.memory), self.block.tags.get("replacement", "with") == "with"
        return held > 0 and (is_drained(self.block) or batch <= held or (again and not in_order(self.block)))

    def feed(self, errors: NDArray[Any]) -> None:
        """Hand back what the store asks for, for each row of the last sample."""
        asked = fed(self.block)
        if asked:
            self.memory.feed(**{name: errors.copy() for name in asked})

    def snapshot(self) -> Any:
        """The state of memory and generator, as it comes back from a checkpoint."""
        return through_checkpoint({"memory": self.memory.state(), "generator": self.generator.bit_generator.state})

    def restore(self, saved: Any) -> None:
        """Become what `snapshot` described."""
        self.memory.load(saved["memory"])
        self.generator.bit_generator.state = saved["generator"]


def in_order(block: Block) -> bool:
    """Whether a store hands rows over in an order of its own instead of drawing them."""
    return "order" in block.tags


def numbers(block: Block) -> dict[str, float]:
    """The scheduled numbers that a store asks for when it is sampled."""
    moment = Moment(env_steps=400)
    return {name: number_at(block, a.name, moment) for name, a in block.inputs.items() if isinstance(a, Scheduled)}


def fed(block: Block) -> list[str]:
    """What a store asks learning to hand back."""
    return [name for name, asked in block.inputs.items() if isinstance(asked, Read)]


def through_checkpoint(tree: Any) -> Any:
    """A tree as it comes back from a checkpoint: taken apart into arrays and JSON, and put together again."""
    arrays, skeleton = flatten(tree)
    kept = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    return restore(json.loads(json.dumps(skeleton)), kept.__getitem__)


def tell(case: Case, block: Any, stream: Stream) -> None:
    """Put the making and filling of a memory into the example, and count what the stream contains."""
    judge = ", judged" * relabels(block)
    case.say("from rlblocks.stores import StoreSpec")
    case.say(f"from rlblocks.testing.streams import COLUMNS{judge}, stacked, transition")
    case.say(f"memory = {block!r}.build(StoreSpec(COLUMNS, {stream.environments}, np.random.default_rng(0){judge}))")
    for write in stream.writes:
        case.say(write.source())
    for what in stream.facts():
        case.saw(what)
