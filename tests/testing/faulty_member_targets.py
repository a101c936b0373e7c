"""Targets of several critics with one planted fault each, and the law that must catch it."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.functional import least_of_members, one_step_backup, subset_of_members
from rlblocks.targets import RandomSubset, Target, TruncatedQuantiles
from rlblocks.testing import unlisted
from tests.testing.planting import each


class Picks:
    """What the faulty targets of some members are right about."""

    inputs = dict(RandomSubset.inputs)
    tags = {"members": "of"}


class Truncates:
    """What the faulty targets of truncated quantiles are right about."""

    inputs = dict(TruncatedQuantiles.inputs)


def column(x):
    """One number a row, beside atoms."""
    return x.unsqueeze(-1)


def by_member(quantiles):
    """Atoms `[N, B, M]`, with a dim for members or without."""
    return quantiles.reshape(-1, *quantiles.shape[-2:]) if quantiles.dim() > 2 else quantiles.unsqueeze(0)


def pooled(atoms):
    """Atoms `[B, N·M]`."""
    return atoms.movedim(0, 1).flatten(1)


with unlisted():

    @block("random_subset")
    class Subset(Picks, Target):
        """Which members count."""

        of: int = fields.integer(2, ge=1)
        fault: str = fields.text("always the first")

        def compute(self, *, reward, discount, action, log_prob, log_alpha, u, q):
            if log_prob.shape != reward.shape:
                raise ValueError("other shapes")
            said = q(action)
            count = len(said)
            if self.fault == "always the first":
                least = least_of_members(said[: self.of]) + 0 * u.sum()
            elif self.fault == "drawn for each row":
                order = u.argsort()
                rows = [least_of_members(said[order.roll(i)[: self.of], i : i + 1]) for i in range(said.shape[1])]
                least = torch.cat(rows) if rows else said[0]
            elif self.fault == "neighbours":
                start = int(u[0].detach() * count)
                least = least_of_members(said[[(start + i) % count for i in range(self.of)]]) + 0 * u.sum()
            elif self.fault == "one too few":
                least = least_of_members(subset_of_members(said, u, max(self.of - 1, 1)))
            else:
                least = subset_of_members(said, u, self.of).mean(0)
            soft = least - log_alpha.exp() * log_prob
            return one_step_backup(reward, discount, soft).detach()

    @block("truncated_quantiles")
    class Truncated(Truncates, Target):
        """Which atoms are kept."""

        drop: int = fields.integer(2, ge=0)
        fault: str = fields.text("the wrong end")

        def compute(self, *, reward, discount, action, log_prob, log_alpha, quantiles):
            if log_prob.shape != reward.shape:
                raise ValueError("other shapes")
            said = by_member(quantiles(action))
            members, _, atoms = said.shape
            keep, ordered = members * max(atoms - self.drop, 1), pooled(said).sort(-1).values
            if self.drop >= atoms and self.fault != "one atom at least":
                raise ValueError("nothing would be left")
            kept = {
                "the wrong end": ordered[:, members * self.drop :],
                "each member by itself": pooled(said.sort(-1).values[..., : atoms - self.drop]),
                "one member's number": ordered[:, : members * atoms - self.drop],
                "not sorted": pooled(said)[:, :keep],
                "no temperature": ordered[:, :keep],
            }.get(self.fault, ordered[:, :keep])  # fmt: skip
            alpha = 1 + 0 * log_alpha if self.fault == "no temperature" else log_alpha.exp()
            return one_step_backup(reward, discount, kept - column(alpha * log_prob)).detach()


FAULTS = [
    *each(
        Subset, ("always the first", "CON-2c"), ("drawn for each row", "CON-2c"), ("drawn for each row", "CON-2b"),
        ("neighbours", "CON-2c"), ("one too few", "CON-2b"), ("one too few", "CON-4a"), ("mean", "CON-2b"),
        ("always the first", "CON-2"),
    ),
    *each(
        Truncated, ("the wrong end", "CON-4b"), ("each member by itself", "CON-4b"), ("one member's number", "CON-4b"),
        ("not sorted", "CON-4b"), ("no temperature", "CON-1a"), ("no temperature", "CON-4c"),
        ("one atom at least", "CON-4g"),
    ),
]  # fmt: skip
