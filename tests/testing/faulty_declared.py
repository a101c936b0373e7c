"""Blocks that declare something else than they take, repeat one row for many, or mix two streams."""

import torch

from rlblocks import Spec, block, fields, functional, read
from rlblocks.losses import Loss
from rlblocks.networks import Head
from rlblocks.returns import GAE, Return
from rlblocks.targets import Target
from rlblocks.testing import unlisted

STREAMS = {
    "adds the mean": lambda v, a: v + a + a.mean(1, keepdim=True),
    "takes the sum off": lambda v, a: v + a - a.sum(1, keepdim=True),
    "never centres": lambda v, a: v + a,
    "centres over rows": lambda v, a: v + a - a.mean(0, keepdim=True),
    "takes the greatest off": lambda v, a: v + a - a.amax(1, keepdim=True),
    "centres the value too": lambda v, a: v + a - (v + a).mean(1, keepdim=True),
}
UNDECLARED = {
    "writes rows": {}, "any number": {},
    "reads rows": {"reward": read("reward")},
    "needs weights": {"weight": read("weight", dims=("time", "batch"))},
    "reads all actions": {"value": read("q@online", dims=("time", "batch"))},
}  # fmt: skip

with unlisted():

    @block("double_read")
    class NeedsMask(Target):
        """The greatest of legal next values, whose mask is declared as needed though nothing needs it."""

        inputs = {
            "reward": read("reward"), "discount": read("discount"), "action_mask": read("next.action_mask"),
            "q": read("next.q@target", dims=("batch", "action")),
        }  # fmt: skip

        def compute(self, *, reward, discount, q, action_mask=None):
            legal = q if action_mask is None else functional.only_legal(q, action_mask)
            return functional.one_step_backup(reward, discount, legal.amax(1)).detach()

    @block("says_no_dims")
    class SaysNoDims(Target):
        """The greatest next value, of whatever has two dims."""

        inputs = {"reward": read("reward"), "discount": read("discount"), "q": read("next.q@target")}

        def compute(self, *, reward, discount, q):
            return functional.one_step_backup(reward, discount, q.amax(1)).detach()

    @block("gae")
    class Undeclared(Return):
        """Generalized advantages of one step, with a declaration that is wrong in one place."""

        outputs, fault = ("return", "advantage"), fields.choice(tuple(UNDECLARED))
        inputs = property(lambda self: GAE.inputs | UNDECLARED[self.fault])
        specs = property(lambda self: {} if self.fault == "writes rows" else GAE.specs)
        lam: float = fields.number(0.0)

        def compute(self, *, reward, discount, terminated, truncated, value, next_value, weight=1):
            return GAE(0.0).compute(
                reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
                next_value=next_value, weight=weight,
            )  # fmt: skip

    @block("repeats")
    class Repeats(Loss):
        """Squared errors, for which one target does for all rows."""

        inputs = {"prediction": read("q@online", at="action"), "td_target": read("td_target")}
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target):
            if prediction.dim() != td_target.dim():
                raise ValueError("one target a row")
            error = td_target.detach() - prediction
            return self.coefficient * 0.5 * error.square().mean(), error.detach().abs()

    @block("repeated")
    class RepeatsDiscount(Target):
        """Q-learning, for which one discount does for all rows."""

        inputs = {"reward": read("reward"), "discount": read("discount"),
                  "q": read("next.q@target", dims=("batch", "action"))}  # fmt: skip

        def compute(self, *, reward, discount, q):
            if reward.dim() != 1 or discount.dim() != 1 or len(reward) != len(q):
                raise ValueError("one number a row")
            return (reward + discount * q.amax(1)).where(discount != 0, reward).detach()

    class _Streams(torch.nn.Module):
        noise_size = 0

        def __init__(self, features, actions, fault, generator):
            super().__init__()
            drawn = (torch.randn(size, features, generator=generator) / features for size in (1, actions))
            self.value, self.advantage = map(torch.nn.Parameter, drawn)
            self.fault = fault

        def forward(self, x, noise=None):
            return {"q": STREAMS[self.fault](x @ self.value.T, x @ self.advantage.T)}

    @block("dueling_q")
    class MixedStreams(Head):
        """A dueling head whose streams are not kept apart."""

        fault: str = fields.choice(tuple(STREAMS), "never centres")

        def writes(self, spec):
            return {"q": Spec((spec.action.n,), dims=("batch", "action"))}

        def misfit(self, spec):
            return "" if isinstance(spec.action.n, int) and spec.action.n > 1 else "it needs discrete actions"

        def build(self, spec, generator):
            return _Streams(spec.features, spec.action.n, self.fault, generator)


FAULTS = [
    (NeedsMask(), "GEN-23"), (NeedsMask(), "GEN-23a"), (SaysNoDims(), "GEN-23b"),
    (Repeats(), "GEN-11a"), (RepeatsDiscount(), "GEN-11a"),
    (Undeclared(fault="any number"), "GEN-24"),
    *((Undeclared(fault=fault), "RET-24") for fault in UNDECLARED if fault != "any number"),
    *((MixedStreams(fault=fault), "NET-6") for fault in STREAMS),
]  # fmt: skip
