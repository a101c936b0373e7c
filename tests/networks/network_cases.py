"""Networks to try laws on: products of bodies, heads, layers and forms, with inputs that fit them."""

import torch
from hypothesis import settings
from hypothesis import strategies as st

from rlblocks._core.keys import Spec
from rlblocks.networks import (
    MLP,
    Dense,
    DuelingQ,
    NatureCNN,
    NetworkSpec,
    NoisyDense,
    QValues,
    Scalar,
    ValueForm,
    build_network,
)

SETTINGS = settings(derandomize=True, deadline=None, max_examples=25)
ACTION = Spec((), "int64", n=3)


def discrete(actions, features=3):
    """What a head is built for, with so many actions."""
    return NetworkSpec(features, Spec((), "int64", n=actions))


BOX = NetworkSpec(3, Spec((2,), low=(-1.0, -1.0), high=(1.0, 1.0)))


class Samples(ValueForm):
    """Five equally likely values."""

    key = "samples"

    def width(self):
        return 5

    def dims(self):
        return ("sample",)

    def mean(self, value):
        return value.mean(dim=-1)


VECTORS = (
    Spec((4,)), Spec(()), Spec((2, 3)), Spec((5,), "uint8"), Spec((2,), "int32"), Spec((3,), "float64"),
    Spec((), "int64", n=6), Spec((2,), "int64", n=4), Spec((3,), "int64", n=(2, 5, 3)),
)  # fmt: skip
IMAGES = (Spec((2, 36, 37), "uint8"), Spec((37, 36, 1)))
seeds = st.integers(0, 2**31)
layers = st.sampled_from([Dense(), NoisyDense()])
forms = st.sampled_from([Scalar(), Samples()])
heads = st.builds(QValues, forms, layers) | st.builds(DuelingQ, forms, layers, st.sampled_from([(), (16,)]))
mlps = st.builds(
    MLP, widths=st.sampled_from([(16,), (16, 12)]), layer=layers, activation=st.sampled_from(["relu", "tanh"])
)
one_vector = st.sampled_from(VECTORS).map(lambda spec: {"observation": spec})
two_vectors = st.tuples(*[st.sampled_from(VECTORS)] * 2).map(lambda two: {"observation": two[0], "action": two[1]})
vectors = st.tuples(one_vector | two_vectors, mlps, heads)
images = st.tuples(
    st.sampled_from(IMAGES).map(lambda spec: {"observation": spec}), st.builds(NatureCNN, st.just(24), layers), heads
)
parts = vectors | images


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def build(chosen, seed=0):
    reads, body, head = chosen
    return build_network(reads, body, head, ACTION, seeded(seed))


def rows(spec, batch, generator):
    """A batch of inputs as the spec says."""
    shape = (batch, *spec.shape)
    if spec.dtype.startswith("float"):
        return torch.randn(shape, generator=generator, dtype=getattr(torch, spec.dtype))
    if isinstance(spec.n, tuple):
        entries = [torch.randint(0, n, (batch, 1), generator=generator) for n in spec.n]
        return torch.cat(entries, dim=1).to(getattr(torch, spec.dtype))
    high = spec.n or {"uint8": 256}.get(spec.dtype, 9)
    return torch.randint(0, high, shape, generator=generator).to(getattr(torch, spec.dtype))


def case(chosen, seed, batch):
    """A built network, inputs of it, and noise where it takes noise."""
    net, generator = build(chosen, seed), seeded(seed)
    inputs = [rows(spec, batch, generator) for spec in chosen[0].values()]
    return net, inputs, torch.randn(net.noise_size, generator=generator) if net.noise_size else None
