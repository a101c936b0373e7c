"""Naive oracles of the targets of continuous control: functions of one row, in Python floats.

A row holds what the inputs say of it by name, critics as functions from an action to what each member says, and `block`
the block that is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]

TOGETHER: dict[str, Callable[[list[float]], float]] = {
    "least": min,
    "average": lambda said: math.fsum(said) / len(said),
    "first": lambda said: said[0],
}


def _one(block: Any, said: Any) -> float:
    """What several members say as one number; of one without a dim for members, itself."""
    over: Any = block.over
    together = TOGETHER[over.tags.get("like", type(over).registered_name)]
    return together(said) if isinstance(said, list) else float(said)


def _backed_up(row: Row, value: float) -> float:
    """R + γ·v, and r alone where γ is 0."""
    reward: float = row["reward"]
    return reward + row["discount"] * value if row["discount"] else reward


def _entropy_paid(row: Row) -> float:
    """−α log π(ã|s′)."""
    return -math.exp(row["log_alpha"]) * float(row["log_prob"])


def _policy_q(row: Row) -> float:
    return _backed_up(row, _one(row["block"], row["q"](row["action"])))


def _smoothed_q(row: Row) -> float:
    block, known = row["block"], row["known"]
    places = [iter(bound if isinstance(bound, tuple) else [bound] * 99) for bound in (known.low, known.high)]

    def near(action: Any, noise: Any) -> Any:
        if isinstance(action, list):
            return [near(a, n) for a, n in zip(action, noise, strict=True)]
        low, high = (next(place) for place in places)
        share = min(max(block.noise * noise, -block.limit), block.limit)
        return min(max(action + share * (high - low) / 2, low), high)

    return _backed_up(row, _one(block, row["q"](near(row["action"], row["noise"]))))


def _soft_q(row: Row) -> float:
    return _backed_up(row, _one(row["block"], row["q"](row["action"])) + _entropy_paid(row))


def _random_subset(row: Row) -> float:
    said, count = row["q"](row["action"]), row["block"].of
    chosen = sorted(range(len(said)), key=lambda member: row["u"][member])[:count]
    return _backed_up(row, min(said[member] for member in chosen) + _entropy_paid(row))


def _truncated_quantiles(row: Row) -> list[float]:
    said = row["quantiles"](row["action"])
    members = said if isinstance(said[0], list) else [said]
    pooled = sorted(atom for member in members for atom in member)
    kept = pooled[: len(pooled) - row["block"].drop * len(members)]
    return [_backed_up(row, atom + _entropy_paid(row)) for atom in kept]


def _discrete_soft_q(row: Row) -> float:
    logits, q = row["logits"], row["q"]
    legal = [a for a in range(len(logits)) if "action_mask" not in row or row["action_mask"][a]]
    top = max(logits[a] for a in legal)
    total = math.log(math.fsum(math.exp(logits[a] - top) for a in legal)) + top
    members = q if isinstance(q[0], list) else [q]
    gains = []
    for a in legal:
        log_pi = logits[a] - total
        value = _one(row["block"], [member[a] for member in members])
        gains.append(math.exp(log_pi) * (value - math.exp(row["log_alpha"]) * log_pi))
    return _backed_up(row, math.fsum(gains))


TARGETS: dict[str, Callable[[Row], Any]] = {
    "policy_q": _policy_q,
    "smoothed_q": _smoothed_q,
    "soft_q": _soft_q,
    "random_subset": _random_subset,
    "truncated_quantiles": _truncated_quantiles,
    "discrete_soft_q": _discrete_soft_q,
}
