"""A run that asks laws of its own batches: nothing changes, faults are told, and correct blocks are not accused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs as runs
import torch
from rlblocks.recipes import RECIPES, a2c, dqn, sac

import rlblocks
from rlblocks import Recipe, RunError, block, fields, wire
from rlblocks._core.errors import WiringError
from rlblocks.cli import main
from rlblocks.envs import Goal, Gym, TimeLimit
from rlblocks.normalizers import ObservationNorm
from rlblocks.returns import GAE, Return
from rlblocks.runs._report import law_lines
from rlblocks.runs.broken_laws import load_example, load_report
from rlblocks.runs.events import LawsAsked, StopRun, Warned
from rlblocks.stores import Hindsight, PrioritizedReplay, Store, UniformReplay
from rlblocks.stores.base import StoreSpec
from rlblocks.targets import MaxQ
from rlblocks.testing import unlisted
from tests.testing.faulty_returns import FaultyGAE
from tests.testing.faulty_targets import (
    IgnoresDiscountZero,
    LetsGradientsThrough,
    MaximumOverTheBatch,
    TrainsTheTarget,
    TruncationIsAnEnd,
    WritesIntoTheReward,
)
from tests.testing.faulty_tensors import KeepsAGraph, RemembersByItself

with unlisted():

    @block("uniform_replay")
    class MixesRows(Store):
        """Uniform replay that hands over the actions of other rows."""

        capacity: int = fields.integer(500, ge=1)

        def build(self, spec: StoreSpec) -> Any:
            return Mixing(UniformReplay(self.capacity).build(spec))

        def most_rows(self) -> int:
            return self.capacity

        def row_bytes(self, columns: Any) -> int:
            return 1

    @block("gae")
    class Overflows(Return):
        """Generalized advantage estimation whose results are too large for their type."""

        inputs = GAE.inputs

        def compute(
            self, *, reward: Any, discount: Any, terminated: Any, truncated: Any, value: Any, next_value: Any,
            weight: Any = 1,
        ) -> Any:  # fmt: skip
            found, advantage = GAE(0.95).compute(
                reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
                next_value=next_value, weight=weight,
            )  # fmt: skip
            return found, advantage * torch.inf


class Mixing:
    """A memory whose actions are turned by one row."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __len__(self) -> int:
        return len(self.inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def sample(self, batch: int, keys: Any, **numbers: float) -> Any:
        found = self.inner.sample(batch, keys, **numbers)
        return {**found, "action": np.roll(found["action"], 1, 0)}


FAULTS = {
    "a terminated row bootstraps": ({"objectives.q.target": IgnoresDiscountZero()}, "TGT-2"),
    "a truncated row does not": ({"objectives.q.target": TruncationIsAnEnd()}, "TGT-2a"),
    "rows reach each other": ({"objectives.q.target": MaximumOverTheBatch()}, "GEN-8"),
    "a gradient gets through": ({"objectives.q.target": LetsGradientsThrough()}, "GEN-16"),
    "the batch is written to": ({"objectives.q.target": WritesIntoTheReward()}, "GEN-1"),
    "the target is trained": ({"objectives.q.losses": (TrainsTheTarget(),)}, "LOS-12"),
    "an optimizer remembers by itself": ({"objectives.q.optimizer": RemembersByItself()}, "GEN-14"),
    "a target network keeps a graph": ({"target_updates.q": KeepsAGraph(0.25)}, "TUP-7"),
    "columns of other rows": ({"store": MixesRows(500)}, "BUF-2"),
}


def train(folder: Path | None, recipe: Recipe, **options: Any) -> Any:
    return runs.train(
        folder, recipe, **{"steps": 32, "save_every": 8, "episodes": 0, "check_laws": "sampled", **options}
    )


def faulty(slots: dict[str, Any]) -> Recipe:
    """DQN on the walk, with other blocks in some slots."""
    recipe = runs.small()
    for slot, held in slots.items():
        recipe = recipe.swap({slot: held})
    return recipe


@pytest.mark.usefixtures("no_waiting", "no_pictures")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught_and_reproduced(fault: str, tmp_path: Path) -> None:
    """The run goes to its end, tells the law once with its slot, and the saved example shows it again."""
    slots, law = FAULTS[fault]
    watch = runs.Watch()
    run = train(tmp_path, faulty(slots), callbacks=[watch])

    told = [found for found in run.laws.broken if found.law == law]
    assert run.reason == "budget"
    assert [found.slot.partition("[")[0] for found in told] == list(slots)
    assert len(watch.of(Warned)) == len(run.laws.broken)
    assert watch.of(LawsAsked)[0].broken == tuple(map(str, run.laws.broken))
    assert load_report(run.folder) == run.laws
    example = load_example(told[0].example)
    if example.arguments:
        assert law == "TUP-7" or example.said_of(next(iter(_blocks(slots))))


def _blocks(slots: dict[str, Any]) -> list[Any]:
    return [held[0] if isinstance(held, tuple) else held for held in slots.values()]


@pytest.mark.usefixtures("no_waiting", "no_pictures")
def test_a_planted_estimator_is_caught(tmp_path: Path) -> None:
    """In the recipe's own prepare, where rows stand in time order."""
    recipe = a2c().set({"env.id": runs.ID}).swap(prepare=(FaultyGAE("forwards", lam=0.75),))
    run = train(tmp_path, recipe, steps=wire(recipe).recipe.store.least_rows(wire(recipe).facts.n) * 2 + 8)

    assert {(found.law, found.slot) for found in run.laws.broken} == {("RET-16", "prepare[0]")}


@pytest.mark.usefixtures("no_waiting", "no_pictures")
def test_a_run_is_the_same_with_and_without(tmp_path: Path) -> None:
    """Checkpoint, records and networks agree, bit for bit."""
    without, asked = (train(tmp_path / kind, runs.small(), check_laws=kind) for kind in ("never", "always"))

    assert asked.laws.batches == asked.plan.recipe.cadence.updates_planned(32, (0, 0))
    assert runs.saved(asked.folder) == runs.saved(without.folder)
    assert runs.records(asked.folder) == runs.records(without.folder)
    assert runs.weights(asked) == runs.weights(without)
    assert not without.laws.batches
    assert not (without.folder / "laws.json").exists()


def least(recipe: Recipe) -> int:
    """The steps after which there are a few learn steps."""
    return max(recipe.store.least_rows(wire(recipe).facts.n), recipe.cadence.needs() + 8)


def sized(recipe: Recipe) -> Recipe:
    """With a short warm-up, where it has one."""
    try:
        wire(recipe.set({"cadence.warmup": 24, "cadence.batch": 16}))
        return recipe.set({"cadence.warmup": 24, "cadence.batch": 16})
    except (WiringError, rlblocks.RecipeError):
        return recipe


@pytest.mark.parametrize("name", RECIPES)
def test_no_recipe_is_accused(name: str) -> None:
    """On its own environment, from its first batch on."""
    recipe = sized(RECIPES[name]())
    run = train(None, recipe, steps=least(recipe), view="quiet")

    assert list(map(str, run.laws.broken)) == []
    assert run.laws.unasked == ""
    assert run.laws.batches or recipe.store.hands == "drained"
    assert not run.laws.batches or len(run.laws.asked) > 4


def test_a_law_whose_column_is_not_there_was_not_asked() -> None:
    """Uniform replay hands over no weights, prioritized replay does."""
    uniform, weighed = (train(None, faulty(slots)) for slots in ({}, {"store": PrioritizedReplay(500)}))

    assert uniform.laws.asked["store"] == ["BUF-7", "BUF-2", "NST-2"]
    assert weighed.laws.asked["store"] == ["BUF-7", "BUF-2", "NST-2", "PER-5"]


def test_what_was_asked_of_what_a_block_wrote_is_told() -> None:
    """That it is finite, and the reward where a row is terminated; neither needs a mask."""
    asked = train(None, faulty({}), steps=120).laws.asked

    assert {"GEN-15", "TGT-2"} <= set(asked["objectives.q.target"])
    assert "GEN-15" in asked["objectives.q.losses[0]"]
    assert "TGT-2" not in asked["objectives.q.losses[0]"]


def test_with_masks_nobody_is_accused() -> None:
    """Where the environment says which actions are legal, the laws on masks are asked too."""
    recipe = sized(dqn()).set({"env.id": "Taxi-v4", "store.capacity": 500})
    run = train(None, recipe, steps=40)

    assert run.laws.broken == []
    assert "TGT-7" in run.laws.asked["objectives.q.target"]
    assert "EXP-1a" in run.laws.asked["explorer"]


def test_observations_in_other_types_are_replayed() -> None:
    """Columns in float64, goals that are relabelled, and statistics of observations."""
    goals = Gym("rlblocks/PointGoal-v0", wrappers=(TimeLimit(7), Goal()))
    narrow = {"networks.policy.body.widths": (6,), "networks.critic.body.widths": (6,), "cadence.warmup": 20}
    recipe = sac().swap(env=goals, normalizers={"observation": ObservationNorm()}).wrap("store", Hindsight, goals=2)
    run = train(None, recipe.set({**narrow, "cadence.batch": 8}), steps=30)

    assert (run.laws.broken, run.laws.unasked) == ([], "")
    assert "GEN-9" in run.laws.asked["normalizers.observation"]


def test_a_run_does_not_end_because_it_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the asking itself is told once, and breaks no law."""
    monkeypatch.setattr("rlblocks.runs._watch.replayed", lambda *_, **__: 1 / 0)
    watch = runs.Watch()
    run = train(None, runs.small(), callbacks=[watch])

    assert (run.reason, run.laws.broken, len(watch.of(Warned))) == ("budget", [], 1)
    assert run.laws.unasked == "ZeroDivisionError: division by zero"
    assert law_lines(watch.of(LawsAsked)[0])[-1] == f"  could not be asked about a batch: {run.laws.unasked}"


@pytest.mark.usefixtures("no_waiting", "no_pictures")
def test_a_resumed_run_goes_on_asking(tmp_path: Path) -> None:
    """It remembers what was found, and asks on; rows that were written before are not missed."""
    begun = train(tmp_path, faulty({"objectives.q.target": IgnoresDiscountZero()}), callbacks=[Stop()])
    again = json.loads((begun.folder / "laws.json").read_text(encoding="utf-8"))

    assert begun.reason == "stopped"
    assert [one["law"] for one in again["broken"]] == [found.law for found in begun.laws.broken]
    fresh = train(tmp_path / "clean", runs.small(), callbacks=[Stop()])
    run = rlblocks.resume(fresh.folder, view="quiet")
    assert run.laws.batches > fresh.laws.batches > 0
    assert run.laws.broken == []


class Stop:
    """A callback that ends a run after the first checkpoint in which something was learned."""

    def on(self, event: Any) -> None:
        """Stop."""
        if type(event).__name__ == "Saved" and event.env_steps >= 24:
            raise StopRun


@pytest.mark.usefixtures("no_waiting", "no_pictures")
def test_the_command_line_tells_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--check-laws` ends with 0 where nothing was broken, and with 1 where a law was, with its words."""
    monkeypatch.chdir(tmp_path)
    words = ["steps=32", "episodes=0", "video=never", "cadence.warmup=20", "cadence.batch=8", "--plain", "--check-laws"]

    assert main(["run", "dqn", *words]) == 0
    assert "none broken" in capsys.readouterr().out
    monkeypatch.setitem(RECIPES, "dqn", lambda: faulty({"objectives.q.target": IgnoresDiscountZero()}))
    assert main(["run", "dqn", *words]) == 1
    said = capsys.readouterr().out
    assert "TGT-2 is broken by objectives.q.target (IgnoresDiscountZero())" in said
    assert "warning at " in said


def test_rows_are_no_call(tmp_path: Path) -> None:
    """An example of rows can be looked at, and not asked."""
    run = train(tmp_path, faulty({"store": MixesRows(500)}))
    (found,) = [found for found in run.laws.broken if found.law == "BUF-2"]
    example = load_example(found.example)

    assert "reward" in example.inputs
    with pytest.raises(RunError, match="holds rows, and no call of a block"):
        example.said_of()


def test_what_is_not_finite_is_asked_again_of_any_role(tmp_path: Path) -> None:
    """Also of one whose laws do not hold this one; a block of another role is refused in a sentence."""
    recipe = a2c().set({"env.id": runs.ID}).swap(prepare=(Overflows(),))
    with pytest.raises(RunError, match="'advantage' of its chunk is not finite"):
        train(tmp_path, recipe, steps=wire(recipe).recipe.store.least_rows(wire(recipe).facts.n) * 2 + 8)
    (path,) = tmp_path.rglob("GEN-15-prepare_0_")
    example = load_example(path)

    assert example.said_of(Overflows()) == example.finding.said == "of finite inputs, advantage is not finite"
    assert not example.said_of(GAE(0.95))
    with pytest.raises(RunError, match="was broken by a block of role returns, and MaxQ"):
        example.said_of(MaxQ())
