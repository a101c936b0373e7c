"""PPO whose state value is kept near the value that it had when the rollout was collected, end to end."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from rlblocks.recipes import PATCHES, dqn, ppo, ppo_lstm, reinforce

from rlblocks import Recipe, RecipeError, WiringError, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State
from rlblocks.losses import ClippedValueLoss
from rlblocks.transforms import Keep
from tests.states import leaves, run_on, state_of

clipped_value = PATCHES["clipped_value"]
LOSS = "objectives.policy.losses[1]"
SMALL = {"env.n": 2, "store.steps": 8, "cadence.minibatches": 2}
WIDTHS = {"networks.policy.body.widths": (6,), "networks.value.body.widths": (6,)}


def clipped(**numbers: Any) -> Recipe:
    """PPO with the patch, small."""
    return clipped_value(ppo()).set({**SMALL, **WIDTHS, **numbers})


def learnt(made: Recipe, steps: int) -> tuple[State, list[tuple[dict[str, Any], dict[str, Any]]]]:
    """The state after so many steps, and what each learn step was given and wrote."""
    seen: list[Any] = []

    def watch(function: Any) -> Any:
        def watched(chunk: Any, *others: Any) -> Any:
            given = {key: column.clone() for key, column in chunk.items()}
            seen.append((given, {key: value.clone() for key, value in function(chunk, *others).items()}))
            return seen[-1][1]

        return watched

    state = state_of(made, steps=steps)
    for _ in Loop(state, watch).steps():
        pass
    state.pool.close()
    return state, seen


def test_the_patch_swaps_the_loss_and_keeps_the_value() -> None:
    """The coefficient stays; twice is once."""
    made = clipped_value(ppo())

    assert made.get(LOSS) == ClippedValueLoss(coefficient=ppo().get(LOSS).coefficient)
    assert made.prepare == (Keep("value"), *ppo().prepare)
    assert clipped_value(made) == made
    wire(clipped_value(ppo_lstm()))


@pytest.mark.parametrize("recipe", [dqn, reinforce])
def test_a_recipe_without_a_state_value_is_refused(recipe: Any) -> None:
    """There is no loss to swap."""
    with pytest.raises(RecipeError, match=r"'clipped_value' swaps ValueLoss, and recipe .* has no such block"):
        clipped_value(recipe())


def test_without_the_values_of_collecting_the_block_that_keeps_them_is_offered() -> None:
    """And with it, it wires."""
    alone = ppo().swap({LOSS: ClippedValueLoss()})

    with pytest.raises(WiringError, match=r"put Keep\('value'\) into the recipe's prepare"):
        wire(alone)
    wire(alone.swap({"prepare": (*alone.prepare, Keep("value"))}))


def test_what_is_kept_too_late_is_refused() -> None:
    """In the objective's prepare the value has moved, and nothing would be clipped."""
    made = ppo().swap({LOSS: ClippedValueLoss(), "objectives.policy.prepare": (Keep("value"),)})

    with pytest.raises(WiringError, match="move it to the recipe's prepare"):
        wire(made)


def test_the_old_values_are_those_of_collecting_in_every_epoch() -> None:
    """A row has the same stored value in all four epochs, while its network's moves; nothing is no number."""
    made = clipped(**{"cadence.minibatches": 1, "optimizer.lr.start": 0.05})
    state, seen = learnt(made, 64)
    first = [chunk for chunk, _ in seen[:4]]
    values = [dict(zip(map(bytes, chunk["observation"].numpy()), chunk["value"].tolist(), strict=True))
              for chunk in first]  # fmt: skip

    assert len(seen) == 4 * 4
    assert all(value == values[0] for value in values)
    assert len(set(values[0].values())) > 10
    with torch.no_grad():
        now = state.online["value"](first[0]["observation"])["value"]
    assert (now - first[0]["value"]).abs().max() > 0.1
    assert all(torch.isfinite(value).all() for _, wrote in seen for value in wrote.values())


def test_before_the_first_step_it_is_the_plain_loss() -> None:
    """The value is where it was, and nothing is clipped."""
    once = {"cadence.epochs": 1, "cadence.minibatches": 1}
    plain = clipped(**once).swap({LOSS: ppo().get(LOSS)})
    narrow = clipped(**once, **{f"{LOSS}.clip": 1e-3})
    terms = [learnt(made, 16)[1][0][1] for made in (plain, narrow)]

    assert terms[0]["policy.loss.value_loss"] == terms[1]["policy.loss.clipped_value_loss"]


def test_a_narrow_clip_holds_the_value_back() -> None:
    """After several epochs on one rollout it has moved less than without a clip."""
    moved = []
    for clip in (0.01, 1e6):
        numbers = {"cadence.epochs": 20, "cadence.minibatches": 1, "optimizer.lr.start": 0.02, f"{LOSS}.clip": clip}
        state, seen = learnt(clipped(**numbers), 32)  # the learning rate ends at 0, so the second rollout moves nothing
        with torch.no_grad():
            now = state.online["value"](seen[0][0]["observation"])["value"]
        moved.append((now - seen[0][0]["value"]).abs().mean().item())
    assert moved[0] < 0.5 * moved[1]


def test_a_run_resumes_exactly() -> None:
    """The values of collecting are in no checkpoint: they are written when the rollout is handed over."""
    made = clipped()
    saved, twin = state_of(made, steps=75, seed=1), state_of(made, steps=40, seed=2)
    run_on(saved, 75)
    run_on(twin, 40)
    twin.load(saved.tree())
    run_on(saved, 60)
    run_on(twin, 60)

    assert leaves(twin.tree()) == leaves(saved.tree())
    for state in (saved, twin):
        state.pool.close()
