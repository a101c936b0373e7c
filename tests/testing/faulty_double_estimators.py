"""Targets of two members with one planted fault each, and the law that must catch it; explorers of members likewise."""

import attrs
import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.aggregates import Average
from rlblocks.explorers import Explorer, Greedy, OverMembers
from rlblocks.functional import greedy_action, members_value_of_action, one_step_backup
from rlblocks.targets import DoubleEstimator, Target
from rlblocks.testing import unlisted
from tests.testing.planting import each


class Estimates:
    """What the faulty targets of two members are right about."""

    inputs = dict(DoubleEstimator.inputs)
    specs = dict(DoubleEstimator.specs)
    tags = {"tells": "one member"}


with unlisted():

    @block("double_estimator")
    class Estimator(Estimates, Target):
        """Who chooses, who is believed, and who learns."""

        fault: str = fields.text("none")

        def compute(self, *, reward, discount, said, q, u, action_mask=None):
            fault = self.fault
            first = u < (0.25 if fault == "one learns more often" else 0.5)
            first = first[:1].expand_as(first) if fault == "drawn once for all rows" else first
            first = torch.ones_like(first) if fault == "always the first" else first
            mask = None if fault == "illegal actions too" else action_mask
            mine = torch.stack([first, ~first]).unsqueeze(-1)
            own, other = (torch.where(w, q, torch.zeros_like(q)).sum(0) for w in (mine, ~mine))
            chooses = {"the other one chooses": other, "both choose": own + other}.get(fault, own)
            believed = own if fault in {"it believes itself", "the other one chooses"} else other
            if fault == "the less of both":
                believed = torch.minimum(own, other)
            value = members_value_of_action(believed.unsqueeze(0), greedy_action(chooses, mask))[0]
            y = one_step_backup(reward, torch.ones_like(discount) if fault == "no end" else discount, value)
            rest = {"the other one learns too": y, "the other one forgets": 0 * said}.get(fault, said)
            rest = said.flip(0) if fault == "told what the learner says" else rest
            return torch.where(mine.squeeze(-1), y, rest).detach()

    @block("over_members")
    class Over(Explorer):
        """What members say together."""

        inner: Explorer = fields.slot("explorers", Greedy)
        over: object = fields.slot("aggregates", Average)
        fault: str = fields.text("the first member alone")

        @property
        def inputs(self):
            return OverMembers(self.inner).inputs

        def compute(self, *, q, **given):
            q = q if q.dim() > 2 else q.unsqueeze(0)
            together = {
                "the first member alone": q[0], "the greatest": q.amax(0), "of all rows": q.mean((0, 1)).expand_as(q[0])
            }[self.fault]  # fmt: skip
            return self.inner.compute(q=together, **given)

        def evaluation(self):
            return attrs.evolve(self, inner=self.inner.evaluation())


FAULTS = [
    *each(
        Estimator, ("it believes itself", "TAB-11b"), ("it believes itself", "TGT-1"),
        ("it believes itself", "TAB-11a"), ("the other one chooses", "TAB-11b"), ("both choose", "TAB-11a"),
        ("both choose", "TGT-1"), ("the less of both", "TAB-11a"), ("always the first", "TAB-11d"),
        ("one learns more often", "TAB-11d"), ("drawn once for all rows", "GEN-8"),
        ("the other one learns too", "TAB-11"),
        ("the other one forgets", "TAB-11"), ("told what the learner says", "TAB-11"),
        ("illegal actions too", "TGT-7"), ("illegal actions too", "TAB-11e"), ("no end", "TGT-2"),
        ("always the first", "TAB-11c"),
    ),
    *each(
        Over, ("the first member alone", "EXP-20"), ("the greatest", "EXP-20"), ("of all rows", "EXP-20"),
        ("of all rows", "GEN-8"), ("the greatest", "EXP-3"),
    ),
]  # fmt: skip
