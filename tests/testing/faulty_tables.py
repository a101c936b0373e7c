"""Targets of tables and layers that start at 0, with one planted fault each, and the law that must catch it."""

import torch
from torch import nn

from rlblocks import block
from rlblocks.functional import epsilon_greedy_probabilities, expected_value, one_step_backup, value_of_action
from rlblocks.networks import Layer
from rlblocks.targets import DoubleQ, ExpectedSarsa, Sarsa, Target
from rlblocks.testing import unlisted
from tests.testing.faulty_networks import Module
from tests.testing.faulty_targets import PLAIN

TAKEN = {key: asked for key, asked in Sarsa.inputs.items() if key != "backup"}
SOFT, TWICE = dict(ExpectedSarsa.inputs), {key: DoubleQ.inputs[key] for key in ("reward", "discount", "q_select")}
TWICE |= {"q_evaluate": PLAIN["q_evaluate"]}


def zeros(outputs, inputs, generator):
    return nn.Parameter(torch.zeros(outputs, inputs, device="meta" if generator is None else "cpu"))


def legal(q, action_mask):
    return q if action_mask is None else q.masked_fill(~action_mask, -torch.inf)


with unlisted():

    @block("sarsa")
    class TakesTheBest(Target):
        """SARSA that learns what Q-learning learns."""

        inputs = TAKEN

        def compute(self, *, reward, discount, q, next_action):
            value = q.amax(1) + 0 * value_of_action(q, next_action)
            return one_step_backup(reward, discount, value).detach()

    @block("sarsa")
    class HalfWayToTheBest(Target):
        """The mean of the action that was taken and the best one."""

        inputs = TAKEN

        def compute(self, *, reward, discount, q, next_action):
            return one_step_backup(reward, discount, (q.amax(1) + value_of_action(q, next_action)) / 2).detach()

    @block("sarsa")
    class DiscountsTwice(Target):
        """γ² for a step."""

        inputs = TAKEN

        def compute(self, *, reward, discount, q, next_action):
            return one_step_backup(reward, discount**2, value_of_action(q, next_action)).detach()

    @block("sarsa")
    class TheOtherActions(Target):
        """The mean over the actions that were not taken."""

        inputs = TAKEN

        def compute(self, *, reward, discount, q, next_action):
            value = (q.sum(1) - value_of_action(q, next_action)) / (q.shape[1] - 1)
            return one_step_backup(reward, discount, value).detach()

    @block("expected_sarsa")
    class NeverExploresTheBest(Target):
        """ε is spread over the actions that are not the best."""

        inputs = SOFT

        def compute(self, *, reward, discount, q, epsilon, action_mask=None):
            greedy = epsilon_greedy_probabilities(q, torch.zeros_like(epsilon), action_mask)
            others = (1 - greedy) if action_mask is None else (1 - greedy) * action_mask
            share = others / others.sum(1, keepdim=True).clamp(min=1)
            policy = (1 - epsilon).unsqueeze(1) * greedy + epsilon.unsqueeze(1) * share
            return one_step_backup(reward, discount, expected_value(q, policy)).detach()

    @block("expected_sarsa")
    class ExploresWithTheRest(Target):
        """ε and 1 − ε are exchanged."""

        inputs = SOFT

        def compute(self, *, reward, discount, q, epsilon, action_mask=None):
            policy = epsilon_greedy_probabilities(q, 1 - epsilon, action_mask)
            return one_step_backup(reward, discount, expected_value(q, policy)).detach()

    @block("expected_sarsa")
    class ForgetsEpsilon(Target):
        """The greedy policy, whatever ε is."""

        inputs = SOFT

        def compute(self, *, reward, discount, q, epsilon, action_mask=None):
            policy = epsilon_greedy_probabilities(q, 0 * epsilon, action_mask)
            return one_step_backup(reward, discount, expected_value(q, policy)).detach()

    @block("max_q")
    class NeverBelowZero(Target):
        """What is worth less than nothing is taken for nothing."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            return one_step_backup(reward, discount, legal(q_evaluate, action_mask).amax(1).clamp(min=0)).detach()

    @block("max_q")
    class BeyondTheBest(Target):
        """As far above the best as that is above the mean."""

        inputs = PLAIN

        def compute(self, *, reward, discount, q_evaluate, action_mask=None):
            best = legal(q_evaluate, action_mask).amax(1)
            return one_step_backup(reward, discount, 2 * best - q_evaluate.mean(1)).detach()

    @block("double_q")
    class TakesTheWorst(Target):
        """The worst of what the other network says, where both should agree on the best."""

        inputs = TWICE

        def compute(self, *, reward, discount, q_select, q_evaluate):
            value = value_of_action(q_evaluate, q_select.argmin(1))
            return one_step_backup(reward, discount, value).detach()

    @block("lookup")
    class BendsWhenItHasLearned(Layer):
        """Affine at its start of zeros, and nowhere else."""

        def build(self, inputs, outputs, generator):
            return Module(lambda m, x, noise: (x @ m.weight.T).relu(), weight=zeros(outputs, inputs, generator))

    @block("lookup")
    class ReadsNothing(Layer):
        """A start of zeros hides that the input is not used."""

        def build(self, inputs, outputs, generator):
            def forward(m, x, noise):
                return (0 * x.sum(1, keepdim=True) + m.weight.sum(1)).contiguous()

            return Module(forward, weight=zeros(outputs, inputs, generator))

    @block("lookup")
    class DividesByItsSize(Layer):
        """Nothing divided by nothing, at the start."""

        def build(self, inputs, outputs, generator):
            return Module(
                lambda m, x, noise: x @ m.weight.T / m.weight.norm(), weight=zeros(outputs, inputs, generator)
            )

    @block("lookup")
    class StartsFarAbove(Layer):
        """All parameters are 0, and what it says is not moderate."""

        def build(self, inputs, outputs, generator):
            return Module(lambda m, x, noise: x @ m.weight.T + 1e4, weight=zeros(outputs, inputs, generator))

    @block("lookup")
    class StartsAlike(Layer):
        """Zeros, and a bias that is not: what it says is alike in all rows, and it is no table that starts at 0."""

        def build(self, inputs, outputs, generator):
            device = "meta" if generator is None else "cpu"
            bias = nn.Parameter(torch.ones(outputs, device=device))
            return Module(
                lambda m, x, noise: x @ m.weight.T + m.bias, weight=zeros(outputs, inputs, generator), bias=bias
            )


FAULTS = [
    (TakesTheBest(), "TGT-11a"),
    (HalfWayToTheBest(), "TGT-11a"),
    (DiscountsTwice(), "TGT-11a"),
    (TheOtherActions(), "TGT-11a"),
    (NeverExploresTheBest(), "TGT-11a"),
    (ExploresWithTheRest(), "TGT-11a"),
    (ForgetsEpsilon(), "TGT-11a"),
    (NeverBelowZero(), "TGT-11a"),
    (TakesTheWorst(), "TGT-11a"),
    (BeyondTheBest(), "TGT-11b"),
    (BendsWhenItHasLearned(), "NET-4a"),
    (ReadsNothing(), "NET-4a"),
    (DividesByItsSize(), "NET-16"),
    (StartsFarAbove(), "NET-16"),
    (StartsAlike(), "NET-16"),
]
