"""Every random number of a run: one generator for each purpose, all of them in the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import torch
from torch import Tensor

from rlblocks._core.clocks import Times

if TYPE_CHECKING:
    from rlblocks._core.block import Block
    from rlblocks._core.plan import DrawSpec

PURPOSES = ("networks", "act", "act_warmup", "prepare", "learn", "follow", "store", "environments", "evaluation",
            "minibatches")  # fmt: skip


def seed_for(seed: int, purpose: str) -> np.random.SeedSequence:
    """The seed of one purpose, independent of every other's."""
    return np.random.SeedSequence(seed, spawn_key=(PURPOSES.index(purpose),))


def generators(seed: int) -> dict[str, np.random.Generator]:
    """A PCG64 generator for each purpose; its state is a few integers, restored exactly."""
    return {purpose: np.random.Generator(np.random.PCG64(seed_for(seed, purpose))) for purpose in PURPOSES}


class Draws:
    """The random numbers of one printed function, drawn anew by each call.

    The tensors are the same ones each time: a call overwrites them.
    """

    def __init__(
        self, specs: Mapping[str, DrawSpec], lead: tuple[int, ...], generator: np.random.Generator, device: torch.device
    ) -> None:
        self._generator, self._device = generator, device
        self._fill: list[tuple[str, np.ndarray[Any, Any]]] = []
        self._arrays: dict[str, np.ndarray[Any, Any]] = {}
        for kind in ("uniform", "normal", "bernoulli"):
            ours = {name: ((*lead, *s.shape) if s.per_row else s.shape) for name, s in specs.items() if s.kind == kind}
            flat = np.zeros(sum(int(np.prod(shape)) for shape in ours.values()), np.float32)
            start = 0
            for name, shape in ours.items():
                end = start + int(np.prod(shape))
                self._arrays[name] = flat[start:end].reshape(shape)
                start = end
            if ours:
                self._fill.append((kind, flat))
        self._tensors = {name: torch.from_numpy(array) for name, array in self._arrays.items()}

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The same draws as arrays."""
        for kind, flat in self._fill:
            if kind == "normal":
                self._generator.standard_normal(dtype=np.float32, out=flat)
            else:
                self._generator.random(dtype=np.float32, out=flat)
                if kind == "bernoulli":
                    np.less(flat, 0.5, out=flat)
        return self._arrays

    def __call__(self) -> dict[str, Tensor]:
        self.arrays()
        if self._device.type == "cpu":
            return self._tensors
        return {name: tensor.to(self._device) for name, tensor in self._tensors.items()}


class Numbers:
    """The scheduled numbers of one printed function, as 0-dim tensors over one numpy array."""

    def __init__(
        self, sources: Mapping[str, tuple[Block, str]], device: torch.device, paces: Mapping[str, int] | None = None
    ) -> None:
        self._values = np.zeros(len(sources), np.float64)
        self._device = device
        paces = paces or {}
        self._sources = [_paced(_reader(block, held), paces.get(name, 1)) for name, (block, held) in sources.items()]
        shared = torch.from_numpy(self._values)
        self._tensors = {name: shared[i] for i, name in enumerate(sources)}

    def __call__(self, times: Times) -> dict[str, Tensor]:
        for index, source in enumerate(self._sources):
            self._values[index] = source(times)
        if self._device.type == "cpu":
            return self._tensors
        return {name: tensor.to(self._device) for name, tensor in self._tensors.items()}

    def floats(self, times: Times) -> dict[str, float]:
        """The numbers themselves, by name."""
        return {name: float(source(times)) for name, source in zip(self._tensors, self._sources, strict=True)}

    def plain(self, times: Times) -> dict[str, float]:
        """The numbers themselves, by the last part of their names, or by the whole where several end so."""
        last = [name.rpartition(".")[2] for name in self._tensors]
        return {
            short if last.count(short) == 1 else name: source(times)
            for name, short, source in zip(self._tensors, last, self._sources, strict=True)
        }


@attrs.frozen
class OwnTimes:
    """The times of an objective that runs only at every `pace`-th learn step: its updates are its own steps."""

    times: Times
    pace: int

    @property
    def env_steps(self) -> int:
        return self.times.env_steps

    @property
    def updates(self) -> int:
        return self.times.updates // self.pace

    @property
    def episodes(self) -> int:
        return self.times.episodes

    @property
    def budget(self) -> int:
        return self.times.budget


def _paced(source: Callable[[Times], float], pace: int) -> Callable[[Times], float]:
    """A number as an objective with a rhythm of its own reads it."""
    return source if pace == 1 else lambda times: source(OwnTimes(times, pace))


def _reader(block: Block, name: str) -> Any:
    """A function from times to the present number: a schedule's value, or the block's own method.

    A wrapper names what it wraps: `inner.beta`.
    """
    held = attrgetter(name)(block)
    return held.value if getattr(type(held), "role", "") == "schedules" else held
