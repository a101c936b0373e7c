"""LOS: what losses report that hold a policy against the one that acted."""

from __future__ import annotations

import torch

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing.laws.policy_losses import WIDE, clips_ratios, compares_policies, near_the_bounds, unmoved


def counts_what_is_clipped(block: Block) -> str:
    """Whether a loss clips the ratio of two policies, and says how often."""
    return clips_ratios(block) or ("" if "clip_fraction" in block.outputs else "it writes no clip_fraction")


@law("LOS-15a", role="losses", since="0.1", needs=compares_policies, covers=("several rows",))
def what_is_reported_is_an_average(case: Case) -> None:
    """A kl is at least 0 and a clip_fraction within [0, 1]; both are 0 for a policy that has not moved.

    They are averages: weights twice as large change neither.

    Formula: kl = Σᵢ wᵢ·(ρᵢ − 1 − log ρᵢ) / Σᵢ wᵢ ≥ 0, clip_fraction = Σᵢ wᵢ·1{|ρᵢ − 1| > ε} / Σᵢ wᵢ ∈ [0, 1]

    Reference: Schulman (2020), Approximating KL Divergence.
    """
    call = case.call(optional=True)
    twice = call(weight=call.inputs["weight"] * 2)
    still = unmoved(call)()
    for name in {"kl", "clip_fraction"} & set(case.block.outputs):
        found, most = float(call()[name]), 1 + 1e-6 if name == "clip_fraction" else torch.inf  # 1, as far as it rounds
        require(0 <= found <= most, f"the {name} is {found}")
        require(float(still[name]) == 0, f"of a policy that has not moved, the {name} is {float(still[name])}")
        close(twice[name], call()[name], f"with weights twice as large, the {name}")


@law(
    "LOS-15b",
    role="losses",
    since="0.1",
    needs=counts_what_is_clipped,
    covers=("inside", "outside"),
    examples=25,
)
def what_is_outside_of_the_clip_is_counted(case: Case) -> None:
    """The clip_fraction is the share of rows whose ratio, and not its logarithm, is outside of the clip.

    Ratios just inside and just outside of its bounds are among them.

    Formula: clip_fraction = (1/B)·Σᵢ 1{|ρᵢ − 1| > ε}

    Reference: Schulman et al. (2017), section 3.
    """
    call = near_the_bounds(case.call().without("weight").to(torch.float64))
    ratio = (call.inputs["prediction"] - call.inputs["log_prob"]).exp()
    outside = (ratio - 1).abs() > call.inputs["clip"]
    case.saw("inside", bool((~outside).any()))
    case.saw("outside", bool(outside.any()) or float(call.inputs["clip"]) >= WIDE)
    close(call()["clip_fraction"], outside.double().mean(), "the clip_fraction", rtol=1e-9)
