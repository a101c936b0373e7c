"""CON: what heads obey that choose an action in each state."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import NetworkSpec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._critic_calls import UNEVEN
from rlblocks.testing._law import law
from rlblocks.testing._module_calls import build, built, seeds
from rlblocks.testing._policy_calls import bounds_of
from rlblocks.testing.laws.networks import ROWS, Built
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import rows_of

FEATURES = 16


def chooses(block: Block) -> str:
    """Whether a head writes an action itself, of those in bounds."""
    for action in UNEVEN:
        spec = NetworkSpec(FEATURES, action)
        if not block.misfit(spec):  # type: ignore[attr-defined]  # it is a head
            derived = {key for found in block.derives(spec) for key in found.outputs}  # type: ignore[attr-defined]
            if "mode" in set(block.writes(spec)) - derived:  # type: ignore[attr-defined]
                return ""
    return "it writes no action inside bounds"


def squashes(block: Block) -> str:
    """Whether a head squashes an affine map: by its name, or by the tag `like`."""
    return "" if like(block) == "deterministic_policy" else "it is not the deterministic policy"


def _made(case: Case) -> tuple[Built, Spec]:
    """A head for actions whose bounds are not even, and features."""
    block, seed, action = case.block, case.draw(seeds), case.draw(st.sampled_from(UNEVEN))
    spec = NetworkSpec(FEATURES, action)
    case.say("from rlblocks._core.keys import Spec\nfrom rlblocks.networks import NetworkSpec")
    case.say("from rlblocks.testing.strategies import rows_of")
    case.say(f"{built(block, spec, seed=seed)}\nmodule(rows_of(Spec(({FEATURES},)), {ROWS}, seed={seed}))")
    x = rows_of(Spec((FEATURES,)), ROWS, seed)
    return Built(block, (spec,), seed, build(block, spec, seed=seed), x), action


@law("CON-10", role="heads", since="0.1", needs=chooses, examples=20)
def actions_stay_in_their_bounds(case: Case) -> None:
    """Actions lie in the bounds of each component, and come up to both.

    For features of any size; of large ones the actions are the bounds themselves, up to rounding.

    Formula: low ≤ μ(s) ≤ high, and both are limits
    """
    subject, action = _made(case)
    low, high = bounds_of(action)
    for size in (1.0, 1e4):
        found = subject.outputs(x=subject.x * size)["mode"]
        require(bool(((found >= low) & (found <= high)).all()), f"for features of {size:g} actions leave their bounds")
    close(found.amin(0), low, "the least action of all rows")
    close(found.amax(0), high, "the greatest action of all rows")


@law("CON-7", role="heads", since="0.1", needs=squashes, examples=20)
def actions_are_squashed_by_tanh(case: Case) -> None:
    """Of an action in units in which its bounds are −1 and 1, artanh is affine in the features.

    As of tanh and of no other squashing.

    Formula: μ = (low + high)/2 + (high − low)/2·tanh u, u(a) + u(b) = u(a + b) + u(0)

    Reference: Lillicrap et al. (2016), section 7.
    """
    subject, action = _made(case)
    low, high = (bound.double() for bound in bounds_of(action))
    a, b = (rows_of(Spec((FEATURES,)), ROWS, subject.seed + i) / 4 for i in range(2))

    def u(x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = ((2 * subject.outputs(x=x)["mode"].detach().double() - low - high) / (high - low)).atanh()
        return found

    close(u(a) + u(b), u(a + b) + u(torch.zeros_like(a)), "u(a) + u(b)", rtol=1e-4)
