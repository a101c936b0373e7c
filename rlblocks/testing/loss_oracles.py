"""Naive oracles of losses in float64: loops over rows, written from the equations alone.

As in `oracles`, a block with a name of its own says by the tag `like` which equation it computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rlblocks._core.block import Block
from rlblocks.testing._call import Call
from rlblocks.testing.control_oracles import TOGETHER
from rlblocks.testing.oracles import Row, like, rows_of_call

Outputs = dict[str, float | list[float]]


def unknown(block: Block) -> str:
    """Why there is no oracle for a loss; empty where there is one."""
    over = getattr(block, "over", None)  # what several members say as one number
    held = [over] if over is not None and like(over) not in TOGETHER else []
    missing = [block, *held] if like(block) not in LOSSES else held
    return f"the kit has no oracle for the equation of {like(missing[0])!r}" if missing else ""


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


def _eligibility(block: Any, rows: list[Row]) -> Outputs:
    deltas = [row["td_target"] - row["prediction"] for row in rows]
    loss = block.coefficient * _mean(rows, [row["prediction"] for row in rows])
    return {"loss": loss, "td_error": deltas, "error": [abs(delta) for delta in deltas]}


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


def _quantile_huber(block: Any, rows: list[Row]) -> Outputs:
    """Every predicted quantile against every number of the target, by cases."""
    kappa = float(block.kappa)

    def pair(level: float, theta: float, y: float) -> float:
        u = abs(y - theta)
        huber = u * u / 2 if u <= kappa else kappa * (u - kappa / 2)
        return (level if y >= theta else 1 - level) * huber / kappa

    def member(thetas: list[float], ys: list[float]) -> float:
        count = len(thetas)
        pairs = [pair((2 * i + 1) / (2 * count), theta, y) for i, theta in enumerate(thetas) for y in ys]
        return math.fsum(pairs) / (count * len(ys))

    def mean(numbers: list[float]) -> float:
        return math.fsum(numbers) / len(numbers)

    losses, errors = [], []
    for row in rows:
        said, ys = row["prediction"], row["td_target"]
        each = said if isinstance(said[0], list) else [said]
        losses.append(math.fsum(member(thetas, ys) for thetas in each))
        errors.append(mean([abs(mean(ys) - mean(thetas)) for thetas in each]))
    return {"loss": block.coefficient * _mean(rows, losses), "error": errors}


def _together(block: Any, said: Any) -> float:
    """What one member says or several say, as one number."""
    return TOGETHER[like(block.over)](of_members(said))


def _deterministic_policy_loss(block: Any, rows: list[Row]) -> Outputs:
    return {"loss": -block.coefficient * _mean(rows, [_together(block, row["q"](row["mode"])) for row in rows])}


def _soft_policy_loss(block: Any, rows: list[Row]) -> Outputs:
    def cost(row: Row) -> float:
        return math.exp(row["log_alpha"]) * float(row["log_prob"]) - _together(block, row["q"](row["sample"]))

    loss = block.coefficient * _mean(rows, [cost(row) for row in rows])
    return {"loss": loss, "policy_entropy": _average(rows, [-row["log_prob"] for row in rows])}


def _discrete_soft_policy_loss(block: Any, rows: list[Row]) -> Outputs:
    """Over legal actions alone; a member of `q` is a list of the values of all actions."""
    costs, entropies = [], []
    for row in rows:
        mask = row.get("action_mask") or [True] * len(row["logits"])
        legal = [a for a, one in enumerate(mask) if one]
        top = max(row["logits"][a] for a in legal)
        total = math.fsum(math.exp(row["logits"][a] - top) for a in legal)
        each = row["q"] if isinstance(row["q"][0], list) else [row["q"]]
        cost, entropy = 0.0, 0.0
        for a in legal:
            log_pi = row["logits"][a] - top - math.log(total)
            gain = math.exp(row["log_alpha"]) * log_pi - _together(block, [q[a] for q in each])
            cost += math.exp(log_pi) * gain
            entropy -= math.exp(log_pi) * log_pi
        costs.append(cost)
        entropies.append(entropy)
    return {"loss": block.coefficient * _mean(rows, costs), "policy_entropy": _average(rows, entropies)}


def _temperature_loss(block: Any, rows: list[Row]) -> Outputs:
    """By the volume of the bounds: H̄ is e·d below the entropy of a box of half widths 1, and grows with its volume."""

    def gap(row: Row) -> float:
        action = row["action"]
        count = math.prod(action.shape)
        lows, highs = (b if isinstance(b, tuple) else (b,) * count for b in (action.low, action.high))
        volume = math.prod((high - low) / 2 for low, high in zip(lows, highs, strict=True))
        return float(row["log_prob"] + block.per_component * count + math.log(volume))

    return {"loss": -block.coefficient * _mean(rows, [row["log_alpha"] * gap(row) for row in rows])}


def _discrete_temperature_loss(block: Any, rows: list[Row]) -> Outputs:
    """What the kit calls a prediction is the entropy."""

    def gap(row: Row) -> float:
        legal = sum(row["action_mask"]) if "action_mask" in row else row["action"].n
        return float(block.share * math.log(legal) - row["prediction"])

    return {"loss": -block.coefficient * _mean(rows, [row["log_alpha"] * gap(row) for row in rows])}


LOSSES: dict[str, Callable[[Any, list[Row]], Outputs]] = {
    "squared_error": _regression(_squared),
    "huber": _regression(_huber),
    "eligibility": _eligibility,
    "value_loss": _value_loss,
    "clipped_value_loss": _clipped_value_loss,
    "policy_gradient": _policy_gradient,
    "clipped_surrogate": _clipped_surrogate,
    "kl_penalty": _kl_penalty,
    "entropy": _entropy,
    "quantile_huber": _quantile_huber,
    "deterministic_policy_loss": _deterministic_policy_loss,
    "soft_policy_loss": _soft_policy_loss,
    "discrete_soft_policy_loss": _discrete_soft_policy_loss,
    "temperature_loss": _temperature_loss,
    "discrete_temperature_loss": _discrete_temperature_loss,
}
