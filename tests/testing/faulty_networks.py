"""Layers, bodies, heads and value forms with one planted fault each, and the law that must catch it."""

import torch
from torch import nn

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.keys import Spec
from rlblocks.networks import Body, Dense, Head, Layer, ValueForm
from rlblocks.testing import unlisted


class Module(nn.Module):
    """A function of an input and noise, and the parameters that it uses."""

    def __init__(self, function, noise_size=0, **parts):
        super().__init__()
        self.noise_size, self.function = noise_size, function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x, noise=None):
        return self.function(self, x, noise)


def weights(outputs, inputs, generator):
    device = "meta" if generator is None else "cpu"
    return nn.Parameter(torch.empty(outputs, inputs, device=device).uniform_(-0.3, 0.3, generator=generator))


def vectors(spec):
    return "" if spec.dtype in ("float32", "uint8") and len(spec.shape) == 1 else "reads vectors"


with unlisted():

    @block("noisy_dense")
    class NoiseOfItsOwn(Layer):
        """It draws noise from the global generator, whatever it is handed."""

        def build(self, inputs, outputs, generator):
            def forward(m, x, noise):
                return x @ (m.weight + 0.1 * torch.randn_like(m.weight)).T

            return Module(forward, inputs + outputs, weight=weights(outputs, inputs, generator))

    @block("noisy_dense")
    class NoiseAlways(Layer):
        """Noise of zeros is noise as well: it is exponentiated."""

        def build(self, inputs, outputs, generator):
            def forward(m, x, noise):
                scale = 1.0 if noise is None else (noise[:inputs].exp() + 1)
                return (x * scale) @ m.weight.T

            return Module(forward, inputs, weight=weights(outputs, inputs, generator))

    @block("noisy_dense")
    class HalfTheNoise(Layer):
        """Every second number of the noise is not used."""

        def build(self, inputs, outputs, generator):
            def forward(m, x, noise):
                return x @ m.weight.T if noise is None else (x + noise[::2].sum()) @ m.weight.T

            return Module(forward, 6, weight=weights(outputs, inputs, generator))

    @block("dense")
    class GlobalStart(Layer):
        """torch's own start, from the global generator."""

        def build(self, inputs, outputs, generator):
            device = "meta" if generator is None else "cpu"
            return Module(lambda m, x, noise: m.linear(x), linear=nn.Linear(inputs, outputs, device=device))

    @block("dense")
    class BendsAnyway(Layer):
        """A layer with an activation of its own."""

        def build(self, inputs, outputs, generator):
            return Module(lambda m, x, noise: (x @ m.weight.T).relu(), weight=weights(outputs, inputs, generator))

    @block("dense")
    class DeadBias(Layer):
        """A parameter that nothing uses."""

        def build(self, inputs, outputs, generator):
            w, b = weights(outputs, inputs, generator), weights(outputs, 1, generator)
            return Module(lambda m, x, noise: x @ m.weight.T, weight=w, bias=b)

    def two_layers(spec, generator, bend, *, scale=1.0):
        def forward(m, x, noise):
            return bend(bend(x.float() * scale @ m.first.T) @ m.second.T)

        return Module(forward, first=weights(8, spec.shape[0], generator), second=weights(5, 8, generator))

    @block("mlp")
    class NoActivation(Body):
        """Layers, and nothing between them."""

        def misfit(self, spec):
            return vectors(spec)

        def width(self, spec):
            return 5

        def build(self, spec, generator):
            return two_layers(spec, generator, lambda x: x)

    @block("mlp")
    class BytesAreScaledTwice(Body):
        """Once where they are read, and once more."""

        def misfit(self, spec):
            return vectors(spec)

        def width(self, spec):
            return 5

        def build(self, spec, generator):
            return two_layers(spec, generator, torch.tanh, scale=1 / 255**2 if spec.dtype == "uint8" else 1.0)

    @block("mlp")
    class FloatsAreScaled(Body):
        """Whatever is read is divided by 255."""

        def misfit(self, spec):
            return vectors(spec)

        def width(self, spec):
            return 5

        def build(self, spec, generator):
            return two_layers(spec, generator, torch.tanh, scale=1 / 255)

    @block("mlp")
    class StatisticsOfTheBatch(Body):
        """Rows are centred by the mean of the batch."""

        def misfit(self, spec):
            return vectors(spec)

        def width(self, spec):
            return 5

        def build(self, spec, generator):
            inner = two_layers(spec, generator, torch.tanh)
            return Module(lambda m, x, noise: m.inner(x.float() - x.float().mean(0)), inner=inner)

    @block("mlp")
    class CountsPasses(Body):
        """A buffer changes with every pass."""

        def misfit(self, spec):
            return vectors(spec)

        def width(self, spec):
            return 5

        def build(self, spec, generator):
            module = two_layers(spec, generator, torch.tanh)
            module.register_buffer("passes", torch.zeros((), device="meta" if generator is None else "cpu"))

            def forward(m, x, noise):
                m.passes += 1
                return m.inner(x)

            outer = Module(forward, inner=module)
            outer.register_buffer("passes", module.passes)
            return outer

    @block("mlp")
    class WidthIsWrong(Body):
        """It makes one feature less than it says."""

        def misfit(self, spec):
            return vectors(spec)

        def width(self, spec):
            return 6

        def build(self, spec, generator):
            return two_layers(spec, generator, torch.tanh)

    @block("q_values")
    class WritesAnotherShape(Head):
        """A value too many."""

        layer: Layer = fields.slot("layers", Dense)

        def writes(self, spec):
            return {"q": Spec((spec.action.n,), dims=("batch", "action"))}

        def misfit(self, spec):
            return ""

        def build(self, spec, generator):
            layer = self.layer.build(spec.features, spec.action.n + 1, generator)
            return Module(lambda m, x, noise: {"q": m.layer(x)}, layer=layer)

    @block("scalar")
    class TerminalTimesZero(ValueForm):
        """The next value at an end is multiplied by 0."""

        def width(self):
            return 1

        def dims(self):
            return ()

        def mean(self, value):
            return value

        def backup(self, reward, discount, value):
            return reward + discount * value

    @block("lab/pairs")
    class OneDiscountForAll(ValueForm):
        """Two samples, backed up by the mean discount."""

        key = "pairs"

        def width(self):
            return 2

        def dims(self):
            return ("pair",)

        def mean(self, value):
            return value.mean(-1)

        def backup(self, reward, discount, value):
            shared = torch.where(discount == 0, 0.0, discount.max())
            return torch.where((discount == 0)[:, None], reward[:, None], reward[:, None] + shared[:, None] * value)


FAULTS = [
    (NoiseOfItsOwn(), "GEN-3"),
    (NoiseAlways(), "NET-7"),
    (HalfTheNoise(), "NET-7a"),
    (GlobalStart(), "NET-5"),
    (BendsAnyway(), "NET-4a"),
    (DeadBias(), "NET-3"),
    (NoActivation(), "NET-4"),
    (BytesAreScaledTwice(), "NET-2a"),
    (FloatsAreScaled(), "NET-2a"),
    (StatisticsOfTheBatch(), "GEN-8"),
    (CountsPasses(), "NET-13"),
    (WidthIsWrong(), "NET-2"),
    (WritesAnotherShape(), "NET-2"),
    (TerminalTimesZero(), "FRM-3"),
    (OneDiscountForAll(), "FRM-2"),
]
