"""States of runs, and what is in them bit by bit: what tests of many folders share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from rlblocks import Recipe, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build

CPU = torch.device("cpu")


def state_of(recipe: Recipe, steps: int, seed: int = 3) -> State:
    """A fresh state for so many environment steps."""
    return build(wire(recipe), seed=seed, budget=steps, device=CPU)


def run_on(state: State, steps: int, compile_learn: Callable[[Any], Any] = lambda function: function) -> State:
    """Some more environment steps."""
    state.counters.budget = state.counters.env_steps + steps
    for _ in Loop(state, compile_learn).steps():
        pass
    return state


def leaves(tree: Any, at: str = "") -> dict[str, Any]:
    """Every leaf of a tree by its path, as something that is equal only where every bit is."""
    if isinstance(tree, dict):
        return {k: v for key, item in tree.items() for k, v in leaves(item, f"{at}.{key}").items()}
    if isinstance(tree, list | tuple):
        return {k: v for key, item in enumerate(tree) for k, v in leaves(item, f"{at}[{key}]").items()}
    if isinstance(tree, torch.Tensor):
        tree = tree.numpy()
    return {at: (tree.dtype.str, tree.shape, tree.tobytes()) if isinstance(tree, np.ndarray) else repr(tree)}
