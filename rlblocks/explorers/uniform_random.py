"""Any action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import draw, read, spec
from rlblocks.explorers._bounds import bounds_of, no_bounds
from rlblocks.explorers.base import Explorer

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.keys import Spec


@block("uniform_random")
class UniformRandom(Explorer):
    """Every legal action equally likely, whatever its value: p(a) = 1/n, or 1/(high − low). It reads no network.

    Of MultiDiscrete actions each choice is drawn by itself; of a Box each component, evenly between its bounds.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> UniformRandom().compute(choice=torch.tensor([0.1, 0.6, 0.9]), action=Spec(dtype="int64", n=3))
    tensor([0, 1, 2])
    >>> UniformRandom().compute(choice=torch.tensor([[0.25], [0.5]]), action=Spec((1,), low=-2.0, high=2.0))
    tensor([[-1.],
            [ 0.]])
    """

    equation = "p(a) = 1/n over the n legal actions, or 1/(high − low)"
    inputs = {
        "choice": draw("uniform", like="action"),
        "action": spec("action"),
        "action_mask": read("action_mask", default=None),
    }
    tags = {"ties": "first", "evaluation": "stochastic"}

    def compute(self, *, choice: Tensor, action: Spec, action_mask: Tensor | None = None) -> Tensor:
        """The action of each row: `[B]` or `[B, k]` int64, or `[B, *shape]` float.

        Raises:
            ValueError: `choice` is not of the shape of actions.
        """
        if choice.shape[1:] != action.shape:
            raise ValueError(f"choice has shape {tuple(choice.shape)}, but an action has shape {action.shape}")
        if isinstance(action.n, tuple):
            return functional.uniform_choices(choice, action.n, action_mask)
        if not action.n:
            return functional.between(choice, *bounds_of(action)).detach()
        if action_mask is None:
            return functional.uniform_action(choice, action.n)
        return functional.uniform_legal_action(choice, action_mask)

    def misfit(self, action: Spec) -> str:
        """It needs finite bounds, where actions are real numbers."""
        return "" if action.n else no_bounds(action)

    def evaluation(self) -> Explorer:
        """Itself: what is evaluated is a policy that does not look at values."""
        return self
