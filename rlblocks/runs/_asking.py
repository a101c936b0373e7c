"""One real batch, on its way through all printed functions again, on copies; every call of a block is recorded."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rlblocks._core.plan import Plan
from rlblocks._core.recipe import slots_of
from rlblocks._core.state import State
from rlblocks.functional import rows as flattened
from rlblocks.runs._row_laws import Columns
from rlblocks.runs._shadow import Shadow


def replayed(
    state: State, columns: Columns, seen: Sequence[Columns], generator: np.random.Generator, *, drained: bool
) -> tuple[Shadow, list[str]]:
    """What happens to a batch from here on: its calls, and the networks whose target copies the learn step wrote to."""
    plan, shadow = state.plan, Shadow(state, generator)
    shape, chunk = next(iter(columns.values())).shape, dict[str, Any](columns)
    if plan.prepare:
        chunk |= shadow.run(plan.prepare, chunk, shape[: 2 if drained else 1])
    if drained:
        order = _windows(shape, plan.recipe.cadence.together(), generator)
        chunk = {key: flattened(torch.as_tensor(chunk[key]))[order] for key in plan.learn.columns}
    before = {name: tensors_of(shadow.target[name]) for name in plan.follows}
    shadow.run(plan.learn, chunk, (len(next(iter(chunk.values()))),))
    moved = [name for name in plan.follows if differ(before[name], shadow.target[name])]
    for follow in plan.follows.values():
        shadow.run(follow, {}, (1,))
    if seen:
        acting = {key: np.concatenate([one[key] for one in seen]) for key in seen[0]}
        for part in (plan.act, plan.warmup):
            columns = {key: np.asarray(acting[key], spec.dtype) for key, spec in part.columns.items()}
            shadow.run(part, columns, (len(acting["observation"]),))
    return shadow, moved


def _windows(shape: tuple[int, ...], window: int, generator: np.random.Generator) -> Tensor:
    """All rows of a chunk as learning hands them over: windows in a random order, time first within each."""
    steps, environments = shape[:2]
    chosen = generator.permutation(steps // window * environments)
    first = chosen // environments * window * environments + chosen % environments
    rows: NDArray[np.int64] = (first + np.arange(window)[:, None] * environments).reshape(-1)
    return torch.from_numpy(rows)


def acts_alone(plan: Plan) -> bool:
    """Whether an explorer remembers something of each environment, so that no other rows can stand beside theirs."""
    return any(slot in plan.carried for slot, _ in slots_of(plan.recipe, "explorers"))


def tensors_of(module: torch.nn.Module) -> list[Tensor]:
    """Copies of the tensors of a network."""
    return [tensor.detach().clone() for tensor in module.state_dict().values()]


def differ(before: Sequence[Tensor], module: torch.nn.Module) -> bool:
    """Whether a network is another one than it was."""
    return not all(map(torch.equal, before, module.state_dict().values()))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let nothing of what is done inside move the global generators, and let gradients be taken."""
    saved = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  they are to stay as they are
    try:
        with torch.enable_grad():
            yield
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])  # noqa: NPY002
        torch.set_rng_state(saved[2])
