"""CON: what targets obey that ask critics of an action near the one that a policy would take."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw
from rlblocks._core.keys import Spec, parse
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._critic_calls import CHOSEN
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing._next_values import critics_of, keys_of
from rlblocks.testing._policy_calls import bounds_of
from rlblocks.testing.laws.policy_targets import EXACT, computes, exact, is_still
from rlblocks.testing.laws.targets import ENDS, backs_up, td_target
from rlblocks.testing.strategies import floats

UNEVEN = ("bounds that differ",)


def noise_of(block: Block) -> str:
    """The argument that is noise in the shape of an action; empty without one."""
    drawn = {name: asked for name, asked in asked_by(block).items() if isinstance(asked, Draw)}
    return next((name for name, a in drawn.items() if a.kind == "normal" and parse(a.like).name in CHOSEN), "")


def smooths(block: Block) -> str:
    """Whether a target moves the action of a policy by noise, between bounds that it is told."""
    (*_, action) = ["", *(name for name, key in keys_of(block).items() if key.next and key.name in CHOSEN)]
    told = action and noise_of(block) and "known" in asked_by(block) and len(critics_of(block)) == 1
    return backs_up(block) or ("" if told else "it adds no noise to the action of a policy")


def stirs(block: Block) -> str:
    """Whether that noise is more than nothing."""
    return smooths(block) or ("its noise is nothing" if is_still(block) else "")


def action_of(block: Block) -> str:
    """The argument that is the action of the policy."""
    return next(name for name, key in keys_of(block).items() if key.next and key.name in CHOSEN)


def asked_about(call: Call, **given: Any) -> Tensor:
    """The actions that the critic is asked about, `[B, *shape]`."""
    (name,) = critics_of(call.block)
    critic, seen = call.inputs[name], []

    def spy(action: Tensor) -> Tensor:
        seen.append(action.detach().clone())
        value: Tensor = critic(action)
        return value

    td_target(call, **given, **{name: spy})
    require(len(seen) == 1, f"the critic was asked {len(seen)} times")
    (action,) = seen
    return action


def bounds(call: Call) -> tuple[Tensor, Tensor]:
    """The bounds of each component."""
    low, high = bounds_of(call.inputs["known"])
    return low.double(), high.double()


@law(
    "CON-3",
    role="targets",
    since="0.1",
    needs=computes("smoothed_q"),
    covers=(*UNEVEN, "noise beyond the limit"),
    examples=30,
)
def noise_is_clipped_then_scaled_then_cut(case: Case) -> None:
    """The critic is asked about an action whose noise is clipped, scaled to the width of its bounds, and then cut.

    An action outside its bounds is cut to them.

    Formula: ã = clip(μ(s′) + h·clip(σε, −c, c), low, high), h = (high − low)/2

    Reference: Fujimoto et al. (2018), section 5.3 and algorithm 1.
    """
    call, block = exact(case), case.block
    low, high = bounds(call)
    call = call.with_inputs(noise=call.inputs["noise"] * case.draw(st.sampled_from([1.0, 1e3]), "size"))
    noise, action = call.inputs["noise"], call.inputs[action_of(block)]
    case.saw("noise beyond the limit", block.noise == 0 or (noise.abs() * block.noise > block.limit).any())
    share = (block.noise * noise).clamp(-block.limit, block.limit)
    close(asked_about(call), (action + (high - low) / 2 * share).clamp(low, high), "the action that is asked about")


@law("CON-3a", role="targets", since="0.1", needs=smooths, covers=UNEVEN)
def no_noise_leaves_the_action(case: Case) -> None:
    """Without noise the critic is asked about the policy's own action.

    So that the target of DDPG is a limit of it.

    Formula: ε = 0 ⇒ ã = μ(s′)
    """
    call, name = exact(case), noise_of(case.block)
    asked = asked_about(call, **{name: torch.zeros_like(call.inputs[name])})
    close(asked, call.inputs[action_of(case.block)], "without noise, the action that is asked about")


@law("CON-3b", role="targets", since="0.1", needs=smooths, covers=UNEVEN)
def actions_stay_within_their_bounds(case: Case) -> None:
    """The critic is never asked about an action outside the bounds, however large the noise.

    Of each component by itself, where low is not minus high.

    Formula: low ≤ ã ≤ high in every component
    """
    call, name = case.call(), noise_of(case.block)
    size = case.draw(st.sampled_from([1.0, 1e3, 1e9]), "size")
    asked = asked_about(call, **{name: call.inputs[name] * size, action_of(case.block): _at_a_bound(case, call)})
    low, high = bounds_of(call.inputs["known"])
    inside = bool(((low <= asked) & (asked <= high)).all())
    require(inside, f"it asks about {asked.tolist()}, between bounds {low.tolist()} and {high.tolist()}")


def _at_a_bound(case: Case, call: Call) -> Tensor:
    """Actions of which some components are at a bound."""
    low, high = bounds_of(call.inputs["known"])
    action = call.inputs[action_of(case.block)]
    side = case.draw(floats(*action.shape), "side")
    return torch.where(side < 0, low, torch.where(side > 0, high, action))


@law("CON-3c", role="targets", since="0.1", needs=stirs, covers=("several rows",))
def each_component_has_its_own_noise(case: Case) -> None:
    """The noise of one component of one row moves that one alone.

    And it does move it.

    Formula: ∂ãᵢ/∂εⱼ ≠ 0 ⇔ i = j
    """
    call, name = exact(case, rows=3), noise_of(case.block)
    low, high = bounds(call)
    middle = ((low + high) / 2).expand_as(call.inputs[action_of(case.block)])
    still = call.with_inputs(**{action_of(case.block): middle, name: torch.zeros_like(call.inputs[name])})
    before, flat = asked_about(still), torch.zeros_like(call.inputs[name]).flatten()
    for place in range(flat.numel()):
        noise = flat.clone()
        noise[place] = 0.5
        moved = (asked_about(still, **{name: noise.view_as(before)}) != before).flatten()
        due = torch.arange(flat.numel()) == place
        require(bool((moved == due).all()), f"noise at {place} of {flat.numel()} components moved {moved.tolist()}")


@law("CON-4e", role="targets", since="0.1", needs=smooths, covers=ENDS)
def opposite_noise_moves_to_the_other_side(case: Case) -> None:
    """Noise moves an action up as far as its opposite moves it down, where no bound is near.

    So on average it is asked about the action of the policy.

    Formula: ã(ε) + ã(−ε) = 2·μ(s′), away from the bounds
    """
    call, name = exact(case), noise_of(case.block)
    low, high = bounds(call)
    middle = ((low + high) / 2).expand_as(call.inputs[action_of(case.block)])
    call = call.with_inputs(**{action_of(case.block): middle})
    up, down = asked_about(call), asked_about(call, **{name: -call.inputs[name]})
    close((up + down) / 2, middle, "the mean of actions with opposite noise")


@law("CON-7", role="targets", since="0.1", needs=smooths, covers=(*UNEVEN, *ENDS))
def the_unit_of_actions_does_not_matter(case: Case) -> None:
    """Actions in other units, with bounds and critics in those units, give the same target.

    What is near an action is told by the width of its bounds.

    Formula: a′ = k·a + m, with bounds and critics in those units, gives y′ = y
    """
    call, block = exact(case), case.block
    k, m = case.draw(st.sampled_from([0.25, 3.0, 50.0]), "k"), case.draw(st.sampled_from([0.0, -7.0]), "m")
    (name,), known = critics_of(block), call.inputs["known"]
    critic = call.inputs[name]
    other = {
        name: lambda action: critic((action - m) / k),
        action_of(block): call.inputs[action_of(block)] * k + m,
        "known": Spec(known.shape, low=_moved(known.low, k, m), high=_moved(known.high, k, m)),
    }
    close(td_target(call, **other), td_target(call), f"td_target of actions times {k} and {m}", rtol=EXACT)


def _moved(bound: Any, k: float, m: float) -> Any:
    """A bound in other units."""
    return tuple(b * k + m for b in bound) if isinstance(bound, tuple) else bound * k + m


@law("CON-4f", role="targets", since="0.1", needs=computes("smoothed_q"), covers=("several members",))
def without_noise_it_is_the_policys_value(case: Case) -> None:
    """Where the noise is clipped to nothing, it is the target of DDPG for the same critics.

    Whatever was drawn.

    Formula: c = 0 ⇒ y = r + γ·agg_j q_j⁻(s′, μ(s′))

    Reference: Lillicrap et al. (2016), algorithm 1.
    """
    from rlblocks.targets import PolicyQ

    call = case.call()
    still = call.of(attrs.evolve(case.block, limit=0.0))
    given = {name: call.inputs[name] for name in ("reward", "discount")}
    due = PolicyQ(case.block.over).compute(
        **given, action=call.inputs[action_of(case.block)], q=call.inputs[critics_of(case.block)[0]]
    )
    same(td_target(still), due, "with a limit of 0, td_target")
