"""Naive oracles in float64: loops over rows, written from the equations alone, for the blocks that the library names.

An oracle belongs to an equation, not to a role. A block says which equation it computes by its registry name, or, where
it has a name of its own, by the tag `like`: `tags = {"like": "double_q"}` asks for double Q-learning's oracle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import control_oracles
from rlblocks.testing._call import Call
from rlblocks.testing.critics import Critic

Row = dict[str, Any]


def like(block: Block) -> str:
    """The registry name of the block whose equation this one computes."""
    return block.tags.get("like", type(block).registered_name)


def unknown(block: Block) -> str:
    """Why there is no oracle for a block; empty where there is one."""
    tables: dict[str, dict[str, Any]] = {
        "targets": TARGETS,
        "explorers": EXPLORERS,
        "schedules": SCHEDULES,
    }
    table = tables[block.role]
    over: Any = getattr(block, "over", None)  # what several members say as one number
    together = getattr(type(over), "role", "") == "aggregates"
    held = [over] if together and like(over) not in control_oracles.TOGETHER else []
    inner: Any = getattr(block, "inner", block)  # that it acts as
    held += [inner] if inner.role == block.role and like(inner) not in table else []
    missing = [block, *held] if like(block) not in table else held
    return f"the kit has no oracle for the equation of {like(missing[0])!r}" if missing else ""


def rows_of_call(call: Call) -> list[Row]:
    """The inputs of each row, as nested lists, floats and functions; what all rows share stands in each.

    Where members wrote a value, its entry is the list of what each of them wrote.
    """
    return [
        {name: _of_row(call, name, value, i) for name, value in call.inputs.items()} for i in range(call.sizes["batch"])
    ]


def _of_row(call: Call, name: str, value: Any, row: int) -> Any:
    if isinstance(value, Critic):
        return value.of_row(row)
    return value.select(call.lead.get(name, 0), row).tolist() if name in call.rows else _plain(value)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else value


def _best(values: list[float], mask: list[bool] | None) -> int:
    """The first legal action of the greatest value."""
    legal = [a for a in range(len(values)) if mask is None or mask[a]]
    return max(legal, key=lambda a: (values[a], -a))


def _backed_up(row: Row, action: int) -> Any:
    """R + γ·v of one action, and r alone where γ is 0, in every number of the form."""
    value, reward, discount = row["q_evaluate"][action], row["reward"], row["discount"]
    numbers = value if isinstance(value, list) else [value]
    backed_up = [reward + discount * v if discount else reward for v in numbers]
    return backed_up if isinstance(value, list) else backed_up[0]


def _greatest_value(row: Row) -> Any:
    """Q-learning and double Q-learning differ in which network `q_select` comes from, not in what is done with it."""
    return _backed_up(row, _best(row["q_select"], row.get("action_mask")))


def _double_estimator(row: Row) -> float:
    """Of the member that learns: the first one below one half."""
    learns, other = (0, 1) if row["u"] < 0.5 else (1, 0)  # noqa: PLR2004
    action = _best(row["q"][learns], row.get("action_mask"))
    return float(_backed_up({**row, "q_evaluate": row["q"][other]}, action))


TARGETS: dict[str, Callable[[Row], Any]] = {
    "max_q": _greatest_value, "double_q": _greatest_value, "double_estimator": _double_estimator,
    **control_oracles.TARGETS,
}  # fmt: skip


def td_target(call: Call) -> Tensor:
    """The target of every row."""
    oracle = TARGETS[like(call.block)]
    return torch.tensor([oracle({"block": call.block, **row}) for row in rows_of_call(call)], dtype=torch.float64)


def _greedy(row: Row) -> list[float]:
    best = _best(row["q"], row.get("action_mask"))
    return [float(a == best) for a in range(len(row["q"]))]


def _uniform(row: Row, actions: int) -> list[float]:
    mask = row.get("action_mask") or [True] * actions
    return [float(legal) / sum(mask) for legal in mask]


def _epsilon_greedy(row: Row) -> list[float]:
    epsilon, uniform = row["epsilon"], _uniform(row, len(row["q"]))
    return [(1 - epsilon) * g + epsilon * u for g, u in zip(_greedy(row), uniform, strict=True)]


def _boltzmann(row: Row) -> list[float]:
    mask = row.get("action_mask") or [True] * len(row["q"])
    top = max(q for q, legal in zip(row["q"], mask, strict=True) if legal)
    if row["temperature"] == 0:
        ties = [float(legal and q == top) for q, legal in zip(row["q"], mask, strict=True)]
        return [tie / sum(ties) for tie in ties]
    powers = [
        math.exp((q - top) / row["temperature"]) if legal else 0.0 for q, legal in zip(row["q"], mask, strict=True)
    ]
    return [power / math.fsum(powers) for power in powers]


def _chosen(row: Row, key: str) -> list[float]:
    """Of an action that was chosen before: all of it."""
    return [float(a == row[key]) for a in range(row["actions"])]


EXPLORERS: dict[str, Callable[[Row], list[float]]] = {
    "greedy": _greedy,
    "epsilon_greedy": _epsilon_greedy,
    "boltzmann": _boltzmann,
    "sample": lambda row: _chosen(row, "sample"),
    "mode": lambda row: _chosen(row, "mode"),
    "uniform_random": lambda row: _uniform(row, row["actions"]),
    "over_members": lambda row: EXPLORERS[like(row["block"].inner)]({**row, "q": together(row)}),
}


def together(row: Row) -> list[float]:
    """What one network says of each action, or several say together."""
    q: list[Any] = row["q"]
    if not isinstance(q[0], list):
        return q
    over = control_oracles.TOGETHER[like(row["block"].over)]
    return [over(list(said)) for said in zip(*q, strict=True)]


def action_probabilities(call: Call) -> Tensor:
    """The probability of every action in every row, `[B, A]`."""
    oracle = EXPLORERS[like(call.block)]
    known = {"actions": call.sizes["action"], "block": call.block}
    return torch.tensor([oracle({**known, **row}) for row in rows_of_call(call)], dtype=torch.float64)


def _share(t: float, duration: float) -> Fraction:
    """t/D in [0, 1], exactly."""
    return min(max(Fraction(t) / Fraction(duration), Fraction(0)), Fraction(1))


def _linear(block: Any, t: float) -> float:
    start, end = Fraction(block.start), Fraction(block.end)
    return float(start + (end - start) * _share(t, block.over.count))


def _cosine(block: Any, t: float) -> float:
    return block.end + (block.start - block.end) * (1 + math.cos(math.pi * float(_share(t, block.over.count)))) / 2  # type: ignore[no-any-return]


def _exponential(block: Any, t: float) -> float:
    return block.end + (block.start - block.end) * math.exp(-max(t, 0) / block.over.count)  # type: ignore[no-any-return]


def _piecewise(block: Any, t: float) -> float:
    local = Fraction(t)
    for piece in block.pieces[:-1]:
        if local < Fraction(piece.over.count):
            break
        local -= Fraction(piece.over.count)
    else:
        piece = block.pieces[-1]
    return SCHEDULES[like(piece)](piece, float(local))


SCHEDULES: dict[str, Callable[[Any, float], float]] = {
    "constant": lambda block, _: float(block.amount),
    "linear": _linear,
    "cosine": _cosine,
    "exponential": _exponential,
    "piecewise": _piecewise,
}
