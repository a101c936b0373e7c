"""Faults that laws speak of which nothing else breaks: one for each, in blocks of several roles."""

import torch

from rlblocks import block, scheduled
from rlblocks._core import fields
from rlblocks.distributions import Categorical, Distribution
from rlblocks.explorers import Explorer, Greedy
from rlblocks.functional import squared_error, weighted_mean
from rlblocks.losses import Huber, Loss, SquaredError
from rlblocks.normalizers import Normalizer, RewardScale
from rlblocks.optimizers import SGD, Clip, NoClip, Optimizer
from rlblocks.returns import GAE, Retrace, Return
from rlblocks.schedules import Schedule
from rlblocks.testing import unlisted
from rlblocks.transforms import Keep, Transform
from tests.testing.faulty_returns import summed
from tests.testing.planting import each, handed_on, hashed

with unlisted():

    @block("squared_error")
    class OneNumberInAList(Loss):
        """The loss is a vector of one number."""

        inputs = dict(SquaredError.inputs)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            loss, error = SquaredError(self.coefficient).compute(
                prediction=prediction, td_target=td_target, weight=weight
            )
            return loss.unsqueeze(0), error

    @block("squared_error")
    class ErrorOfTheBatch(Loss):
        """One error stands for those of all rows."""

        inputs = dict(SquaredError.inputs)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            rows = squared_error(prediction, td_target.detach()).reshape(-1, len(td_target)).sum(0)
            return weighted_mean(rows, weight, self.coefficient), rows.detach().sqrt().mean()

    @block("huber")
    class DeltaIsHeld(Loss):
        """δ is held at 4, whatever is asked for."""

        inputs = dict(Huber.inputs)
        delta: float = fields.number(1.0)
        coefficient: float = fields.number(1.0)

        def compute(self, *, prediction, td_target, weight=1):
            made = Huber(min(self.delta, 4.0), self.coefficient)
            return made.compute(prediction=prediction, td_target=td_target, weight=weight)

    @block("categorical")
    class FaultyChoice(Distribution):
        """A policy over entries."""

        noise, reads = "uniform", Categorical.reads
        fault: str = fields.text("none")
        plain = Categorical()
        misfit, width, writes, build = handed_on("misfit", "width", "writes", "build")

        def sample(self, parameters, *, noise, action_mask=None):
            action, log_prob = self.plain.sample(parameters, noise=noise, action_mask=action_mask)
            return action.float() if self.fault == "actions are floats" else action, log_prob

        def log_prob(self, parameters, *, action, action_mask=None):
            found = self.plain.log_prob(parameters, action=action, action_mask=action_mask)
            return found.unsqueeze(-1) if self.fault == "a column of log-probabilities" else found

        def entropy(self, parameters, *, action_mask=None):
            found = self.plain.entropy(parameters, action_mask=action_mask)
            return found.mean() if self.fault == "one entropy for all" else found

        def mode(self, parameters, *, action_mask=None):
            found = self.plain.mode(parameters, action_mask=action_mask)
            return found + 1 if self.fault == "counts from one" else found

    @block("boltzmann")
    class DividesBySums(Explorer):
        """Shares of the sum of values instead of exponentials: no shares where all values are 0."""

        inputs = dict(Greedy.inputs)

        def compute(self, *, q, action_mask=None):
            values = q if action_mask is None else q.masked_fill(~action_mask, 0.0)
            shares = values / values.sum(1, keepdim=True)
            return (~(shares.cumsum(1) >= 0.5)).sum(1)

        def evaluation(self):
            return Greedy()

    @block("gae")
    class FaultyShape(Return):
        """Generalized advantages."""

        inputs = property(lambda _: GAE.inputs)
        lam: float = fields.number(0.5)
        fault: str = fields.text("none")

        def compute(self, **given):
            found, advantage = GAE(self.lam).compute(**given)
            if self.fault == "one more row than there are":
                return torch.cat((found, found[-1:])), advantage
            if self.fault == "batch first":
                return found, advantage.transpose(0, 1)
            return found, advantage.mean(1)

    @block("retrace")
    class FaultyTrace(Return):
        """Retrace."""

        inputs = Retrace.inputs
        lam: float = fields.number(0.75)
        fault: str = fields.text("none")

        def compute(
            self, *, reward, discount, terminated, truncated, value, next_value, q, log_prob, behaviour_log_prob,
            weight=1,
        ):  # fmt: skip
            ratio = (log_prob - behaviour_log_prob).exp()
            ratio = {"ratios above one": ratio, "ratios up to two": ratio.clamp(max=2.0)}.get(
                self.fault, (behaviour_log_prob - log_prob).exp().clamp(max=1.0)
            )
            c = self.lam * torch.cat((ratio[1:], torch.zeros_like(ratio[:1])))
            error = reward + torch.where(discount == 0, 0.0, discount * next_value) - q
            found = q + summed(error, torch.where(terminated | truncated, 0.0, discount * c))
            counts = weight != 0 if torch.is_tensor(weight) else torch.ones_like(terminated)
            return tuple(part.masked_fill(~counts, 0.0).detach() for part in (found, found - value))

    @block("keep")
    class Broadcasts(Transform):
        """A weight of any shape is stretched over the column."""

        inputs, outputs = (property(lambda _, part=part: getattr(Keep(), part)) for part in ("inputs", "outputs"))
        specs = property(lambda _: Keep().specs)
        key: str = fields.text("value")

        def compute(self, *, column, weight=1):
            kept = column.detach().clone()
            return kept.masked_fill(weight == 0, 0.0) if torch.is_tensor(weight) else kept

    @block("reward_scale")
    class FaultyAnswer(Normalizer):
        """Rewards by the standard deviation of returns."""

        clip: float = fields.number(10.0)
        eps: float = fields.number(1e-8)
        fault: str = fields.text("none")
        __hash__ = hashed

        def misfit(self, key, spec):
            said = RewardScale().misfit(key, spec)
            return {"says nothing": said or None, "says yes or no": not said}.get(self.fault, said)

        def init(self, spec, environments):
            return RewardScale(self.clip, self.eps).init(spec, environments)

        def compute(self, *, x, carry):
            return RewardScale(self.clip, self.eps).compute(x=x, carry=carry)

        def absorb(self, carry, steps):
            RewardScale(self.clip, self.eps).absorb(carry, steps)

    @block("sgd")
    class RateOverflows(Optimizer):
        """The rate grows with every update, until it is no number."""

        inputs = {"lr": scheduled("rate")}
        lr: Schedule = fields.schedule(0.01)
        momentum: float = fields.number(0.0)
        clip: Clip = fields.slot("clips", NoClip)

        def rate(self, times):
            return float(torch.tensor(times.updates / 2**30, dtype=torch.float64).exp2()) * self.lr.value(times)

        def init(self, params):
            return SGD().init(params)

        def compute(self, *, params, grads, carry, lr):
            SGD().compute(params=params, grads=grads, carry=carry, lr=lr)


FAULTS = [
    (OneNumberInAList(), "LOS-1a"),
    (ErrorOfTheBatch(), "LOS-1a"),
    (DeltaIsHeld(), "LOS-5a"),
    (DividesBySums(), "EXP-10a"),
    (Broadcasts(), "LOS-8e"),
    (RateOverflows(), "OPT-9"),
    *each(
        FaultyChoice, ("actions are floats", "POL-1"), ("a column of log-probabilities", "POL-1"),
        ("one entropy for all", "POL-1"), ("counts from one", "POL-1"),
    ),
    *each(
        FaultyShape, ("one more row than there are", "RET-1a"), ("batch first", "RET-1a"),
        ("one advantage for all", "RET-1a"),
    ),
    *each(FaultyTrace, ("ratios above one", "RET-13"), ("ratios up to two", "RET-13"), ("ratios upside down", "RET-1")),
    *each(
        FaultyAnswer, ("says nothing", "NRM-17"), ("says yes or no", "NRM-17"), ("hashed by its identity", "GEN-17"),
    ),
]  # fmt: skip
