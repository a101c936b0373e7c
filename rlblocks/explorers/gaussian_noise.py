"""What a policy says, and noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import draw, read, scheduled, spec
from rlblocks.explorers._bounds import bounds_of, no_bounds
from rlblocks.explorers.base import Explorer
from rlblocks.explorers.mode import Mode
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.keys import Spec


@block("gaussian_noise")
class GaussianNoise(Explorer):
    """The policy's action with independent normal noise: a = clip(μ(s) + σ·h·ε, low, high), h = (high − low)/2.

    Fujimoto et al., 2018, section 6.1, where the bounds are −1 and 1, so that h is 1.

    Attributes:
        scale: σ, at least 0, in units in which the bounds of each component are −1 and 1; a schedule or a number.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> given = {"mode": torch.zeros(1, 2), "noise": torch.tensor([[1.0, -9.0]]), "scale": torch.tensor(0.25)}
    >>> GaussianNoise().compute(**given, action=Spec((2,), low=-2.0, high=2.0))
    tensor([[ 0.5000, -2.0000]])
    """

    equation = "a = clip(μ(s) + σ·h·ε, low, high)"
    inputs = {
        "mode": read("mode@online"),
        "noise": draw("normal", like="action"),
        "scale": scheduled("scale"),
        "action": spec("action"),
    }

    scale: Schedule = fields.schedule(0.1, ge=0.0)

    def compute(self, *, mode: Tensor, noise: Tensor, scale: Tensor, action: Spec) -> Tensor:
        """The action of each row, `[B, *shape]` float, inside its bounds."""
        return functional.moved_action(mode, scale * noise, *bounds_of(action)).detach()

    def misfit(self, action: Spec) -> str:
        """It needs real numbers between finite bounds."""
        return no_bounds(action)

    def evaluation(self) -> Explorer:
        """The policy's action alone."""
        return Mode()
