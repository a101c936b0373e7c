"""Acting by what several networks say together, for any explorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Read, Scheduled
from rlblocks._core.errors import FieldError
from rlblocks.aggregates import Aggregate, Average
from rlblocks.explorers.base import Explorer
from rlblocks.explorers.epsilon_greedy import EpsilonGreedy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from rlblocks._core.declare import Declared
    from rlblocks._core.keys import Spec

OF_EACH = ("batch", "action")


@block("over_members")
class OverMembers(Explorer):
    """Acts as another explorer, of a network with several members, by what they say together.

    Double Q-learning acts ε-greedily for q_1 + q_2, or, what is the same, for their mean (van Hasselt, 2010, section 3;
    Sutton and Barto, 2018, section 6.7). Of one network it is the explorer inside.

    Attributes:
        inner: the explorer that is handed one number for each action.
        over: what several members say as one number: the mean.

    >>> import torch
    >>> q = torch.tensor([[[0.0, 3.0, 2.0]], [[0.0, -3.0, 2.0]]])  # of two members
    >>> OverMembers(EpsilonGreedy(0.1)).compute(
    ...     q=q, epsilon=torch.tensor(0.1), explore=torch.tensor([0.5]), choice=torch.tensor([0.9])
    ... )
    tensor([2])
    """

    equation = "as the explorer inside, of (1/N) Σ_j q_j(s, ·)"

    inner: Explorer = fields.slot("explorers", EpsilonGreedy)
    over: Aggregate = fields.slot("aggregates", Average)

    def __attrs_post_init__(self) -> None:
        if not any(_of_each_action(asked) for asked in self.inner.inputs.values()):
            raise FieldError(
                f"OverMembers.inner holds {type(self.inner).__name__}, which reads no values of actions",
                fix="use that explorer alone, or put one inside that reads them: epsilon_greedy, epsilon_soft, "
                "boltzmann, greedy", block="OverMembers", field="inner", value=self.inner,
            )  # fmt: skip

    @property
    def outputs(self) -> tuple[str, ...]:  # type: ignore[override]  # a wrapper answers for what it wraps
        """As the explorer inside."""
        return self.inner.outputs

    @property
    def inputs(self) -> Mapping[str, Declared]:  # type: ignore[override]
        """As the explorer inside, with values of one network or of several; a scheduled number is found there."""
        return {name: _from_outside(asked) for name, asked in self.inner.inputs.items()}

    def compute(self, **given: Any) -> Tensor | tuple[Tensor, ...]:
        """What the explorer inside writes; values are `[*, B, A]`, all else is as it takes it."""
        asked = self.inner.inputs
        found: Tensor | tuple[Tensor, ...] = self.inner.compute(
            **{name: self._together(value) if _of_each_action(asked[name]) else value for name, value in given.items()}
        )
        return found

    def _together(self, values: Tensor) -> Tensor:
        """`[*, B, A] -> [B, A]`: to the aggregate every action of every row is a row."""
        together: Tensor = self.over.compute(values.flatten(-2))
        return together.view(values.shape[-2:])

    def misfit(self, action: Spec) -> str:
        """As the explorer inside."""
        return self.inner.misfit(action)

    def evaluation(self) -> Explorer:
        """That of the explorer inside, likewise by what members say together."""
        return OverMembers(self.inner.evaluation(), self.over)


def _of_each_action(asked: Declared) -> bool:
    """Whether an input is something that an online network says of each action."""
    return isinstance(asked, Read) and asked.key.endswith("@online") and asked.dims[-2:] == OF_EACH


def _from_outside(asked: Declared) -> Declared:
    """An input of the explorer inside, as its wrapper declares it."""
    if isinstance(asked, Scheduled):
        return Scheduled(f"inner.{asked.name}")
    return attrs.evolve(asked, dims=("*", *OF_EACH)) if isinstance(asked, Read) and _of_each_action(asked) else asked
