"""Steps of a few environments in time order, with ends of both kinds inside, for estimators of returns.

Columns are `[T, N]`. Inside an episode the next value of a row is the value of the row after it; at an end and in the
last row it is independent of all others, as that of a true final state is.
"""

from __future__ import annotations

import functools

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks.testing.strategies import GAMMAS, flags, floats, raw_bytes

TIMES = (6, 9, 7, 5, 4, 6, 9, 7, 5, 2, 1)  # long ones twice: short ones have no room for ends inside
INTERIOR = 5  # rows that are enough for an end of each kind inside, and a row between them
ORDERS = ("termination", "truncation", "truncation", "termination", "truncation", "")  # which end comes first
ENVIRONMENTS = (2, 3, 1)  # never one of the above that is drawn with it, so that the two dims cannot be confused
ENDS = ("both", "terminated", "truncated", "none")
MOSTLY = ("both", "both", "both", *ENDS)  # laws about ends should see them
PADDING = ("none", "after ends", "at the end")

Columns = dict[str, Tensor]


@attrs.frozen
class Shape:
    """How many rows of how many environments."""

    time: int
    batch: int


@functools.cache
@st.composite
def shapes(draw: st.DrawFn, batch: int | None = None) -> Shape:
    """Numbers of rows and of environments that differ."""
    rows = draw(st.sampled_from(ENVIRONMENTS)) if batch is None else batch
    return Shape(draw(st.sampled_from([time for time in TIMES if time != rows])), rows)


@functools.cache
@st.composite
def trajectories(draw: st.DrawFn, batch: int | None = None, ends: str = "", padding: str = "") -> Columns:
    """Columns by what they are: reward, discount, flags, values, log-probabilities, and weight where rows are padded.

    Each is `[T, N]`, float32 or bool, with T from 1 to 9 and N from 1 to 3, never the same. Mostly there is a
    termination and a truncation inside, now and then both in one row. Inside an episode `next_value` of a row is
    `value` of the one after it.

    >>> from hypothesis import find
    >>> found = find(trajectories(ends="truncated", padding="none"), lambda t: bool(t["truncated"][:-1].any()))
    >>> sorted(found)[:4], bool(found["terminated"].any())
    (['behaviour_log_prob', 'discount', 'log_prob', 'next_value'], False)

    Args:
        draw: from hypothesis.
        batch: how many environments; None draws a number.
        ends: which flags occur, one of `ENDS`; empty draws one.
        padding: which rows are not real, one of `PADDING`; empty draws one.
    """
    shape = draw(shapes(batch))
    kind = ends or draw(st.sampled_from(MOSTLY))
    terminated, truncated = draw(_flags(shape, kind))
    gammas = draw(raw_bytes(shape.time * shape.batch)) if draw(st.booleans()) else [draw(st.integers(0, 255))]
    gamma = torch.tensor([GAMMAS[int(g) % len(GAMMAS)] for g in gammas]).expand(shape.time * shape.batch)
    names = ("reward", "value", "last_value", "q", "behaviour_log_prob", "log_prob")
    drawn = {name: draw(floats(shape.time, shape.batch)) for name in names}
    behaviour = -drawn["behaviour_log_prob"].abs() / 8
    columns = {
        "reward": drawn["reward"],
        "discount": gamma.view(shape.time, shape.batch) * ~terminated,
        "terminated": terminated,
        "truncated": truncated,
        "value": drawn["value"],
        "next_value": onward(drawn["value"], drawn["last_value"], terminated | truncated),
        "q": drawn["q"],
        "behaviour_log_prob": behaviour,
        "log_prob": behaviour + drawn["log_prob"] / 16,  # ratios from 1/7 to 7
    }
    return _padded(columns, padding or draw(st.sampled_from(PADDING)))


@st.composite
def _flags(draw: st.DrawFn, shape: Shape, kind: str) -> tuple[Tensor, Tensor]:
    """Where episodes end; mostly also inside the first environment, once in each way that may occur."""
    size = (shape.time, shape.batch)
    terminated = draw(flags(*size)) if kind in {"both", "terminated"} else torch.zeros(size, dtype=torch.bool)
    truncated = draw(flags(*size)) if kind in {"both", "truncated"} else torch.zeros(size, dtype=torch.bool)
    if shape.time >= INTERIOR and (order := draw(st.sampled_from(ORDERS))):
        place = draw(st.integers(0, shape.time - 4))  # and two rows on, since the row between may become padding
        first, second = (truncated, terminated) if order == "truncation" else (terminated, truncated)
        terminated[:, 0], truncated[:, 0] = False, False
        first[place, 0] = kind in {"both", "truncated" if order == "truncation" else "terminated"}
        second[place + 2, 0] = kind in {"both", "terminated" if order == "truncation" else "truncated"}
    return terminated, truncated


def onward(value: Tensor, last: Tensor, end: Tensor) -> Tensor:
    """The value of the row after each, and `last` where there is none.

    >>> onward(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([7.0, 8.0, 9.0]), torch.tensor([False, True, False]))
    tensor([2., 8., 9.])
    """
    return torch.cat((last[:-1].where(end[:-1], value[1:]), last[-1:]))


def padding_of(columns: Columns, kind: str) -> Tensor:
    """Which rows are not real: the one after each end, or all after the first end."""
    end = columns["terminated"] | columns["truncated"]
    before = torch.cat((torch.zeros_like(end[:1]), end[:-1]))
    if kind == "at the end":
        return before.cummax(0).values
    padding = torch.zeros_like(end)
    for row in range(len(end)):  # a row that is not real ends nothing
        padding[row] = before[row] & ~padding[max(row - 1, 0)]
    return padding


def _padded(columns: Columns, kind: str) -> Columns:
    """Rows of zeros of weight 0 where a chunk is filled up, and real ones of a weight whose mean is 1."""
    if kind == "none":
        return columns
    padding = padding_of(columns, kind)
    real = ~padding
    weight = real * (real.numel() / real.sum())
    return {**{name: column.masked_fill(padding, 0) for name, column in columns.items()}, "weight": weight}


def facts(columns: Columns) -> list[str]:
    """What a trajectory contains, by the names that laws ask for."""
    terminated, truncated = columns["terminated"], columns["truncated"]
    end, weight = terminated | truncated, columns.get("weight")
    real = torch.ones_like(end) if weight is None else weight != 0
    gamma = columns["discount"][(columns["discount"] != 0) & real]
    found = {
        "an interior termination": (terminated & ~truncated)[:-1].any(),
        "an interior truncation": (truncated & ~terminated)[:-1].any(),
        "both flags at once": (terminated & truncated).any(),
        "a last row that goes on": (~end & real)[-1:].any(),
        "several environments": end.shape[1] > 1,
        "discounts that differ": len(set(gamma.tolist())) > 1,
        "padding": not real.all(),
    }
    return [what for what, there in found.items() if bool(there)]
