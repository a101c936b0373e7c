"""Layers, bodies and heads whose modules do one thing wrong, and the law that must catch it."""

import torch
from torch import nn

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.networks import MLP, Body, Dense, DeterministicPolicy, Head, Layer, NoisyDense, QValues
from rlblocks.testing import unlisted
from tests.testing.planting import each, handed_on


class Wrong(nn.Module):
    """A module around another one, which does one thing wrong."""

    def __init__(self, inner, fault):
        super().__init__()
        self.inner, self.fault = inner, fault
        self.noise_size = inner.noise_size + (fault == "asks for noise that it does not use")
        device = next((p.device for p in inner.parameters()), "cpu")
        self.register_buffer("seen", torch.zeros((), device=device))
        if fault == "a parameter without use":
            self.more = nn.Parameter(torch.ones((), device=device))
        if fault == "a part that is not its own":
            self.parts = [inner]
            del self.inner

    def forward(self, x, noise=None):
        if self.fault == "takes noise of any size" and noise is not None:
            noise = noise.new_zeros(self.noise_size).copy_(noise.flatten().repeat(self.noise_size)[: self.noise_size])
        if self.fault == "asks for noise that it does not use" and noise is not None:
            noise = noise[1:] if noise.numel() > 1 else None
        inner = self.parts[0] if self.fault == "a part that is not its own" else self.inner
        found = inner(x.detach() if self.fault == "cuts the graph" else x, noise)
        if self.fault == "counts its rows":
            self.seen.add_(len(x))
        if self.fault == "switches to evaluation":
            self.eval()
        return self._changed(found)

    def _changed(self, found):
        if isinstance(found, dict):
            return {name: self._changed(value) for name, value in found.items()}
        return {
            "far too large": lambda t: t * 1e6, "a column less": lambda t: t[..., :-1],
            "in float64": lambda t: t.double(),
            "no gradient": lambda t: t.detach() + 0 * sum(p.sum() for p in self.parameters()),
            "without batch": lambda t: t[0],
        }.get(self.fault, lambda t: t)(found)  # fmt: skip


def started(module, fault, generator):
    """A module whose start is not what its generator says."""
    with torch.no_grad():
        for parameter in module.parameters() if generator is not None else ():
            if fault == "always the same start":
                parameter.uniform_(-0.3, 0.3, generator=torch.Generator().manual_seed(7))
            if fault == "a start from the global generator":
                parameter.uniform_(-0.3, 0.3)
    return module


def on_meta(fault, generator):
    """A generator, even where none is given."""
    return torch.Generator() if fault == "never without a generator" and generator is None else generator


with unlisted():

    @block("dense")
    class WrongLayer(Layer):
        """An affine map."""

        fault: str = fields.text("none")

        def build(self, inputs, outputs, generator):
            made = Dense().build(inputs, outputs, on_meta(self.fault, generator))
            return started(Wrong(made, self.fault), self.fault, generator)

    @block("noisy_dense")
    class WrongNoise(Layer):
        """An affine map with noise."""

        fault: str = fields.text("none")

        def build(self, inputs, outputs, generator):
            return Wrong(NoisyDense().build(inputs, outputs, generator), self.fault)

    @block("mlp")
    class WrongBody(Body):
        """Layers on a vector."""

        fault: str = fields.text("none")
        plain = MLP((5,))
        misfit, width = handed_on("misfit", "width")

        def build(self, spec, generator):
            made = self.plain.build(spec, on_meta(self.fault, generator))
            return started(Wrong(made, self.fault), self.fault, generator)

    @block("lab/noisy_mlp")
    class WrongNoisyBody(Body):
        """Layers on a vector, with noise."""

        fault: str = fields.text("none")
        plain = MLP((5,), layer=NoisyDense())
        misfit, width = handed_on("misfit", "width")

        def build(self, spec, generator):
            return Wrong(self.plain.build(spec, generator), self.fault)

    @block("q_values")
    class WrongHead(Head):
        """A value for each action."""

        fault: str = fields.text("none")

        def writes(self, spec):
            due = QValues().writes(spec)
            return {"values": due["q"]} if self.fault == "another key than it says" else due

        def misfit(self, spec):
            return QValues().misfit(spec)

        def build(self, spec, generator):
            made = QValues().build(spec, on_meta(self.fault, generator))
            return started(Wrong(made, self.fault), self.fault, generator)

    @block("lab/noisy_policy")
    class WrongNoisyHead(Head):
        """An action with noise in its layer."""

        fault: str = fields.text("none")
        plain = DeterministicPolicy(layer=NoisyDense())

        def writes(self, spec):
            kept = Spec(spec.action.shape) if self.fault == "forgets its bounds" else spec.action
            return {"mode": kept}

        def misfit(self, spec):
            return self.plain.misfit(spec)

        def build(self, spec, generator):
            return Wrong(self.plain.build(spec, generator), self.fault)


COMMON = (
    ("a parameter without use", "NET-3"), ("no gradient", "NET-3"), ("always the same start", "NET-5"),
    ("a start from the global generator", "NET-5"), ("never without a generator", "NET-5a"),
    ("counts its rows", "NET-13"), ("switches to evaluation", "NET-13"), ("a part that is not its own", "NET-14"),
    ("far too large", "NET-16"), ("in float64", "NET-2"), ("without batch", "NET-2"),
)  # fmt: skip
NOISE = (("takes noise of any size", "NET-7a"), ("asks for noise that it does not use", "NET-7a"))
FAULTS = [
    *each(WrongLayer, *COMMON, ("a column less", "NET-2")),
    *each(WrongBody, *COMMON, ("a column less", "NET-2")),
    *each(WrongHead, *COMMON, ("a column less", "NET-2"), ("another key than it says", "NET-2")),
    *each(WrongNoise, *NOISE),
    *each(WrongNoisyBody, *NOISE),
    *each(WrongNoisyHead, *NOISE),
]
