"""What a policy says, and noise that forgets slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import draw, read, scheduled, spec
from rlblocks._core.errors import FieldError
from rlblocks.explorers._bounds import bounds_of, no_bounds
from rlblocks.explorers.base import Explorer
from rlblocks.explorers.mode import Mode
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.keys import Spec

GROWS = 2.0  # beyond it |1 − θΔt| > 1


@block("ornstein_uhlenbeck")
class OrnsteinUhlenbeck(Explorer):
    """The policy's action with noise that is like its last: a = clip(μ(s) + h·xₜ, low, high), h = (high − low)/2.

    xₜ = xₜ₋₁ − θ·xₜ₋₁·Δt + σ√Δt·εₜ (Uhlenbeck and Ornstein, 1930; Lillicrap et al., 2016, section 3), with x = 0
    before the first step of every episode, each environment and component by itself.

    Attributes:
        scale: σ, at least 0, in units in which the bounds of each component are −1 and 1; a schedule or a number.
        theta: θ, at least 0, how fast the noise returns to 0, per unit of time; θΔt is at most 2.
        dt: Δt above 0, the length of an environment step, in units of time.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> explorer, action = OrnsteinUhlenbeck(theta=0.5, dt=0.25), Spec((1,), low=-2.0, high=2.0)
    >>> carry, one = explorer.init(action, 1), torch.ones(1, 1)
    >>> given = {"mode": 0 * one, "noise": one, "scale": torch.tensor(1.0), "action": action, "carry": carry}
    >>> [explorer.compute(**given, is_first=torch.tensor([first])).item() for first in (True, False)]
    [1.0, 1.875]

    Differs from the paper: Δt is stated; the paper leaves it at 1.
    """

    equation = "a = clip(μ(s) + h·xₜ, low, high), xₜ = xₜ₋₁ − θ·xₜ₋₁·Δt + σ√Δt·εₜ"
    inputs = {
        "mode": read("mode@online"),
        "noise": draw("normal", like="action"),
        "scale": scheduled("scale"),
        "is_first": read("is_first"),
        "action": spec("action"),
    }
    handed = ("carry",)

    scale: Schedule = fields.schedule(0.2, ge=0.0)
    theta: float = fields.number(0.15, ge=0.0, unit="per unit of time")
    dt: float = fields.number(1.0, gt=0.0, unit="units of time")

    def __attrs_post_init__(self) -> None:
        if self.theta * self.dt > GROWS:
            raise FieldError(
                f"OrnsteinUhlenbeck.theta is {self.theta:g} and OrnsteinUhlenbeck.dt is {self.dt:g}: with θΔt above "
                f"{GROWS:g} each step overshoots 0 by more than the noise was away, so that it grows without end",
                fix=f"write a dt of {GROWS / self.theta:g} at most, or a theta of {GROWS / self.dt:g} at most",
                block=self, field="dt", value=self.dt, expected=f"{GROWS / self.theta:g} at most",
            )  # fmt: skip

    def init(self, action: Spec, environments: int) -> dict[str, Tensor]:
        """No noise yet."""
        import torch

        return {"x": torch.zeros((environments, *action.shape))}

    def compute(
        self, *, mode: Tensor, noise: Tensor, scale: Tensor, is_first: Tensor, action: Spec, carry: dict[str, Tensor]
    ) -> Tensor:
        """The action of each row, `[B, *shape]` float, inside its bounds; `carry["x"]` moves on."""
        functional.one_per_row(noise.shape[0], is_first=is_first)
        began = is_first.view(-1, *[1] * (noise.dim() - 1))
        before = carry["x"].masked_fill(began, 0.0)
        x = functional.ornstein_uhlenbeck(before, noise, self.theta, self.dt, scale).detach()
        carry["x"].copy_(x)
        return functional.moved_action(mode, x, *bounds_of(action)).detach()

    def misfit(self, action: Spec) -> str:
        """It needs real numbers between finite bounds."""
        return no_bounds(action)

    def evaluation(self) -> Explorer:
        """The policy's action alone."""
        return Mode()
