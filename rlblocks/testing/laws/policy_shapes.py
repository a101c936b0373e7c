"""POL: parameters, noise and actions of another shape are no others of the same shape."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rlblocks._core.keys import Spec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing._policy_calls import served
from rlblocks.testing.laws.general_rows import NEVER, outcome


def real(block: Any) -> list[Spec]:
    """The actions of several real components that a distribution serves."""
    return [action for action in served(block) if not action.n and len(action.shape) == 1 and action.shape[0] > 1]


@law(
    "POL-13",
    role="distributions",
    since="0.1",
    needs=lambda block: "" if real(block) else "it serves no actions of several real components",
    covers=("an input of several components",),
)
def components_are_not_repeated(case: Case) -> None:
    """One component in the place of several is refused, never repeated.

    Each parameter, the noise and the action in turn, `[B, 1]` for `[B, k]`.

    Formula: f(…, x: [B, 1], …) raises where x is [B, k]
    """
    call = case.call(among=tuple(real(case.block)))
    for name in sorted(call.inputs):
        value = call.inputs[name]
        if isinstance(value, Tensor) and value.dim() == 2 and value.shape[1] > 1:  # noqa: PLR2004  [B, k]
            case.saw("an input of several components")
            found = outcome(call, **{name: value[:, :1]})
            require(found is NEVER, f"{name} of one component was taken for {value.shape[1]}")
