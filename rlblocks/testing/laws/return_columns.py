"""RET: that estimators of returns work on columns: each environment alone, and padding as if it were not there."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st

from rlblocks._core.declare import REQUIRED, Read
from rlblocks._core.keys import Spec, parse
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._critic_calls import SINGLE
from rlblocks.testing._law import law
from rlblocks.testing.laws.general_rows import NEVER, outcome
from rlblocks.testing.laws.returns import INTERIOR, POISON, asks, poisoned
from rlblocks.testing.strategies import orders
from rlblocks.testing.trajectories import PADDING

TIMED = ("time", "batch")


@law("RET-1a", role="returns", since="0.1", covers=INTERIOR)
def columns_keep_their_shape(case: Case) -> None:
    """What it writes is a column for each environment, in time order, and finite.

    `[T, N]`, as its inputs.
    """
    call = case.call()
    due = [call.sizes["time"], call.sizes["batch"]]
    for name, value in call().items():
        require(list(value.shape) == due, f"{name} has the shape {list(value.shape)}, not {due}")
        require(bool(value.isfinite().all()), f"of finite inputs, {name} is {value.tolist()}")


@law("RET-17", role="returns", since="0.1", covers=("several environments", *INTERIOR))
def environments_are_independent(case: Case) -> None:
    """Each environment alone gives its column, and their order does not matter.

    Nothing is shared along the second dim.

    Formula: R(x)[:, n] = R(x[:, n])
    """
    call = case.call()
    order = torch.tensor(case.draw(orders(call.sizes["batch"]), "order"))
    permuted = call(**call.map_rows(lambda value: value[:, order]))
    for n in range(call.sizes["batch"]):
        alone = call(**call.map_rows(lambda value: value[:, n : n + 1]))  # noqa: B023  used at once
        for name, value in call().items():
            close(value[:, n : n + 1], alone[name], f"environment {n} of {name}")
            close(permuted[name], value[:, order], f"{name} of permuted environments")


@law("RET-17a", role="returns", since="0.1", covers=("several environments",))
def columns_are_not_broadcast(case: Case) -> None:
    """[T, 1] in the place of [T, N] is refused, never broadcast, and so is [T, N, 1].

    Each input in turn; a block may also take the latter for `[T, N]`.
    """
    call = case.call(rows=3, optional=True)
    due = call()
    for name in sorted(call.rows):
        narrow = outcome(call, **{name: call.inputs[name][:, :1]})
        require(narrow is NEVER, f"{name} given as [T, 1] was not refused")
        found = outcome(call, **{name: call.inputs[name].unsqueeze(-1)})
        for key in due if found is not NEVER else ():
            close(found[key], due[key], f"{key}, with {name} given as [T, N, 1],")


@law("RET-23", role="returns", since="0.1", needs=asks("weight"), covers=("padding", *INTERIOR))
def padding_does_not_matter(case: Case) -> None:
    """Rows of weight 0 come out as 0 and reach no other row, whatever stands in them.

    They only fill a chunk up; how heavy the other rows are does not matter.

    Formula: w_t = 0 ⇒ R_t = 0 and ∂R_u/∂x_t = 0 for every u
    """
    padding = case.draw(st.sampled_from(PADDING[1:]))
    call, poison = case.call(padding=padding), case.draw(st.sampled_from(POISON), "poison")
    empty = call.inputs["weight"] == 0
    same(poisoned(call, empty, poison)(), call(), f"with {poison} in rows that are not real, the output")
    same(call(weight=call.inputs["weight"] * 3), call(), "with three times the weight, the output")
    for name, value in call().items():
        require(not bool(value[empty].any()), f"{name} of rows that are not real is {value[empty].tolist()}")


@law("RET-24", role="returns", since="0.1", looks=True, examples=1)
def columns_are_declared_in_time(case: Case) -> None:
    """What it reads and writes is declared in time; one number a row, where each action has one, is the stored one's.

    Where nobody writes weights, all rows are real. Without that, a recipe hands over rows in no order, or is refused.

    Formula: dims of every output = (time, batch), and of every input begin so; weight has a default; q or log π of
    (time, batch) is read at the action
    """
    block: Any = case.block
    case.say(f"block = {block!r}")
    for name, asked in block.inputs.items():
        if isinstance(asked, Read):
            key = parse(asked.key)
            timed = asked.dims[:2] == TIMED or key.name in SINGLE
            require(timed, f"the input {name!r} has the dims {asked.dims}, which do not begin with {TIMED}")
            require(key.name != "weight" or asked.default is not REQUIRED, f"the input {name!r} is declared as needed")
            of_actions = key.name in ("q", "log_prob") and bool(key.which)
            due = "action" if of_actions and asked.dims == TIMED else ""
            free = of_actions and key.next  # of the next state, say, that of a fresh sample
            require(free or asked.at == due, f"the input {name!r} is read at {asked.at!r}, not {due!r}")
    for key in block.outputs:
        dims = block.specs.get(key, Spec()).dims
        require(dims == TIMED, f"{key} is written with the dims {dims}, not {TIMED}")
