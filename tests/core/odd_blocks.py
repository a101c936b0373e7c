"""Third-party blocks that do not fit: what a person may well write, and wiring must refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch

from rlblocks import Block, block, draw, fn, read
from rlblocks._core import block as registry
from rlblocks.cadences import LearnEvery
from rlblocks.explorers import Explorer, Greedy
from rlblocks.losses import Loss
from rlblocks.networks import Head, QValues, ValueForm
from rlblocks.stores import Store
from rlblocks.targets import Target


@contextmanager
def unregistered() -> Iterator[None]:
    """Blocks made inside are forgotten by the registry afterwards."""
    registry.blocks_of("targets")  # loads the built-in ones first
    before = {role: dict(members) for role, members in registry._BLOCKS.items()}
    try:
        yield
    finally:
        for role, members in before.items():
            registry._BLOCKS[role].clear()
            registry._BLOCKS[role].update(members)


def losses() -> dict[str, type[Loss]]:
    @block("test/top_half")
    class TopHalf(Loss):
        """Reads quantiles, which a scalar head does not write."""

        inputs = {"theta": read("quantiles@online", at="action"), "td_target": read("td_target")}

        def compute(self, *, theta: Any, td_target: Any) -> Any:
            return (theta - td_target).pow(2).mean(), (theta - td_target).abs().detach()

    @block("test/unweighted")
    class Unweighted(Loss):
        """Does not read the weight."""

        inputs = {"prediction": read("q@online", at="action"), "td_target": read("td_target")}

        def compute(self, *, prediction: Any, td_target: Any) -> Any:
            error = td_target - prediction
            return error.pow(2).mean(), error.abs().detach()

    @block("test/silent")
    class Silent(Loss):
        """Does not write the error."""

        outputs = ("loss",)
        inputs = {
            "prediction": read("q@online", at="action"),
            "td_target": read("td_target"),
            "weight": read("weight", default=1),
        }

        def compute(self, *, prediction: Any, td_target: Any, weight: Any = 1) -> Any:
            return (weight * (td_target - prediction).pow(2)).mean()

    @block("test/cut")
    class Cut(Loss):
        """Detaches what it should differentiate."""

        inputs = {"prediction": read("q@online", at="action"), "td_target": read("td_target")}

        def compute(self, *, prediction: Any, td_target: Any) -> Any:
            error = td_target - prediction.detach()
            return error.pow(2).mean(), error.abs()

    @block("test/advantage_loss")
    class AdvantageLoss(Loss):
        """Reads an advantage that nothing estimates."""

        inputs = {"prediction": read("q@online", at="action"), "advantage": read("advantage")}

        def compute(self, *, prediction: Any, advantage: Any) -> Any:
            return (prediction * advantage).mean(), advantage.abs()

    @block("test/per_atom")
    class PerAtom(Loss):
        """Wants atoms where there are actions."""

        inputs = {"values": read("q@online", dims=("batch", "atom")), "td_target": read("td_target")}

        def compute(self, *, values: Any, td_target: Any) -> Any:
            return (values.mean(1) - td_target).pow(2).mean(), td_target

    @block("test/feature_loss")
    class FeatureLoss(Loss):
        """Asks for features at the stored action."""

        inputs = {"prediction": read("features@online", at="action"), "td_target": read("td_target")}

        def compute(self, *, prediction: Any, td_target: Any) -> Any:
            return (prediction - td_target).pow(2).mean(), td_target

    return {kind.__name__: kind for kind in (TopHalf, Unweighted, Silent, Cut, AdvantageLoss, PerAtom, FeatureLoss)}


def policy_losses() -> dict[str, type[Loss]]:
    @block("test/entropy_there")
    class EntropyThere(Loss):
        """Asks for the entropy of the action, which only a state has."""

        inputs = {"entropy": read("entropy@online", at="action"), "weight": read("weight", default=1)}
        outputs = ("loss",)

        def compute(self, *, entropy: Any, weight: Any = 1) -> Any:
            return -(weight * entropy).mean()

    @block("test/unconditional")
    class Unconditional(Loss):
        """Reads how likely a fresh sample is, where the stored action is meant."""

        inputs = {
            "log_prob": read("log_prob@online"),
            "advantage": read("advantage"),
            "weight": read("weight", default=1),
        }
        outputs = ("loss",)

        def compute(self, *, log_prob: Any, advantage: Any, weight: Any = 1) -> Any:
            return -(weight * log_prob * advantage).mean()

    @block("test/unweighted_gradient")
    class UnweightedGradient(Loss):
        """Does not read the weight."""

        inputs = {"log_prob": read("log_prob@online", at="action"), "advantage": read("advantage")}
        outputs = ("loss",)

        def compute(self, *, log_prob: Any, advantage: Any) -> Any:
            return -(log_prob * advantage).mean()

    return {kind.__name__: kind for kind in (EntropyThere, Unconditional, UnweightedGradient)}


def targets() -> dict[str, type[Target]]:
    @block("test/online_only")
    class OnlineOnly(Target):
        """Bootstraps from the online network alone."""

        inputs = {"reward": read("reward"), "discount": read("discount"), "q": read("next.q@online")}

        def compute(self, *, reward: Any, discount: Any, q: Any) -> Any:
            return reward + discount * q.amax(1)

    @block("test/column")
    class Column(Target):
        """Returns [B, 1]."""

        inputs = {"reward": read("reward"), "discount": read("discount"), "q": read("next.q@target")}

        def compute(self, *, reward: Any, discount: Any, q: Any) -> Any:
            return (reward + discount * q.amax(1))[:, None]

    @block("test/square")
    class Square(Target):
        """Adds [B] to [B, A]."""

        inputs = {"reward": read("reward"), "q": read("next.q@target")}

        def compute(self, *, reward: Any, q: Any) -> Any:
            return (reward + q).amax(1)

    @block("test/returned")
    class Returned(Target):
        """Reads a return that nothing computes."""

        inputs = {"value": read("return")}

        def compute(self, *, value: Any) -> Any:
            return value

    @block("test/projected")
    class Projected(Target):
        """Asks the form for what it does not have."""

        inputs = {"reward": read("reward"), "q": read("next.q@target"), "project": fn("q.project")}

        def compute(self, *, reward: Any, q: Any, project: Any) -> Any:
            return project(reward, q)

    @block("test/hungry")
    class Hungry(Target):
        """Reads rewards by another name."""

        inputs = {"reward": read("rewards"), "q": read("next.q@target")}

        def compute(self, *, reward: Any, q: Any) -> Any:
            return reward

    @block("test/two_valued")
    class TwoValued(Target):
        """Also bootstraps from a second network."""

        inputs = {"reward": read("reward"), "q": read("next.q@target"), "v": read("next.features@target")}

        def compute(self, *, reward: Any, q: Any, v: Any) -> Any:
            return reward + q.amax(1) + v.mean(1)

    return {k.__name__: k for k in (OnlineOnly, Column, Square, Returned, Projected, Hungry, TwoValued)}


def explorers() -> dict[str, Any]:
    @block("test/by_logits")
    class ByLogits(Explorer):
        """Reads logits."""

        inputs = {"logits": read("logits@online")}

        def compute(self, *, logits: Any) -> Any:
            return logits.argmax(1)

        def evaluation(self) -> Explorer:
            """Itself."""
            return self

    @block("test/by_reward")
    class ByReward(Explorer):
        """Reads the reward, which is not known before acting."""

        inputs = {"reward": read("reward"), "u": draw("uniform")}

        def compute(self, *, reward: Any, u: Any) -> Any:
            return (reward > u).long()

        def evaluation(self) -> Explorer:
            """Greedy."""
            return Greedy()

    return {k.__name__: k for k in (ByLogits, ByReward)}


def others() -> dict[str, Any]:
    @block("test/drained")
    class Drained(Store):
        """Hands over what was collected, once."""

        hands = "drained"

        def most_rows(self) -> int:
            """Any number."""
            return 10**9

    @block("test/pairs")
    class Pairs(ValueForm):
        """Two numbers a value."""

        key = "pairs"

        def width(self) -> int:
            """Two."""
            return 2

        def dims(self) -> tuple[str, ...]:
            """pair."""
            return ("pair",)

        def mean(self, value: Any) -> Any:
            """Mean of the two."""
            return value.mean(-1)

        def backup(self, reward: Any, discount: Any, value: Any) -> Any:
            """Both."""
            return reward[:, None] + discount[:, None] * value

    @block("test/scaled")
    class Scaled(Target):
        """Not a target at all: writes a second reward."""

        outputs = ("reward",)
        inputs = {"value": read("discount")}

        def compute(self, *, value: Any) -> Any:
            return value * torch.ones(())

    @block("test/late")
    class Late(Target):
        """Reads what a later block writes."""

        outputs = ("early",)
        inputs = {"value": read("after")}

        def compute(self, *, value: Any) -> Any:
            return value

    @block("test/after")
    class After(Target):
        """Writes `after`."""

        outputs = ("after",)
        inputs = {"value": read("reward")}

        def compute(self, *, value: Any) -> Any:
            return value

    return {k.__name__: k for k in (Drained, Pairs, Scaled, Late, After)}


def odd() -> SimpleNamespace:
    """All of them, by class name. Call inside `unregistered()`."""
    return SimpleNamespace(**losses(), **policy_losses(), **targets(), **explorers(), **others())


__all__ = ["Block", "Head", "LearnEvery", "QValues", "odd", "unregistered"]
