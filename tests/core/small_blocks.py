"""Third-party blocks as a person may write them, and recipes that are made of them. None stays in the registry."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from rlblocks.recipes import dqn
from torch import nn

from rlblocks import Network, Objective, Recipe, block, draw, read, scheduled
from rlblocks._core.keys import Spec
from rlblocks._core.loop import Loop
from rlblocks._core.state import State
from rlblocks.explorers import Explorer, Greedy
from rlblocks.losses import Loss
from rlblocks.networks import MLP, Features, Head, QValues
from rlblocks.targets import Target
from tests.core.odd_blocks import unregistered
from tests.states import state_of

TD0 = {"reward": read("reward"), "discount": read("discount")}


class _Linear(nn.Module):
    """One affine map under one key."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.noise_size = 0
        self.weight = weight

    def forward(self, x: Any, _noise: Any = None) -> Any:
        return {"guess": x @ self.weight}


class _Renamed(nn.Module):
    """Writes its input under another key."""

    def __init__(self) -> None:
        super().__init__()
        self.noise_size = 0

    def forward(self, x: Any, _noise: Any = None) -> Any:
        return {"upper": x}


with unregistered():

    @block("test/guess")
    class Guess(Head):
        """Writes a guess of the reward of each action."""

        def writes(self, spec: Any) -> Any:
            """`guess`."""
            return {"guess": Spec((spec.action.n,), dims=("batch", "action"))}

        def misfit(self, spec: Any) -> str:
            """Fits everything."""
            return ""

        def build(self, spec: Any, generator: Any) -> Any:
            """An affine map."""
            start = torch.empty(spec.features, spec.action.n, device="meta" if generator is None else "cpu")
            return _Linear(nn.Parameter(start.uniform_(-0.1, 0.1, generator=generator)))

    @block("test/upper")
    class Upper(Head):
        """The body's features under another key: a torso upon a torso."""

        def writes(self, spec: Any) -> Any:
            """`upper`."""
            return {"upper": Spec((spec.features,), dims=("batch", "feature"))}

        def misfit(self, spec: Any) -> str:
            """Fits everything."""
            return ""

        def build(self, spec: Any, generator: Any) -> Any:
            """Nothing to learn."""
            return _Renamed()

    @block("test/reward_itself")
    class RewardItself(Target):
        """The reward: y = r."""

        inputs = {"reward": read("reward")}

        def compute(self, *, reward: Any) -> Any:
            return reward

    @block("test/guess_error")
    class GuessError(Loss):
        """The squared error of the guess."""

        inputs = {"guess": read("guess@online", at="action"), "td_target": read("td_target")}

        def compute(self, *, guess: Any, td_target: Any) -> Any:
            error = td_target - guess
            return error.pow(2).mean(), error.abs().detach()

    @block("test/squared")
    class Squared(Loss):
        """The squared error of q."""

        inputs = {"q": read("q@online", at="action"), "td_target": read("td_target")}

        def compute(self, *, q: Any, td_target: Any) -> Any:
            error = td_target - q
            return error.pow(2).mean(), error.abs().detach()

    @block("test/shrinking")
    class Shrinking(Loss):
        """The mean square of the values: writes no error."""

        outputs = ("loss",)
        inputs = {"q": read("q@online")}

        def compute(self, *, q: Any) -> Any:
            return q.pow(2).mean()

    @block("test/online_max")
    class OnlineMax(Target):
        """Bootstraps from the online network: y = r + γ·max q(s′, a)."""

        inputs = {**TD0, "q": read("next.q@online")}

        def compute(self, *, reward: Any, discount: Any, q: Any) -> Any:
            return reward + discount * q.amax(1)

    @block("test/from_features")
    class FromFeatures(Target):
        """Reads features themselves: y = r + γ·mean f(s)."""

        inputs = {**TD0, "features": read("features@online")}

        def compute(self, *, reward: Any, discount: Any, features: Any) -> Any:
            return reward + discount * features.mean(1)

    @block("test/from_value")
    class FromValue(Target):
        """Bootstraps from the present value: y = r + γ·max q(s, a)."""

        inputs = {**TD0, "q": read("q@online")}

        def compute(self, *, reward: Any, discount: Any, q: Any) -> Any:
            return reward + discount * q.amax(1)

    @block("test/curious")
    class Curious(Target):
        """Adds what the model did not expect: y = r + e + γ·max q⁻(s′, a)."""

        inputs = {**TD0, "q": read("next.q@target"), "surprise": read("model.error")}

        def compute(self, *, reward: Any, discount: Any, q: Any, surprise: Any) -> Any:
            assert not surprise.requires_grad
            return reward + surprise + discount * q.amax(1)

    @block("test/doubled")
    class Doubled(Target):
        """Writes twice the reward."""

        outputs = ("doubled",)
        inputs = {"reward": read("reward")}

        def compute(self, *, reward: Any) -> Any:
            return 2 * reward

    @block("test/from_doubled")
    class FromDoubled(Target):
        """Reads what was prepared: y = 2r + γ·max q⁻(s′, a)."""

        inputs = {"doubled": read("doubled"), "discount": read("discount"), "q": read("next.q@target")}

        def compute(self, *, doubled: Any, discount: Any, q: Any) -> Any:
            return doubled + discount * q.amax(1)

    @block("test/return_itself")
    class ReturnItself(Target):
        """Writes a key that is a word of Python."""

        outputs = ("return",)
        inputs = {"reward": read("reward")}

        def compute(self, *, reward: Any) -> Any:
            return reward * torch.ones(())

    @block("lambda")
    class FromReturn(Target):
        """Reads a key that is a word of Python, and is called by another one."""

        inputs = {"value": read("return")}

        def compute(self, *, value: Any) -> Any:
            return value

    @block("reward")
    class Reward(Target):
        """Is called as a column is: y = r."""

        inputs = {"reward": read("reward")}

        def compute(self, *, reward: Any) -> Any:
            return reward * torch.ones(())

    @block("test/jittered")
    class Jittered(Target):
        """Draws one number for each value: y = r + γ·max (q⁻(s′, a) + u)."""

        inputs = {**TD0, "q": read("next.q@target"), "jitter": draw("normal", like="next.q@target")}

        def compute(self, *, reward: Any, discount: Any, q: Any, jitter: Any) -> Any:
            assert jitter.shape == q.shape, f"{tuple(jitter.shape)} is not {tuple(q.shape)}"
            return reward + discount * (q + jitter).amax(1)

    @block("test/noisy_nowhere")
    class NoisyNowhere(Target):
        """Draws numbers in the shape of nothing that there is."""

        inputs = {**TD0, "q": read("next.q@target"), "jitter": draw("normal", like="rewards")}

        def compute(self, *, reward: Any, discount: Any, q: Any, jitter: Any) -> Any:
            return reward + discount * q.amax(1) + jitter

    @block("test/talkative")
    class Talkative(Explorer):
        """Also writes how sure it was, which is then stored."""

        outputs = ("action", "log_prob")
        inputs = {"q": read("q@online")}

        def compute(self, *, q: Any) -> Any:
            return q.argmax(1), q.log_softmax(1).amax(1)

        def evaluation(self) -> Explorer:
            """Greedy."""
            return Greedy()

    @block("test/sometimes_not_a_number")
    class NotANumberAt(Loss):
        """The squared error, and NaN at one update."""

        update: int = attrs.field(default=1)
        inputs = {"q": read("q@online", at="action"), "td_target": read("td_target"), "factor": scheduled("factor")}

        def factor(self, times: Any) -> float:
            """NaN at the update, else 1."""
            return float("nan") if times.updates + 1 == self.update else 1.0

        def compute(self, *, q: Any, td_target: Any, factor: Any) -> Any:
            error = td_target - q
            return (factor * error.pow(2)).mean(), error.abs().detach()


TORSO = Network(reads="observation", body=MLP((8,)), head=Features())
UPPER = Network(reads="features", body=MLP((8,)), head=Upper())
Q = Network(reads="features", body=MLP((8,)), head=QValues())
MODEL = Network(reads="features", body=MLP((8,)), head=Guess())


def small(recipe: Recipe | None = None, **numbers: Any) -> Recipe:
    """A recipe on a scale on which a hundred steps take a tenth of a second."""
    chosen = recipe or dqn()
    sizes = {"cadence.warmup": 20, "cadence.batch": 8, **numbers}
    if "q" in chosen.networks and isinstance(chosen.networks["q"].body, MLP):
        sizes.setdefault("networks.q.body.widths", (8,))
    return chosen.set(sizes)


def objective(**changes: Any) -> Objective:
    """DQN's, with changes."""
    return attrs.evolve(dqn().get("objectives.q"), **changes)


def two_objectives(**changes: Any) -> Recipe:
    """A torso, a model of the reward and a value: two objectives, of which the second reads the error of the first."""
    keeper = dqn().get("target_updates.q")
    made = attrs.evolve(
        dqn(), name="two",
        networks={"torso": TORSO, "model": MODEL, "q": Q},
        objectives={
            "model": objective(trains=("torso", "model"), target=RewardItself(), losses=(GuessError(),)),
            "q": objective(trains=("q",), target=Curious()),
        },
        target_updates={"torso": keeper, "q": keeper},
    )  # fmt: skip
    return small(attrs.evolve(made, **changes))


def ran(recipe: Recipe, steps: int, seed: int = 3) -> State:
    """The state after so many environment steps."""
    state = state_of(recipe, steps=steps, seed=seed)
    for _ in Loop(state).steps():
        pass
    state.pool.close()
    return state


def parameters(state: State) -> dict[str, Any]:
    """Every tensor of the online networks, copied, by name."""
    return {f"{n}.{k}": v.clone() for n, net in state.online.items() for k, v in net.state_dict().items()}
