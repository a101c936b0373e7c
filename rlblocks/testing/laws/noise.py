"""EXP: what every explorer obeys that adds noise to what a policy says: to each component, in its own units."""

from __future__ import annotations

import math
from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw, Read
from rlblocks._core.keys import Spec
from rlblocks.testing import explorer_oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._policy_calls import bounds_of
from rlblocks.testing._walks import Walk, inputs_that, walk
from rlblocks.testing.laws.explorers import EXTREMES, FAR, action_of, kinds_of, scheduled_by, scripted

STRETCH, SHIFT = (0.5, 4.0, 2.0, 8.0), (3.0, -1.0, 0.25, 16.0)  # of each component's units, all exact


def adds_noise(block: Block) -> str:
    """Whether an explorer moves what a policy chose by normal noise, as much as a scale says."""
    if "scale" not in scheduled_by(block):
        return "it has no scheduled input named scale"
    if len(inputs_that(block, Read, "mode")) != 1 or not inputs_that(block, Draw, "normal"):
        return "it does not add normal noise to the mode of a policy"
    return "" if kinds_of(block, "real") else "it does not choose real numbers"


def with_equation(block: Block) -> str:
    """Whether the noise is that of an equation that the kit knows."""
    return adds_noise(block) or explorer_oracles.unknown(block)


def loud(scale: float) -> Tensor:
    """A scale."""
    return torch.tensor(scale, dtype=torch.float64)


@law("EXP-8", role="explorers", since="0.1", needs=adds_noise, covers=("bounds that differ",))
def without_noise_it_is_the_policy(case: Case) -> None:
    """At scale 0 the action is what the policy says, bit for bit.

    For every draw, where nothing is remembered.

    Formula: σ = 0 ⇒ a = μ(s)
    """
    run = walk(case, 1)
    (mode,) = inputs_that(case.block, Read, "mode")
    u, far = case.draw(st.sampled_from(EXTREMES), "u"), case.draw(st.sampled_from(FAR), "far")
    call, silent = run.call.with_inputs(**run.steps[0]), loud(0.0)
    same(action_of(call, scale=silent), call.inputs[mode], "at scale 0 the action")
    found = action_of(call, scale=silent, **scripted(call, u, far))
    same(found, call.inputs[mode], f"at scale 0, with {far} drawn, the action")


@law(
    "EXP-8a",
    role="explorers",
    since="0.1",
    needs=with_equation,
    covers=("bounds that differ", "a cut action", "an action that is not cut", "several rows"),
)
def noise_is_that_of_the_equation(case: Case) -> None:
    """What is added is what the equation says, in every row and component, cut to its bounds.

    In float64, step after step; half the width of each component's bounds is its unit.

    Formula: a = clip(μ + h·x, low, high), h = (high − low)/2; Gaussian: x = σε; Ornstein-Uhlenbeck: x ← x − θ·x·dt +
    σ·√dt·ε

    Reference: Uhlenbeck and Ornstein (1930); Lillicrap et al. (2016), section 7; Fujimoto et al. (2018), algorithm 1.
    """
    run = walk(case, 4).doubled()
    (mode,), (noise,) = inputs_that(case.block, Read, "mode"), inputs_that(case.block, Draw, "normal")
    first = next(iter(inputs_that(case.block, Read, "is_first")), "")
    calm = torch.zeros(run.call.sizes["batch"], dtype=torch.bool)
    steps = [
        {"mode": run.call.inputs[mode], "noise": step[noise], "scale": run.call.inputs["scale"],
         "is_first": step.get(first, calm)}
        for step in run.steps
    ]  # fmt: skip
    low, high = bounds_of(run.call.action)
    due = list(explorer_oracles.noisy_actions(case.block, run.call.action, steps))
    for t, (found, right) in enumerate(zip(run.actions(), due, strict=True)):
        case.saw("a cut action", ((right == low) | (right == high)).any())
        case.saw("an action that is not cut", ((right != low) & (right != high) & (right != steps[t]["mode"])).any())
        close(found, right, f"of step {t}, the action")


def stretched(action: Spec) -> tuple[Spec, Tensor, Tensor]:
    """The same actions in other units for each component: their bounds, and by what to multiply and what to add."""
    count = math.prod(action.shape)
    by, plus = (torch.tensor([n[i % len(n)] for i in range(count)]).view(action.shape) for n in (STRETCH, SHIFT))
    low, high = ((by * bound + plus).flatten().tolist() for bound in bounds_of(action))
    moved: Any = attrs.evolve(
        action, low=tuple(low) if action.shape else low[0], high=tuple(high) if action.shape else high[0]
    )
    return moved, by, plus


@law("EXP-8b", role="explorers", since="0.1", needs=adds_noise, covers=("bounds that differ",))
def noise_has_the_units_of_each_component(case: Case) -> None:
    """In other units of each component the actions are the same.

    Bounds and what the policy says are stretched and shifted; so are the actions, and nothing else. Noise knows the
    width of the bounds, not where they lie.

    Formula: a(k·μ + m, k·bounds + m) = k·a(μ, bounds) + m
    """
    run = walk(case).doubled()
    (mode,) = inputs_that(case.block, Read, "mode")
    action, by, plus = stretched(run.call.action)
    case.say(f"# in other units: {action!r}")
    moved = run.with_inputs(**{mode: run.call.inputs[mode] * by + plus}).of(action).doubled()
    close(moved.actions(), run.actions() * by + plus, "in other units the action")


@law("EXP-8c", role="explorers", since="0.1", needs=adds_noise, covers=("bounds that differ",))
def noise_has_no_direction(case: Case) -> None:
    """Opposite draws move the action as far to the other side.

    Away from the bounds, also where they lie unevenly around 0.

    Formula: a(ε) + a(−ε) = 2μ, away from the bounds
    """
    run = walk(case).doubled()
    (mode,) = inputs_that(case.block, Read, "mode")
    low, high = bounds_of(run.call.action)
    inner = (low.double() + high.double() + run.call.inputs[mode] * 2) / 4  # at most half way to a bound
    run = run.with_inputs(**{mode: inner, "scale": loud(1 / 64)})
    other = run
    for name in inputs_that(case.block, Draw, "normal"):
        other = other.each(name, lambda _, noise: -noise)
    close((run.actions() + other.actions()) / 2, inner.expand(len(run.steps), *inner.shape), "the mean of both actions")


@law("EXP-8d", role="explorers", since="0.1", needs=adds_noise, covers=("several numbers",))
def every_component_has_noise_of_its_own(case: Case) -> None:
    """Every row and every component has noise of its own.

    Another draw for one of them, once, moves no other, then or later; and it moves that one.

    Formula: ∂aᵢ/∂εⱼ = 0 for i ≠ j
    """
    run = walk(case, rows=3)
    (mode,) = inputs_that(case.block, Read, "mode")
    low, high = bounds_of(run.call.action)
    middle = ((low + high) / 2).expand(3, *run.call.action.shape).clone()
    run = run.with_inputs(**{mode: middle, "scale": loud(1 / 64)})
    place = case.draw(st.integers(0, middle.numel() - 1), "place")
    case.saw("several numbers", run.call.action.shape not in {(), (1,)})
    before = run.actions().flatten(1)
    for name in inputs_that(case.block, Draw, "normal"):
        after = _nudged(run, name, place).actions().flatten(1)
        moved = (after != before).any(0)
        others = moved.clone()
        others[place] = False
        require(not bool(others.any()), f"{name} of entry {place} moved {others.nonzero().flatten().tolist()} too")
        require(bool(moved[place]), f"{name} of entry {place} moved nothing")


def _nudged(run: Walk, name: str, place: int) -> Walk:
    """The same walk with one entry of one draw of the first step moved."""

    def change(t: int, noise: Tensor) -> Tensor:
        found = noise.clone()
        found.view(-1)[place] += 0.0 if t else 8.0
        return found

    return run.each(name, change)
