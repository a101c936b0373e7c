"""Exploration among the actions that look best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import EnvSteps, block, draw, fields, functional, read, scheduled
from rlblocks.explorers import Explorer, Greedy
from rlblocks.schedules import Linear, Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("mellow/best_few")
class BestFew(Explorer):
    """With probability ρ one of the k legal actions of greatest value, each alike; else the greedy one.

    Attributes:
        k: how many look good enough to be tried; where fewer are legal, all of them.
        rate: ρ in [0, 1]; a schedule over environment steps, or a number.

    >>> import torch
    >>> q = torch.tensor([[0.0, 5.0, 1.0], [0.0, 5.0, 1.0]])
    >>> explore, choice = torch.tensor([0.05, 0.5]), torch.tensor([0.9, 0.9])
    >>> BestFew(2, 0.1).compute(q=q, rate=torch.tensor(0.1), explore=explore, choice=choice)
    tensor([2, 1])
    """

    equation = "a = argmaxₐ q(s, a), with probability ρ uniform among the k greatest"
    inputs = {
        "q": read("q@online", dims=("batch", "action")),
        "rate": scheduled("rate"),
        "explore": draw("uniform"),
        "choice": draw("uniform"),
        "action_mask": read("action_mask", default=None),
    }

    k: int = fields.integer(2, ge=1)
    rate: Schedule = fields.schedule(Linear(1.0, 0.05, over=EnvSteps(10_000)), ge=0.0, le=1.0)

    def compute(
        self, *, q: Tensor, rate: Tensor, explore: Tensor, choice: Tensor, action_mask: Tensor | None = None
    ) -> Tensor:
        """The action of each row, `[B]` int64; it explores where `explore` < ρ, by the rank that `choice` picks."""
        functional.one_per_row(q.shape[0], explore=explore, choice=choice)
        legal = q if action_mask is None else functional.only_legal(q, action_mask)
        few = min(self.k, q.shape[1])
        count = few if action_mask is None else action_mask.sum(1).clamp(1, few)
        rank = (choice * count).long().clamp(max=few - 1)
        tried = legal.sort(dim=1, descending=True, stable=True).indices.gather(1, rank.unsqueeze(1)).squeeze(1)
        return tried.where(explore < rate, functional.greedy_action(q, action_mask))

    def evaluation(self) -> Explorer:
        """Greedy."""
        return Greedy()
