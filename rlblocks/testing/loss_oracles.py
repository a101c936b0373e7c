"""Naive oracles of losses in float64: loops over rows, written from the equations alone.

As in `oracles`, a block with a name of its own says by the tag `like` which equation it computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rlblocks._core.block import Block
from rlblocks.testing._call import Call
from rlblocks.testing.oracles import Row, like, rows_of_call

Outputs = dict[str, float | list[float]]


def unknown(block: Block) -> str:
    """Why there is no oracle for a loss; empty where there is one."""
    return "" if like(block) in LOSSES else f"the kit has no oracle for the equation of {like(block)!r}"


def outputs(call: Call) -> Outputs:
    """What a loss writes: a number, or one for each row."""
    return LOSSES[like(call.block)](call.block, rows_of_call(call))


def _mean(rows: list[Row], terms: list[float]) -> float:
    """Divided by the rows."""
    return math.fsum(row.get("weight", 1.0) * term for row, term in zip(rows, terms, strict=True)) / len(rows)


def _average(rows: list[Row], terms: list[float]) -> float:
    """Divided by the weights."""
    weights = [row.get("weight", 1.0) for row in rows]
    total = math.fsum(w * term for w, term in zip(weights, terms, strict=True))
    return total / math.fsum(weights) if any(weights) else 0.0


def of_members(said: Any) -> list[Any]:
    """What each member says, of one or several."""
    return said if isinstance(said, list) else [said]


def _regression(penalty: Callable[[Any, float], float]) -> Callable[[Any, list[Row]], Outputs]:
    """c·mean(w·Σ_j h(y − q_j)), and |y − q_j| of every row, on average over members."""

    def oracle(block: Any, rows: list[Row]) -> Outputs:
        errors = [[row["td_target"] - q for q in of_members(row["prediction"])] for row in rows]
        loss = block.coefficient * _mean(rows, [math.fsum(penalty(block, e) for e in each) for each in errors])
        return {"loss": loss, "error": [math.fsum(map(abs, each)) / len(each) for each in errors]}

    return oracle


def _squared(block: Any, error: float) -> float:  # noqa: ARG001  the signature of penalties
    return error * error / 2


def _huber(block: Any, error: float) -> float:
    size, delta = abs(error), float(block.delta)
    return error * error / 2 if size <= delta else delta * (size - delta / 2)


def _value_loss(block: Any, rows: list[Row]) -> Outputs:
    return {"loss": block.coefficient * _mean(rows, [(r["td_target"] - r["prediction"]) ** 2 / 2 for r in rows])}


def _clipped_value_loss(block: Any, rows: list[Row]) -> Outputs:
    def worse(row: Row) -> float:
        value, old, target, clip = row["prediction"], row["value"], row["td_target"], row["clip"]
        kept = value
        if abs(value - old) > clip:
            kept = old + math.copysign(clip, value - old)
        return float(max((target - value) ** 2, (target - kept) ** 2) / 2)

    return {"loss": block.coefficient * _mean(rows, [worse(row) for row in rows])}


def _policy_gradient(block: Any, rows: list[Row]) -> Outputs:
    return {"loss": -block.coefficient * _mean(rows, [row["advantage"] * row["prediction"] for row in rows])}


def ratio(row: Row) -> float:
    """π(a|s) / π_old(a|s)."""
    return math.exp(row["prediction"]) / math.exp(row["log_prob"])


def _divergence(row: Row) -> float:
    return ratio(row) - 1 - math.log(ratio(row))


def _clipped_surrogate(block: Any, rows: list[Row]) -> Outputs:
    """By cases: a ratio above 1 + ε does not gain more than at 1 + ε, one below 1 − ε does not lose less."""

    def gain(row: Row) -> float:
        r, advantage, clip = ratio(row), row["advantage"], row["clip"]
        if (advantage > 0 and r > 1 + clip) or (advantage < 0 and r < 1 - clip):
            r = 1 + math.copysign(clip, advantage)
        return float(r * advantage)

    outside = [float(abs(ratio(row) - 1) > row["clip"]) for row in rows]
    return {
        "loss": -block.coefficient * _mean(rows, [gain(row) for row in rows]),
        "kl": _average(rows, [_divergence(row) for row in rows]),
        "clip_fraction": _average(rows, outside),
    }


def _kl_penalty(block: Any, rows: list[Row]) -> Outputs:
    carry = rows[0]["carry"]
    beta, kl = float(carry["beta"]), float(carry["kl"])
    if float(carry["env_steps"]) != rows[0]["env_steps"]:
        if kl < block.target / 1.5:
            beta /= 2
        elif kl > block.target * 1.5:
            beta *= 2
    return {"loss": beta * _mean(rows, [_divergence(row) for row in rows]), "beta": beta}


def _entropy(block: Any, rows: list[Row]) -> Outputs:  # noqa: ARG001  its coefficient is scheduled
    loss = -_mean(rows, [row["coefficient"] * row["prediction"] for row in rows])
    return {"loss": loss, "entropy": _average(rows, [row["prediction"] for row in rows])}


LOSSES: dict[str, Callable[[Any, list[Row]], Outputs]] = {
    "squared_error": _regression(_squared),
    "huber": _regression(_huber),
    "value_loss": _value_loss,
    "clipped_value_loss": _clipped_value_loss,
    "policy_gradient": _policy_gradient,
    "clipped_surrogate": _clipped_surrogate,
    "kl_penalty": _kl_penalty,
    "entropy": _entropy,
}
