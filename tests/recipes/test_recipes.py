"""The named recipes differ from DQN by one line each, and say what runs."""

from __future__ import annotations

import pytest
from rlblocks.recipes import RECIPES, dqn

from rlblocks import describe, diff, wire
from rlblocks._core.diff import apply

ONE_LINE = {
    "double_dqn": "objectives.q.target: MaxQ() → DoubleQ()",
    "dueling_dqn": "networks.q.head: QValues(",
    "prioritized_dqn": "store: UniformReplay(",
    "n_step_dqn": "store: UniformReplay(",
}


@pytest.mark.parametrize("name", ONE_LINE)
def test_the_diff_from_dqn_is_one_line(name: str) -> None:
    """Each of the four is DQN with one block swapped."""
    lines = describe(diff(dqn(), RECIPES[name]())).splitlines()

    assert len(lines) == 1
    assert lines[0].replace("->", "→").startswith(ONE_LINE[name])


@pytest.mark.parametrize("name", RECIPES)
def test_the_diff_applied_gives_the_recipe(name: str) -> None:
    """What a diff says is all that there is to say."""
    assert apply(diff(dqn(), RECIPES[name]()), dqn()) == RECIPES[name]()


@pytest.mark.parametrize("name", RECIPES)
def test_it_wires_and_prints_python(name: str) -> None:
    """The source that `explain` shows compiles, and holds one call of each block in the plan."""
    plan = wire(RECIPES[name]())

    compile(plan.source, name, "exec")
    assert plan.learn.source.count("gradients(") == len(plan.recipe.objectives)
    for objective in plan.recipe.objectives:
        for kind in ("losses[0]", "optimizer"):
            assert f"# objectives.{objective}.{kind}: " in plan.learn.source


def test_double_reads_both_networks_and_dqn_only_the_target() -> None:
    """Forward passes are derived from what is read."""
    single, double = wire(RECIPES["dqn"]()).learn.source, wire(RECIPES["double_dqn"]()).learn.source

    assert single.count("q_net(") == 1
    assert single.count("q_target_net(") == 1
    assert double.count("q_net(") == 2
    assert double.count("q_target_net(") == 1


def test_learning_samples_only_what_it_reads() -> None:
    """Columns that the printed function does not read are not asked for."""
    assert set(wire(dqn()).learn.columns) == {"observation", "action", "reward", "discount", "next.observation"}
