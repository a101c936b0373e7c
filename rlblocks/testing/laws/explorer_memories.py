"""EXP: what every explorer obeys that remembers: each environment for itself, each episode anew, all in its carry."""

from __future__ import annotations

import copy
from typing import Any

import torch
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw, Read
from rlblocks.testing._call import Call, mapped, snapshot, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._compute_calls import MEMORY, remembers, with_memory
from rlblocks.testing._critic_calls import KINDS, spaces_of
from rlblocks.testing._law import law
from rlblocks.testing._walks import Walk, inputs_that, walk
from rlblocks.testing.laws.noise import loud


def with_a_memory(block: Block) -> str:
    """Whether an explorer is handed a carry."""
    return "" if remembers(block) else "it remembers nothing"


def with_episodes(block: Block) -> str:
    """Whether what it remembers ends with an episode."""
    told = inputs_that(block, Read, "is_first")
    return with_a_memory(block) or ("" if told else "it does not read is_first, so what it remembers outlasts episodes")


@law(
    "EXP-9",
    role="explorers",
    since="0.1",
    needs=with_episodes,
    covers=("a memory that moved, of a row that goes on beside one that begins",),
    examples=25,
)
def episodes_begin_as_from_nothing(case: Case) -> None:
    """Where an episode begins, the row does as one of a new memory, and its memory too; other rows go on.

    However many environments begin at once.

    Formula: f(memory, is_first)[i] = f(new memory)[i] where is_first[i], and f(memory)[i] elsewhere
    """
    call = case.call(rows=3)
    (first,) = inputs_that(case.block, Read, "is_first")
    begins = call.inputs[first]
    new, none = with_memory(call).inputs[MEMORY], torch.zeros_like(begins)
    old, fresh = call(**{first: none}), call(**{first: none, MEMORY: new})
    moved = [not torch.equal(a, b) for a, b in zip(tensors_in(call.inputs[MEMORY]), tensors_in(new), strict=True)]
    case.saw(*_law_covers(begins, any(moved)))
    for name, found in call().items():
        same(mapped(found, lambda x: x[begins]), mapped(fresh[name], lambda x: x[begins]), f"where one begins, {name}")
        same(mapped(found, lambda x: x[~begins]), mapped(old[name], lambda x: x[~begins]), f"where none begins, {name}")


def _law_covers(begins: torch.Tensor, moved: bool) -> tuple[str, bool]:
    what = "a memory that moved, of a row that goes on beside one that begins"
    return what, moved and bool(begins.any()) and not bool(begins.all())


@law("EXP-9a", role="explorers", since="0.1", needs=with_a_memory, examples=6)
def memories_are_made_for_each_environment(case: Case) -> None:
    """A new memory has an entry for each environment, and shares nothing with another one.

    For every kind of action, and any number of environments.
    """
    block, count = case.block, case.draw(st.integers(1, 5), "environments")
    for action in (action for kind in spaces_of(block) for action in kind):
        case.say(f"carry = {block!r}.init({action!r}, {count})")
        one, two = block.init(action, count), block.init(action, count)
        same(two, one, "of a second memory")
        places = {tensor.untyped_storage().data_ptr() for tensor in tensors_in(one)}
        require(len(places) == len(tensors_in(one)), "two tensors of one memory share their numbers")
        for name, tensor in one.items():
            require(tensor.shape[:1] == (count,), f"{name} has the shape {list(tensor.shape)} for {count} environments")
        shared = places & {tensor.untyped_storage().data_ptr() for tensor in tensors_in(two)}
        require(not shared, "two memories share their numbers")


@law("EXP-9b", role="explorers", since="0.1", needs=with_a_memory, examples=8)
def memories_are_written_in_place(case: Case) -> None:
    """What it remembers is written into the tensors that it is handed, which the run owns; and it does move.

    None is put in the place of another, added or taken away.
    """
    run = walk(case, 4, among=KINDS)
    carry = snapshot(run.call.inputs[MEMORY])
    before, start = dict(carry), snapshot(carry)
    numbers = {"scale": loud(1.0)} if "scale" in run.call.inputs else {}
    moved = False
    for step in run.steps:
        given = {**run.call.inputs, **_never_zero(run, step), **numbers, MEMORY: carry}
        case.block.compute(**{run.call.arguments.get(name, name): value for name, value in given.items()})
        require(list(carry) == list(before), f"the memory has the keys {list(carry)}, not {list(before)}")
        for name, tensor in before.items():
            require(carry[name] is tensor, f"{name} is another tensor than the one that was handed over")
        moved = moved or any(not torch.equal(carry[name], start[name]) for name in start)
    require(moved, "after 4 steps the memory is as it was at the start")


def _never_zero(run: Walk, step: Any) -> dict[str, Any]:
    """What is different in a step, with draws that are not 0."""
    names = inputs_that(run.call.block, Draw, "normal")
    return {name: value + (value == 0) if name in names else value for name, value in step.items()}


@law("EXP-12", role="explorers", since="0.1", needs=with_a_memory, covers=("an episode that goes on",), examples=10)
def all_it_remembers_is_in_its_memory(case: Case) -> None:
    """From a saved memory it goes on as if it had never stopped, whatever was done in between.

    The memory is loaded, tensor by tensor, into that of a copy of the block, as a checkpoint is.
    """
    run = walk(case, 4, among=KINDS)
    stop = case.draw(st.integers(1, 3), "stop")
    whole = list(run.run())
    *_, last = run.run(stop=stop)
    saved = snapshot(last[MEMORY])
    twin = Walk(run.call.of(copy.deepcopy(case.block)), run.steps)
    for wrote in twin.run():  # the copy has done other things
        assert wrote
    loaded = _loaded(twin.call, saved)
    for t, wrote in enumerate(twin.run(loaded, start=stop), stop):
        same(wrote, whole[t], f"of step {t}, gone on from a memory that was saved after step {stop - 1}, the output")


def _loaded(call: Call, saved: Any) -> Any:
    """A new memory, filled with what was saved."""
    new = with_memory(call).inputs[MEMORY]
    require(list(new) == list(saved), f"a new memory has the keys {list(new)}, a used one {list(saved)}")
    for name, tensor in new.items():
        require(tensor.shape == saved[name].shape, f"{name} has changed its shape to {list(saved[name].shape)}")
        tensor.copy_(saved[name])
    return new
