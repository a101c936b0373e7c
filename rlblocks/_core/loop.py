"""The loop: collect, learn. It is driven by the cadence's program and knows no algorithm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from rlblocks._core.calls import AnyCall, ArrayCall, Call
from rlblocks._core.errors import BuildError, RunError
from rlblocks._core.learning import Compile, Epochs, Sampling
from rlblocks._core.plan import Printed
from rlblocks._core.state import State
from rlblocks._core.tracing import FIX
from rlblocks.cadences.base import Collect, Drain, Learn

PIECE = 256  # vector steps after which a long collect hands control back, so that views stay alive
Episode = tuple[int, int, float, int]  # environment steps when it ended, environment, return, length


class Loop:
    """Runs the operations of a program on a state."""

    def __init__(self, state: State, compile_learn: Compile = lambda function: function, kind: AnyCall = Call) -> None:
        self.state = state
        self.last: dict[str, Tensor] = {}  # what the last learn step wrote
        self.episodes: list[Episode] = []  # that ended since somebody emptied this list
        plan, names = state.plan, state.namespace()
        if kind is ArrayCall and plan.recipe.store.hands == "drained":
            raise BuildError("compile=numpy serves learning from samples, and this store is drained", fix=FIX)
        self._names, self._compile, self._kind = names, compile_learn, kind
        self._acts = {printed.name: _Acting(printed, names, state, kind) for printed in (plan.act, plan.warmup)}
        self._sampling: Sampling | None = None
        self._epochs: Epochs | None = None
        self._follows = [
            (plan.recipe.target_updates[name].every, Call(printed, names, state, "follow", (1,)), [0])
            for name, printed in plan.follows.items()
        ]
        self._warmup = plan.warmup_explorer
        self._environments = np.arange(state.pool.n, dtype=np.int64)
        self._gamma = plan.recipe.gamma
        self._stored = list(plan.columns)
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
                match op:
                    case Collect():
                        yield from self._collect(op)
                    case Learn():
                        yield from self._learn_steps(op)
                    case Drain():
                        yield from self._drain(op)
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
        seen = state.seen()
        wrote = acting(seen)
        step = state.pool.step(wrote["action"])
        known = {
            **seen,
            **wrote,
            "reward": step.reward,
            "terminated": step.terminated,
            "truncated": step.truncated,
            "next.observation": step.next_observation,
            "discount": self._gamma * ~step.terminated,
        }
        if step.next_action_mask is not None:
            known["next.action_mask"] = step.next_action_mask
        if step.next_achieved_goal is not None and step.desired_goal is not None:
            known |= {"next.achieved_goal": step.next_achieved_goal, "desired_goal": step.desired_goal}
        rows = {key: known[key] for key in self._stored}
        real, over = int(np.count_nonzero(step.real)), step.terminated | step.truncated
        if real == len(self._environments):
            state.memory.add(rows, self._environments)
        else:
            state.memory.add({key: rows[key][step.real] for key in rows}, self._environments[step.real])
            over |= ~step.real
        state.pending.note(rows, step.real)
        state.observation = step.observation
        state.recall(wrote, over)
        state.counters.env_steps += real
        if step.episodes:
            state.counters.episodes += len(step.episodes)
            self.episodes += [(state.counters.env_steps, *episode) for episode in step.episodes]
        return real

    def _learn_steps(self, op: Learn) -> Iterator[None]:
        if self._sampling is None or self._sampling.rows != op.batch:
            self._sampling = Sampling(self.state, self._names, op.batch, self._compile, self._kind)
        for _ in range(op.updates):
            self.last = self._sampling()
            self._follow()
            self.state.pending.absorb()
            yield

    def _drain(self, op: Drain) -> Iterator[None]:
        """All learn steps of a chunk, without a pause: between them there is nothing to resume from."""
        if self._epochs is None or self._epochs.op != op:
            self._epochs = Epochs(self.state, self._names, op, self._compile)
        for wrote in self._epochs():
            self.last = wrote
            self._follow()
        self.state.pending.absorb()
        yield

    def _follow(self) -> None:
        """Let each target network follow, as often as its clock has fired since the last time."""
        counters = self.state.counters
        for every, follow, fired in self._follows:
            due = every.fired(counters)
            while fired[0] < due:
                follow({})
                fired[0] += 1


class _Acting:
    """How one explorer acts: observations in, what it wrote out."""

    def __init__(self, printed: Printed, names: dict[str, Any], state: State, kind: AnyCall) -> None:
        self._call = kind(printed, names, state, printed.name, (state.pool.n,))
        self._dtypes = {key: np.dtype(spec.dtype) for key, spec in printed.columns.items()}

    def __call__(self, seen: dict[str, np.ndarray[Any, Any]]) -> Mapping[str, np.ndarray[Any, Any]]:
        columns = {
            key: value if (value := seen[key]).dtype is dtype else value.astype(dtype, copy=False)
            for key, dtype in self._dtypes.items()
        }
        call = self._call
        return call.arrays(call.without_graph(call.chunk(columns)))
