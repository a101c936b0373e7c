"""Critics that the kit makes up: smooth random functions of an action, handed over where a block asks for a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor

from rlblocks.testing._show import show

Change = Callable[[Tensor], Tensor]


@attrs.frozen(eq=False, repr=False)
class Critic:
    """q_j(s_b, a) = x + 2 sin x with x = level_jb + Σ_d slope_jd a_d, for member j and row b; quantiles likewise.

    Called with actions `[B, *shape]` it gives `[*, B]`, or `[*, B, M]` in a form of M quantiles, which are not sorted.

    Attributes:
        level: `[*, B, M]`, what the states of the rows are worth; M is 1 without a form.
        slope: `[*, D, M]`, one number for each component of an action.
        form: the trailing dims of a value: `()`, or `(M,)`.
        after: what is done with the values, in this order.

    >>> critic = Critic(torch.tensor([[[0.0]], [[1.0]]]), torch.zeros(2, 3, 1))  # two members, one row
    >>> critic(torch.zeros(1, 3))
    tensor([[0.0000],
            [2.6829]])
    """

    level: Tensor
    slope: Tensor
    form: tuple[int, ...] = ()
    after: tuple[Change, ...] = ()

    def __repr__(self) -> str:
        return f"Critic({show(self.level)}, {show(self.slope)}, form={self.form})"

    def __call__(self, action: Tensor) -> Tensor:
        """The value of an action in each row.

        Raises:
            ValueError: there is not one action a row, of as many components as it was made for.
        """
        flat = action.flatten(1) if action.dim() > 1 else action.unsqueeze(-1)  # [B, D]
        due = (self.level.shape[-2], self.slope.shape[-2])
        if flat.shape != due:
            raise ValueError(f"actions of shape {tuple(action.shape)} are not {due[0]} of {due[1]} components")
        x = self.level + (flat.unsqueeze(-1) * self.slope.unsqueeze(-3)).sum(-2)  # [*, B, M]
        value = x + 2 * x.sin()
        value = value if self.form else value.squeeze(-1)
        for change in self.after:
            value = change(value)
        return value

    def then(self, change: Change) -> Critic:
        """The same critic, whose values are changed."""
        return attrs.evolve(self, after=(*self.after, change))

    def filled(self, rows: Tensor, value: float) -> Critic:
        """The same critic, which gives this number in some rows, `[B]` bool."""
        where = rows.unsqueeze(-1) if self.form else rows
        return self.then(lambda found: found.masked_fill(where, value))

    def each(self, change: Change) -> Critic:
        """The same critic, each of whose tensors is changed."""
        return attrs.evolve(self, level=change(self.level), slope=change(self.slope))

    def map_rows(self, change: Change) -> Critic:
        """The same critic of other rows: `change` is handed what belongs to rows, rows first."""
        return attrs.evolve(self, level=change(self.level.movedim(-2, 0)).movedim(0, -2))

    def of_members(self, order: Any) -> Critic:
        """The same critic with its members in another order, or some of them."""
        return self.each(lambda tensor: tensor[order])

    def of_row(self, row: int) -> Callable[[Any], Any]:
        """What it says of one row: from a nested list, an action, to a list with one entry for each member."""
        alone = self.map_rows(lambda tensor: tensor[row : row + 1])
        batch = -2 if self.form else -1

        def function(action: Any) -> Any:
            given = torch.tensor([action], dtype=self.level.dtype)
            return alone(given).select(batch, 0).tolist()

        return function

    def tensors(self) -> list[Tensor]:
        """What it is made of."""
        return [self.level, self.slope]
