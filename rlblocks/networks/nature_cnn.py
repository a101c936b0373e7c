"""The body for images."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks import _encode
from rlblocks.networks.base import Body, Layer
from rlblocks.networks.dense import Dense

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec

FILTERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))  # (filters, kernel, stride), Mnih et al. (2015), methods
SMALLEST = 36  # pixels; fewer leave nothing for the last convolution


@block("nature_cnn")
class NatureCNN(Body):
    """Three convolutions and a layer, each with a ReLU, on images (Mnih et al., 2015, methods, "Model architecture").

    Equation: 32 filters of 8×8 with stride 4, 64 of 4×4 with stride 2, 64 of 3×3 with stride 1, `features` units.

    Channels are the first or the last dim, whichever is smaller: `[4, 84, 84]` and `[96, 96, 3]` both fit, images with
    equal first and last dims are refused. Bytes are scaled to [0, 1], once; floats are not rescaled.

    Attributes:
        features: how many units the last layer has.
        layer: the last layer's affine map.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> body = NatureCNN().build(Spec((4, 84, 84), "uint8"), torch.Generator().manual_seed(0))
    >>> body(torch.zeros(2, 4, 84, 84, dtype=torch.uint8)).shape
    torch.Size([2, 512])
    """

    features: int = fields.integer(512, ge=1)
    layer: Layer = fields.slot("layers", Dense)
    equation = "h = φ(W·φ(conv₃(φ(conv₂(φ(conv₁(x)))))) + b)"

    def misfit(self, spec: Spec) -> str:
        """It reads images of at least 36×36 pixels with their channels."""
        if spec.n or len(spec.shape) != 3:  # noqa: PLR2004  channels, height, width
            return f"reads images [channels, height, width] or [height, width, channels], not {spec}"
        if spec.dtype not in _encode.NUMBERS:
            return f"reads numbers, and {spec} holds none"
        if spec.shape[0] == spec.shape[2]:
            return f"takes the smaller of the first and last dims for the channels, and those of {spec} are equal"
        height, width = _pixels(spec)
        if min(height, width) < SMALLEST:
            return f"needs {SMALLEST}×{SMALLEST} pixels or more, and {spec} has {height}×{width}"
        return ""

    def width(self, spec: Spec) -> int:  # noqa: ARG002  the role's signature
        """The units of the last layer."""
        return self.features

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, *shape] -> [B, features]`."""
        from rlblocks.networks import _maps
        from rlblocks.networks._modules import ConvModule, FlattenModule, StackModule, fan_in_uniform

        modules: dict[str, nn.Module] = {}
        channels = (min(spec.shape[0], spec.shape[2]), *(filters for filters, _, _ in FILTERS))
        for i, ((p, q), (_, kernel, stride)) in enumerate(zip(pairwise(channels), FILTERS, strict=True)):
            fan_in = p * kernel * kernel
            weight = fan_in_uniform((q, p, kernel, kernel), fan_in, generator)
            modules[str(i)] = ConvModule(weight, fan_in_uniform((q,), fan_in, generator), stride)
        modules["flat"] = FlattenModule()
        height, width = _pixels(spec)
        for _, kernel, stride in FILTERS:
            height, width = (height - kernel) // stride + 1, (width - kernel) // stride + 1
        modules[str(len(FILTERS))] = self.layer.build(channels[-1] * height * width, self.features, generator)
        first = () if spec.shape[0] < spec.shape[2] else (_maps.channels_first,)
        relu = _maps.ACTIVATIONS["relu"]
        activations = [relu, relu, relu, _maps.same, relu]
        return StackModule((*first, *_encode.to_float(spec)), modules, activations)


def _pixels(spec: Spec) -> tuple[int, int]:
    """Height and width."""
    return spec.shape[1:] if spec.shape[0] < spec.shape[2] else spec.shape[:2]  # type: ignore[return-value]
