"""Estimators of returns and transforms with one planted fault each, and the law that must catch it."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.returns import GAE, MonteCarlo, NStepReturn, Retrace, Return, VTrace
from rlblocks.testing import unlisted
from rlblocks.transforms import Normalise, Transform


def later(value, default=0.0):
    """The next row's entry."""
    return torch.cat((value[1:], torch.full_like(value[:1], default)))


def summed(error, decay):
    """The recursion A_t = e_t + decay_t·A_{t+1}, step by step."""
    found, total = [], torch.zeros_like(error[0])
    for e, d in zip(error.flip(0), decay.flip(0), strict=True):
        total = torch.where(d != 0, e + d * total, e)
        found.append(total)
    return torch.stack(found[::-1])


def refuse(**columns):
    """What every estimator does first."""
    if len({column.shape for column in columns.values() if torch.is_tensor(column)}) > 1:
        raise ValueError("shapes differ")


def real(column, weight):
    """A column that is 0 where nothing is."""
    return column.masked_fill(weight == 0, 0.0).detach() if torch.is_tensor(weight) else column.detach()


FAULTY = (
    "wrong sign", "adds the value", "no cut", "cuts at terminations only", "bootstraps through terminations",
    "truncation is an end", "off by one", "discounts twice", "bootstraps twice",
    "value of the next row", "masks by multiplication", "cuts by multiplication", "forwards", "along environments",
    "one discount", "ignores lambda", "lambda of the whole error", "drops the last value", "padding stays",
    "padding is read as weight", "gradient", "writes into the reward", "broadcasts", "return is the advantage",
    "in halves", "own reward discounted",
)  # fmt: skip

with unlisted():

    @block("gae")
    class FaultyGAE(Return):
        """Generalized advantages."""

        inputs = GAE.inputs
        fault: str = fields.choice(FAULTY, "wrong sign")
        lam: float = fields.number(0.75)

        def compute(  # noqa: C901, PLR0912  a branch for each fault
            self, *, reward, discount, terminated, truncated, value, next_value, weight=1
        ):
            fault, lam, mine = self.fault, self.lam, discount
            if fault != "broadcasts":
                refuse(
                    reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
                    next_value=next_value, weight=weight,
                )  # fmt: skip
            over = discount == 0
            kinds = {"no cut": torch.zeros_like(terminated), "cuts at terminations only": terminated}
            end = kinds.get(fault, terminated | truncated)
            if fault == "value of the next row":
                next_value = torch.cat((value[1:], next_value[-1:]))
            if fault == "drops the last value":
                next_value = torch.cat((next_value[:-1], torch.zeros_like(next_value[-1:])))
            if fault == "bootstraps through terminations":
                mine, over = torch.where(over, 0.5, discount), torch.zeros_like(over)
            if fault == "truncation is an end":
                over = over | truncated
            if fault == "one discount":
                mine = torch.where(over, discount, discount.max())
            ahead = mine * next_value
            if fault == "discounts twice":
                ahead = mine * ahead
            if fault == "bootstraps twice":
                ahead = ahead + torch.where(end, ahead, 0.0)
            ahead = ahead if fault == "masks by multiplication" else torch.where(over, 0.0, ahead)
            gain = {"own reward discounted": discount * reward}.get(fault, reward)
            if fault == "writes into the reward":
                gain = reward.add_(0.0)
            error = gain + ahead + (value if fault == "adds the value" else -value)
            if fault == "wrong sign":
                error = -error
            if fault == "lambda of the whole error":
                error = lam * error
            decay = torch.where(end, 0.0, mine * (1.0 if fault == "ignores lambda" else lam))
            if fault == "off by one":
                decay = later(decay)
            found = self._summed(error, decay, end)
            if fault == "padding is read as weight" and torch.is_tensor(weight):
                found = found * weight
            both = found + (0 if fault == "return is the advantage" else value), found
            if fault == "padding stays":
                return tuple(column.detach() for column in both)
            return both if fault == "gradient" else tuple(real(column, weight) for column in both)

        def _summed(self, error, decay, end):
            """The recursion, as the fault has it."""
            match self.fault:
                case "forwards":
                    return summed(error.flip(0), decay.flip(0)).flip(0)
                case "along environments":
                    return summed(error.T, decay.T).T
                case "in halves":
                    half = (len(error) + 1) // 2
                    parts = [summed(e, d) for e, d in zip(error.split(half), decay.split(half), strict=True)]
                    return torch.cat(parts)
                case "cuts by multiplication":
                    found, total = [], torch.zeros_like(error[0])
                    for e, d in zip(error.flip(0), decay.flip(0), strict=True):
                        total = e + d * total
                        found.append(total)
                    return torch.stack(found[::-1])
            return summed(error, decay)

    @block("monte_carlo")
    class WithoutTheEnd(Return):
        """Truncated episodes as if nothing followed."""

        inputs = MonteCarlo.inputs

        def compute(self, *, reward, discount, terminated, truncated, value=0, next_value=0, weight=1):
            refuse(reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value)
            refuse(reward=reward, next_value=next_value, weight=weight)
            found = summed(reward, torch.where(terminated | truncated, 0.0, discount))
            return real(found, weight), real(found - value, weight)

    @block("n_step_return")
    class OneStepTooMany(Return):
        """n + 1 steps."""

        inputs = NStepReturn.inputs
        n: int = fields.integer(2, ge=1)

        def compute(self, **columns):
            return NStepReturn(self.n + 1).compute(**columns)

        compute.__signature__ = __import__("inspect").signature(NStepReturn.compute)

    @block("v_trace")
    class FaultyVTrace(Return):
        """V-trace."""

        inputs = VTrace.inputs
        fault: str = fields.choice(("ratio upside down", "unclipped", "values between"), "unclipped")
        lam: float = fields.number(0.75)
        rho_max: float = fields.number(1.5)
        c_max: float = fields.number(1.0)

        def compute(
            self, *, reward, discount, terminated, truncated, value, next_value, log_prob, behaviour_log_prob, weight=1
        ):
            ratio = (log_prob - behaviour_log_prob) * (-1 if self.fault == "ratio upside down" else 1)
            rho, c = ratio.exp().clamp(max=self.rho_max), ratio.exp().clamp(max=self.c_max)
            if self.fault == "unclipped":
                rho = ratio.exp()
            end = terminated | truncated
            one_step = reward + torch.where(discount == 0, 0.0, discount * next_value)
            found = value + summed(rho * (one_step - value), torch.where(end, 0.0, discount * c * self.lam))
            inside = ~end & (torch.arange(len(end)) < len(end) - 1).view(-1, 1)
            after = torch.where(inside, later(found), value if self.fault == "values between" else next_value)
            after = reward + torch.where(discount == 0, 0.0, discount * after)
            return real(found, weight), real(rho * (after - value), weight)

    @block("retrace")
    class OwnRatio(Return):
        """The ratio of a row weighs its own correction, and not the next row's."""

        inputs = Retrace.inputs
        lam: float = fields.number(0.75)

        def compute(
            self, *, reward, discount, terminated, truncated, value, next_value, q, log_prob, behaviour_log_prob,
            weight=1,
        ):  # fmt: skip
            c = self.lam * (log_prob - behaviour_log_prob).exp().clamp(max=1.0)
            error = reward + torch.where(discount == 0, 0.0, discount * next_value) - q
            found = q + summed(error, torch.where(terminated | truncated, 0.0, discount * c))
            return real(found, weight), real(found - value, weight)

    @block("normalise")
    class FaultyNormalise(Transform):
        """A column normalised by its weighted moments."""

        inputs = Normalise().inputs
        outputs = Normalise().outputs
        fault: str = fields.choice(
            ("unbiased", "variance", "not centred", "padding counts", "times the mask", "first column"), "unbiased"
        )
        key: str = fields.text("advantage")
        eps: float = fields.number(1e-8)

        def compute(self, *, column, weight=1):
            if torch.is_tensor(weight) and weight.shape != column.shape:
                raise ValueError("shapes differ")
            mask = torch.ones_like(column, dtype=torch.bool) if not torch.is_tensor(weight) else weight != 0
            if self.fault == "padding counts":
                known = column
            elif self.fault == "first column" and column.dim() > 1:
                known = column[:, 0]
            else:
                known = column[mask]
            mean, count = known.mean(), torch.tensor(known.numel() - float(self.fault == "unbiased"))
            spread = ((known - mean).square().sum() / count).sqrt()
            spread = spread.square() if self.fault == "variance" else spread
            found = (column - (0 if self.fault == "not centred" else mean)) / (spread + self.eps)
            return (found * mask if self.fault == "times the mask" else found.masked_fill(~mask, 0.0)).detach()


LAWS = {
    "wrong sign": ("RET-1", "RET-2"), "adds the value": ("RET-11", "RET-18"), "no cut": ("RET-6", "RET-7"),
    "cuts at terminations only": ("RET-1", "RET-6", "RET-7", "RET-8"),
    "bootstraps through terminations": ("RET-1", "RET-14", "RET-18"), "truncation is an end": ("RET-8", "RET-22a"),
    "off by one": ("RET-1", "RET-4"), "discounts twice": ("RET-8", "RET-10", "RET-21"),
    "bootstraps twice": ("RET-8", "RET-10", "RET-18"), "value of the next row": ("RET-7", "RET-22", "RET-22a"),
    "masks by multiplication": ("RET-14",), "cuts by multiplication": ("RET-7",), "forwards": ("RET-16", "RET-21"),
    "along environments": ("RET-1", "RET-17"), "one discount": ("RET-1", "RET-17"),
    "ignores lambda": ("RET-3", "RET-5"),
    "lambda of the whole error": ("RET-3", "RET-19"), "drops the last value": ("RET-21", "RET-22a"),
    "padding stays": ("RET-23",), "padding is read as weight": ("RET-1", "RET-23"), "gradient": ("GEN-16",),
    "writes into the reward": ("GEN-1",), "broadcasts": ("RET-17a",), "return is the advantage": ("RET-1", "RET-2"),
    "in halves": ("RET-4", "RET-21"), "own reward discounted": ("RET-1", "RET-19"),
}  # fmt: skip
FAULTS = [
    *((FaultyGAE(fault=fault), law) for fault, laws in LAWS.items() for law in laws),
    (WithoutTheEnd(), "RET-1"),
    (WithoutTheEnd(), "RET-8"),
    (WithoutTheEnd(), "RET-22a"),
    (OneStepTooMany(), "RET-1"),
    (OneStepTooMany(), "RET-15"),
    (FaultyVTrace(fault="ratio upside down"), "RET-12"),
    (FaultyVTrace(fault="unclipped"), "RET-12a"),
    (FaultyVTrace(fault="values between"), "RET-8"),
    (FaultyVTrace(fault="values between"), "RET-12"),
    (OwnRatio(), "RET-1"),
    (OwnRatio(), "RET-13a"),
    (FaultyNormalise(fault="unbiased"), "LOS-8"),
    (FaultyNormalise(fault="unbiased"), "LOS-8b"),
    (FaultyNormalise(fault="variance"), "LOS-8a"),
    (FaultyNormalise(fault="not centred"), "LOS-8a"),
    (FaultyNormalise(fault="padding counts"), "LOS-8"),
    (FaultyNormalise(fault="padding counts"), "LOS-8c"),
    (FaultyNormalise(fault="times the mask"), "LOS-8c"),
    (FaultyNormalise(fault="first column"), "LOS-8d"),
]
