"""A printed function bound to a state: with its random numbers, and the present values of its schedules."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rlblocks._core.plan import Printed
from rlblocks._core.randomness import Draws, Numbers
from rlblocks._core.state import State


class Call:
    """A printed function with its draws and numbers.

    Attributes:
        function: what is called; a compiler may take its place.
        draws: its random numbers, anew for each call.
        numbers: the present values of its schedules.
    """

    def __init__(
        self, printed: Printed, names: dict[str, Any], state: State, purpose: str, lead: tuple[int, ...]
    ) -> None:
        self.function = printed.define(state.plan.recipe.name, names)
        self.draws = Draws(printed.draws, lead, state.generators[purpose], state.device)
        self.numbers = Numbers(printed.numbers, state.device, _paces(printed, state))
        self._counters = state.counters

    def __call__(self, chunk: dict[str, Tensor], *due: set[str]) -> Any:
        return self.function(chunk, self.numbers(self._counters), self.draws(), *due)


def _paces(printed: Printed, state: State) -> dict[str, int]:
    """For each number of an objective, every how many learn steps that objective runs."""
    objectives = state.plan.recipe.objectives
    owners = {name: name.split(".")[1] for name in printed.numbers if name.startswith("objectives.")}
    return {name: int(objectives[owner].every.count) for name, owner in owners.items()}
