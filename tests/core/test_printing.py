"""The printed functions: which passes, lines and numbers they hold, and in which order."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch
from rlblocks.recipes import double_dqn, dqn, noisy

from rlblocks import Recipe, Updates, WiringError, wire
from rlblocks._core.printing import variable
from rlblocks.target_updates import SameAsOnline
from rlblocks.targets import MaxQ
from tests.core.small_blocks import (
    TORSO,
    UPPER,
    Curious,
    Doubled,
    FromDoubled,
    FromFeatures,
    FromReturn,
    FromValue,
    Jittered,
    NoisyNowhere,
    OnlineMax,
    Q,
    ReturnItself,
    Reward,
    Shrinking,
    Squared,
    objective,
    parameters,
    ran,
    small,
    two_objectives,
)
from tests.states import state_of

KEEPER = dqn().get("target_updates.q")


def learn(recipe: Recipe) -> str:
    return wire(recipe).learn.source


def code(source: str) -> list[str]:
    """The statements, without comments."""
    return [line.strip() for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]


def place(source: str, text: str) -> int:
    """The number of the statement that begins so."""
    return next(i for i, line in enumerate(code(source)) if line.startswith(text))


# -- passes


def test_a_pass_is_printed_just_before_its_first_reader() -> None:
    """DQN's learn step: the target's pass, the target, the prediction's pass, the loss, the step."""
    source = learn(dqn())
    order = ["next_q_target_pass", "td_target", "q_online_pass", "loss,", "grads", "adam"]

    assert sorted(order, key=lambda text: place(source, text)) == order


def test_one_pass_serves_all_its_readers() -> None:
    """Three readers of one value: one pass, one output taken from it."""
    source = learn(attrs.evolve(dqn(), target_updates={}, objectives={"q": objective(target=FromValue())}))

    assert source.count("q_net(") == 1
    assert source.count('_pass["q"]') == 1


def test_a_pass_that_a_loss_reads_later_has_its_graph_from_the_start() -> None:
    """A target that reads q@online first does not cut the gradient of the loss."""
    recipe = attrs.evolve(dqn(), target_updates={}, objectives={"q": objective(target=FromValue())})
    source = learn(recipe)

    passes = next(line for line in source.splitlines() if "q_net(" in line)
    assert passes.startswith("    q_online_pass")  # not inside `with no_grad()`
    before, after = parameters(state_of(small(recipe), steps=60)), parameters(ran(small(recipe), 60))
    assert all(not torch.equal(before[key], after[key]) for key in before)


def test_a_pass_that_no_loss_reads_has_no_graph() -> None:
    """The passes of the target stand under no_grad, the loss's does not."""
    lines = learn(double_dqn()).splitlines()
    passes = {line.strip().partition(" ")[0]: line for line in lines if "_net(" in line}

    assert {name: line.startswith("        ") for name, line in passes.items()} == {
        "next_q_online_pass": True, "next_q_target_pass": True, "q_online_pass": False,
    }  # fmt: skip


def three_deep(**changes: Any) -> Recipe:
    """Two torsos, one upon the other, and a head network; nothing is read @target."""
    made = attrs.evolve(
        dqn(),
        networks={"torso": TORSO, "upper": UPPER, "q": attrs.evolve(Q, reads=("upper",))},
        objectives={"q": objective(trains=("torso", "upper", "q"), target=FromFeatures(), losses=(Squared(),))},
        target_updates={},
    )
    return small(attrs.evolve(made, **changes), **{"networks.q.body.widths": (8,)})


def test_a_graph_reaches_down_to_the_deepest_network() -> None:
    """A target that reads the features of a torso below a torso does not cut the gradient of the loss."""
    before, after = parameters(state_of(three_deep(), steps=60)), parameters(ran(three_deep(), 60))

    assert learn(three_deep()).count("torso_net(") == 1
    assert all(not torch.equal(before[key], after[key]) for key in before)


# -- several objectives


def test_several_objectives_stand_in_order_under_their_names() -> None:
    """What they write is told apart by their names, and the second reads what the first wrote, detached."""
    source = learn(two_objectives())

    assert place(source, "model_td_target") < place(source, "adam") < place(source, "q_td_target")
    assert "surprise=model_error.detach()" in source
    assert code(source)[-1] == (
        'return {"model.loss": model_loss.detach(), "model.error": model_error, "model.td_target": model_td_target, '
        '"q.loss": q_loss.detach(), "q.error": q_error, "q.td_target": q_td_target}'
    )


def test_one_objective_needs_no_prefix() -> None:
    """Its variables are called as the keys are."""
    assert "td_target = max_q.compute(" in learn(dqn())


def test_two_losses_are_added_up() -> None:
    """One gradient of their sum, and each under its own name."""
    alone = objective(losses=(Squared(),))
    both = attrs.evolve(alone, losses=(attrs.evolve(dqn().get("losses[0]"), coefficient=0.5), Shrinking()))
    source = learn(attrs.evolve(dqn(), objectives={"q": both}))

    assert "loss = losses_0 + losses_1" in code(source)
    assert source.count("gradients(") == 1


def test_a_pass_outlives_an_objective_that_trains_another_network() -> None:
    """The target's pass of q is not computed again for the second objective, which trains the same networks later."""
    shared = attrs.evolve(
        two_objectives(),
        objectives={"model": attrs.evolve(two_objectives().get("objectives.model"), trains=("model",), target=MaxQ()),
                    "q": objective(trains=("torso", "q"), target=MaxQ())},
    )  # fmt: skip

    assert learn(shared).count("q_target_net(") == 1
    assert learn(shared).count("torso_net(") == 2  # the graph of the first is spent


def test_a_pass_of_a_trained_network_is_computed_anew() -> None:
    """After a network moved, its values are others."""
    source = learn(two_objectives())

    assert source.count("torso_net(") == 2
    assert place(source, "adam") < max(i for i, line in enumerate(code(source)) if "torso_net(" in line)


def online_pair(first: tuple[str, ...]) -> Recipe:
    """Two objectives that bootstrap from the online network; the first trains the networks named."""
    return small(attrs.evolve(
        dqn(), networks={"torso": TORSO, "q": Q}, target_updates={},
        objectives={"a": objective(trains=first, target=OnlineMax(), losses=(Squared(),)),
                    "b": objective(trains=("torso", "q"), target=OnlineMax(), losses=(Squared(),))},
    ))  # fmt: skip


def test_a_pass_is_stale_when_what_it_reads_was_trained() -> None:
    """The first trains the torso alone; q, which reads it, is computed anew for the second."""
    source = learn(online_pair(("torso",)))

    assert source.count(" = q_net(") == 4
    assert source.count(" = torso_net(") == 4


def test_training_the_head_alone_keeps_the_features() -> None:
    """The next state's features have not moved; only their graphless pass is shared."""
    source = learn(online_pair(("q",)))

    assert source.count(" = q_net(") == 4
    assert source.count("next_torso_online_pass = torso_net(") == 1


def test_a_value_read_without_graph_first_gets_one_for_the_loss_of_a_later_objective() -> None:
    """The first objective's target reads the features; the second trains the torso by them."""
    base = two_objectives()
    recipe = attrs.evolve(
        base,
        networks={**base.networks, "model": attrs.evolve(base.networks["model"], reads=("observation",))},
        objectives={
            "model": attrs.evolve(base.get("objectives.model"), trains=("model",), target=FromFeatures()),
            "q": objective(trains=("torso", "q"), target=FromFeatures()),
        },
        target_updates={},
    )
    before, after = parameters(state_of(recipe, steps=60)), parameters(ran(recipe, 60))

    assert all(not torch.equal(before[key], after[key]) for key in before)


# -- an objective with a rhythm


def late(**changes: Any) -> Recipe:
    """Two objectives, of which the model learns every second time and the value reads nothing of it."""
    base = two_objectives()
    model = attrs.evolve(base.get("objectives.model"), every=Updates(2), trains=("torso", "model"))
    return attrs.evolve(base, objectives={"model": model, "q": objective(trains=("q",), **changes)})


def test_a_late_objective_stands_under_its_turn() -> None:
    """Everything that is its own is under `if 'model' in due`, and what it wrote is handed over only then."""
    source = learn(late())
    lines = source.splitlines()
    start = lines.index("    if 'model' in due:")
    end = next(i for i in range(start + 1, len(lines)) if not lines[i].startswith("        "))
    inside, outside = "\n".join(lines[start:end]), "\n".join([*lines[:start], *lines[end:]])

    assert source.startswith("def learn(chunk, numbers, draws, due):")
    assert "model_params" in inside
    assert "model_" not in outside.replace("'model", "")
    assert code(outside)[-1].endswith("} | late")
    assert "q_net(" in outside


def test_nothing_computed_under_a_condition_is_used_outside() -> None:
    """The torso's pass of the late objective is computed again for the one that always runs."""
    source = learn(late())

    assert source.count(" = torso_net(") == 2


def test_what_a_late_objective_wrote_cannot_be_read() -> None:
    """It is not there when it was not its turn; refused instead of failing at the first update."""
    with pytest.raises(WiringError) as caught:
        wire(late(target=Curious()))

    assert str(caught.value) == (
        "recipe 'two': slot 'objectives.q.target' holds Curious, which reads 'model.error', but "
        "nothing before it writes that key\n"
        "  fix: objective 'model' writes it only every 2 updates: give it every=Updates(1)"
    )


def test_without_late_objectives_nothing_is_due() -> None:
    """The usual learn step has no condition and no fourth argument."""
    assert "due" not in learn(two_objectives())


# -- prepare


def test_prepare_is_a_function_of_its_own() -> None:
    """Its outputs are columns of the chunk for the learn step."""
    plan = wire(attrs.evolve(dqn(), prepare=(Doubled(),), objectives={"q": objective(target=FromDoubled())}))

    assert plan.prepare is not None
    assert code(plan.prepare.source) == [
        "def prepare(chunk, numbers, draws):", '"""Once per chunk."""', 'reward = chunk["reward"]  # float32[batch]',
        "with no_grad():", "doubled = test_doubled.compute(reward=reward)", 'return {"doubled": doubled}',
    ]  # fmt: skip
    assert "doubled" in plan.learn.columns
    assert "reward" not in plan.learn.columns


def test_prepare_of_an_objective_stands_in_the_learn_step() -> None:
    """It is computed anew for each minibatch."""
    plan = wire(attrs.evolve(dqn(), objectives={"q": objective(prepare=(Doubled(),), target=FromDoubled())}))

    assert plan.prepare is None
    assert place(plan.learn.source, "doubled =") < place(plan.learn.source, "td_target =")


# -- noise


def test_the_noise_of_each_pass_is_a_draw_of_its_own() -> None:
    """Online and target noise are independent, in learning and in acting; evaluation takes the mean weights."""
    plan = wire(noisy(double_dqn()))

    assert set(plan.learn.draws) == {"networks.q.next_online", "networks.q.next_target", "networks.q.online"}
    assert len({d.shape for d in plan.learn.draws.values()}) == 1
    assert all(d.kind == "normal" and not d.per_row for d in plan.learn.draws.values())
    assert set(plan.act.draws) == {"networks.q.online"}
    assert plan.evaluate.draws == {}
    assert "noise=" not in plan.evaluate.source


def test_a_pass_that_is_computed_again_draws_again() -> None:
    """Two passes of one network for two objectives do not share their noise."""
    noisy_pair = noisy(online_pair(("torso", "q")).set({"networks.torso.body.widths": ()}))
    source = wire(noisy_pair).learn.source
    draws = [line.partition('draws["')[2].partition('"')[0] for line in code(source) if "noise=" in line]

    assert len(draws) == len(set(draws)) == 4


# -- draws and numbers


def test_draws_and_numbers_have_the_names_of_their_slots() -> None:
    """So that what a function needs is known without running it."""
    plan = wire(dqn())

    assert set(plan.act.draws) == {"explorer.explore", "explorer.choice"}
    assert set(plan.act.numbers) == {"explorer.epsilon"}
    assert set(plan.warmup.draws) == {"cadence.warmup_explorer.choice"}
    assert set(plan.learn.numbers) == {"objectives.q.optimizer.step_size", "objectives.q.optimizer.damping"}
    assert plan.learn.draws == {}


def test_a_draw_like_a_value_has_its_shape() -> None:
    """One normal number for each action value, whoever computes the values."""
    plan = wire(dqn().swap(target=Jittered()))

    (drawn,) = plan.learn.draws.values()
    assert (drawn.kind, drawn.shape, drawn.per_row) == ("normal", (2,), True)
    ran(small(dqn().swap(target=Jittered())), 40)


def test_a_draw_like_nothing_is_refused() -> None:
    """A misspelt shape is a misfit, not one number a row."""
    with pytest.raises(WiringError) as caught:
        wire(dqn().swap(target=NoisyNowhere()))

    assert str(caught.value).splitlines()[0] == (
        "recipe 'dqn': slot 'objectives.q.target' holds NoisyNowhere, which draws 'jitter' in the shape of 'rewards', "
        "but nothing writes that key"
    )
    assert "did you mean 'reward'?" in str(caught.value)


# -- names


def test_words_of_python_can_be_keys_and_blocks() -> None:
    """A key `return` and a block `lambda` are printed as names that Python takes."""
    learned = {"q": objective(target=FromReturn())}
    recipe = attrs.evolve(dqn(), prepare=(ReturnItself(),), target_updates={}, objectives=learned)

    ran(small(recipe), 40)
    assert any(line.startswith("return_ ") and 'chunk["return"]' in line for line in code(learn(recipe)))
    assert "lambda_.compute(value=return_)" in learn(recipe)


def test_a_block_may_be_called_as_a_column_is() -> None:
    """Its name does not hide the column's variable."""
    ran(small(attrs.evolve(dqn(), target_updates={}, objectives={"q": objective(target=Reward())})), 40)


def test_what_the_function_is_handed_keeps_its_name() -> None:
    """A key that is called as an argument of the printed function gets another variable."""
    assert variable("next.q@target") == "next_q_target"
    assert {name: variable(name) for name in ("chunk", "draws", "class")} == {
        "chunk": "chunk_", "draws": "draws_", "class": "class_",
    }  # fmt: skip


def test_two_blocks_of_one_name_are_told_apart_by_their_slots() -> None:
    """A second Adam with another learning rate has its own name in the source."""
    base = two_objectives()
    other = base.set({"objectives.model.optimizer.lr": 0.5})

    assert "objectives_q_optimizer.compute(" in learn(other)
    assert learn(base).count("adam.compute(") == 2


# -- torsos


def test_a_torso_with_a_copy_is_read_through_its_copy() -> None:
    """The target of the head reads the features of the target torso."""
    recipe = attrs.evolve(
        dqn(), networks={"torso": TORSO, "q": Q}, objectives={"q": objective(trains=("torso", "q"))},
        target_updates={"torso": KEEPER, "q": KEEPER},
    )  # fmt: skip
    source = learn(recipe)

    assert "next_torso_target_pass = torso_target_net(next_observation)" in source
    assert "next_q_target_pass = q_target_net(next_features_target)" in source
    assert set(wire(recipe).follows) == {"torso", "q"}


def test_a_torso_without_a_copy_is_read_as_it_is() -> None:
    """`SameAsOnline` makes the online torso its own target: the printed name is bound to the same module."""
    recipe = small(attrs.evolve(
        dqn(), networks={"torso": TORSO, "q": Q}, objectives={"q": objective(trains=("torso", "q"))},
        target_updates={"torso": SameAsOnline(), "q": KEEPER},
    ))  # fmt: skip
    state = ran(recipe, 60)

    assert state.target["torso"] is state.online["torso"]
    assert state.target["q"] is not state.online["q"]
    assert set(state.plan.follows) == {"q"}


def test_the_slots_of_the_lines_are_known() -> None:
    """Every call of a block can be traced to its slot."""
    plan = wire(dqn())
    found = dict(zip(plan.learn.slots, plan.learn.source.splitlines(), strict=True))

    assert found["objectives.q.target"].strip().startswith("td_target = max_q.compute(")
    assert found["objectives.q.optimizer"].strip().startswith("adam.compute(")
