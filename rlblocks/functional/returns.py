"""Returns and advantages over a time axis, all made of one linear recursion.

Row t of every column is the step from s_{t−1} to s_t: `v_tm1` is the value of the state that was left, `v_t` that of
the true state that was reached, also where an episode ends or the rows do. `end_t` is True where the next row belongs
to another episode: terminated or truncated. `discount_t` is γ·(1 − terminated): 0 forbids the bootstrap, `end_t` does
not. Columns are `[T, ...]`, time first and one shape for all, float but for `end_t`, which is bool. After row T nothing
is known, so the last row bootstraps like a truncated one. λ is one number, or one a row.

All arithmetic is a few operations on whole columns and log₂ T passes of them, so it compiles to one small graph.
"""

from __future__ import annotations

import torch
from torch import Tensor

Number = Tensor | float


def backward_sums(x_t: Tensor, decay_t: Tensor) -> Tensor:
    """The recursion y_t = x_t + decay_t·y_{t+1} with y_{T+1} = 0, by doubling: log₂ T passes instead of T steps.

    After k passes a row holds the sum over its next 2ᵏ rows (Hillis and Steele, 1986). A decay of 0 cuts: what stands
    behind it is not used, NaN and ∞ included. The decay of the last row is not used.

    Args:
        x_t: `[T, ...]` float.
        decay_t: `[T, ...]` float.

    Returns:
        `[T, ...]` float.

    >>> backward_sums(torch.tensor([1.0, 1.0, torch.nan]), torch.tensor([0.5, 0.0, 0.5]))
    tensor([1.5000, 1.0000,    nan])
    """
    sums, reach, span = x_t, decay_t[:-1], 1  # reach: the product of the decays of a row's next `span` rows
    while span < len(x_t):
        near, far = sums[:-span], sums[span:]
        grown = near.addcmul(reach, far).where(reach != 0, near)
        sums = torch.cat((grown, sums[-span:]))
        near, far = reach[:-span], reach[span:]
        reach = (near * far).where(near != 0, near)
        span *= 2
    return sums


def bootstrapped(r_t: Tensor, discount_t: Tensor, v_t: Number) -> Tensor:
    """One step of reward and the value after it, r_t + γ_t·v_t, and r_t exactly where γ_t is 0, whatever v_t is.

    Args:
        r_t: `[T, ...]` float, in units of reward.
        discount_t: `[T, ...]` float in [0, 1].
        v_t: `[T, ...]` float, or one number for all.

    >>> bootstrapped(torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0]), torch.tensor([4.0, torch.nan]))
    tensor([3., 1.])
    """
    return (r_t + discount_t * v_t).where(discount_t != 0, r_t)


def cut(decay_t: Tensor, end_t: Tensor) -> Tensor:
    """A decay that is 0 where the next row belongs to another episode.

    >>> cut(torch.tensor([0.5, 0.5]), torch.tensor([False, True]))
    tensor([0.5000, 0.0000])
    """
    return decay_t.masked_fill(end_t, 0.0)


def generalized_advantages(
    r_t: Tensor, discount_t: Tensor, v_tm1: Tensor, v_t: Tensor, *, end_t: Tensor, lam: Number
) -> Tensor:
    """Generalized advantages: Â_t = Σ_l (γλ)ˡ δ_{t+l}, δ_t = r_t + γ_t·v_t − v_tm1 (Schulman et al., 2016, eq. 16).

    The sum ends with the episode. `lam` is λ in [0, 1]; see the module for the columns.

    >>> r, γ, v = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.5]), torch.tensor([0.0, 2.0])
    >>> generalized_advantages(r, γ, v, torch.tensor([2.0, 4.0]), end_t=torch.tensor([False, False]), lam=0.5)
    tensor([2.2500, 1.0000])
    """
    return backward_sums(bootstrapped(r_t, discount_t, v_t) - v_tm1, cut(discount_t * lam, end_t))


def lambda_returns(r_t: Tensor, discount_t: Tensor, v_t: Number, *, end_t: Tensor, lam: Number) -> Tensor:
    """λ-returns: G_t = r_t + γ_t·((1 − λ)·v_t + λ·G_{t+1}) (Sutton and Barto, 2018, eq. 12.18 of state values).

    Where an episode or the rows end, G_t = r_t + γ_t·v_t. At λ = 1 these are the discounted sums of rewards, at λ = 0
    one step. `lam` is λ in [0, 1]; see the module for the columns.

    >>> r, γ = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.5])
    >>> lambda_returns(r, γ, torch.tensor([2.0, 4.0]), end_t=torch.tensor([False, False]), lam=0.5)
    tensor([2.2500, 3.0000])
    """
    onward = cut(torch.ones_like(discount_t) * lam, _last_too(end_t))
    return backward_sums(bootstrapped(r_t, discount_t * (1 - onward), v_t), discount_t * onward)


def n_step_returns(r_t: Tensor, discount_t: Tensor, v_t: Tensor, *, end_t: Tensor, n: int) -> Tensor:
    """Returns of n steps: G_t = r_t + γ_t·r_{t+1} + … + γ_t⋯γ_{t+m−1}·v_{t+m−1} (Sutton and Barto, 2018, eq. 7.1).

    m = n, but less where the episode or the rows end before. One pass for each step up to n; see the module for the
    columns.

    >>> r, γ, end = torch.tensor([1.0, 1.0, 1.0]), torch.full((3,), 0.5), torch.tensor([False, False, False])
    >>> n_step_returns(r, γ, torch.tensor([8.0, 8.0, 4.0]), end_t=end, n=2)
    tensor([3.5000, 2.5000, 3.0000])
    """
    if n >= len(r_t):
        return lambda_returns(r_t, discount_t, v_t, end_t=end_t, lam=1.0)
    one_step = bootstrapped(r_t, discount_t, v_t)
    found = one_step
    for _ in range(n - 1):  # m steps to m + 1
        longer = bootstrapped(r_t[:-1], discount_t[:-1], found[1:])
        found = torch.cat((one_step[:-1].where(end_t[:-1], longer), one_step[-1:]))
    return found


def vtrace(
    r_t: Tensor, discount_t: Tensor, v_tm1: Tensor, v_t: Tensor, *, end_t: Tensor, ratio_tm1: Tensor,
    lam: Number, rho_max: float, c_max: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """V-trace targets and advantages (Espeholt et al., 2018, eq. 1 and section 4.2).

    v̂_t = v_tm1 + Σ_k γᵏ(Π c)·ρ_k·δ_k with ρ = min(ρ̄, π/μ), c = λ·min(c̄, π/μ); the advantage is
    ρ_t·(r_t + γ_t·v̂_{t+1} − v_tm1), where v̂_{t+1} is `v_t` if the episode or the rows end.

    Args:
        r_t: see the module, like the next four.
        discount_t: see the module.
        v_tm1: see the module.
        v_t: see the module.
        end_t: see the module.
        ratio_tm1: `[T, ...]` float ≥ 0, π(a|s)/μ(a|s) of the action taken in s_{t−1}.
        lam: λ in [0, 1].
        rho_max: ρ̄ ≥ 0.
        c_max: c̄ ≥ 0.

    Returns:
        v̂ and the advantages, both `[T, ...]`.

    >>> one, zero, end = torch.ones(2), torch.zeros(2), torch.tensor([False, True])
    >>> vtrace(one, 0.5 * one, zero, zero, end_t=end, ratio_tm1=3 * one, lam=1.0, rho_max=2.0, c_max=1.0)
    (tensor([3., 2.]), tensor([4., 2.]))
    """
    rho, c = ratio_tm1.clamp(max=rho_max), ratio_tm1.clamp(max=c_max)
    one_step = bootstrapped(r_t, discount_t, v_t)
    onward = cut(discount_t, _last_too(end_t))
    corrections = backward_sums(rho * (one_step - v_tm1), cut(discount_t * (c * lam), end_t))
    after = torch.cat((corrections[1:], corrections[:1]))  # what comes round from the front is behind a cut
    return v_tm1 + corrections, rho * (bootstrapped(one_step, onward, after) - v_tm1)


def retrace_returns(
    r_t: Tensor, discount_t: Tensor, q_tm1: Tensor, v_t: Tensor, *, end_t: Tensor, ratio_tm1: Tensor, lam: Number
) -> Tensor:
    """Retrace(λ): G_t = q_tm1 + Σ_k γᵏ(Π c)·(r_k + γ_k·v_k − q_{k−1}), c = λ·min(1, π/μ) (Munos et al., 2016, eq. 3).

    The product runs over the rows after t, so the ratio of row t itself does not matter to it.

    Args:
        r_t: see the module, like the discounts and ends.
        discount_t: see the module.
        q_tm1: `[T, ...]` float, q(s_{t−1}, a_{t−1}) of the action taken.
        v_t: `[T, ...]` float, the expected value of the state reached, Σₐ π(a|s_t)·q(s_t, a).
        end_t: see the module.
        ratio_tm1: `[T, ...]` float ≥ 0, π(a|s)/μ(a|s) of the action taken in s_{t−1}.
        lam: λ in [0, 1].

    Returns:
        `[T, ...]` float.

    >>> one, zero, end = torch.ones(2), torch.zeros(2), torch.tensor([False, True])
    >>> retrace_returns(one, 0.5 * one, zero, zero, end_t=end, ratio_tm1=torch.tensor([9.0, 0.5]), lam=1.0)
    tensor([1.2500, 1.0000])
    """
    c = ratio_tm1.clamp(max=1.0) * lam
    errors = bootstrapped(r_t, discount_t, v_t) - q_tm1
    after = torch.cat((c[1:], c[:1]))  # the ratio of the action taken next; the last one is not used
    return q_tm1 + backward_sums(errors, cut(discount_t * after, end_t))


def in_step(**columns: Number) -> None:
    """Refuse columns of different shapes, which would broadcast in silence: `[T, 1]` against `[T, N]`.

    A plain number stands for a column of it.

    Raises:
        ValueError: says which two differ, and their shapes.

    >>> in_step(reward=torch.zeros(3, 2), value=torch.zeros(3, 1))
    Traceback (most recent call last):
    ValueError: value has shape (3, 1), but reward has (3, 2); each must be one number a row
    """
    known = {name: column.shape for name, column in columns.items() if isinstance(column, Tensor)}
    first = next(iter(known))
    for name, shape in known.items():
        if shape != known[first]:
            raise ValueError(
                f"{name} has shape {tuple(shape)}, but {first} has {tuple(known[first])}; each must be one number a row"
            )


def real_rows(weight: Number, return_t: Tensor, advantage_t: Tensor) -> tuple[Tensor, Tensor]:
    """Both columns without gradient, and 0 where the weight is 0, at rows that only fill a chunk up.

    What stood there is not used. A plain number for the weight says that all rows are real.

    >>> real_rows(torch.tensor([2.0, 0.0]), torch.tensor([1.0, torch.nan]), torch.tensor([3.0, 4.0]))
    (tensor([1., 0.]), tensor([3., 0.]))
    """
    found = return_t.detach(), advantage_t.detach()
    if not isinstance(weight, Tensor):
        return found
    padding = weight == 0
    return found[0].masked_fill(padding, 0.0), found[1].masked_fill(padding, 0.0)


def _last_too(end_t: Tensor) -> Tensor:
    """The ends, and the last row, after which nothing is known."""
    return torch.cat((end_t[:-1], torch.ones_like(end_t[-1:])))
