"""Targets of policies with one planted fault each, and the law that must catch it; and a few odd correct ones."""

import torch

from rlblocks import block, fn, read
from rlblocks._core import fields
from rlblocks.aggregates import Aggregate, Average, First, Least
from rlblocks.functional import legal_logits, one_step_backup, smoothed_action
from rlblocks.targets import DiscreteSoftQ, PolicyQ, SmoothedQ, SoftQ, Target
from rlblocks.testing import unlisted
from tests.testing.planting import each


class Deterministic:
    """What the faulty targets of deterministic policies are right about."""

    inputs = dict(PolicyQ.inputs)


class Soft:
    """What the faulty targets of random policies are right about."""

    inputs = dict(SoftQ.inputs)


class Smooth:
    """What the faulty targets with smoothed actions are right about."""

    inputs = dict(SmoothedQ.inputs)


class OverActions:
    """What the faulty targets over all actions are right about."""

    inputs = dict(DiscreteSoftQ.inputs)


def beside(action, bound):
    """A bound as a tensor beside actions."""
    return action.new_tensor(bound).view(action.shape[1:] if isinstance(bound, tuple) else ())


with unlisted():

    @block("policy_q")
    class EndsByMultiplication(Deterministic, Target):
        """The next value at an end is multiplied by 0, and 0 times NaN is NaN."""

        over: Aggregate = fields.slot("aggregates", First)

        def compute(self, *, reward, discount, action, q):
            return (reward + discount * self.over.compute(q(action))).detach()

    @block("policy_q")
    class LeastOfTheBatch(Deterministic, Target):
        """The least over rows, not over members."""

        over: Aggregate = fields.slot("aggregates", First)

        def compute(self, *, reward, discount, action, q):
            value = self.over.compute(q(action))
            return one_step_backup(reward, discount, value.cummin(0).values).detach()

    @block("policy_q")
    class AlwaysTheLeast(Deterministic, Target):
        """The first member is asked for, and the least is taken."""

        over: Aggregate = fields.slot("aggregates", First)

        def compute(self, *, reward, discount, action, q):
            return one_step_backup(reward, discount, Least().compute(q(action))).detach()

    @block("lab/present_critic")
    class OfThePresent(Target):
        """The critic of the state that was left."""

        inputs = {**PolicyQ.inputs, "q": fn("q@target")}

        def compute(self, *, reward, discount, action, q):
            return one_step_backup(reward, discount, First().compute(q(action))).detach()

    @block("policy_q")
    class TrainsTheCritic(Deterministic, Target):
        """A gradient flows into the target networks."""

        over: Aggregate = fields.slot("aggregates", First)

        def compute(self, *, reward, discount, action, q):
            return one_step_backup(reward, discount, self.over.compute(q(action)))

    @block("smoothed_q")
    class Smoothed(Smooth, Target):
        """What is near an action."""

        noise: float = fields.number(0.2)
        limit: float = fields.number(0.5)
        over: Aggregate = fields.slot("aggregates", Least)
        fault: str = fields.text("not clipped")

        def compute(self, *, reward, discount, action, noise, known, q):
            low, high, limit, scale = known.low, known.high, self.limit, self.noise
            if self.fault == "not clipped":
                near = smoothed_action(action, noise, low, high, scale=scale, limit=1e9)
            elif self.fault == "not scaled":
                moved = action + (scale * noise).clamp(-limit, limit)
                near = smoothed_action(moved, torch.zeros_like(noise), low, high, scale=1.0, limit=1.0)
            elif self.fault == "scaled and then clipped":
                wide = smoothed_action(torch.zeros_like(action), noise, low, high, scale=scale, limit=1e9)
                near = smoothed_action(action + wide.clamp(-limit, limit), 0 * noise, low, high, scale=1.0, limit=1.0)
            elif self.fault == "symmetric bounds":
                least, greatest = beside(action, low), beside(action, high)
                share = (scale * noise).clamp(-limit, limit) * (greatest - least) / 2
                near = (action + share).clamp(torch.minimum(-greatest, greatest), torch.maximum(greatest, -greatest))
            elif self.fault == "not cut":
                least, greatest = beside(action, low), beside(action, high)
                near = action + (scale * noise).clamp(-limit, limit) * (greatest - least) / 2
            elif self.fault == "one noise a row":
                shared = noise.reshape(len(noise), -1)[:, :1].reshape(-1, *[1] * (noise.dim() - 1)).expand_as(noise)
                near = smoothed_action(action, shared, low, high, scale=scale, limit=limit)
            elif self.fault == "noise up only":
                near = smoothed_action(action, noise.abs(), low, high, scale=scale, limit=limit)
            else:
                near = action + 0 * noise
            return one_step_backup(reward, discount, self.over.compute(q(near))).detach()

    @block("soft_q")
    class SoftFault(Soft, Target):
        """What entropy is worth."""

        over: Aggregate = fields.slot("aggregates", Least)
        fault: str = fields.text("sign")

        def compute(self, *, reward, discount, action, log_prob, log_alpha, q):
            if log_prob.shape != reward.shape:
                raise ValueError("other shapes")
            value, alpha = self.over.compute(q(action)), log_alpha.exp()
            if self.fault == "not discounted":
                paid = torch.where(discount == 0, 0.0, alpha * log_prob)
                return (one_step_backup(reward, discount, value) - paid).detach()
            if self.fault == "paid at the end":
                return (one_step_backup(reward, discount, value) - discount.clamp(min=0.5) * alpha * log_prob).detach()
            soft = {
                "sign": value + alpha * log_prob, "no temperature": value - log_prob + 0 * alpha,
                "the logarithm": value - log_alpha * log_prob, "no entropy": value,
                "paid for each member": value - alpha * log_prob * (1 + (q(action).dim() > 1)),
            }[self.fault]  # fmt: skip
            return one_step_backup(reward, discount, soft).detach()

    @block("discrete_soft_q")
    class Discrete(OverActions, Target):
        """The mean over actions."""

        over: Aggregate = fields.slot("aggregates", Least)
        fault: str = fields.text("sign")

        def compute(self, *, reward, discount, logits, q, log_alpha, action_mask=None):
            legal = torch.ones_like(logits, dtype=torch.bool) if action_mask is None else action_mask
            log_pi = legal_logits(logits, legal).log_softmax(1)
            pi, alpha = log_pi.exp(), log_alpha.exp()
            if self.fault != "illegal values":
                q = q.masked_fill(~legal, 0.0)
            log_pi = log_pi.masked_fill(~legal, 0.0)
            each = self.over.compute(q.flatten(-2)).unflatten(0, logits.shape)
            soft = {
                "sign": (pi * (each + alpha * log_pi)).sum(1),
                "no temperature": (pi * (each - log_pi)).sum(1) + 0 * alpha,
                "not weighed": each.mean(1) - alpha * (pi * log_pi).sum(1),
                "the least action": each.masked_fill(~legal, 1e9).amin(1) - alpha * (pi * log_pi).sum(1),
                "illegal values": (pi * (each - alpha * log_pi)).sum(1),
                "raw logits": (pi * (each - alpha * logits.masked_fill(~legal, 0.0))).sum(1),
            }[self.fault]  # fmt: skip
            return one_step_backup(reward, discount, soft).detach()

    @block("lab/loop_over_members")
    class LoopOverMembers(Target):
        """SAC's target for the mean of critics, by a loop, under names of its own."""

        inputs = {
            "gain": read("reward"),
            "gamma": read("discount"),
            "chosen": read("next.sample@online"),
            "nats": read("next.log_prob@online"),
            "temperature": read("log_alpha@online"),
            "critic": fn("next.q@target"),
        }
        over: Aggregate = fields.slot("aggregates", Average)

        def compute(self, *, gain, gamma, chosen, nats, temperature, critic):
            if nats.shape != gain.shape or gamma.shape != gain.shape:
                raise ValueError("other shapes")
            said = critic(chosen)
            value = self.over.compute(torch.stack(list(said)) if said.dim() > 1 else said)
            return torch.where(gamma == 0, gain, gain + gamma * (value - temperature.exp() * nats)).detach()

    @block("lab/optimist")
    class SpreadPessimist(Target):
        """DDPG's target less a share of the spread of critics: nobody has an oracle for it."""

        inputs = dict(PolicyQ.inputs)
        share: float = fields.number(0.5)

        def compute(self, *, reward, discount, action, q):
            said = q(action)
            said = said if said.dim() > 1 else said.unsqueeze(0)
            value = said.mean(0) - self.share * (said.amax(0) - said.amin(0))
            return one_step_backup(reward, discount, value).detach()


FAULTS = [
    (EndsByMultiplication(), "TGT-2"),
    (LeastOfTheBatch(), "GEN-8"),
    (AlwaysTheLeast(), "TGT-1"),
    (AlwaysTheLeast(), "CON-2b"),
    (OfThePresent(), "TGT-10a"),
    (TrainsTheCritic(), "GEN-16"),
    *each(
        Smoothed, ("not clipped", "CON-3"), ("not scaled", "CON-7"), ("scaled and then clipped", "CON-7"),
        ("symmetric bounds", "CON-3b"), ("not cut", "CON-3b"), ("one noise a row", "CON-3c"),
        ("noise up only", "CON-4e"),
        ("not scaled", "TGT-1"), ("symmetric bounds", "CON-3a"),
    ),
    *each(
        SoftFault, ("sign", "CON-1a"), ("not discounted", "CON-1a"), ("paid at the end", "CON-1"),
        ("no temperature", "CON-1a"), ("the logarithm", "CON-1a"), ("no temperature", "CON-4"),
        ("no temperature", "TGT-4a"), ("paid for each member", "CON-2a"), ("paid at the end", "TGT-2"),
    ),
    *each(
        Discrete, ("sign", "CON-1b"), ("no temperature", "CON-1b"), ("not weighed", "CON-4d"),
        ("the least action", "CON-4d"), ("illegal values", "GEN-15"), ("raw logits", "CON-1c"), ("sign", "TGT-1"),
    ),
]  # fmt: skip
UNUSED = [Smoothed(fault="no noise"), SoftFault(fault="no entropy")]  # they read what they do not use
CORRECT = [LoopOverMembers(), SpreadPessimist()]
