"""A printed function bound to a state: with its random numbers, and the present values of its schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from rlblocks._core.errors import BuildError
from rlblocks._core.numpy_plan import NumpyFunction, printed_for_numpy, tensors_in
from rlblocks._core.plan import Printed
from rlblocks._core.randomness import Draws, Numbers
from rlblocks._core.state import State

Columns = Mapping[str, Any]  # arrays


class Call:
    """A printed function with its draws and numbers, by torch.

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
        self._counters, self._device = state.counters, state.device

    def __call__(self, chunk: Mapping[str, Any], *due: set[str]) -> dict[str, Any]:
        wrote: dict[str, Any] = self.function(chunk, self.numbers(self._counters), self.draws(), *due)
        return wrote

    def without_graph(self, chunk: Mapping[str, Any]) -> dict[str, Any]:
        """The same, where nothing is learnt."""
        with torch.no_grad():
            return self(chunk)

    def chunk(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Columns as it takes them."""
        tensors = {key: torch.from_numpy(column) for key, column in columns.items()}
        if self._device.type == "cpu":
            return tensors
        return {key: tensor.to(self._device) for key, tensor in tensors.items()}

    def arrays(self, wrote: dict[str, Any]) -> dict[str, Any]:
        """What it wrote, as columns."""
        if self._device.type == "cpu":
            return {key: value.numpy() for key, value in wrote.items()}
        return {key: value.cpu().numpy() for key, value in wrote.items()}


class ArrayCall:
    """The same by numpy: what torch does is recorded at the first call, and done without torch.

    Attributes:
        made: what was printed, by which objectives were due.
    """

    def __init__(
        self, printed: Printed, names: dict[str, Any], state: State, purpose: str, lead: tuple[int, ...]
    ) -> None:
        if state.device.type != "cpu":
            raise BuildError(f"compile=numpy, but the run is on {state.device}", fix="use device=cpu")
        self.function = printed.define(state.plan.recipe.name, names)
        self.made: dict[frozenset[str], NumpyFunction] = {}
        self.draws = Draws(printed.draws, lead, state.generators[purpose], state.device)
        self.numbers = Numbers(printed.numbers, state.device, _paces(printed, state))
        self._counters, self._held = state.counters, tensors_in(names)
        self._label = f"{state.plan.recipe.name} {printed.name}"

    def __call__(self, chunk: Columns, *due: set[str]) -> dict[str, Any]:
        numbers, draws = self.numbers.floats(self._counters), self.draws.arrays()
        made = self.made.get(frozenset(*due))
        if made is not None:
            return made.call(chunk, numbers, draws)
        made, wrote = printed_for_numpy(self.function, self._label, self._held, chunk, numbers, draws, *due)
        self.made[frozenset(*due)] = made
        return wrote

    def without_graph(self, chunk: Columns) -> dict[str, Any]:
        """The same, where nothing is learnt."""
        if self.made:
            return self(chunk)
        with torch.no_grad():
            return self(chunk)

    def chunk(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Columns as it takes them: as they are."""
        return columns

    def arrays(self, wrote: dict[str, Any]) -> dict[str, Any]:
        """What it wrote: columns already."""
        return wrote


AnyCall = type[Call] | type[ArrayCall]


def _paces(printed: Printed, state: State) -> dict[str, int]:
    """For each number of an objective, every how many learn steps that objective runs."""
    objectives = state.plan.recipe.objectives
    owners = {name: name.split(".")[1] for name in printed.numbers if name.startswith("objectives.")}
    return {name: int(objectives[owner].every.count) for name, owner in owners.items()}
