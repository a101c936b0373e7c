"""Better actions more often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import draw, read, scheduled
from rlblocks.explorers.base import Explorer
from rlblocks.explorers.greedy import Greedy
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("boltzmann")
class Boltzmann(Explorer):
    """An action drawn with probability p(a) = exp(q(s, a)/T) / Σ exp(q(s, b)/T) over legal actions.

    Sutton and Barto, 1998, eq. 2.2. Towards T = 0 it is greedy (at 0 the greatest values share alike), towards ∞
    uniform.

    Attributes:
        temperature: T, at least 0, in units of q; a schedule or a number.

    >>> import torch
    >>> q = torch.tensor([[0.0, 1.0986123], [0.0, 1.0986123]])  # p = ¼, ¾
    >>> Boltzmann(1.0).compute(q=q, temperature=torch.tensor(1.0), choice=torch.tensor([0.2, 0.3]))
    tensor([0, 1])
    """

    equation = "p(a) = exp(q(s, a)/T) / Σ exp(q(s, b)/T)"
    inputs = {
        "q": read("q@online", dims=("batch", "action")),
        "temperature": scheduled("temperature"),
        "choice": draw("uniform"),
        "action_mask": read("action_mask", default=None),
    }

    temperature: Schedule = fields.schedule(1.0, ge=0.0)

    def compute(self, *, q: Tensor, temperature: Tensor, choice: Tensor, action_mask: Tensor | None = None) -> Tensor:
        """The action of each row, `[B]` int64: the inverse of the distribution function at `choice`."""
        return functional.categorical_action(choice, functional.boltzmann(q, temperature, action_mask))

    def evaluation(self) -> Explorer:
        """Greedy."""
        return Greedy()
