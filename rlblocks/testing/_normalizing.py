"""A normalizer at work on one column, with the carry that a run would own."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.normalizers.base import Steps
from rlblocks.testing._case import Case
from rlblocks.testing._show import show
from rlblocks.testing.steps import COLUMNS, Column, facts, spread, steps
from rlblocks.testing.strategies import floats


def served(block: Any) -> list[Column]:
    """The columns of the kit that a normalizer serves."""
    return [column for column in COLUMNS if not block.misfit(column.key, Spec(column.shape))]


def serves(*keys: str) -> Any:
    """Whether a normalizer serves a column of such a key."""

    def needs(block: Block) -> str:
        known = any(column.key in keys for column in served(block))
        return "" if known else f"it does not normalise {' or '.join(keys)}"

    return needs


def alike(block: Block) -> str:
    """Whether all steps weigh alike in the statistics."""
    found = block.tags.get("weighs", "alike")
    return "" if found == "alike" else f"its tag weighs says {found!r}, not 'alike'"


class Subject:
    """A normalizer and its carry.

    Attributes:
        carry: what it knows.
    """

    def __init__(self, block: Any, column: Column, environments: int) -> None:
        self.block, self.column, self.environments = block, column, environments
        self.carry: dict[str, Tensor] = block.init(Spec(column.shape), environments)

    def absorb(self, *chunks: Steps) -> Subject:
        """Take in chunks, one after the other."""
        for chunk in chunks:
            self.block.absorb(self.carry, Steps(*(column.copy() for column in chunk)))
        return self

    def fresh(self, environments: int = 0) -> Subject:
        """Another one that has seen nothing, of so many environments or as many."""
        return Subject(self.block, self.column, environments or self.environments)

    def __call__(self, x: Tensor) -> Tensor:
        """What it makes of raw values."""
        found: Tensor = self.block.compute(x=x, carry=self.carry)
        return found

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of the carry."""
        return copy.deepcopy(self.carry)

    def restore(self, saved: dict[str, Tensor]) -> Subject:
        """Become what a snapshot says, as a checkpoint is loaded: by writing into the tensors there are."""
        for name, tensor in saved.items():
            self.carry[name].copy_(tensor)
        return self


def drawn(case: Case, key: str = "", batch: int | None = None, **conditions: Any) -> tuple[Subject, Steps]:
    """A subject that has seen nothing, and steps for it; part of the example."""
    columns = [column for column in served(case.block) if key in {"", column.key}]
    column = columns[case.draw(st.integers(0, len(columns) - 1))]
    made = case.draw(steps(column.observation, batch, **conditions))
    for what in facts(made):
        case.saw(what)
    told = ", ".join(f"{name}={show(value)}" for name, value in made._asdict().items())
    case.say(f"from rlblocks import Spec\nfrom rlblocks.normalizers import Steps\nblock = {case.block!r}")
    case.say(f"carry = block.init(Spec({column.shape}), {made.real.shape[1]})\nsteps = Steps({told})")
    return Subject(case.block, column, made.real.shape[1]), made


def after_spread(subject: Subject, *chunks: Steps) -> Subject:
    """Another subject after two plain episodes, which give it a variance, and chunks."""
    fresh = subject.fresh()
    return fresh.absorb(spread(subject.column.observation, fresh.environments), *chunks)


def probes(case: Case, subject: Subject, *lead: int) -> Tensor:
    """Raw values of the column: `lead` of them, or four."""
    x = case.draw(floats(*(lead or (4,)), *subject.column.shape))
    case.say(f"x = {show(x)}")
    return x
