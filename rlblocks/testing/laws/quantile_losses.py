"""QR: what losses obey that compare quantiles with numbers of a target."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing.laws.general_rows import NEVER, outcome
from rlblocks.testing.laws.losses import gradients
from rlblocks.testing.laws.policy_losses import EXACT, computes
from rlblocks.testing.strategies import floats, orders

QUANTILES = computes("quantile_huber")
SHARP, WIDE = 1e-11, 1e7  # a κ that no drawn error is below, and one that none is above


def _rows(case: Case, **conditions: Any) -> Call:
    """A call in float64 without weights."""
    return case.call(**conditions).without("weight").to(torch.float64)


def _levels(prediction: Tensor) -> Tensor:
    count = prediction.shape[-1]
    return torch.tensor([(2 * i + 1) / (2 * count) for i in range(count)], dtype=prediction.dtype)


def _scale(call: Call) -> float:
    """What one pair of a quantile and a number of the target counts."""
    pairs = call.inputs["prediction"].shape[-1] * call.inputs["td_target"].shape[-1]
    coefficient: float = call.block.coefficient  # type: ignore[attr-defined]  # it is a loss
    return coefficient / int(pairs * call.sizes["batch"])


@law("QR-2", role="losses", since="0.1", needs=QUANTILES)
def targets_are_a_sample(case: Case) -> None:
    """The target is a sample: neither its order nor its size matters.

    Each of its numbers twice is the same distribution.

    Formula: L(θ, σ(y)) = L(θ, y) = L(θ, (y, y))
    """
    call = _rows(case)
    target, order = call.inputs["td_target"], case.draw(orders(call.inputs["td_target"].shape[-1]), "order")
    close(call(td_target=target[:, order])["loss"], call()["loss"], "of numbers in another order, the loss", rtol=EXACT)
    twice = torch.cat([target, target], 1)
    close(call(td_target=twice)["loss"], call()["loss"], "of each number twice, the loss", rtol=EXACT)


@law("QR-2a", role="losses", since="0.1", needs=QUANTILES)
def targets_are_one_sample_a_row(case: Case) -> None:
    """A target of single numbers is refused, and so is one row of numbers in the place of several.

    Either would be repeated for all rows in silence.

    Formula: y of the shape [B] is refused, and [1, K] where θ is [B, M]
    """
    call = _rows(case, rows=case.draw(st.sampled_from([2, 3, 5])))
    target = call.inputs["td_target"]
    require(outcome(call, td_target=target[:, 0]) is NEVER, "a target of single numbers was taken")
    require(outcome(call, td_target=target[:1]) is NEVER, "one row of numbers was taken for several")


@law("QR-3", role="losses", since="0.1", needs=QUANTILES)
def only_distances_matter(case: Case) -> None:
    """Only distances matter, and up is as good as down.

    Everything larger by one number, or with its sign changed and its quantiles from last to first, has the same loss.

    Formula: L(θ + c, y + c) = L(θ, y) = L(−θ reversed, −y)
    """
    call = _rows(case)
    prediction, target = call.inputs["prediction"], call.inputs["td_target"]
    by = case.draw(floats(call.sizes["batch"], 1), "by").double()
    moved = call(prediction=prediction + by, td_target=target + by)
    close(moved["loss"], call()["loss"], "of numbers moved alike, the loss", rtol=EXACT)
    close(moved["error"], call()["error"], "of numbers moved alike, the error", rtol=EXACT)
    mirrored = call(prediction=-prediction.flip(-1), td_target=-target)
    close(mirrored["loss"], call()["loss"], "of mirrored numbers, the loss", rtol=EXACT)


@law("QR-4", role="losses", since="0.1", needs=QUANTILES, examples=25)
def kappa_goes_from_line_to_parabola(case: Case) -> None:
    """For a small κ it is the loss of quantile regression, and for a large one that of weighted squares.

    On average over the pairs, and summed over members.

    Formula: ρ^κ_τ(u) = |τ − 1{u < 0}|·H_κ(u)/κ: κ → 0 gives |τ − 1{u < 0}|·|u|, κ → ∞ gives |τ − 1{u < 0}|·u²/2κ

    Reference: Koenker and Bassett (1978); Dabney et al. (2018), equations 8 to 10.
    """
    call = _rows(case)
    u = call.inputs["td_target"].unsqueeze(-2) - call.inputs["prediction"].unsqueeze(-1)  # [*, B, M, K]
    slant = (_levels(call.inputs["prediction"]).unsqueeze(-1) - (u < 0).double()).abs()
    lines, parabolas = ((slant * size).sum() * _scale(call) for size in (u.abs(), u.square() / 2))
    sharp, wide = (call.of(attrs.evolve(case.block, kappa=kappa)) for kappa in (SHARP, WIDE))
    close(sharp()["loss"], lines, "for a small κ, the loss", rtol=EXACT * (1 + case.block.coefficient))
    close(wide()["loss"] * WIDE, parabolas, "for a large κ, the loss times κ", rtol=EXACT)


@law("QR-5", role="losses", since="0.1", needs=QUANTILES, covers=("above", "below"), examples=25)
def slopes_are_those_of_levels(case: Case) -> None:
    """The slope of one pair is τ where the target is above, 1 − τ where it is below, and less within κ.

    The gradient by a quantile is the mean of those of its pairs.

    Formula: ∂ρ^κ_τ(y − θ)/∂θ = −|τ − 1{u < 0}|·clip(u, −κ, κ)/κ, u = y − θ

    Reference: Dabney et al. (2018), equation 10.
    """
    call = _rows(case)
    kappa = float(case.block.kappa)
    u = call.inputs["td_target"].unsqueeze(-2) - call.inputs["prediction"].unsqueeze(-1)
    case.saw("above", bool((u > 0).any()))
    case.saw("below", bool((u < 0).any()))
    levels = _levels(call.inputs["prediction"]).unsqueeze(-1)
    slopes = -torch.where(u > 0, levels, 1 - levels) * u.clamp(-kappa, kappa) / kappa
    close(gradients(call)["prediction"], slopes.sum(-1) * _scale(call), "the gradient by prediction", rtol=EXACT)


@law("QR-8", role="losses", since="0.1", needs=QUANTILES, covers=("to be raised", "to be lowered"), examples=25)
def minima_are_quantiles(case: Case) -> None:
    """What minimises it is the quantile: one that lies above a larger share of the target than its level falls.

    For a small κ the gradient by a quantile is that share less its level.

    Formula: κ → 0 ⇒ ∂L/∂θ ∝ P(y < θ) − τ, which is 0 at the τ-quantile; τᵢ = (2i + 1)/2M

    Reference: Koenker and Bassett (1978); Dabney et al. (2018), lemma 2.
    """
    call = _rows(case, rows=1, members=0)
    target = call.inputs["td_target"]
    where = case.draw(st.sampled_from(sorted(set(target[0].tolist()))), "where") + case.draw(
        st.sampled_from([-1 / 64, 1 / 64]), "beside"
    )
    prediction = torch.full_like(call.inputs["prediction"], where)
    below = (target < where).double().mean()
    due = (below - _levels(prediction)) * _scale(call) * target.shape[-1]
    case.saw("to be raised", bool((due < 0).any()))
    case.saw("to be lowered", bool((due > 0).any()))
    sharp = call.of(attrs.evolve(case.block, kappa=SHARP))
    close(gradients(sharp, prediction=prediction)["prediction"][0], due, "the gradient by prediction", rtol=EXACT)
