"""The dry run: shapes only, every printed function once, and a misfit told as one of the slot whose line raised."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch
from rlblocks.recipes import dqn, noisy

from rlblocks import WiringError, block, read, scheduled, wire
from rlblocks._core import dry_run
from rlblocks._core.dry_run import META, build_modules, rehearse
from rlblocks.explorers import Explorer, Greedy
from rlblocks.losses import Loss
from rlblocks.target_updates import TargetUpdate
from rlblocks.targets import Target
from tests.core.odd_blocks import unregistered
from tests.core.small_blocks import Doubled, FromDoubled, objective, two_objectives

with unregistered():

    @block("test/raising")
    class Raising(Target):
        """Raises whatever it is given."""

        inputs = {"reward": read("reward"), "q": read("next.q@target")}

        def compute(self, *, reward: Any, q: Any) -> Any:
            raise ZeroDivisionError

    @block("test/branching")
    class Branching(Target):
        """Looks at a value, which there is not in a dry run."""

        inputs = {"reward": read("reward"), "q": read("next.q@target")}

        def compute(self, *, reward: Any, q: Any) -> Any:
            return reward if reward.sum().item() > 0 else q.amax(1)

    @block("test/three_actions")
    class ThreeActions(Explorer):
        """Adds a vector of three to the values."""

        inputs = {"q": read("q@online")}

        def compute(self, *, q: Any) -> Any:
            return (q + q.new_zeros(3)).argmax(1)

        def evaluation(self) -> Explorer:
            """Greedy."""
            return Greedy()

    @block("test/greedy_backwards")
    class Backwards(TargetUpdate):
        """Writes what has no room."""

        every = dqn().get("target_updates.q.every")

        def compute(self, *, online: Any, target: Any) -> None:
            target[0].copy_(online[1][:, None, None])

    @block("test/counting")
    class Counting(Loss):
        """Counts how often it is called."""

        calls: list[Any] = attrs.field(factory=list, eq=False)
        inputs = {"q": read("q@online", at="action"), "td_target": read("td_target"), "factor": scheduled("factor")}

        def factor(self, times: Any) -> float:
            """One."""
            return 1.0

        def compute(self, *, q: Any, td_target: Any, factor: Any) -> Any:
            self.calls.append((q.shape, q.device.type, factor.device.type, factor.dtype))
            return (factor * (td_target - q).pow(2)).mean(), (td_target - q).abs().detach()


def misfit(**swaps: Any) -> str:
    with pytest.raises(WiringError) as caught:
        wire(dqn().swap(swaps))
    return str(caught.value)


def test_what_a_block_raises_is_a_misfit_of_its_slot() -> None:
    """With the line that raised, and what it said."""
    assert misfit(target=Raising()) == (
        "recipe 'dqn': slot 'objectives.q.target' holds Raising, which failed in the dry run (7 rows, shapes only): "
        "ZeroDivisionError\n"
        "  line: td_target = test_raising.compute(reward=reward, q=next_q_target)\n"
        "  fix: compare the shapes that it reads with those that it expects (rlblocks explain shows both)"
    )


def test_a_branch_on_a_value_is_found() -> None:
    """There are no values on the meta device, as there are none while a graph is captured."""
    assert "slot 'objectives.q.target' holds Branching, which failed in the dry run" in misfit(target=Branching())


def test_acting_and_following_are_rehearsed_too() -> None:
    """A misfit of the explorer or of a keeper is told before the first step."""
    assert "slot 'explorer' holds ThreeActions, which failed in the dry run" in misfit(explorer=ThreeActions())
    assert "slot 'target_updates.q' holds Backwards, which failed in the dry run" in misfit(
        **{"target_updates.q": Backwards()}
    )


def test_each_function_runs_once_on_odd_shapes() -> None:
    """Seven rows on the meta device; numbers are doubles on the CPU, as in a run."""
    counting = Counting()
    wire(dqn().swap({"losses[0]": counting}))

    assert counting.calls == [(torch.Size([7]), "meta", "cpu", torch.float64)]


def test_prepared_columns_arrive_as_they_were_prepared() -> None:
    """What `prepare` returned is what the learn step reads."""
    plan = wire(attrs.evolve(dqn(), prepare=(Doubled(),), objectives={"q": objective(target=FromDoubled())}))

    assert rehearse(plan) == []


def test_a_network_that_no_loss_reaches_is_named_by_parameter() -> None:
    """Each parameter without a gradient."""
    base = two_objectives()
    model = attrs.evolve(base.get("objectives.model"), trains=("torso", "model", "q"))
    with pytest.raises(WiringError) as caught:
        wire(attrs.evolve(base, objectives={**base.objectives, "model": model}))

    (problem,) = caught.value.problems
    assert problem.what.startswith("no loss reaches q.")
    assert problem.what.endswith(": these parameters would never be trained")
    assert len(problem.facts["parameters"]) == len(list(build_modules(wire(base), None, META)["q"].parameters()))


def test_late_objectives_are_rehearsed() -> None:
    """Everything is due in a dry run."""
    counting = Counting()
    late = objective(losses=(counting,), every=dqn().get("objectives.q.every").__class__(3))
    wire(attrs.evolve(dqn(), objectives={"q": late}))

    assert len(counting.calls) == 1


def test_noise_is_counted_without_numbers() -> None:
    """Standard normals of one pass, by network; none where no layer is noisy."""
    counted = [dry_run.noise_sizes(_world(recipe))["q"] for recipe in (dqn(), noisy(dqn()))]

    assert counted == [0, (4 + 128) + (128 + 128) + (128 + 2)]


def _world(recipe: Any) -> Any:
    plan = wire(recipe)
    return attrs.make_class("W", ["recipe", "reads", "columns"])(recipe, plan.reads, plan.columns)


def test_modules_on_meta_hold_no_numbers() -> None:
    """Parameters of the right shapes, in the order of the recipe."""
    modules = build_modules(wire(two_objectives()), None, META)

    assert list(modules) == ["torso", "model", "q"]
    assert {p.device.type for module in modules.values() for p in module.parameters()} == {"meta"}
