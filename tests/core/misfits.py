"""Deliberate mis-compositions: a name, and what makes it. All are refused before the first step."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
from rlblocks.recipes import dqn, dueling, n_step, noisy, prioritized

from rlblocks import EnvSteps, Network, Objective, OfRun, Updates, block, read, scheduled, wire
from rlblocks.cadences import LearnEvery
from rlblocks.envs import Gym
from rlblocks.explorers import EpsilonGreedy
from rlblocks.losses import Huber, SquaredError
from rlblocks.networks import MLP, Features, NatureCNN, QValues
from rlblocks.optimizers import Adam, ClipNorm
from rlblocks.schedules import Linear, Piecewise
from rlblocks.stores import Latest, NStep, PrioritizedReplay, UniformReplay
from rlblocks.target_updates import HardCopy, Polyak
from rlblocks.targets import DoubleQ, MaxQ, Target
from tests.core.control_misfits import control_cases
from tests.core.noise_misfits import noise_cases
from tests.core.policy_misfits import policy_cases
from tests.core.tabular_misfits import tabular_cases

Q = Network(reads="observation", body=MLP((8,)), head=QValues())
TORSO = Network(reads="observation", body=MLP((8,)), head=Features())


def objective(**changes: Any) -> Objective:
    return attrs.evolve(dqn().get("objectives.q"), **changes)


def wired(**slots: Any) -> Any:
    """Wire DQN with other things in some top-level slots."""
    return wire(attrs.evolve(dqn(), **slots))


def cases(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    """By name. `o` holds the odd blocks."""
    fits = {**reads(o), **debts(o), **keepers(o), **shapes(o), **spaces(o), **slots(o)}
    return {
        **fits,
        **policy_cases(o),
        **control_cases(),
        **noise_cases(),
        **tabular_cases(),
        **numbers(),
        **declarations(),
    }


def reads(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    return {
        "a loss reads quantiles that a scalar head does not write": lambda: wire(dqn().swap({"losses[0]": o.TopHalf()})),
        "a loss reads an advantage that nothing estimates": lambda: wire(dqn().swap({"losses[0]": o.AdvantageLoss()})),
        "a target reads a return that nothing computes": lambda: wire(dqn().swap(target=o.Returned())),
        "a target misspells a stored column": lambda: wire(dqn().swap(target=o.Hungry())),
        "a target asks the value form for what it lacks": lambda: wire(dqn().swap(target=o.Projected())),
        "an explorer reads logits that no head writes": lambda: wire(dqn().swap(explorer=o.ByLogits())),
        "an explorer reads the reward before it acts": lambda: wire(dqn().swap(explorer=o.ByReward())),
        "a head that writes no action values": lambda: wire(dqn().swap({"networks.q.head": Features()})),
        "a network misspells what it reads": lambda: wired(networks={"q": attrs.evolve(Q, reads=("observatoin",))}),
        "a network reads features that no torso writes": lambda: wired(networks={"q": attrs.evolve(Q, reads=("features",))}),
        "a block of prepare reads what a later one writes": lambda: wired(prepare=(o.Late(), o.After())),
        "everything at once": lambda: wire(dqn().swap({"losses[0]": o.TopHalf(), "target": o.Hungry(), "explorer": o.ByLogits()})),
    }  # fmt: skip


def debts(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    per = prioritized(dqn())
    return {
        "a prioritized store whose weight nobody reads": lambda: wire(per.swap({"losses[0]": o.Unweighted()})),
        "a prioritized store whose priority nobody pays": lambda: wire(per.swap({"losses[0]": o.Silent()})),
        "n-step around it does not hide the debt": lambda: wire(n_step(3)(per).swap({"losses[0]": o.Unweighted()})),
        "a cadence that samples and a store that is drained": lambda: wired(store=o.Drained()),
        "a value form that no loss reads": lambda: wire(dqn().swap({"networks.q.head": QValues(form=o.Pairs())})),
        "a store that can never hold the warm-up": lambda: wired(store=UniformReplay(500)),
        "a batch larger than the store": lambda: wired(
            store=UniformReplay(64), cadence=LearnEvery(batch=128, warmup=0)
        ),
        "two losses write one error": lambda: wired(objectives={"q": objective(losses=(SquaredError(), Huber()))}),
        "prepare writes what collecting wrote": lambda: wired(prepare=(o.Scaled(),)),
    }


def keepers(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    return {
        "a target network that nobody keeps": lambda: wired(target_updates={}),
        "a target network that nobody reads": lambda: wire(dqn().swap(target=o.OnlineOnly())),
        "a keeper of a network that does not exist": lambda: wired(target_updates={"q": Polyak(0.005), "critic": HardCopy()}),
        "an objective that trains a misspelt network": lambda: wired(objectives={"q": objective(trains=("Q",))}),
        "a network that no objective trains": lambda: wired(
            networks={"torso": TORSO, "q": attrs.evolve(Q, reads=("features",))}, target_updates={"q": HardCopy(), "torso": HardCopy()}),
        "a torso without a target copy": lambda: wired(
            networks={"torso": TORSO, "q": attrs.evolve(Q, reads=("features",))}, objectives={"q": objective(trains=("torso", "q"))}),
        "a network that nobody reads": lambda: wired(networks={"q": Q, "torso": TORSO}, objectives={"q": objective(trains=("q",))}),
        "two networks write one key": lambda: wired(networks={"q": Q, "q2": Q}),
        "a network that no loss reaches": lambda: wired(
            networks={"q": Q, "torso": TORSO}, target_updates={"q": HardCopy(), "torso": HardCopy()},
            objectives={"q": objective(trains=("q", "torso"), target=o.TwoValued())}),
        "a loss without a gradient": lambda: wire(dqn().swap({"losses[0]": o.Cut()})),
        "an objective without losses": lambda: wired(objectives={"q": objective(losses=())}),
    }  # fmt: skip


def shapes(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    return {
        "a target of [B, 1] under a loss of [B]": lambda: wire(dqn().swap(target=o.Column())),
        "a target that adds [B] to [B, A]": lambda: wire(dqn().swap(target=o.Square())),
        "a loss that wants atoms where there are actions": lambda: wire(dqn().swap({"losses[0]": o.PerAtom()})),
        "features at the stored action": lambda: wired(
            networks={"q": Q, "torso": TORSO}, objectives={"q": objective(trains=("q", "torso"), losses=(o.FeatureLoss(),))}),
    }  # fmt: skip


def spaces(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    return {
        "Q-values on continuous actions": lambda: wired(env=Gym("Pendulum-v1")),
        "dueling Q-values on continuous actions": lambda: wire(
            dueling(attrs.evolve(dqn(), env=Gym("MountainCarContinuous-v0")))
        ),
        "a convolutional network on a vector": lambda: wire(dqn().swap({"networks.q.body": NatureCNN()})),
        "a tuple observation": lambda: wired(env=Gym("Blackjack-v1")),
        "a misspelt environment": lambda: wired(env=Gym("CartPol-v1")),
        "an environment version that is gone": lambda: wired(env=Gym("Taxi-v3")),
    }


def slots(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    return {
        "a loss in the target slot": lambda: dqn().swap(target=Huber()),
        "a class instead of a block": lambda: dqn().swap(target=DoubleQ),
        "a misspelt slot": lambda: dqn().swap(taget=DoubleQ()),
        "a short name that fits several slots": lambda: dqn().swap(layer=noisy(dqn()).get("networks.q.head.layer")),
        "a number swapped in as if it were a block": lambda: dqn().swap(gamma=0.9),
        "a text set where a block is": lambda: dqn().set(target="double_q"),
        "a path into nothing": lambda: dqn().set({"store.capactiy": 10}),
        "a target among the losses": lambda: objective(losses=(MaxQ(),)),
        "a body where a network belongs": lambda: wired(networks={"q": MLP()}),
        "a wrapper around a block of another role": lambda: dqn().wrap("target", NStep, n=3),
        "the patch prioritized on a store without replay": lambda: prioritized(dqn().swap(store=Latest())),
    }


def numbers() -> dict[str, Callable[[], Any]]:
    return {
        "gamma is 99": lambda: dqn().set(gamma=99),
        "gamma is no number": lambda: dqn().set(gamma=float("nan")),
        "gamma is a bool": lambda: dqn().set(gamma=True),
        "a capacity of zero": lambda: UniformReplay(0),
        "a fractional capacity": lambda: PrioritizedReplay(0.5),
        "an epsilon above one": lambda: EpsilonGreedy(Linear(1.5, 0.0)),
        "an epsilon as a text": lambda: EpsilonGreedy("0.1"),
        "a negative learning rate": lambda: Adam(lr=-1e-3),
        "a learning rate of infinity": lambda: Adam(lr=float("inf")),
        "a clip of zero": lambda: ClipNorm(0.0),
        "a duration without a clock": lambda: HardCopy(every=500),
        "learning every so many updates": lambda: LearnEvery(every=Updates(1)),
        "learning every share of the run": lambda: LearnEvery(every=OfRun(0.1)),
        "an objective every so many steps": lambda: objective(every=EnvSteps(2)),
        "a duration of zero": lambda: EnvSteps(0),
        "pieces on two clocks": lambda: Piecewise((Linear(1.0, 0.5, EnvSteps(10)), Linear(0.5, 0.1, Updates(10)))),
        "a layer without units": lambda: MLP((128, 0)),
        "a misspelt activation": lambda: MLP((128,), activation="rleu"),
        "zero steps": lambda: NStep(UniformReplay(10), n=0),
        "an averaging rate above one": lambda: Polyak(tau=5.0),
    }  # fmt: skip


def declarations() -> dict[str, Callable[[], Any]]:
    """Classes that are no blocks: refused when they are declared."""

    def without_role() -> Any:
        return block("test/nothing")(type("Nothing", (), {"__doc__": "x"}))

    def of_a_block() -> Any:
        return block("test/my_double")(type("MyDouble", (DoubleQ,), {"__doc__": "x"}))

    def without_docstring() -> Any:
        return block("test/bare")(type("Bare", (Target,), {}))

    def shadowing() -> Any:
        return block("test/range")(type("range", (Target,), {"__doc__": "x"}))

    def same_name() -> Any:
        return block("double_q")(type("Other", (Target,), {"__doc__": "x"}))

    def bad_name() -> Any:
        return block("My Target")(type("MyTarget", (Target,), {"__doc__": "x"}))

    def disagreeing() -> Any:
        def compute(self: Any, *, reward: Any, q: Any) -> Any:
            return reward

        members = {
            "__doc__": "x",
            "inputs": {"reward": read("reward"), "gain": scheduled("compute")},
            "compute": compute,
        }
        return block("test/disagree")(type("Disagree", (Target,), members))

    def misspelt_key() -> Any:
        def compute(self: Any, *, q: Any) -> Any:
            return q

        return block("test/key")(
            type("Key", (Target,), {"__doc__": "x", "inputs": {"q": read("q@tarjet")}, "compute": compute})
        )

    return {
        "a block that reads by neither online nor target": misspelt_key,
        "a class without a role": without_role,
        "a class that derives from a block": of_a_block,
        "a block without a docstring": without_docstring,
        "a block that shadows a builtin": shadowing,
        "a block under a name that is taken": same_name,
        "a block under a name that is none": bad_name,
        "a block whose compute and inputs disagree": disagreeing,
    }
