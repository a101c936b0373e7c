"""The role of distributions: policies over actions, as pure functions of what a head wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn

    from rlblocks._core.declare import Declared
    from rlblocks._core.keys import Spec


@role("distributions")
class Distribution(Block):
    """A family of policies. No object of it travels: a head writes its parameters, and these functions read them.

    The last four methods are pure functions of `parameters`, which holds a tensor for each key of `writes`. What they
    give for a row depends on that row alone, and sums over the components of its action. They work on any device.

    Attributes:
        noise: what a sample is made of: "uniform" numbers in [0, 1) or "normal" ones, shaped like the action.
        reads: what the four methods take besides, by keyword.

    Tags: `mode` is "median" where the mode is the median of each component instead of the point of greatest density;
    `components` is "dependent" where the components of an action are not independent.
    """

    noise: ClassVar[str] = "uniform"
    reads: ClassVar[Mapping[str, Declared]] = {}

    def misfit(self, action: Spec) -> str:
        """Why it cannot choose such actions, to stand after its name or "which"; empty where it can."""
        raise NotImplementedError

    def width(self, action: Spec) -> int:
        """How many numbers a row it needs from a layer."""
        raise NotImplementedError

    def writes(self, action: Spec) -> Mapping[str, Spec]:
        """Its parameters, by the key under which a head writes them."""
        raise NotImplementedError

    def build(self, action: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, width] -> {key: tensor}` for each key of `writes`, with parameters that see no features.

        Without a generator it is built on the meta device.
        """
        raise NotImplementedError

    def sample(self, parameters: Mapping[str, Tensor], *, noise: Tensor) -> tuple[Tensor, Tensor]:
        """An action of each row, `[B, *shape]`, and the logarithm of its probability or density, `[B]`."""
        raise NotImplementedError

    def log_prob(self, parameters: Mapping[str, Tensor], *, action: Tensor) -> Tensor:
        """The logarithm of the probability or density of an action, `[B]`, in nats."""
        raise NotImplementedError

    def entropy(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The entropy of each row, `[B]`, in nats."""
        raise NotImplementedError

    def mode(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The action that stands for the policy where nothing is drawn, `[B, *shape]`."""
        raise NotImplementedError
