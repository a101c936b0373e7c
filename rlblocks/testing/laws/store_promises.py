"""BUF: what every store says of itself is so: what it writes, how much it holds, and which environments it serves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import torch
from gymnasium import spaces
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.keys import Spec
from rlblocks.envs.base import Facts, Judged
from rlblocks.functional import in_time, rows
from rlblocks.stores.base import StoreSpec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._drained import WEIGHT, drained, hand_over, observe, small_and_stream
from rlblocks.testing._law import law
from rlblocks.testing._memories import KEYS, Subject, holds_the_newest, is_drained, numbers, sampled, small, tell
from rlblocks.testing.laws.general_memory import filled
from rlblocks.testing.laws.store_refusals import refuses
from rlblocks.testing.laws.stores import stamps
from rlblocks.testing.oracles import like
from rlblocks.testing.streams import Write, one_episode, streams, transition

ROOM, STEPS, ENOUGH = 4, 3, 64  # rows of a small store, of an episode written to it, and of a store that is filled
_THE_END = transition(0, 0, 1_000, truncated=True)  # where what waits for the end of an episode is handed on


@law("BUF-16", role="stores", since="0.1", covers=("rows",), examples=6)
def what_it_writes_is_announced(case: Case) -> None:
    """What it hands over besides the columns is what it announces, in the announced type; a weight must be read.

    A loss that leaves weights out learns from padding, or with a bias, and only a debt of the store tells.

    Formula: keys of a sample = keys asked for ∪ outputs; debts ⊆ outputs; weight ∈ outputs ⇒ weight ∈ debts
    """
    subject, _ = filled(case)
    block = subject.block
    case.say(f"{block!r}.outputs, {block!r}.debts")
    outputs, debts = tuple(block.outputs), tuple(block.debts)
    require(set(debts) <= set(outputs), f"its debts are {debts}, and it writes {outputs}")
    require(WEIGHT not in outputs or WEIGHT in debts, f"it writes a weight, and its debts are {debts}")
    if not len(subject.memory) or not subject.can_sample(2):
        return
    case.saw("rows")
    found, due = subject.sample(2), {*KEYS, *outputs}
    require(set(found) == due, f"asked for {list(KEYS)} it handed over {list(found)}, and it announces {list(outputs)}")
    lead = found["reward"].shape
    for key in outputs:
        spec = block.specs.get(key, Spec())
        require(str(found[key].dtype) == spec.dtype, f"{key} is {found[key].dtype}, and announced as {spec.dtype}")
        shape = [*lead, *spec.shape]
        require(list(found[key].shape) == shape, f"{key} is {list(found[key].shape)}, and announced as {shape}")


@law("BUF-17", role="stores", since="0.1", examples=10)
def it_holds_as_many_rows_as_it_says(case: Case) -> None:
    """It holds as many rows as it says, and never more; a sampled one has no chunks, a drained one has nothing else.

    What a recipe may wait for before it learns, and how much memory it takes, is computed from these numbers.

    Formula: sampled: len ≤ most_rows, attained, and chunk = (0, 0); drained: most_rows = 0, and len ≤ T·N
    """
    block, stream = small(case.block, case.draw(st.integers(1, 9))), case.draw(streams())
    tell(case, block, stream)
    case.say(f"{block!r}.most_rows(), {block!r}.chunk({stream.environments})")
    most, (steps, columns) = block.most_rows(), block.chunk(stream.environments)
    if is_drained(block):
        require(most == 0, f"it is drained, and says that it holds at most {most} rows that can be sampled")
        require(steps >= 1 and columns >= 1, f"its chunks are of {steps} steps and {columns} columns")
        most = steps * columns
    else:
        require((steps, columns) == (0, 0), f"it is sampled, and its chunks are of {steps} steps, {columns} columns")
        require(most >= 1, f"it says that it holds at most {most} rows")
    subject = Subject(block, stream.environments)
    for write in stream.writes:
        if is_drained(block) and len(subject.memory):
            subject.memory.drain(KEYS)
        subject.memory.add(*write.arguments())
        held = len(subject.memory)
        require(held <= most, f"it holds {held} rows, and says that it holds at most {most}")
    if not is_drained(block) and most <= ENOUGH:
        subject.fill(one_episode(most + ENOUGH)).memory.add(*Write((_THE_END,), (0,), ("",)).arguments())
        held = len(subject.memory)
        require(
            held == most or not holds_the_newest(block),
            f"of many rows it holds {held}, and says that it holds up to {most}",
        )


def ordered(block: Any) -> str:
    """Whether it says that its rows come in order."""
    return sampled(block) or ("" if block.in_order() else "it does not say that its rows come in order")


@law("BUF-18", role="stores", since="0.1", needs=ordered, examples=8)
def rows_that_are_said_to_come_in_order_do(case: Case) -> None:
    """Where it says that rows come in order, one row after each step of one environment is each of them once, in order.

    Traces are added up along an episode, and trust that.
    """
    block = small(case.block, case.draw(st.integers(1, 9)))
    episodes = case.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4), "episodes")
    case.say(f"memory = {block!r}.build(...)  # given episodes of so many steps, and asked for a row after each")
    subject, wrote, found = Subject(block, 1), [], []
    for e, length in enumerate(episodes):
        for t in range(length):
            row = transition(0, e, t, terminated=t == length - 1)
            subject.memory.add(*Write((row,), (0,), ("",)).arguments())
            wrote.append(int(row["action"]))
            found += stamps(subject.sample(1)) if len(subject.memory) else []
    require(found == wrote[: len(found)], f"of the rows {wrote} it handed over {found}")
    require(len(found) >= len(wrote) - 1, f"of {len(wrote)} rows it handed over {len(found)}")


# --- which environments it serves

_SEEN = (spaces.Box(-1.0, 1.0, (3,)), spaces.Discrete(5))
_ACTED = (spaces.Discrete(3), spaces.Box(-1.0, 1.0, (2,)))
_GOALS = spaces.Box(-1.0, 1.0, (1,))
ENVIRONMENTS = [
    Facts("an environment", seen, acted, max_episode_steps=limit, n=2, takes_wrappers=takes, goals=goals)
    for seen, acted, limit, takes in itertools.product(_SEEN, _ACTED, (None, STEPS), (True, False))
    for goals in ((None, _GOALS) if isinstance(seen, spaces.Box) else (None,))
]


@law("BUF-21", role="stores", since="0.1", examples=1)
def it_serves_what_it_does_not_refuse(case: Case) -> None:
    """Where it says nothing against an environment it can be built for it and filled; else it says what would help.

    Counted and continuous observations and actions, with goals and without, limited and not; some of them it serves.

    Formula: misfit(facts) = "" ⇒ build(columns of facts) takes rows; else misfit(facts) = "what; fix"
    """
    block, served = small(case.block, ROOM), 0
    for facts in ENVIRONMENTS:
        said = block.misfit(facts)
        what = f"{facts.observation_space} and {facts.action_space}, goals in {facts.goals}"
        require(isinstance(said, str), f"of {what} it says {said!r}")
        require(not said or "; " in said.strip("; "), f"of {what} it says {said!r}, and nothing of what to do")
        if not said:
            served += 1
            _serve(case, block, facts, what)
    require(served, f"it serves none of {len(ENVIRONMENTS)} environments")


def _serve(case: Case, block: Any, facts: Facts, what: str) -> None:
    """Build a store for an environment, write an episode, and take what there is."""
    columns = _columns(facts)
    case.say(f"memory = {block!r}.build(...)  # of {what}")
    try:
        memory = block.build(StoreSpec(columns, facts.n, np.random.default_rng(0), _nothing))
        for t in range(STEPS):
            zeros = {name: np.zeros((facts.n, *spec.shape), spec.dtype) for name, spec in columns.items()}
            memory.add({**zeros, "truncated": np.full(facts.n, t == STEPS - 1)}, np.arange(facts.n))
        if len(memory) and is_drained(block):
            memory.drain(["reward"])
        elif len(memory):
            memory.sample(1, ["reward"], **numbers(block))
    except Exception as error:  # noqa: BLE001  any refusal is one
        require(False, f"of {what} it says nothing, and refused them later: {error}")


def _nothing(achieved: NDArray[Any], desired: NDArray[Any]) -> Judged:  # noqa: ARG001  the signature of a judge
    return np.zeros(len(desired)), np.zeros(len(desired), bool)


def _columns(facts: Facts) -> Mapping[str, Spec]:
    seen, acted = (_spec(space) for space in (facts.observation_space, facts.action_space))
    flag = Spec((), "bool")
    columns = {"observation": seen, "action": acted, "reward": Spec(), "terminated": flag, "truncated": flag}
    columns |= {"discount": Spec(), "next.observation": seen, "log_prob": Spec()}
    goals = {"next.achieved_goal": Spec((1,)), "desired_goal": Spec((1,))}
    return {**columns, **(goals if facts.goals is not None else {})}


def _spec(space: Any) -> Spec:
    return Spec((), "int64", n=int(space.n)) if isinstance(space, spaces.Discrete) else Spec(space.shape)


# --- its fields, and how its rows can be looked at


@law("BUF-22", role="stores", since="0.1", covers=("rows",), examples=6)
def its_rows_are_a_tensordict(case: Case) -> None:
    """What it shows and what it hands over can be had as a TensorDict: each column, a dot in its name as a level."""
    from rlblocks.stores import as_tensordict

    subject, _ = filled(case)
    if not subject.can_sample(2):
        return
    case.saw("rows")
    shown = subject.memory.contents()
    held = len(shown["reward"])
    for key, column in shown.items():
        require(len(column) == held, f"it shows {held} rows, and {len(column)} of {key}")
    _agree(as_tensordict(subject.memory), shown, (held,))
    handed = subject.sample(2)
    lead = handed["reward"].shape
    _agree(as_tensordict(handed, batch_dims=len(lead)), handed, lead)


def _agree(made: Any, columns: Mapping[str, NDArray[Any]], lead: tuple[int, ...]) -> None:
    require(tuple(made.batch_size) == lead, f"the batch size is {list(made.batch_size)}, not {list(lead)}")
    names = {".".join(key) if isinstance(key, tuple) else key for key in made.keys(True, True)}
    require(names == set(columns), f"it has {sorted(names)}, and the columns are {sorted(columns)}")
    for key, column in columns.items():
        same(made[tuple(key.split("."))], column, f"as a TensorDict, {key}")


@law("DRN-20", role="stores", since="0.1", needs=drained, covers=("a chunk", "several environments"), examples=15)
def chunks_are_rows_in_one_line(case: Case) -> None:
    """A chunk can be put in one line of rows, step by step, and back into its time, with nothing lost or moved.

    Formula: rows(x)[t·N + i] = x[t, i]; in_time(rows(x)) = x
    """
    block, stream = small_and_stream(case)
    for one in observe(case, hand_over(Subject(block, stream.environments), stream)):
        chunk = {key: torch.from_numpy(column) for key, column in one.chunk.items()}
        for key, column in chunk.items():
            found, due = tuple(column.shape[:2]), tuple(chunk[WEIGHT].shape)
            require(found == due, f"{key} is of {found} steps and columns, and the weights are of {due}")
            line = rows(column)
            same(line, np.concatenate(list(column.numpy())), f"in one line, {key}")
            same(in_time(line, column), column, f"back in its time, {key}")


def sized(block: Any) -> str:
    """Whether it has fields of which the kit knows that they say how many."""
    return "" if _sizes(block) else "the kit knows no field of it that says how many"


def _sizes(block: Any) -> list[str]:
    kinds = {"n_step": {"n"}, "hindsight": {"goals"}}
    known = {"capacity", *kinds.get(like(block), ()), *({"steps", "count", "longest"} if is_drained(block) else ())}
    return sorted(known & attrs.fields_dict(type(block)).keys())


@law("BUF-24", role="stores", since="0.1", needs=sized, examples=1)
def sizes_begin_at_one(case: Case) -> None:
    """How many rows, steps, episodes or goals it takes may be 1, and nothing below, and no fraction."""
    for name in _sizes(case.block):
        case.say(f"attrs.evolve({case.block!r}, {name}=...)")
        attrs.evolve(case.block, **{name: 1})
        for size in (0, -1, 1.5, None):
            changes = {name: size}
            taken = not refuses(lambda changes=changes: attrs.evolve(case.block, **changes))
            require(not taken, f"{name} = {size} was taken")
