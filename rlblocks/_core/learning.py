"""How what the store hands over becomes learn steps: one on each fresh sample, or epochs over a drained chunk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from rlblocks._core.calls import AnyCall, Call
from rlblocks._core.declare import Scheduled
from rlblocks._core.errors import RunError
from rlblocks._core.randomness import Numbers
from rlblocks._core.state import State
from rlblocks.cadences.base import Drain
from rlblocks.functional import rows as flattened
from rlblocks.stores.base import DrainedMemory, SampledMemory

Compile = Callable[[Callable[..., Any]], Callable[..., Any]]
Chunk = dict[str, Any]  # tensors, or arrays where numpy computes


class Update:
    """One learn step on a chunk of a fixed number of rows."""

    def __init__(
        self, state: State, names: dict[str, Any], rows: int, compile_learn: Compile, kind: AnyCall = Call
    ) -> None:
        plan = state.plan
        self.rows, self._state = rows, state
        self._call = kind(plan.learn, names, state, "learn", (rows,))
        self._call.function = compile_learn(self._call.function)
        self.chunk, self.arrays = self._call.chunk, self._call.arrays
        self._losses = [f"{name}.loss" for name in plan.recipe.objectives]
        self._late = [
            (n, o.every) for n, o in plan.recipe.objectives.items() if "due)" in plan.learn.source.partition("\n")[0]
        ]

    def __call__(self, chunk: Chunk) -> Chunk:
        state = self._state
        if self._late:
            now = state.counters.updates + 1
            wrote = self._call(chunk, {name for name, every in self._late if now % every.count == 0})
        else:
            wrote = self._call(chunk)
        for name in self._losses:
            if name in wrote and not math.isfinite(wrote[name]):
                raise _not_finite(state, name, float(wrote[name]), chunk)
        state.counters.updates += 1
        return wrote


class Sampling:
    """A learn step on a fresh sample, and what the store wants back."""

    def __init__(
        self, state: State, names: dict[str, Any], rows: int, compile_learn: Compile, kind: AnyCall = Call
    ) -> None:
        plan = state.plan
        self.rows, self._state = rows, state
        self._update = Update(state, names, rows, compile_learn, kind)
        self._prepare = kind(plan.prepare, names, state, "prepare", (rows,)) if plan.prepare else None
        self._keys = stored_keys(state)
        self._given = Numbers(
            {a: (plan.recipe.store, asked.name) for a, asked in plan.recipe.store.inputs.items()
             if isinstance(asked, Scheduled)}, torch.device("cpu"),
        )  # fmt: skip

    def __call__(self) -> Chunk:
        state = self._state
        memory = cast("SampledMemory", state.memory)
        sampled = memory.sample(self.rows, self._keys, **self._given.plain(state.counters))
        chunk = self._update.chunk(sampled)
        if self._prepare is not None:
            with torch.no_grad():
                chunk = {**chunk, **self._prepare(chunk)}
        wrote = self._update(chunk)
        if state.plan.feeds:
            memory.feed(**self._update.arrays({a: wrote[key] for a, key in state.plan.feeds.items()}))
        return wrote


class Epochs:
    """Learn steps on minibatches of one chunk, each row once an epoch, in an order drawn anew for each epoch."""

    def __init__(self, state: State, names: dict[str, Any], op: Drain, compile_learn: Compile) -> None:
        plan = state.plan
        steps, environments = plan.recipe.store.chunk(state.pool.n)
        why = plan.recipe.cadence.misfit((steps, environments))
        if why:  # of a vector environment one knows only now how many there are
            raise RunError(f"slot 'cadence' holds {type(plan.recipe.cadence).__name__}, which {why}")
        self.op, self._state, self._shape = op, state, (steps, environments)
        self._update = Update(state, names, steps * environments // op.minibatches, compile_learn)
        self._prepare = Call(plan.prepare, names, state, "prepare", (steps, environments)) if plan.prepare else None
        self._keys = stored_keys(state)

    def __call__(self) -> Iterator[Chunk]:
        """Take the chunk, and yield what each learn step wrote."""
        state, op = self._state, self.op
        memory = cast("DrainedMemory", state.memory)
        drained = memory.drain(self._keys)
        chunk = {key: torch.from_numpy(column).to(state.device) for key, column in drained.items()}
        if self._prepare is not None:
            with torch.no_grad():
                chunk |= self._prepare(chunk)
        mixed = {key: flattened(chunk[key]) for key in state.plan.learn.columns}
        for _ in range(op.epochs):
            for minibatch in self._minibatches(mixed):
                wrote = self._update(minibatch)
                yield wrote
                if op.early_stop.compute(**{name: float(wrote[key]) for name, key in state.plan.stops.items()}):
                    return

    def _minibatches(self, mixed: Chunk) -> Iterator[Chunk]:
        if self.op.minibatches == self.op.window == 1:  # the order of rows does not matter to a mean
            yield mixed
            return
        order = torch.from_numpy(self._order()).to(self._state.device)
        for rows in order:
            yield {key: column.index_select(0, rows) for key, column in mixed.items()}

    def _order(self) -> NDArray[np.int64]:
        """The rows of each minibatch, `[minibatches, rows]`: windows in a random order, time first within each part."""
        steps, environments = self._shape
        window, parts = self.op.window, self.op.minibatches
        chosen = self._state.generators["minibatches"].permutation(steps // window * environments).reshape(parts, 1, -1)
        first = chosen // environments * window * environments + chosen % environments
        order: NDArray[np.int64] = (first + np.arange(window)[:, None] * environments).reshape(parts, -1)
        return order


def stored_keys(state: State) -> list[str]:
    """The columns that learning asks of the store."""
    plan = state.plan
    wanted = {*plan.learn.columns, *(plan.prepare.columns if plan.prepare else ())}
    return [key for key in wanted if key in plan.columns]


def _not_finite(state: State, name: str, value: float, chunk: Chunk) -> RunError:
    """The error for a loss that is no number: which column is none, or which parameter went first."""
    broken = [
        f"networks.{network}.{key}"
        for network, module in state.online.items()
        for key, parameter in module.named_parameters()
        if not torch.isfinite(parameter).all()
    ]
    columns = [key for key, column in chunk.items() if not torch.isfinite(torch.as_tensor(column)).all()]
    if columns:  # it came first: the step that it led to is taken by now
        where = f"; {columns[0]!r} of its chunk is not finite{'' if broken else ', and all parameters still are'}"
    elif broken:
        where = f"; the first parameter that is no number is {broken[0]}"
    else:
        where = "; all parameters are still finite"
    return RunError(
        f"{name} is {value} at update {state.counters.updates + 1}{where}",
        fix="lower the learning rate, clip the gradient (optimizer.clip=clip_norm), or check the rewards' scale; "
        "the last checkpoint is from before this update", update=state.counters.updates + 1,
    )  # fmt: skip
