"""Blocks that compute what is due, but cannot be compiled into a learn step; each has one thing in the way."""

import random
import time

import numpy as np
import torch

from rlblocks import Spec, block, fields
from rlblocks.explorers import Explorer, Greedy
from rlblocks.losses import Loss, SquaredError
from rlblocks.networks import Head
from rlblocks.returns import Return, TDLambda
from rlblocks.targets import MaxQ, Target
from rlblocks.testing import unlisted
from rlblocks.transforms import Keep, Transform


def multiplied(due, rows):
    due[rows] = due[rows] * 1
    return due


def said(due, text):
    print(text, end="")  # noqa: T201  the fault
    return due


TARGET = {  # what is done with the targets that are due, and the discounts
    "reads a number out of a tensor": lambda due, discount: due * discount.max().item() ** 0,
    "branches on a value": lambda due, discount: due if (discount > 0).any() else due.clone(),
    "prints a tensor": said,
    "asks numpy": lambda due, _: torch.as_tensor(np.add(due.numpy(), 0)),
    "picks rows by a mask": lambda due, discount: multiplied(due, discount != 0),
    "counts what is not zero": lambda due, discount: due + 0 * len(discount.nonzero()),
    "draws from Python": lambda due, _: due + random.random() / 1024,
    "looks at the clock": lambda due, _: due + 0 * time.monotonic(),
    "lists the values": lambda due, discount: due + 0 * len(set(discount.tolist())),
}
LOSS = ("divides by a number", "raises at a value", "drops rows without weight", "warns by print")
RETURN = ("loops over the lengths of episodes", "stops at the first end", "adds up in numpy")
EXPLORER = ("breaks ties by Python", "masks only if it must", "sorts rows")
HEAD = ("clips only what is large", "notes the mean", "rounds in numpy")
TRANSFORM = ("keeps what is not padding", "asks whether all count")
# Blocks made once: one that is made in the middle of `compute` would be in the way itself.
MAX_Q, SQUARED, LAMBDA, GREEDY, KEEP = MaxQ(), SquaredError(1.0), TDLambda(0.5), Greedy(), Keep("value")

with unlisted():

    @block("max_q")
    class UncompiledTarget(Target):
        """The target of Q-learning, with something that no graph holds."""

        inputs = MAX_Q.inputs
        fault: str = fields.choice(("", *TARGET), "")

        def compute(self, *, reward, discount, q_select, q_evaluate, backup=None, action_mask=None):
            given = {} if backup is None else {"backup": backup}
            due = MAX_Q.compute(
                reward=reward, discount=discount, q_select=q_select, q_evaluate=q_evaluate, action_mask=action_mask,
                **given,
            )  # fmt: skip
            return TARGET[self.fault](due, discount) if self.fault else due

    @block("squared_error")
    class UncompiledLoss(Loss):
        """Squared errors, with something that no graph holds."""

        inputs = SQUARED.inputs
        fault: str = fields.choice(("", *LOSS), "")
        coefficient: float = fields.number(1.0, ge=0.0)

        def compute(self, *, prediction, td_target, weight=1):
            given = {"prediction": prediction, "td_target": td_target, "weight": weight}
            loss, error = SQUARED.compute(**given)
            match self.fault:
                case "divides by a number":
                    return loss / float(torch.ones(())), error
                case "raises at a value":
                    if torch.isnan(loss):
                        raise ValueError("the loss is no number")
                case "drops rows without weight":
                    kept = error[error > -1]
                    return loss + 0 * kept.sum(), error
                case "warns by print":
                    loss = said(loss, "rows")
            return loss, error

    @block("td_lambda")
    class UncompiledReturn(Return):
        """λ-returns, with something that no graph holds."""

        inputs = LAMBDA.inputs
        outputs = LAMBDA.outputs
        specs = LAMBDA.specs
        fault: str = fields.choice(("", *RETURN), "")
        lam: float = fields.number(0.5)

        def compute(self, *, reward, discount, terminated, truncated, value, next_value, weight=1):
            found = LAMBDA.compute(
                reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
                next_value=next_value, weight=weight,
            )  # fmt: skip
            some = terminated | truncated
            match self.fault:
                case "loops over the lengths of episodes":
                    for _ in range(int(some.sum())):
                        some = some.clone()
                case "stops at the first end":
                    while some.any():
                        some = some & False
                case "adds up in numpy":
                    np.cumsum(reward.detach().numpy(), 0)
            return found

    @block("greedy")
    class UncompiledExplorer(Explorer):
        """The greedy action, with something that no graph holds."""

        inputs = GREEDY.inputs
        fault: str = fields.choice(("", *EXPLORER), "")

        def compute(self, *, q, action_mask=None):
            due = GREEDY.compute(q=q, action_mask=action_mask)
            match self.fault:
                case "breaks ties by Python":
                    return due + 0 * max(q[0].tolist().index(value) for value in q[0].tolist())
                case "masks only if it must":
                    return due.clone() if action_mask is not None and not action_mask.all() else due
                case "sorts rows":
                    return due + 0 * min(range(len(q)), key=lambda row: float(q[row, 0]))
            return due

    @block("transformed")
    class UncompiledTransform(Transform):
        """A column as it is, with something that no graph holds."""

        inputs = KEEP.inputs
        outputs = KEEP.outputs
        specs = KEEP.specs
        fault: str = fields.choice(("", *TRANSFORM), "")
        key: str = fields.text("value")

        def compute(self, *, column, weight=1):
            found = KEEP.compute(column=column, weight=weight)
            if self.fault == "keeps what is not padding":
                found = found + 0 * column[column.isfinite()].numel()
            if self.fault == "asks whether all count" and torch.is_tensor(weight) and bool((weight != 0).all()):
                return found.clone()
            return found

    class _Rounded(torch.nn.Module):
        """One linear layer, and something that no graph holds."""

        noise_size = 0

        def __init__(self, features, actions, fault, generator):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(actions, features, generator=generator) / features)
            self.fault, self.means = fault, []

        def forward(self, x, noise=None):
            q = x @ self.weight.T
            if self.fault == "clips only what is large" and q.abs().max() > 1e6:
                q = q.clamp(-1e6, 1e6)
            if self.fault == "notes the mean":
                self.means.append(float(q.detach().mean()))
            if self.fault == "rounds in numpy":
                q = q + torch.as_tensor(0 * np.round(q.detach().numpy()))
            return {"q": q}

    @block("q_values")
    class UncompiledHead(Head):
        """Q-values, with something that no graph holds."""

        fault: str = fields.choice(("", *HEAD), "")

        def writes(self, spec):
            return {"q": Spec((spec.action.n,), dims=("batch", "action"))}

        def misfit(self, spec):
            return "" if spec.action.n else "it needs discrete actions"

        def build(self, spec, generator):
            return _Rounded(spec.features, spec.action.n, self.fault, generator)


FAULTS = [
    *((UncompiledTarget(fault=fault), "GEN-22") for fault in TARGET),
    *((UncompiledLoss(fault=fault), "GEN-22") for fault in LOSS),
    *((UncompiledReturn(fault=fault), "GEN-22") for fault in RETURN),
    *((UncompiledExplorer(fault=fault), "GEN-22") for fault in EXPLORER),
    *((UncompiledTransform(fault=fault), "GEN-22") for fault in TRANSFORM),
    *((UncompiledHead(fault=fault), "GEN-22") for fault in HEAD),
]
