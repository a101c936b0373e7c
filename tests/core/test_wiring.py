"""Wiring resolves every read to a writer, checks what can be known, and touches no number."""

from __future__ import annotations

import random
from typing import Any

import attrs
import gymnasium
import numpy as np
import pytest
import torch
from rlblocks.recipes import dqn, n_step, ppo, prioritized

from rlblocks import Network, Recipe, RecipeError, WiringError, wire
from rlblocks._core.keys import Spec
from rlblocks._core.wiring import spec_of
from rlblocks.cadences import LearnEvery
from rlblocks.envs.base import Facts
from rlblocks.explorers import EpsilonGreedy, Greedy
from rlblocks.networks import MLP, QValues
from rlblocks.schedules import Linear
from rlblocks.stores import UniformReplay
from rlblocks.target_updates import SameAsOnline
from rlblocks.targets import DoubleQ
from tests.core.small_blocks import Talkative, objective, ran, small, two_objectives

BOX = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
FACTS = Facts("Made-v0", BOX, gymnasium.spaces.Discrete(5))


def misfits(recipe: Recipe, facts: Facts | None = None) -> list[str]:
    with pytest.raises(WiringError) as caught:
        wire(recipe, facts)
    return [str(problem) for problem in caught.value.problems]


SPACES = {
    "a vector": (BOX, Spec((3,), low=-1.0, high=1.0)),
    "unbounded": (gymnasium.spaces.Box(-np.inf, np.inf, (2, 2)), Spec((2, 2))),
    "doubles": (gymnasium.spaces.Box(-1.0, np.inf, (), np.float64), Spec((), low=-1.0)),
    "bytes": (gymnasium.spaces.Box(0, 255, (4, 8, 8), np.uint8), Spec((4, 8, 8), "uint8", low=0.0, high=255.0)),
    "a number of actions": (gymnasium.spaces.Discrete(5, start=2), Spec((), "int64", n=5)),
}  # fmt: skip


@pytest.mark.parametrize("name", SPACES)
def test_what_is_known_of_a_space(name: str) -> None:
    """Its shape, the type in which it is stored, and its finite bounds."""
    space, spec = SPACES[name]

    assert spec_of(space) == spec


def test_other_spaces_are_refused() -> None:
    """A tuple has no tensor."""
    with pytest.raises(RecipeError, match="is none of Box, Discrete"):
        spec_of(gymnasium.spaces.Tuple((BOX,)))


def test_dimensions_come_from_the_environment() -> None:
    """The same recipe is wired to what another environment observes and takes."""
    plan = wire(dqn(), FACTS)

    assert plan.sizes == {"action": 5}
    assert plan.columns["observation"].shape == (3,)
    assert plan.reads["q"]["observation"].shape == (3,)


def test_rows_hold_what_collecting_writes() -> None:
    """The seven columns of every recipe, and what the explorer writes besides."""
    usual = ["observation", "action", "reward", "terminated", "truncated", "next.observation", "discount"]
    talkative = dqn().swap(explorer=Talkative(), cadence=LearnEvery(warmup_explorer=Talkative()))

    assert list(wire(dqn()).columns) == usual
    assert sorted(wire(talkative).columns) == sorted([*usual, "log_prob"])
    ran(small(talkative), 40)


def test_rows_hold_what_training_and_warm_up_both_write() -> None:
    """Rows of both lie in one store: what only one of the two explorers writes is not stored."""
    talkative = dqn().swap(explorer=Talkative())

    assert "log_prob" not in wire(talkative).columns
    ran(small(talkative), 40)


def test_what_the_warm_up_does_not_write_cannot_be_read() -> None:
    """Refused before the first step, and the explorer that is silent is named."""
    silent = ppo().swap(store=UniformReplay(1000), cadence=LearnEvery(), prepare=())

    said = [problem for problem in misfits(silent) if "'log_prob'" in problem]

    assert len(said) == 1
    assert said[0].endswith(
        "fix: slot 'explorer' writes it and 'cadence.warmup_explorer' does not, so it is not stored: use sample there"
    )


def test_wiring_moves_no_generator_and_makes_no_parameter() -> None:
    """Everything is said about shapes."""
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    wire(prioritized(n_step(3)(dqn())))

    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == states  # noqa: NPY002


def test_wiring_takes_no_step() -> None:
    """Facts that were handed over are enough: the environment need not exist."""
    nowhere = dqn().set({"env.id": "Nowhere-v0"})

    assert wire(nowhere, FACTS).facts is FACTS


def test_wiring_twice_is_wiring_once() -> None:
    """The plan is a function of the recipe and the facts."""
    once, again = (wire(two_objectives()) for _ in range(2))

    assert once.source == again.source
    assert once.columns == again.columns
    assert once.blocks == again.blocks


def test_all_misfits_are_collected() -> None:
    """One for each slot that does not fit, in the order of the recipe."""
    recipe = attrs.evolve(
        dqn(),
        objectives={"q": objective(trains=("Q",))},
        target_updates={"p": SameAsOnline()},
        store=UniformReplay(500),
    )
    found = misfits(recipe)

    assert [text.split("\n")[0] for text in found] == [
        "objective 'q' trains 'Q', but there is no such network",
        "slot 'cadence' holds LearnEvery, which learns once the store holds 1,000 rows, but slot 'store' holds at "  # noqa: ISC004
        "most 500",
        "network 'q' is read @target, but slot 'target_updates' keeps no copy of it",
        "slot 'target_updates.p' keeps a copy of 'p', but there is no such network",
        "network 'q' is trained by no objective",
    ]  # fmt: skip


def test_one_misfit_stands_on_the_line_of_the_recipe() -> None:
    """Several stand below it; every one is an error of its own, with its facts."""
    with pytest.raises(WiringError) as caught:
        wire(attrs.evolve(dqn(), target_updates={}))

    assert str(caught.value).startswith("recipe 'dqn': network 'q' is read @target")
    assert caught.value.problems[0].facts["slot"] == "target_updates"


def test_feeds_name_the_key_that_pays() -> None:
    """A prioritized store is paid by the error, whatever wraps the store."""
    assert wire(prioritized(dqn())).feeds == {"priority": "q.error"}
    assert wire(n_step(3)(prioritized(dqn()))).feeds == {"priority": "q.error"}
    assert wire(dqn()).feeds == {}


def test_of_two_objectives_with_errors_one_must_be_chosen() -> None:
    """A store is paid by one; two candidates are a misfit."""
    (text,) = misfits(prioritized(two_objectives()).swap({"objectives.q.losses": dqn().get("losses")}))[:1] or [""]

    assert "must be handed 'error', and it could be any of model.error, q.error" in text


def test_targets_are_the_networks_that_are_read_so() -> None:
    """Double Q-learning reads both; keepers that copy have a printed function each."""
    plan = wire(dqn().swap(target=DoubleQ()))

    assert plan.targets == ("q",)
    assert set(plan.follows) == {"q"}
    assert "polyak.compute(online=q_tensors, target=q_target_tensors)" in plan.follows["q"].source
    assert wire(dqn().swap({"target_updates.q": SameAsOnline()})).follows == {}


def test_evaluation_does_not_explore() -> None:
    """It is printed from the explorer that the explorer names."""
    plan = wire(dqn())

    assert plan.evaluate.name == "act_evaluation"
    assert "greedy.compute(" in plan.evaluate.source
    assert plan.evaluate.numbers == {}
    assert (
        wire(dqn().swap(explorer=Greedy())).act.source.replace("act(", "act_evaluation(")
        == wire(dqn().swap(explorer=Greedy())).evaluate.source
    )


def test_numbers_keep_their_own_schedule() -> None:
    """Two explorers in one recipe have two epsilons."""
    other = EpsilonGreedy(Linear(0.5, 0.5))
    plan = wire(dqn().swap(cadence=LearnEvery(warmup_explorer=other)))

    assert plan.act.numbers["explorer.epsilon"][0] == dqn().explorer
    assert plan.warmup.numbers["cadence.warmup_explorer.epsilon"][0] == other
    assert plan.blocks["cadence_warmup_explorer"] == other


def test_networks_may_read_one_another_in_any_order() -> None:
    """The head is written before the torso; what is ready is wired first."""
    base = two_objectives()
    turned = attrs.evolve(base, networks=dict(reversed(list(base.networks.items()))))

    assert wire(turned).reads.keys() == wire(base).reads.keys()


def test_networks_that_read_in_a_circle_are_refused() -> None:
    """Neither can be computed first."""
    circle = Network(reads="q", body=MLP((4,)), head=QValues())
    found = misfits(attrs.evolve(dqn(), networks={"q": circle}))

    assert found == [
        "network 'q' reads 'q', but nothing writes that key\n"  # noqa: ISC004
        "  fix: network 'q' would write it, but is part of a circle: let it read columns alone"
    ]


def test_a_step_reads_only_what_somebody_asked_for() -> None:
    """Evaluation hands over observations alone."""
    plan = wire(dqn())

    assert set(plan.act.columns) == set(plan.evaluate.columns) == {"observation"}
    assert plan.warmup.columns == {}


def test_the_source_holds_every_function_of_a_step() -> None:
    """In the order in which a step uses them; each compiles."""
    source = wire(dqn()).source

    assert [source.index(f"def {name}(") for name in ("act", "learn", "follow_q")] == sorted(
        source.index(f"def {name}(") for name in ("act", "learn", "follow_q")
    )
    compile(source, "plan", "exec")


def test_tracebacks_show_the_printed_line() -> None:
    """The source is known to linecache under a name of its own."""
    import linecache

    plan = wire(dqn())
    names: dict[str, Any] = {"greedy": None, "q_net": None}
    function = plan.evaluate.define("dqn", names)
    filename = function.__code__.co_filename

    assert filename == "<rlblocks dqn act_evaluation>"
    assert linecache.getline(filename, 1) == "def act_evaluation(chunk, numbers, draws):\n"
