"""Calls of distributions over actions, on parameters that their own modules wrote."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing._call import Call, Function
from rlblocks.testing.strategies import LAST, floats, masks, of_bytes, one_of, sizes

ACTIONS = (
    Spec((), "int64", n=4), Spec((3,), "int64", n=(2, 4, 3)), Spec((2,), "int8", n=(2, 2)),
    Spec((3,)), Spec((1,)), Spec((), low=0.0, high=2.0), Spec((1,), low=-1.0, high=3.0),
    Spec((2,), low=(-1.0, -3.0), high=(2.0, 0.5)), Spec((2, 2), low=-1.0, high=1.0),
)  # fmt: skip


def served(block: Any) -> list[Spec]:
    """The actions among those of the kit that a distribution can choose."""
    return [action for action in ACTIONS if not block.misfit(action)]


def unserved(block: Block) -> str:
    """Why a distribution cannot be tried."""
    assert isinstance(block, Block)
    reads = sorted(set(getattr(block, "reads", {})) - {"action_mask"})
    if reads:
        return f"it reads {', '.join(reads)}, which the kit cannot make up"
    return "" if served(block) else "it can choose none of the actions that the kit can make up"


def counts_of(action: Spec) -> tuple[int, ...]:
    """How many entries each choice of an action has; none of real numbers."""
    if isinstance(action.n, tuple):
        return action.n
    return (action.n,) if action.n else ()


def every_action(action: Spec) -> Tensor:
    """All actions of a finite space, `[count, *shape]`."""
    each = torch.tensor(list(itertools.product(*[range(n) for n in counts_of(action)])))
    return each if action.shape else each[:, 0]


def bounds_of(action: Spec) -> tuple[Tensor, Tensor]:
    """The least and the greatest value of each component, infinite where there is none."""
    low, high = (-math.inf if action.low is None else action.low), (math.inf if action.high is None else action.high)
    shaped = [torch.tensor(b).expand(math.prod(action.shape)).reshape(action.shape) for b in (low, high)]
    return shaped[0], shaped[1]


@functools.cache
def actions_in(action: Spec, rows: int) -> st.SearchStrategy[Tensor]:
    """Actions, those of a Box inside its bounds."""
    shape = (rows, *action.shape)

    def made(drawn: NDArray[np.uint8]) -> Tensor:
        whole = torch.from_numpy(drawn.astype(np.int64)).reshape(shape)
        if action.n:
            return whole % torch.tensor(counts_of(action) if action.shape else action.n)
        low, high = bounds_of(action)
        if not (low.isfinite().all() and high.isfinite().all()):
            return (whole - 128) / 16.0
        return low + (high - low) * (whole + 1) / 257

    return of_bytes(math.prod(shape), made)


@functools.cache
def noise_for(kind: str, shape: tuple[int, ...]) -> st.SearchStrategy[Tensor]:
    """What a sample is made of; uniform numbers lie off the fractions at which one action goes over to another."""
    if kind == "normal":
        return floats(*shape, step=1 / 32)

    def made(drawn: NDArray[np.uint8]) -> Tensor:
        inner = (drawn + 0.5) / 256
        ends = np.where(drawn == 0, 0.0, np.where(drawn == 255, LAST, inner))  # noqa: PLR2004  of a byte
        return torch.from_numpy(ends.astype(np.float32)).reshape(shape)

    return of_bytes(math.prod(shape), made)


@functools.cache
def masks_for(action: Spec, rows: int) -> st.SearchStrategy[Tensor]:
    """Which entries are legal, in the shape of logits; in each choice one that exists, at least."""
    counts = counts_of(action)
    exists = torch.arange(max(counts)) < torch.tensor(counts).unsqueeze(1)  # [k, A]

    def made(drawn: Tensor) -> Tensor:
        legal = drawn.view(rows, *exists.shape) & exists
        legal[..., 0] |= ~legal.any(-1)
        return legal if action.shape else legal[:, 0]

    return masks(rows * len(counts), max(counts)).map(made)


def answers(block: Any) -> Function:
    """What a distribution says of parameters: a sample and its log-probability, that of an action, entropy and mode."""

    def function(*, noise: Tensor, action: Tensor, **given: Tensor) -> dict[str, Any]:
        besides = {name: given.pop(name) for name in block.reads if name in given}
        sample, sample_log_prob = block.sample(given, noise=noise, **besides)
        return {
            "sample": sample, "sample_log_prob": sample_log_prob, "mode": block.mode(given, **besides),
            "log_prob": block.log_prob(given, action=action, **besides), "entropy": block.entropy(given, **besides),
        }  # fmt: skip

    return function


def written(block: Any, action: Spec, numbers: Tensor) -> dict[str, Tensor]:
    """The parameters that a distribution's own module makes of a layer's numbers."""
    module = block.build(action, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return {key: value.clone() for key, value in module(numbers).items()}


@st.composite
def policy_calls(
    draw: st.DrawFn, block: Any, rows: int | None = None, *, optional: bool = False, step: float = 1 / 32,
    among: tuple[Spec, ...] = (),
) -> Call:  # fmt: skip
    """A call of everything that a distribution says.

    Args:
        draw: from hypothesis.
        block: the distribution.
        rows: the batch size; None draws one.
        optional: hand over what it could do without, always; else now and then.
        step: of the numbers that stand for a layer's.
        among: the actions to choose from; empty means all that it serves.
    """
    chosen, action = draw(sizes(rows)), draw(one_of(*(among or served(block))))
    batch = chosen.batch
    inputs = written(block, action, draw(floats(batch, block.width(action), step=step)))
    inputs["noise"] = draw(noise_for(block.noise, (batch, *action.shape)))
    inputs["action"] = draw(actions_in(action, batch))
    if "action_mask" in block.reads and (optional or draw(st.booleans())):
        inputs["action_mask"] = draw(masks_for(action, batch))
    lines = ("from rlblocks.testing._policy_calls import answers",)
    known = {"batch": batch, **({"action": action.n} if isinstance(action.n, int) and action.n else {})}
    return Call(block, answers, inputs, f"answers({block!r})", known, frozenset(inputs), prelude=lines)


@attrs.frozen(eq=False)
class Asked:
    """A distribution over some action, given parameters, ready to be asked.

    Attributes:
        block: the distribution.
        action: what it chooses.
        parameters: what a head wrote, `[B, ...]` each.
        besides: what it reads besides.
    """

    block: Any
    action: Spec
    parameters: Mapping[str, Tensor]
    besides: Mapping[str, Tensor] = attrs.Factory(dict)

    def repeated(self, count: int) -> Asked:
        """Every row, `count` times in a row."""
        again = [
            {key: value.repeat_interleave(count, 0) for key, value in given.items()}
            for given in (self.parameters, self.besides)
        ]
        return Asked(self.block, self.action, *again)

    def sample(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Actions, and their log-probability."""
        found: tuple[Tensor, Tensor] = self.block.sample(self.parameters, noise=noise, **self.besides)
        return found

    def log_prob(self, action: Tensor) -> Tensor:
        """The log-probability of actions."""
        found: Tensor = self.block.log_prob(self.parameters, action=action, **self.besides)
        return found

    def entropy(self) -> Tensor:
        """The entropy of each row."""
        found: Tensor = self.block.entropy(self.parameters, **self.besides)
        return found

    def mode(self) -> Tensor:
        """The action that stands for the policy."""
        found: Tensor = self.block.mode(self.parameters, **self.besides)
        return found
