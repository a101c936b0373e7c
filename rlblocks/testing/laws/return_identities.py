"""RET: identities between estimators, each asked of the one that its name says it is like."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block, fields_of, with_fields
from rlblocks.returns import GAE, MonteCarlo, NStepReturn, TDLambda
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._return_calls import meanings
from rlblocks.testing.laws.returns import INTERIOR, VALUED, ends
from rlblocks.testing.oracles import like

LAMBDA_RETURNS = ("gae", "td_lambda")


def is_like(*names: str, fields: tuple[str, ...] = ()) -> Any:
    """Whether a block computes one of these equations, with these fields."""

    def needs(block: Block) -> str:
        if like(block) not in names:
            return f"it is not like {' or '.join(names)}"
        missing = [name for name in fields if name not in fields_of(type(block))]
        return f"it has no field {' or '.join(missing)}" if missing else ""

    return needs


def rewarded(block: Block) -> str:
    """Whether a reward counts in full, and not as much as a ratio of probabilities says."""
    return VALUED(block) or ("ratios say how much a reward counts" if "log_prob" in meanings(block) else "")


def plain(case: Case) -> Call:
    """A call in float64 in which all rows are real."""
    return case.call(optional=True, padding="none").to(torch.float64)


def by(block: Any, call: Call, **changed: Tensor) -> dict[str, Tensor]:
    """What another estimator says of the same trajectory."""
    given = {**call.inputs, **changed}
    found = block.compute(**{argument: given[name] for name, argument in meanings(block).items() if name in given})
    return dict(zip(block.outputs, found, strict=True))


def one_step(call: Call) -> Tensor:
    """One step of reward, and the value after it: r + γ·v′."""
    found: Tensor = call.inputs["reward"] + call.inputs["discount"] * call.inputs["next_value"]
    return found


def of(call: Call, **fields: Any) -> Call:
    """The same call of the block with other fields."""
    return call.of(with_fields(call.block, **fields))


@law("RET-2", role="returns", since="0.1", needs=is_like(*LAMBDA_RETURNS, fields=("lam",)), covers=INTERIOR)
def advantages_and_values_are_lambda_returns(case: Case) -> None:
    """Generalized advantages plus values are λ-returns of the same λ.

    Two recursions, one through errors and one through returns.

    Formula: A_t^GAE(γ, λ) + v(s_t) = G_t^λ

    Reference: Schulman et al. (2016), section 3; Sutton and Barto (2018), section 12.1.
    """
    call = plain(case)
    for kind in (GAE, TDLambda):
        for name, due in by(kind(case.block.lam), call).items():
            close(call()[name], due, f"{name}, against {kind.__name__},", rtol=1e-9)
    close(call()["return"], call()["advantage"] + call.inputs["value"], "the return", rtol=1e-9)


@law("RET-3", role="returns", since="0.1", needs=is_like(*LAMBDA_RETURNS, "retrace", fields=("lam",)), covers=INTERIOR)
def no_lambda_is_one_step(case: Case) -> None:
    """With λ = 0 the return is one step of reward and the next value.

    It is r alone where the discount is 0.

    Formula: λ = 0 ⇒ G_t = r_t + γ·v(s_{t+1})

    Reference: Schulman et al. (2016), equation 17.
    """
    call = plain(case)
    close(of(call, lam=0.0)()["return"], one_step(call), "the return with λ = 0", rtol=1e-9)


@law("RET-4", role="returns", since="0.1", needs=is_like(*LAMBDA_RETURNS, fields=("lam",)), covers=INTERIOR)
def full_lambda_is_monte_carlo(case: Case) -> None:
    """With λ = 1 the values telescope away, up to the one that is bootstrapped from.

    Formula: λ = 1 ⇒ A_t = Σ_l γˡ r_{t+l} + γᴹ v(s_{t+M}) − v(s_t)

    Reference: Schulman et al. (2016), equation 18.
    """
    call = plain(case)
    for name, due in by(MonteCarlo(), call).items():
        close(of(call, lam=1.0)()[name], due, f"{name} with λ = 1", rtol=1e-9)


@law("RET-5", role="returns", since="0.1", needs=is_like(*LAMBDA_RETURNS, fields=("lam",)), covers=INTERIOR)
def lambda_returns_are_mixtures(case: Case) -> None:
    """λ-returns are mixtures of the returns of all numbers of steps.

    The rest of the weight lies on the longest.

    Formula: G^λ = (1 − λ)·Σ_{n<M} λⁿ⁻¹·G⁽ⁿ⁾ + λᴹ⁻¹·G⁽ᴹ⁾

    Reference: Sutton and Barto (2018), equation 12.3.
    """
    call, lam = plain(case), case.block.lam
    time = call.sizes["time"]
    steps = [by(NStepReturn(n), call)["return"] for n in range(1, time + 1)]
    parts = [(1 - lam) * lam**n * found for n, found in enumerate(steps[:-1])]
    close(call()["return"], sum(parts, lam ** (time - 1) * steps[-1]), "the return", rtol=1e-9)


@law("RET-12", role="returns", since="0.1", needs=is_like("v_trace", fields=("lam", "rho_max", "c_max")))
def on_policy_v_trace_is_gae(case: Case) -> None:
    """On-policy, V-trace is generalized advantage estimation, and where π(a|s) = 0 it is the value.

    The return with the same λ; the advantage at λ = 1, which is where the paper defines it.

    Formula: π = μ, ρ̄, c̄ ≥ 1 ⇒ v_s = G^λ; π(a|s) = 0 ⇒ v_s = v(s) and A = 0

    Reference: Espeholt et al. (2018), equation 2 and remark 2.
    """
    call = plain(case)
    call = of(call, rho_max=max(case.block.rho_max, 1.0), c_max=max(case.block.c_max, 1.0))
    policy = call.inputs["behaviour_log_prob"]
    close(call(log_prob=policy)["return"], by(GAE(case.block.lam), call)["return"], "the on-policy return", rtol=1e-9)
    full = of(call, lam=1.0)(log_prob=policy)
    close(full["advantage"], by(GAE(1.0), call)["advantage"], "the on-policy advantage", rtol=1e-9)
    never = call(log_prob=torch.full_like(policy, -torch.inf))
    close(never["return"], call.inputs["value"], "the return of actions that π never takes")
    require(not bool(never["advantage"].any()), "the advantage of actions that π never takes is not 0")


@law("RET-12a", role="returns", since="0.1", needs=is_like("v_trace", fields=("lam", "rho_max", "c_max")))
def clipping_twice_is_clipping_once(case: Case) -> None:
    """Ratios that are clipped before are clipped no further.

    No ratio enters but through ρ̄ and c̄.

    Formula: v_s(min(ρ, max(ρ̄, c̄))) = v_s(ρ)

    Reference: Espeholt et al. (2018), equation 1.
    """
    call, limit = plain(case), max(case.block.rho_max, case.block.c_max, 0.125)
    call = of(call, rho_max=limit, c_max=min(case.block.c_max, limit))
    policy = call.inputs["behaviour_log_prob"]
    clipped = policy + (call.inputs["log_prob"] - policy).exp().clamp(max=limit).log()
    for name, due in call().items():
        close(call(log_prob=clipped)[name], due, f"{name} of ratios that are clipped before", rtol=1e-9)


@law("RET-13", role="returns", since="0.1", needs=is_like("retrace", fields=("lam",)), covers=INTERIOR)
def on_policy_retrace_is_a_lambda_return(case: Case) -> None:
    """On-policy, and beyond, Retrace is the λ-return of values of actions.

    Ratios above 1 count as 1.

    Formula: π ≥ μ ⇒ Q^ret = G^λ of the values of actions, as c_s = λ·min(1, π/μ)

    Reference: Munos et al. (2016), section 3.
    """
    call = plain(case)
    q, policy = call.inputs["q"], call.inputs["behaviour_log_prob"]
    due = by(GAE(case.block.lam), call, value=q)["return"]
    for more in (0.0, 0.7):
        close(call(log_prob=policy + more)["return"], due, f"the return with log-ratios of {more}", rtol=1e-9)


@law("RET-13a", role="returns", since="0.1", needs=is_like("retrace"))
def the_first_ratio_does_not_matter(case: Case) -> None:
    """How probable the action of a row is does not matter to Retrace's return of that row.

    It is what is conditioned on; only the ratios of later rows weigh.

    Formula: ∂Q^ret(s_t, a_t)/∂π(a_t|s_t) = 0

    Reference: Munos et al. (2016), equation 3.
    """
    call = plain(case)
    row = case.draw(st.integers(0, call.sizes["time"] - 1), "row")
    moved = call.inputs["log_prob"].clone()
    moved[row] -= 3
    same(call(log_prob=moved)["return"][row:], call()["return"][row:], "with another ratio, the return")


@law("RET-15", role="returns", since="0.1", needs=is_like("n_step_return", fields=("n",)), covers=INTERIOR)
def steps_from_one_to_all(case: Case) -> None:
    """With n = 1 it is one step, and with n at least the number of rows the whole rest of the episode.

    And nothing changes beyond that.

    Formula: n = 1 ⇒ G = r + γ·v′; n ≥ M ⇒ G = Σ_l γˡ r_{t+l} + γᴹ·v(s_{t+M})

    Reference: Sutton and Barto (2018), section 7.1.
    """
    call = plain(case)
    close(of(call, n=1)()["return"], one_step(call), "the return with n = 1", rtol=1e-9)
    for more in (0, 1, 100):
        n = call.sizes["time"] + more
        close(of(call, n=n)()["return"], by(MonteCarlo(), call)["return"], f"the return with n = {n}", rtol=1e-9)


@law("RET-18", role="returns", since="0.1", needs=VALUED, covers=INTERIOR)
def exact_values_leave_no_advantage(case: Case) -> None:
    """Where the values are exact, the return is the value, and the advantage 0, whatever the other settings.

    Values that fulfil v = r + γ·v′ row by row, of any next values at ends.

    Formula: v = r + γ·v′ in every row ⇒ G = v and A = 0, for every λ, n, ρ̄, c̄
    """
    call = plain(case)
    value, later = (torch.zeros_like(call.inputs["value"]) for _ in range(2))
    end = ends(call)
    for t in reversed(range(call.sizes["time"])):
        known = call.inputs["next_value"][t]
        later[t] = known if t + 1 == len(value) else known.where(end[t], value[t + 1])
        value[t] = call.inputs["reward"][t] + call.inputs["discount"][t] * later[t]
    exact = {name: value for name in ("value", "q") if name in call.inputs}
    found = call(**exact, next_value=later)
    close(found["return"], value, "the return of exact values", rtol=1e-9)
    close(found["advantage"], torch.zeros_like(value), "the advantage of exact values", rtol=1e-7)


@law("RET-19", role="returns", since="0.1", needs=rewarded)
def the_own_reward_counts_once(case: Case) -> None:
    """A row's return holds its own reward, once and undiscounted, and no row behind it does.

    What is added to the reward of one row.

    Formula: ∂G_t/∂r_t = 1, ∂G_u/∂r_t = 0 for u > t

    Reference: Sutton and Barto (2018), equation 3.9.
    """
    call = plain(case)
    row = case.draw(st.integers(0, call.sizes["time"] - 1), "row")
    reward = call.inputs["reward"].clone()
    reward[row] += 16
    gain = call(reward=reward)["return"] - call()["return"]
    close(gain[row], torch.full_like(gain[row], 16.0), "what 16 more of reward adds to the row's return", rtol=1e-9)
    require(not bool(gain[row + 1 :].any()), "the reward of a row is in the return of a later one")


@law("RET-21", role="returns", since="0.1", needs=is_like(*LAMBDA_RETURNS, "monte_carlo"))
def the_last_value_is_bootstrapped_from_once(case: Case) -> None:
    """Without ends, the next value of the last row reaches every row once, faded by each step between.

    By finite differences, which are exact here.

    Formula: ∂G_t/∂v(s_T) = γ_{T−1}·Π_{u=t}^{T−2} γ_u·λ
    """
    call = case.call(ends="none", optional=True, padding="none").to(torch.float64)
    lam = getattr(case.block, "lam", 1.0)
    raised = call.inputs["next_value"].clone()
    raised[-1] += 1
    decay = call.inputs["discount"] * lam
    decay[-1] = call.inputs["discount"][-1]
    due = decay.flip(0).cumprod(0).flip(0)
    close(call(next_value=raised)["return"] - call()["return"], due, "the weight of the last next value", rtol=1e-9)
