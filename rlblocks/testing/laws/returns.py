"""RET: what every estimator of returns obeys: ends cut, only a discount of 0 forbids the bootstrap, time runs on."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import return_oracles
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._return_calls import meanings
from rlblocks.testing.strategies import floats
from rlblocks.testing.trajectories import onward

INTERIOR = ("an interior termination", "an interior truncation")
EVERYTHING = (*INTERIOR, "both flags at once", "a last row that goes on", "several environments")
POISON = (float("nan"), float("inf"), 1e6)
LINEAR = ("reward", "value", "next_value", "q")


def asks(*wanted: str) -> Any:
    """Whether a block reads columns, by what they are."""

    def needs(block: Block) -> str:
        missing = [name for name in wanted if name not in meanings(block)]
        return f"it does not read {' or '.join(missing)}" if missing else ""

    return needs


VALUED = asks("reward", "discount", "terminated", "truncated", "value", "next_value")


def ends(call: Call) -> Tensor:
    """Where the next row belongs to another episode."""
    return call.inputs["terminated"] | call.inputs["truncated"]  # type: ignore[no-any-return]


def floating_columns(call: Call) -> list[str]:
    """The columns of numbers, but for the weight, which says what is a column at all."""
    return [name for name in call.floating() if name in call.rows - {"weight"}]


def poisoned(call: Call, where: Tensor, poison: float, names: list[str] | None = None) -> Call:
    """The call with a number at some rows of its columns."""
    chosen = floating_columns(call) if names is None else [name for name in names if name in call.inputs]
    return call.with_inputs(**{name: call.inputs[name].masked_fill(where, poison) for name in chosen})


def unchanged(found: dict[str, Tensor], due: dict[str, Tensor], where: Tensor, what: str) -> None:
    """Outputs agree, bit for bit, at some rows."""
    for name, value in due.items():
        same(found[name].masked_fill(~where, 0), value.masked_fill(~where, 0), f"{what}, {name}")


@law("RET-1", role="returns", since="0.1", needs=return_oracles.unknown, covers=EVERYTHING, examples=40)
def equals_its_equation(case: Case) -> None:
    """It equals its equation, summed forward row by row in float64.

    The oracle is a loop over Python floats.

    Formula: G⁽ⁿ⁾ = Σ_{k<n} γᵏ r_{t+k} + γⁿ v(s_{t+n}); td_lambda: (1 − λ)Σ λⁿ⁻¹ G⁽ⁿ⁾ + λᴹ⁻¹ G⁽ᴹ⁾; gae: A_t = Σ_l (γλ)ˡ
    δ_{t+l}, δ = r + γv′ − v; v_trace: v + Σ_k γᵏ (Π c)ρ_k δ_k; retrace: q + Σ_k γᵏ (Π c_s) δ_k, c_s = λ·min(1, π/μ)

    Reference: Sutton and Barto (2018), equations 3.8, 7.1 and 12.3; Schulman et al. (2016), equation 16; Espeholt et
    al. (2018), equation 1 and remark 2; Munos et al. (2016), equation 3.
    """
    call = case.call()
    for name, due in return_oracles.returns_and_advantages(call).items():
        close(call()[name], due, name, rtol=1e-5)
        close(call.to(torch.float64)()[name], due, f"{name} in float64", rtol=1e-9)


@law("RET-6", role="returns", since="0.1", needs=asks("terminated", "truncated"), covers=("several environments",))
def episodes_can_be_joined(case: Case) -> None:
    """Two chunks after each other, the first of which ends, give their results after each other.

    Whether it ends by termination or by truncation.

    Formula: R(x ∥ y) = R(x) ∥ R(y) where x ends an episode
    """
    first = case.call(rows=2, optional=True, padding="none")
    second = case.call(rows=2, optional=True, padding="none")
    how = case.draw(st.sampled_from(["terminated", "truncated"]), "how")
    flag = first.inputs[how].clone()
    flag[-1] = True
    first = first.with_inputs(**{how: flag})
    if how == "terminated" and "discount" in first.inputs:
        first = first.with_inputs(discount=first.inputs["discount"] * ~flag)
    joined = first(**{name: torch.cat((first.inputs[name], second.inputs[name])) for name in first.rows})
    for name, value in joined.items():
        close(value, torch.cat((first()[name], second()[name])), f"{name} of both chunks")


@law("RET-7", role="returns", since="0.1", needs=asks("terminated", "truncated"), covers=INTERIOR)
def later_episodes_do_not_matter(case: Case) -> None:
    """What stands behind the end of an episode is not used, NaN and infinity included.

    Rewards, discounts, values and log-probabilities of later rows are poisoned.

    Formula: ∂R_t/∂x_u = 0 for u behind the end of t's episode
    """
    call, poison = case.call(optional=True), case.draw(st.sampled_from(POISON), "poison")
    over = torch.cat((torch.zeros_like(ends(call)[:1]), ends(call)[:-1])).cummax(0).values
    unchanged(poisoned(call, over, poison)(), call(), ~over, f"with {poison} behind the first end")


@law("RET-8", role="returns", since="0.1", needs=asks("truncated", "terminated", "reward", "discount"), covers=INTERIOR)
def truncation_is_a_termination_with_the_value_as_reward(case: Case) -> None:
    """A truncated row equals a terminated one whose reward holds the discounted next value.

    Both cut alike, and the value of the true next state enters once.

    Formula: R(truncated; r) = R(terminated; r + γ·v(s_T))

    Reference: Pardo et al. (2018).
    """
    call = case.call().to(torch.float64)
    cut, discount = call.inputs["truncated"] & ~call.inputs["terminated"], call.inputs["discount"]
    case.saw("an interior truncation", cut[:-1].any())
    gain = (discount * call.inputs.get("next_value", torch.zeros_like(discount))).masked_fill(~cut, 0)
    found = call(
        reward=call.inputs["reward"] + gain, discount=discount.masked_fill(cut, 0), terminated=ends(call),
        truncated=call.inputs["truncated"] & ~cut,
    )  # fmt: skip
    for name, due in call().items():
        close(found[name], due, f"{name} with truncations as terminations", rtol=1e-9)


@law("RET-9", role="returns", since="0.1", needs=asks("reward"), covers=INTERIOR)
def it_is_linear(case: Case) -> None:
    """Rewards and values together enter linearly.

    The sum of two sets of numbers, one of them scaled, gives the sum of their results, so scaled.

    Formula: R(x + k·z) = R(x) + k·R(z), x and z rewards and values
    """
    call, k = case.call().to(torch.float64), case.draw(st.sampled_from([1.0, -0.5, 3.0]), "k")
    size = (call.sizes["time"], call.sizes["batch"])
    names = [name for name in LINEAR if name in call.inputs]
    others = {name: case.draw(floats(*size), name).double() for name in names}
    padding = call.inputs["weight"] == 0 if "weight" in call.inputs else torch.zeros(size, dtype=torch.bool)
    others = {name: other.masked_fill(padding, 0) for name, other in others.items()}
    both = call(**{name: call.inputs[name] + k * others[name] for name in names})
    for name, due in call().items():
        close(both[name], due + k * call(**others)[name], f"{name} of the sum", rtol=1e-9)


def shaped(call: Call, potential: Tensor, later: Tensor) -> dict[str, Tensor]:
    """The advantage when a potential is paid out of the values: r + γφ′ − φ, v − φ, v′ − φ′."""
    given = {"reward": call.inputs["reward"] + call.inputs["discount"] * later - potential}
    given |= {name: call.inputs[name] - potential for name in ("value", "q") if name in call.inputs}
    return call(**given, next_value=call.inputs["next_value"] - later)


@law("RET-10", role="returns", since="0.1", needs=VALUED, covers=INTERIOR)
def constants_cancel(case: Case) -> None:
    """A constant added to all values, and paid for by the rewards, leaves the advantage alone.

    A bootstrap that is counted twice, or discounted twice, does not pass.

    Formula: A(r + c·(1 − γ), v + c, v′ + c) = A(r, v, v′)
    """
    call = case.call(optional=True, padding="none").to(torch.float64)
    c = torch.full_like(call.inputs["value"], case.draw(st.sampled_from([1.0, -40.0]), "c"))
    close(shaped(call, -c, -c)["advantage"], call()["advantage"], "the advantage of shifted values", rtol=1e-9)


@law("RET-11", role="returns", since="0.1", needs=VALUED, covers=INTERIOR)
def potentials_cancel(case: Case) -> None:
    """A potential that is paid by the rewards and taken from the values leaves the advantage alone.

    φ′ is that of the true next state at every end.

    Formula: A(r + γφ′ − φ, v − φ, v′ − φ′) = A(r, v, v′)

    Reference: Ng, Harada and Russell (1999), theorem 1.
    """
    call = case.call(optional=True, padding="none").to(torch.float64)
    size = (call.sizes["time"], call.sizes["batch"])
    potential, last = (case.draw(floats(*size), name).double() for name in ("potential", "last"))
    found = shaped(call, potential, onward(potential, last, ends(call)))
    close(found["advantage"], call()["advantage"], "the advantage with a potential", rtol=1e-9)


@law("RET-14", role="returns", since="0.1", needs=asks("next_value", "discount"), covers=INTERIOR)
def values_after_termination_are_not_used(case: Case) -> None:
    """The next value of a terminated row is not used, NaN and infinity included.

    There is no such state; a mask that multiplies does not pass.

    Formula: γ_t = 0 ⇒ R is independent of v(s_{t+1})
    """
    call, poison = case.call(optional=True), case.draw(st.sampled_from((*POISON, -torch.inf)), "poison")
    found = poisoned(call, call.inputs["discount"] == 0, poison, ["next_value"])()
    same(found, call(), f"with {poison} for the next values of terminated rows, the output")


@law("RET-16", role="returns", since="0.1", needs=asks("reward"), covers=("several environments",))
def the_past_does_not_matter(case: Case) -> None:
    """A row does not depend on the rows before it, and so not on how they are poisoned.

    Time runs on along the first dim.

    Formula: ∂R_t/∂x_u = 0 for u < t
    """
    call, poison = case.call(optional=True), case.draw(st.sampled_from(POISON), "poison")
    start = case.draw(st.integers(0, call.sizes["time"] - 1), "start")
    past = torch.zeros_like(call.inputs["reward"], dtype=torch.bool)
    past[:start] = True
    unchanged(poisoned(call, past, poison)(), call(), ~past, f"with {poison} in the rows before {start}")


@law(
    "RET-22", role="returns", since="0.1", needs=asks("value", "truncated", "terminated"), covers=INTERIOR, examples=40
)
def the_next_episode_has_its_own_values(case: Case) -> None:
    """An end bootstraps from the value of the true final state, not from that of the next episode's first.

    The values of the rows behind every end are changed.

    Formula: R_t bootstraps from v(s_T), and not from v(s₀) of the next episode

    Reference: Pardo et al. (2018).
    """
    call = case.call(optional=True)
    first = torch.cat((torch.zeros_like(ends(call)[:1]), ends(call)[:-1]))
    moved = poisoned(call, first, 1e6, ["value", "q"])()
    unchanged(moved, call(), first.cumsum(0) == 0, "with other values behind the first end")


@law("RET-22a", role="returns", since="0.1", needs=VALUED, covers=INTERIOR[1:])
def truncated_rows_bootstrap(case: Case) -> None:
    """A truncated row, and the last one, bootstrap: their return depends on the next value.

    Nothing but a discount of 0 stops the bootstrap, so that a time limit is no end.

    Formula: γ_T ≠ 0 ⇒ ∂R_T/∂v(s_{T+1}) ≠ 0

    Reference: Pardo et al. (2018).
    """
    call = case.call(optional=True, padding="none")
    last = torch.zeros_like(ends(call))
    last[-1] = True
    open_ended = (ends(call) | last) & (call.inputs["discount"] != 0)
    moved = call(next_value=call.inputs["next_value"] + 64.0 * open_ended)["return"]
    require(bool((moved != call()["return"])[open_ended].all()), "other next values left a row that goes on alone")
