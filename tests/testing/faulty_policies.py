"""Distributions over actions with one planted fault each, and the law that must catch it; and a correct one."""

import math

import torch

from rlblocks import block, functional
from rlblocks._core.keys import Spec
from rlblocks.distributions import Categorical, Distribution, Gaussian, TanhGaussian
from rlblocks.testing import unlisted
from tests.testing.planting import handed_on


class Discrete(Distribution):
    """A correct policy over entries, to be broken in one place."""

    noise, reads, plain = "uniform", Categorical.reads, Categorical()
    misfit, width, writes, build = handed_on("misfit", "width", "writes", "build")
    sample, log_prob, entropy, mode = handed_on("sample", "log_prob", "entropy", "mode")


class Real(Distribution):
    """A correct policy of real numbers, to be broken in one place."""

    noise, plain = "normal", Gaussian()
    misfit, width, writes, build = handed_on("misfit", "width", "writes", "build")
    sample, log_prob, entropy, mode = handed_on("sample", "log_prob", "entropy", "mode")


def legal(parameters, action_mask):
    logits = parameters["logits"]
    return logits if action_mask is None else logits.masked_fill(~action_mask, -math.inf)


with unlisted():

    @block("categorical")
    class ZeroTimesInfinity(Discrete):
        """0·log 0 in the entropy."""

        def entropy(self, parameters, *, action_mask=None):
            log_p = functional.legal_logits(
                parameters["logits"],
                torch.ones_like(parameters["logits"]).bool() if action_mask is None else action_mask,
            ).log_softmax(-1)
            return functional.total_of_row(-(log_p.exp() * log_p).sum(-1))

    @block("categorical")
    class DrawsWhatIsIllegal(Discrete):
        """The mask is forgotten in sampling."""

        def sample(self, parameters, *, noise, action_mask=None):
            return Categorical().sample(parameters, noise=noise)

    @block("categorical")
    class DrawsZeroAtZero(Discrete):
        """The first entry at or above the draw, which at 0 may have no probability."""

        def sample(self, parameters, *, noise, action_mask=None):
            logits = legal(parameters, action_mask)
            action = (logits.softmax(-1).cumsum(-1) >= noise.unsqueeze(-1)).byte().argmax(-1)
            return action, functional.categorical_log_prob(logits, action)

    @block("categorical")
    class NanWithoutLegalEntries(Discrete):
        """A row without a legal entry is NaN."""

        def log_prob(self, parameters, *, action, action_mask=None):
            return functional.categorical_log_prob(legal(parameters, action_mask), action)

    @block("categorical")
    class Overflows(Discrete):
        """Exponentials before they are divided."""

        def log_prob(self, parameters, *, action, action_mask=None):
            powers = functional.legal_logits(
                parameters["logits"],
                torch.ones_like(parameters["logits"]).bool() if action_mask is None else action_mask,
            ).exp()
            p = (powers / powers.sum(-1, keepdim=True)).gather(-1, action.long().unsqueeze(-1)).squeeze(-1)
            return functional.total_of_row(p.log())

    @block("categorical")
    class FirstLegalEntry(Discrete):
        """The mode is the first entry that is legal, however improbable."""

        def mode(self, parameters, *, action_mask=None):
            return functional.categorical_mode(legal(parameters, action_mask).clamp(-1.0, -1.0))

    @block("gaussian")
    class MeanOverComponents(Real):
        """The mean over components in the place of the sum."""

        def log_prob(self, parameters, *, action):
            return self.plain.log_prob(parameters, action=action) / math.prod(action.shape[1:])

    @block("gaussian")
    class VarianceForSpread(Real):
        """The log-scale is that of the variance, in drawing alone."""

        def sample(self, parameters, *, noise):
            halved = {**parameters, "log_std": parameters["log_std"] + 0.1}
            return self.plain.sample(halved, noise=noise)

    @block("gaussian")
    class OneSpreadForAll(Real):
        """One log-scale for all components."""

        def writes(self, action):
            return {"mean": Spec(action.shape), "log_std": Spec(())}

    @block("tanh_gaussian")
    class ForgetsTheWidth(Real):
        """The width of the bounds is no part of the density."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def log_prob(self, parameters, *, action):
            half = (parameters["high"] - parameters["low"]) / 2
            return self.plain.log_prob(parameters, action=action) + functional.total_of_row(half.log())

    @block("tanh_gaussian")
    class WidthTwice(Real):
        """The width of the bounds counts twice in what is said of a sample."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def sample(self, parameters, *, noise):
            action, log_prob = self.plain.sample(parameters, noise=noise)
            return action, log_prob - functional.total_of_row(((parameters["high"] - parameters["low"]) / 2).log())

    @block("tanh_gaussian")
    class RoundedSlope(Real):
        """A small number inside the logarithm, which is large beside the slope near a bound."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def sample(self, parameters, *, noise):
            u = functional.gaussian_sample(noise, parameters["mean"], parameters["log_std"])
            half = (parameters["high"] - parameters["low"]) / 2
            slope = functional.total_of_row((half * (1 - u.tanh().square()) + 1e-6).log())
            plain = functional.standard_log_prob(noise, parameters["log_std"])
            return functional.squash(u, parameters["low"], parameters["high"]), plain - slope

    @block("tanh_gaussian")
    class InfiniteAtTheBounds(Real):
        """The inverse of tanh at ±1."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def log_prob(self, parameters, *, action):
            low, high = parameters["low"], parameters["high"]
            u = ((2 * action - low - high) / (high - low)).atanh()
            plain = functional.gaussian_log_prob(u, parameters["mean"], parameters["log_std"])
            return plain - functional.total_of_row(functional.squash_log_slope(u, low, high))

    @block("tanh_gaussian")
    class EntropyBeforeSquashing(Real):
        """The entropy of what is squashed."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def entropy(self, parameters):
            return functional.gaussian_entropy(parameters["log_std"])

    @block("tanh_gaussian")
    class ModeInTheMiddle(Real):
        """The middle of the bounds stands for the policy."""

        plain = TanhGaussian()
        tags = TanhGaussian.tags

        def mode(self, parameters):
            return (parameters["low"] + parameters["high"]) / 2

    @block("gaussian")
    class ScoreOfTheWrongSign(Real):
        """The log-density has the right value, and a gradient of another density."""

        def log_prob(self, parameters, *, action):
            said = self.plain.log_prob(parameters, action=action)
            drift = functional.total_of_row(parameters["mean"])
            return said + drift - drift.detach()

    @block("lab/chained")
    class Chained(Real):
        """Correct and odd: each component leans on the one before it, and falls as its noise rises."""

        tags = {"components": "dependent"}

        def misfit(self, action):
            return self.plain.misfit(action) if len(action.shape) == 1 else "chooses vectors"

        def sample(self, parameters, *, noise):
            own = -parameters["log_std"].exp() * noise
            parts = [own[:, :1]]
            for i in range(1, own.shape[1]):
                parts.append(own[:, i : i + 1] + parts[-1] / 2)
            return parameters["mean"] + torch.cat(parts, 1), functional.standard_log_prob(noise, parameters["log_std"])

        def log_prob(self, parameters, *, action):
            functional.same_shape("action", action, "mean", parameters["mean"])
            apart = action - parameters["mean"]
            before = torch.cat([torch.zeros_like(apart[:, :1]), apart[:, :-1]], 1)
            return functional.standard_log_prob(
                (apart - before / 2) / parameters["log_std"].exp(), parameters["log_std"]
            )


CORRECT = [Chained()]

FAULTS = [
    (ZeroTimesInfinity(), "POL-2"),
    (ZeroTimesInfinity(), "POL-5"),
    (DrawsWhatIsIllegal(), "POL-7"),
    (DrawsZeroAtZero(), "POL-7"),
    (NanWithoutLegalEntries(), "POL-7a"),
    (Overflows(), "POL-9"),
    (FirstLegalEntry(), "POL-6"),
    (MeanOverComponents(), "POL-8"),
    (MeanOverComponents(), "POL-2a"),
    (VarianceForSpread(), "POL-3"),
    (VarianceForSpread(), "POL-4"),
    (OneSpreadForAll(), "POL-12"),
    (ForgetsTheWidth(), "POL-3"),
    (WidthTwice(), "POL-4"),
    (RoundedSlope(), "POL-4a"),
    (InfiniteAtTheBounds(), "POL-11"),
    (EntropyBeforeSquashing(), "POL-5"),
    (ModeInTheMiddle(), "POL-6"),
    (ScoreOfTheWrongSign(), "POL-10"),
]
