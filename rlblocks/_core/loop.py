"""The loop: collect, learn. It is driven by the cadence's program and knows no algorithm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlblocks._core.declare import Scheduled
from rlblocks._core.errors import RunError
from rlblocks._core.plan import Printed
from rlblocks._core.randomness import Draws, Numbers
from rlblocks._core.state import State
from rlblocks.cadences.base import Collect, Learn

PIECE = 256  # vector steps after which a long collect hands control back, so that views stay alive
Episode = tuple[int, int, float, int]  # environment steps when it ended, environment, return, length
Compile = Callable[[Callable[..., Any]], Callable[..., Any]]


class Loop:
    """Runs the operations of a program on a state."""

    def __init__(self, state: State, compile_learn: Compile = lambda function: function) -> None:
        self.state = state
        self.last: dict[str, Tensor] = {}  # what the last learn step wrote
        self.episodes: list[Episode] = []  # that ended since somebody emptied this list
        plan, names = state.plan, state.namespace()
        self._names, self._compile = names, compile_learn
        self._acts = {printed.name: _Acting(printed, names, state) for printed in (plan.act, plan.warmup)}
        self._learn: _Learning | None = None
        self._follows = [
            (plan.recipe.target_updates[name].every, _Call(printed, names, state, "follow", 1), [0])
            for name, printed in plan.follows.items()
        ]
        self._warmup = plan.warmup_explorer
        self._environments = np.arange(state.pool.n, dtype=np.int64)
        self._gamma = plan.recipe.gamma
        self._catch_up()

    def _catch_up(self) -> None:
        """Note which firings of the target updates are already past."""
        for every, _, fired in self._follows:
            fired[0] = every.fired(self.state.counters)

    def steps(self) -> Iterator[None]:
        """Run the program to its end; hands control back after every operation and within long ones."""
        state = self.state
        counters, memory = state.counters, state.memory
        program = state.plan.recipe.cadence.program(counters.progress(len(memory)), state.pool.n)
        for op in program:
            while True:
                if isinstance(op, Collect):
                    yield from self._collect(op)
                else:
                    yield from self._learn_steps(op)
                try:
                    op = program.send(counters.progress(len(memory)))  # noqa: PLW2901  the program hears back
                except StopIteration:
                    return

    def _collect(self, op: Collect) -> Iterator[None]:
        if op.explorer not in (None, self._warmup):
            raise RunError(
                f"the cadence asks for a collect by {op.explorer!r}, which is not among its fields",
                fix="hold the explorer of the warm-up in a field of the cadence",
            )
        acting = self._acts["act" if op.explorer is None else "act_warmup"]
        n = self.state.pool.n
        for done in range(op.steps // n):
            real = self._step(acting)
            if op.explorer is not None:
                self.state.counters.warmup_steps += real
            self._follow()
            if done % PIECE == PIECE - 1:
                yield
        yield

    def _step(self, acting: _Acting) -> int:
        """One step of every environment, into the store; returns how many of them were real."""
        state = self.state
        wrote = acting(state.observation)
        step = state.pool.step(wrote["action"])
        rows = {
            "observation": state.observation,
            **wrote,
            "reward": step.reward,
            "terminated": step.terminated,
            "truncated": step.truncated,
            "next.observation": step.next_observation,
            "discount": self._gamma * ~step.terminated,
        }
        real = int(np.count_nonzero(step.real))
        if real == len(self._environments):
            state.memory.add(rows, self._environments)
        else:
            state.memory.add({key: rows[key][step.real] for key in rows}, self._environments[step.real])
        state.observation = step.observation
        state.counters.env_steps += real
        if step.episodes:
            state.counters.episodes += len(step.episodes)
            self.episodes += [(state.counters.env_steps, *episode) for episode in step.episodes]
        return real

    def _learn_steps(self, op: Learn) -> Iterator[None]:
        if self._learn is None or self._learn.rows != op.batch:
            self._learn = _Learning(self.state, self._names, op.batch, self._compile)
        for _ in range(op.updates):
            self.last = self._learn()
            self.state.counters.updates += 1
            self._follow()
            yield

    def _follow(self) -> None:
        """Let each target network follow, as often as its clock has fired since the last time."""
        counters = self.state.counters
        for every, follow, fired in self._follows:
            due = every.fired(counters)
            while fired[0] < due:
                follow({})
                fired[0] += 1


class _Call:
    """A printed function with its draws and numbers."""

    def __init__(self, printed: Printed, names: dict[str, Any], state: State, purpose: str, rows: int) -> None:
        self.function = printed.define(state.plan.recipe.name, names)
        self.draws = Draws(printed.draws, rows, state.generators[purpose], state.device)
        self.numbers = Numbers(printed.numbers, state.device, _paces(printed, state))
        self._counters = state.counters

    def __call__(self, chunk: dict[str, Tensor]) -> Any:
        return self.function(chunk, self.numbers(self._counters), self.draws())


def _paces(printed: Printed, state: State) -> dict[str, int]:
    """For each number of an objective, every how many learn steps that objective runs."""
    objectives = state.plan.recipe.objectives
    owners = {name: name.split(".")[1] for name in printed.numbers if name.startswith("objectives.")}
    return {name: int(objectives[owner].every.count) for name, owner in owners.items()}


class _Acting:
    """How one explorer acts: observations in, what it wrote out."""

    def __init__(self, printed: Printed, names: dict[str, Any], state: State) -> None:
        self._call = _Call(printed, names, state, printed.name, state.pool.n)
        self._dtype = np.dtype(state.plan.columns["observation"].dtype)
        self._device = state.device

    def __call__(self, observation: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        seen = torch.from_numpy(observation.astype(self._dtype, copy=False)).to(self._device)
        with torch.no_grad():
            wrote = self._call({"observation": seen})
        return {key: value.cpu().numpy() for key, value in wrote.items()}


class _Learning:
    """One learn step: a chunk of the store, the printed update, and what the store wants back."""

    def __init__(self, state: State, names: dict[str, Any], rows: int, compile_learn: Compile) -> None:
        plan = state.plan
        self.rows, self._state = rows, state
        self._call = _Call(plan.learn, names, state, "learn", rows)
        self._call.function = compile_learn(self._call.function)
        self._prepare = _Call(plan.prepare, names, state, "prepare", rows) if plan.prepare else None
        wanted = {*plan.learn.columns, *(plan.prepare.columns if plan.prepare else ())}
        self._keys = [key for key in wanted if key in plan.columns]
        self._given = Numbers(
            {a: (plan.recipe.store, asked.name) for a, asked in plan.recipe.store.inputs.items()
             if isinstance(asked, Scheduled)}, torch.device("cpu"),
        )  # fmt: skip
        self._losses = [f"{name}.loss" for name in plan.recipe.objectives]
        self._late = [
            (n, o.every) for n, o in plan.recipe.objectives.items() if "due)" in plan.learn.source.partition("\n")[0]
        ]

    def __call__(self) -> dict[str, Tensor]:
        state = self._state
        sampled = state.memory.sample(self.rows, self._keys, **self._given.plain(state.counters))
        chunk = {key: torch.from_numpy(column).to(state.device) for key, column in sampled.items()}
        if self._prepare is not None:
            with torch.no_grad():
                chunk |= self._prepare(chunk)
        if self._late:
            now = state.counters.updates + 1
            due = {name for name, every in self._late if now % every.count == 0}
            wrote = self._call.function(chunk, self._call.numbers(state.counters), self._call.draws(), due)
        else:
            wrote = self._call(chunk)
        for name in self._losses:
            if name in wrote and not math.isfinite(wrote[name]):
                raise _not_finite(state, name, float(wrote[name]))
        if state.plan.feeds:
            state.memory.feed(**{a: wrote[key].cpu().numpy() for a, key in state.plan.feeds.items()})
        return wrote  # type: ignore[no-any-return]


def _not_finite(state: State, name: str, value: float) -> RunError:
    """The error for a loss that is no number: which parameter went first."""
    broken = [
        f"networks.{network}.{key}"
        for network, module in state.online.items()
        for key, parameter in module.named_parameters()
        if not torch.isfinite(parameter).all()
    ]
    where = f"; the first parameter that is no number is {broken[0]}" if broken else "; all parameters are still finite"
    return RunError(
        f"{name} is {value} at update {state.counters.updates + 1}{where}",
        fix="lower the learning rate, clip the gradient (optimizer.clip=clip_norm), or check the rewards' scale; "
        "the last checkpoint is from before this update", update=state.counters.updates + 1,
    )  # fmt: skip
