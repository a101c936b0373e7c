"""BUF: what stores obey that wrap a store: they speak for it, tell it everything, and take none that does not fit."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.declare import Scheduled
from rlblocks._core.errors import RlblocksError
from rlblocks.stores import Hindsight, NStep, Rollout, Store, UniformReplay, WholeEpisodes, WithNext
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import KEYS, Subject, is_drained, numbers, sampled, tell
from rlblocks.testing._told import Told, ToldMemory
from rlblocks.testing.streams import COLUMNS, streams

IN_A_ROW = ("single steps", "consecutive steps")  # what a store takes that must be given the steps as they were taken
_HELD = UniformReplay(9)


def wraps(block: Block) -> str:
    """Whether it hands its rows to another store, its field `inner`, which samples."""
    if not isinstance(getattr(block, "inner", None), Store):
        return "it wraps no store"
    return sampled(block)


def wraps_any(block: Block) -> str:
    """Whether it also wraps a store that asks for an error and a number, and writes a weight."""
    if why := wraps(block):
        return why
    try:
        _with(block, Told())
    except Exception:  # noqa: BLE001  any refusal is one
        return "it refuses a store inside that asks for errors and writes weights"
    return ""


def _with(block: Any, inner: Any) -> Any:
    return attrs.evolve(block, inner=inner)


@law("BUF-19", role="stores", since="0.1", needs=wraps_any, covers=("several environments", "rows inside"), examples=15)
def the_store_inside_is_told_everything(case: Case) -> None:
    """The store inside is handed whole rows with the environments they are of, and every number, error and cut.

    It is built with all columns, for as many environments, and draws from the generator of the run.
    """
    told, stream = Told(), case.draw(streams())
    block = _with(case.block, told)
    tell(case, block, stream)
    subject = Subject(block, stream.environments).fill(stream)
    require(len(told.made) == 1, f"{len(told.made)} memories were built inside")
    inside = told.made[0]
    require(inside.spec.environments == stream.environments, f"it was built for {inside.spec.environments}")
    require(inside.spec.generator is subject.generator, "it was built with another generator")
    require(set(COLUMNS) <= set(inside.spec.columns), f"it was built with the columns {list(inside.spec.columns)}")
    _rows_are_whole(inside)
    require(len(subject.memory) == len(inside), f"it holds {len(inside)} rows, and {len(subject.memory)} are said")
    if len(inside):
        case.saw("rows inside")
        _asks_are_handed_on(case, subject, inside)
    subject.memory.cut()
    require(inside.cuts == 1, f"of one cut it was told {inside.cuts} times")
    _rows_are_whole(inside)


def _rows_are_whole(inside: ToldMemory) -> None:
    columns = inside.spec.columns
    for rows, environments in inside.added:
        require(environments.dtype == np.int64, f"the environments are {environments.dtype}, not int64")
        require(set(rows) == set(columns), f"it was handed the columns {list(rows)}, not {list(columns)}")
        for name, spec in columns.items():
            due = (len(environments), *spec.shape)
            require(rows[name].shape == due, f"it was handed {name} as {list(rows[name].shape)}, not {list(due)}")
            require(np.can_cast(rows[name].dtype, spec.dtype, "same_kind"), f"{name} is {rows[name].dtype}")
        same(environments, rows["observation"][:, 0].astype(np.int64), "the environments of the rows")


def _asks_are_handed_on(case: Case, subject: Subject, inside: ToldMemory) -> None:
    batch = case.draw(st.integers(1, len(inside)), "batch")
    rows = subject.memory.sample(batch, KEYS, **numbers(subject.block))
    asked, keys, given = inside.asked[0]
    require(len(inside.asked) == 1 and asked == batch, f"of {batch} rows it was asked for {inside.asked}")
    require(set(KEYS) <= set(keys) <= set(inside.spec.columns), f"it was asked for the columns {keys}")
    require(given == numbers(Told()), f"it was given {given} as its numbers")
    same({key: rows[key] for key in KEYS}, {k: inside.contents()[k][-batch:] for k in KEYS}, "what it handed over")
    same(rows.get("weight"), np.ones(batch, np.float32), "the weights that it wrote")
    errors = np.arange(batch, dtype=np.float64)
    subject.memory.feed(priority=errors)
    same(inside.fed, [{"priority": errors}], "what was fed to it")


@law("BUF-19a", role="stores", since="0.1", needs=wraps_any, examples=1)
def a_wrapper_speaks_for_the_store_inside(case: Case) -> None:
    """What the store inside writes, demands and asks for, the wrapper does; a number it finds there."""
    told = Told()
    block = _with(case.block, told)
    case.say(f"block = {block!r}")
    require(block.hands == told.hands, f"its rows are {block.hands}, and those inside are {told.hands}")
    for name in ("outputs", "debts"):
        mine, inside = tuple(getattr(block, name)), getattr(told, name)
        require(set(inside) <= set(mine), f"its {name} are {mine}, and those inside {inside}")
    asked = block.inputs
    require(set(told.inputs) <= set(asked), f"it asks for {list(asked)}, and the store inside for {list(told.inputs)}")
    require(asked["priority"] == told.inputs["priority"], f"it asks for {asked['priority']} as the priority")
    require(isinstance(asked["beta"], Scheduled), f"it asks for {asked['beta']} as β")
    require(numbers(block) == numbers(told), f"its numbers are {numbers(block)}, and those inside {numbers(told)}")
    most, row = block.most_rows(), block.row_bytes(COLUMNS)
    require(most >= told.most_rows(), f"it holds {most} rows, and inside there are {told.most_rows()}")
    require(row >= told.row_bytes(COLUMNS), f"a row takes {row} bytes, and inside it takes {told.row_bytes(COLUMNS)}")


@law("BUF-20", role="stores", since="0.1", needs=wraps, examples=1)
def what_does_not_fit_inside_is_refused(case: Case) -> None:
    """A store that is drained is refused inside; and by one that must be given the steps as they were, one that is too.

    Of two stores that each need the steps of an episode one by one, as their tag `takes` says, the inner one is handed
    what the outer one made of them. Only what is itself drained with the store inside may take a drained one.
    """
    block = case.block
    wrong: list[Any] = [Rollout(2), WholeEpisodes(1, longest=9)]
    if block.tags.get("takes") in IN_A_ROW:
        wrong += [NStep(_HELD, n=3), WithNext(_HELD), Hindsight(_HELD, goals=1)]
    for inner in wrong:
        case.say(f"attrs.evolve({block!r}, inner={inner!r})")
        try:
            wrapper = _with(block, inner)
        except Exception as error:  # noqa: BLE001  any refusal is one
            helps = not isinstance(error, RlblocksError) or bool(error.fix)
            require(helps, f"the refusal says nothing of what to do: {error}")
            continue
        require(is_drained(wrapper) and is_drained(inner), f"{inner!r} was taken inside")
