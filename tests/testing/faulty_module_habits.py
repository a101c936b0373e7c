"""Parts of networks that compute what is due, with a bad habit around it; a fault is the name of the habit."""

from rlblocks import block
from rlblocks._core import fields
from rlblocks.distributions import Distribution, Gaussian
from rlblocks.networks import MLP, Body, Dense, Head, Layer, Quantiles, StateValue, ValueForm
from rlblocks.testing import unlisted
from tests.testing.habits import BUFFER, EMPTY, FLOATING, HABITS, LAID, ROWS, Spoiled, registers, spoiled
from tests.testing.planting import handed_on, hashed

with unlisted():

    @block("dense")
    class SpoiledLayer(Layer):
        """An affine map with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def build(self, inputs, outputs, generator):
            return Spoiled(self, Dense().build(inputs, outputs, generator))

    @block("mlp")
    class SpoiledBody(Body):
        """Layers on a vector with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed
        plain = MLP((5,))
        misfit, width = handed_on("misfit", "width")

        def build(self, spec, generator):
            return Spoiled(self, self.plain.build(spec, generator))

    @block("state_value")
    class SpoiledHead(Head):
        """The value of a state with a bad habit."""

        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed
        plain = StateValue()
        misfit, writes = handed_on("misfit", "writes")

        def build(self, spec, generator):
            return Spoiled(self, self.plain.build(spec, generator))

    @block("quantiles")
    class SpoiledForm(ValueForm):
        """Quantiles with a bad habit in their back-up."""

        key = "quantiles"
        fault: str = fields.text("none")
        n: int = fields.integer(3)
        noted, __attrs_post_init__, __hash__ = (), registers, hashed

        def width(self):
            return self.n

        def dims(self):
            return ("quantile",)

        def mean(self, value):
            return value.mean(-1)

        def backup(self, reward, discount, value):
            given = {"reward": reward, "discount": discount, "value": value}
            return spoiled(self, Quantiles(self.n).backup, given)

    @block("gaussian")
    class SpoiledPolicy(Distribution):
        """Normal components with a bad habit in their density."""

        noise, plain = "normal", Gaussian()
        fault: str = fields.text("none")
        noted, __attrs_post_init__, __hash__ = (), registers, hashed
        misfit, width, writes, build = handed_on("misfit", "width", "writes", "build")
        sample, entropy, mode = handed_on("sample", "entropy", "mode")

        def log_prob(self, parameters, *, action):
            given = {**parameters, "action": action}
            return spoiled(self, lambda action, **found: self.plain.log_prob(found, action=action), given)


KINDS = {
    SpoiledLayer: {**HABITS, **ROWS, **LAID, **EMPTY},
    SpoiledBody: {**HABITS, **ROWS, **LAID, **EMPTY},
    SpoiledHead: {**HABITS, **ROWS, **LAID, **EMPTY},
    SpoiledForm: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID, **EMPTY},
    SpoiledPolicy: {**HABITS, **BUFFER, **FLOATING, **ROWS, **LAID, **EMPTY},
}
FAULTS = [(kind(fault=fault), law) for kind, laws in KINDS.items() for fault, law in laws.items()]
