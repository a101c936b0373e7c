"""The role of returns: estimators of returns and advantages over a time axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlblocks._core.block import Block, role
from rlblocks._core.declare import Declared, Read, read
from rlblocks._core.keys import Spec

DIMS = ("time", "batch")


def timed(key: str, at: str = "") -> Read:
    """Declare that a column in time order is read, one number a row."""
    return read(key, at=at, dims=DIMS)


STEPS: Mapping[str, Declared] = {name: timed(name) for name in ("reward", "discount", "terminated", "truncated")}
VALUES: Mapping[str, Declared] = {"value": timed("value@online"), "next_value": timed("next.value@online")}
REAL: Mapping[str, Declared] = {"weight": read("weight", default=1, dims=DIMS)}
RATIOS: Mapping[str, Declared] = {
    "log_prob": timed("log_prob@online", at="action"),
    "behaviour_log_prob": timed("log_prob"),
}


@role("returns")
class Return(Block):
    """Returns and advantages of a chunk in time order.

    `compute` takes columns `[T, N]` of N environments, time first, as members name them:

    - `reward`, in units of reward; `discount` = γ(1 − terminated), in [0, 1];
    - `terminated` and `truncated`, bool: both cut, and only a discount of 0 forbids the bootstrap;
    - `value` and `next_value`, in units of reward: v(s) and v(s′) for the true next state of every row, also where an
      episode or the chunk ends. v(s′) of a terminated row is not used, and may be NaN;
    - `log_prob` and `behaviour_log_prob`: log π(a|s) of the networks now, and log μ(a|s) of the policy that acted;
    - `weight`: 0 at rows that only fill the chunk up. Such rows come out as 0 and reach no other row, whatever stands
      in them, if the row before them is terminated or truncated. Where nobody writes weights, all rows are real.

    It returns `return`, what a value is trained towards, and `advantage`: `[T, N]`, in units of reward, no gradient.
    """

    outputs = ("return", "advantage")
    specs: Mapping[str, Spec] = {key: Spec(dims=DIMS) for key in ("return", "advantage")}

    compute: Any
