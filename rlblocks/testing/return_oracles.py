"""Naive estimators of returns: forward sums over Python floats, one environment and one row at a time.

They are written from the sums of the papers, and not from recursions, which is how blocks compute them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing._call import Call
from rlblocks.testing.oracles import like

Row = dict[str, Any]
Found = tuple[float, float]


def unknown(block: Block) -> str:
    """Why there is no oracle for a block; empty where there is one."""
    return "" if like(block) in RETURNS else f"the kit has no oracle for the equation of {like(block)!r}"


def returns_and_advantages(call: Call) -> dict[str, Tensor]:
    """Both columns, 0 at rows that are not real."""
    oracle = RETURNS[like(call.block)]
    time, batch = call.sizes["time"], call.sizes["batch"]
    found = torch.zeros(2, time, batch, dtype=torch.float64)
    for n in range(batch):
        rows = [{name: call.inputs[name][t, n].item() for name in call.rows} for t in range(time)]
        for t, row in enumerate(rows):
            if row.get("weight", 1):
                found[:, t, n] = torch.tensor(oracle(call.block, _rest(rows, t)), dtype=torch.float64)
    return {"return": found[0], "advantage": found[1]}


def _rest(rows: list[Row], t: int) -> list[Row]:
    """A row and what follows it in the same episode."""
    ends = [i for i in range(t, len(rows)) if rows[i]["terminated"] or rows[i]["truncated"]]
    return rows[t : ends[0] + 1] if ends else rows[t:]


def _one_step(row: Row) -> float:
    discount: float = row["discount"]
    return row["reward"] + discount * row.get("next_value", 0.0) if discount else row["reward"]  # type: ignore[no-any-return]


def _n_steps(rows: list[Row], n: int) -> float:
    """r₀ + γ·r₁ + … and the value after n rows, or after all of them."""
    gone = [math.prod(row["discount"] for row in rows[:k]) for k in range(min(n, len(rows)))]
    rewards = [g * row["reward"] for g, row in zip(gone[:-1], rows, strict=False)]
    return math.fsum([*rewards, gone[-1] * _one_step(rows[len(gone) - 1])])


def _monte_carlo(block: Any, rows: list[Row]) -> Found:  # noqa: ARG001  the signature of the table
    found = _n_steps(rows, len(rows))
    return found, found - rows[0].get("value", 0.0)


def _n_step_return(block: Any, rows: list[Row]) -> Found:
    found = _n_steps(rows, block.n)
    return found, found - rows[0]["value"]


def _td_lambda(block: Any, rows: list[Row]) -> Found:
    """(1 − λ)·Σ λⁿ⁻¹·G⁽ⁿ⁾ over n below the number of rows M, and λᴹ⁻¹·G⁽ᴹ⁾."""
    lam, last = block.lam, len(rows)
    parts = [(1 - lam) * lam ** (n - 1) * _n_steps(rows, n) for n in range(1, last)]
    found = math.fsum([*parts, lam ** (last - 1) * _n_steps(rows, last)])
    return found, found - rows[0]["value"]


def _gae(block: Any, rows: list[Row]) -> Found:
    """Σ_l (Π γλ)·δ_l."""
    weights = [math.prod(block.lam * row["discount"] for row in rows[:k]) for k in range(len(rows))]
    found = math.fsum(w * (_one_step(row) - row["value"]) for w, row in zip(weights, rows, strict=True))
    return found + rows[0]["value"], found


def _ratio(row: Row) -> float:
    return math.exp(row["log_prob"] - row["behaviour_log_prob"])


def _v_trace_value(block: Any, rows: list[Row]) -> float:
    terms = []
    for k, row in enumerate(rows):
        reach = math.prod(block.lam * min(block.c_max, _ratio(r)) * r["discount"] for r in rows[:k])
        terms.append(reach * min(block.rho_max, _ratio(row)) * (_one_step(row) - row["value"]))
    return math.fsum([rows[0]["value"], *terms])


def _v_trace(block: Any, rows: list[Row]) -> Found:
    first = rows[0]
    after = first["reward"] + first["discount"] * _v_trace_value(block, rows[1:]) if rows[1:] else _one_step(first)
    return _v_trace_value(block, rows), min(block.rho_max, _ratio(first)) * (after - first["value"])


def _retrace(block: Any, rows: list[Row]) -> Found:
    terms = []
    for k, row in enumerate(rows):
        discount = math.prod(r["discount"] for r in rows[:k])
        reach = math.prod(block.lam * min(1.0, _ratio(r)) for r in rows[1 : k + 1])
        terms.append(discount * reach * (_one_step(row) - row["q"]))
    found = math.fsum([rows[0]["q"], *terms])
    return found, found - rows[0]["value"]


RETURNS: dict[str, Callable[[Any, list[Row]], Found]] = {
    "monte_carlo": _monte_carlo,
    "n_step_return": _n_step_return,
    "td_lambda": _td_lambda,
    "gae": _gae,
    "v_trace": _v_trace,
    "retrace": _retrace,
}
