"""What collecting did since the normalizers last took it in.

They hold still while a chunk is collected and learnt from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from rlblocks._core.plan import Plan

Row = dict[str, Any]
COLUMNS = ("observation", "next.observation", "reward", "discount", "terminated", "truncated", "real")


class Pending:
    """Steps that were taken and are in no statistics yet."""

    def __init__(self, plan: Plan, carries: Mapping[str, Mapping[str, list[Tensor]]]) -> None:
        self._normalizers = [
            (block, {key: tensor for key, (tensor,) in carries[f"normalizers.{name}"].items()})
            for name, block in plan.recipe.normalizers.items()
        ]
        self._steps: list[Row] = []

    def note(self, rows: Row, real: NDArray[np.bool_]) -> None:
        """Remember one step of every environment; nothing is kept where there is no normalizer."""
        if self._normalizers:
            self._steps.append({key: np.array(rows[key]) for key in COLUMNS[:-1]} | {"real": real.copy()})

    def absorb(self) -> None:
        """Let every normalizer take in what is pending."""
        if not self._steps:
            return
        from rlblocks.normalizers import Steps

        stacked = Steps(**{key.replace(".", "_"): column for key, column in self.state().items()})
        for block, carry in self._normalizers:
            block.absorb(carry, stacked)
        self._steps.clear()

    def state(self) -> dict[str, NDArray[Any]]:
        """The steps by column, `[T, n, ...]`; empty where there are none."""
        return {key: np.stack([row[key] for row in self._steps]) for key in COLUMNS} if self._steps else {}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Become what `state()` described."""
        steps = len(state["real"]) if state else 0
        self._steps = [{key: column[t] for key, column in state.items()} for t in range(steps)]

    def cut(self) -> None:
        """The episodes under way do not go on: their last steps are truncated, wherever each environment took one."""
        open_ends = np.ones(len(self._steps[-1]["real"]), bool) if self._steps else np.zeros(0, bool)
        for row in reversed(self._steps):
            row["truncated"] = row["truncated"] | (open_ends & row["real"] & ~row["terminated"])
            open_ends &= ~row["real"]
