"""Estimators of returns and transforms that are correct and not at all like the library's."""

import torch

from rlblocks import block, read
from rlblocks._core import fields
from rlblocks.returns import GAE, Return
from rlblocks.testing import unlisted
from rlblocks.transforms import Transform

with unlisted():

    @block("lab/forward_sums")
    class ForwardSums(Return):
        """Generalized advantages as the sum that they are, for each row of each environment in Python."""

        inputs = {f"the_{name}": asked for name, asked in GAE.inputs.items()}
        tags = {"like": "gae"}
        lam: float = fields.number(0.6, ge=0.0, le=1.0)

        def compute(
            self, *, the_reward, the_discount, the_terminated, the_truncated, the_value, the_next_value, the_weight=1
        ):
            weights = the_weight if torch.is_tensor(the_weight) else torch.ones_like(the_reward)
            columns = (the_reward, the_discount, the_terminated, the_truncated, the_value, the_next_value, weights)
            if len({column.shape for column in columns}) > 1:
                raise ValueError("shapes differ")
            found = torch.zeros_like(the_reward * 1.0)
            for t, n in ((t, n) for t in range(found.shape[0]) for n in range(found.shape[1]) if weights[t, n] != 0):
                reach = 1.0
                for r, d, over, cut, v, after, _ in zip(*(column[t:, n].tolist() for column in columns), strict=True):
                    found[t, n] += reach * (r + (d * after if d else 0.0) - v)
                    reach *= d * self.lam
                    if over or cut:
                        break
            real = weights != 0
            return torch.where(real, found + the_value, 0.0).detach(), found

    @block("lab/one_step")
    class OneStepRegret(Return):
        """One step of reward and the next value, without a baseline: it reads no value of the state itself."""

        inputs = {"r": GAE.inputs["reward"], "gamma": GAE.inputs["discount"], "after": GAE.inputs["next_value"]}

        def compute(self, *, r, gamma, after):
            if not r.shape == gamma.shape == after.shape:
                raise ValueError("shapes differ")
            found = (r + gamma * after.masked_fill(gamma == 0, 0.0)).detach()
            return found, found.clone()

    @block("lab/halved")
    class Halved(Transform):
        """Half of a column: a transform that normalises nothing and knows no weights."""

        inputs = {"x": read("bonus")}
        outputs = ("bonus",)
        key: str = fields.text("bonus")

        def compute(self, *, x):
            return x.detach() / 2


CORRECT = [ForwardSums(), OneStepRegret(), Halved()]
