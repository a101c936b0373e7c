"""Whole networks: where they come from, several inputs, and that they are ordinary modules."""

import copy
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from network_cases import ACTION, SETTINGS, Samples, build, case, parts, rows, seeded, seeds, two_vectors
from torch.testing import assert_close

from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.networks import (
    MLP,
    DuelingQ,
    Features,
    NatureCNN,
    NetworkSpec,
    NoisyDense,
    QValues,
    build_network,
    input_misfit,
    network_spec,
)

# -- where a network comes from ----------------------------------------------------------------------------------------


def global_states():
    numpys = np.random.get_state()[1].tolist()  # noqa: NPY002  the global generator is what this is about
    return random.getstate(), numpys, torch.get_rng_state().tolist()


@SETTINGS
@given(parts, seeds, seeds)
def test_its_start_depends_on_the_generator_alone(chosen, seed, other):
    """Global generators are neither read nor moved; the same seed is the same start, the next draws are another."""
    random.seed(other)
    np.random.seed(other)  # noqa: NPY002  the global generator is what this is about
    torch.manual_seed(other)
    before = global_states()
    generator = seeded(seed)
    first, second = (build_network(*chosen, ACTION, generator) for _ in range(2))

    assert global_states() == before
    assert_close(first.state_dict(), build(chosen, seed).state_dict(), rtol=0, atol=0)
    for name, value in first.state_dict().items():
        assert "sigma" in name or not torch.equal(value, second.state_dict()[name])


@SETTINGS
@given(parts, seeds)
def test_on_meta_it_has_the_same_shapes_and_draws_nothing(chosen, seed):
    """Parameters and outputs have the shapes of the real network; a generator that is given is left as it was."""
    net, inputs, noise = case(chosen, seed, 3)
    generator = seeded(seed)
    state = generator.get_state()
    ghost = build_network(*chosen, ACTION, generator, "meta")
    written = ghost(*[x.to("meta") for x in inputs], noise=None if noise is None else noise.to("meta"))

    assert torch.equal(generator.get_state(), state)
    assert {n: p.shape for n, p in ghost.state_dict().items()} == {n: p.shape for n, p in net.state_dict().items()}
    assert {k: v.shape for k, v in written.items()} == {k: v.shape for k, v in net(*inputs).items()}
    assert all(p.is_meta for p in build_network(*chosen, ACTION, None, torch.device("meta")).parameters())


def test_elsewhere_it_needs_a_generator():
    """Without one there is no start, and none is taken from a global generator."""
    with pytest.raises(BuildError, match="needs a generator"):
        build_network({"observation": Spec((4,))}, MLP(), QValues(), ACTION, None)


@pytest.mark.parametrize(
    ("reads", "body", "head", "action", "message"),
    [
        ({"observation": Spec((4,))}, NatureCNN(), QValues(), ACTION, "NatureCNN reads images"),
        ({"observation": Spec((4,))}, MLP(), QValues(), Spec((2,)), "QValues writes a value for each action"),
        ({"observation": Spec((4,)), "action": Spec((), "str")}, MLP(), QValues(), ACTION, "MLP reads numbers"),
        ({}, MLP(), QValues(), ACTION, "MLP reads one number or more"),
    ],
)
def test_parts_that_do_not_fit_are_not_built(reads, body, head, action, message):
    """The message names the block and says why."""
    with pytest.raises(BuildError, match=message):
        build_network(reads, body, head, action, seeded())


def test_two_images_are_no_image():
    """Several inputs become one vector, which a body for images refuses, though it reads each of them."""
    image = Spec((3, 36, 36))

    assert input_misfit({"observation": image}, NatureCNN()) == ""
    assert "reads images" in input_misfit({"observation": image, "goal": image}, NatureCNN())


def test_the_size_of_features_is_the_bodys_width():
    """A head is asked with the width of its body and the environment's actions."""
    assert network_spec({"observation": Spec((4,))}, MLP((8, 6)), ACTION) == NetworkSpec(6, ACTION)
    assert network_spec({"observation": Spec((4,)), "action": ACTION}, MLP(()), ACTION) == NetworkSpec(7, ACTION)


# -- several inputs ----------------------------------------------------------------------------------------------------


@SETTINGS
@given(two_vectors, seeds)
def test_several_inputs_are_joined_in_order(reads, seed):
    """The features of two inputs without layers are those of the one, then those of the other."""
    generator = seeded(seed)
    inputs = [rows(spec, 3, generator) for spec in reads.values()]
    joined = build_network(reads, MLP(()), Features(), ACTION, generator)
    alone = [build_network({"x": spec}, MLP(()), Features(), ACTION, generator) for spec in reads.values()]

    expected = torch.cat([net(x)["features"] for net, x in zip(alone, inputs, strict=True)], dim=1)
    assert torch.equal(joined(*inputs)["features"], expected)


def test_the_number_of_inputs_is_fixed():
    """One input more or less than it reads is refused."""
    two = build(({"observation": Spec((4,)), "action": Spec((2,))}, MLP(), QValues()))
    one = build(({"observation": Spec((4,))}, MLP(), QValues()))

    for net, count in ((two, 1), (two, 3), (one, 0), (one, 2)):
        with pytest.raises((TypeError, ValueError)):
            net(*[torch.zeros(3, 4)] * count)


# -- a network is an ordinary module -----------------------------------------------------------------------------------


@SETTINGS
@given(parts, seeds)
def test_its_state_loads_strictly_and_in_place(chosen, seed):
    """Another network with the loaded state is the same function; a missing or a foreign key is refused."""
    net, inputs, noise = case(chosen, seed, 3)
    other = build(chosen, seed + 1)
    tensors = [p.data_ptr() for p in other.parameters()]
    state = net.state_dict()
    other.load_state_dict(state)

    assert_close(other(*inputs, noise=noise), net(*inputs, noise=noise), rtol=0, atol=0)
    assert [p.data_ptr() for p in other.parameters()] == tensors
    for broken in ({**state, "body.9.weight": torch.zeros(1)}, dict(list(state.items())[1:])):
        with pytest.raises(RuntimeError, match="key"):
            other.load_state_dict(broken)


@SETTINGS
@given(parts, seeds)
def test_a_copy_stands_alone(chosen, seed):
    """A deep copy computes with its own parameters, and the original with its own."""
    net, inputs, noise = case(chosen, seed, 3)
    twin = copy.deepcopy(net)
    before = twin(*inputs, noise=noise)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1)

    assert_close(twin(*inputs, noise=noise), before, rtol=0, atol=0)
    assert not torch.equal(net(*inputs, noise=noise)["q"], before["q"])


@SETTINGS
@given(parts, seeds)
def test_parameters_may_be_handed_in(chosen, seed):
    """`functional_call` with another network's parameters is that network."""
    net, inputs, noise = case(chosen, seed, 3)
    other = build(chosen, seed + 1)
    called = torch.func.functional_call(net, dict(other.named_parameters()), tuple(inputs), {"noise": noise})

    assert_close(called, other(*inputs, noise=noise), rtol=0, atol=0)


def test_its_keys_are_readable():
    """Parameters are named by part and layer."""
    net = build(({"observation": Spec((4,))}, MLP((8,), NoisyDense()), DuelingQ(hidden=(6,))))

    assert list(net.state_dict()) == [
        "body.0.weight_mu", "body.0.bias_mu", "body.0.weight_sigma", "body.0.bias_sigma",
        "head.value.0.weight", "head.value.0.bias", "head.value.1.weight", "head.value.1.bias",
        "head.advantage.0.weight", "head.advantage.0.bias", "head.advantage.1.weight", "head.advantage.1.bias",
    ]  # fmt: skip
    assert list(build(({"observation": Spec((3, 36, 36))}, NatureCNN(8), QValues())).state_dict())[-4:] == [
        "body.3.weight", "body.3.bias", "head.q.weight", "head.q.bias",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "chosen",
    [
        ({"observation": Spec((4,))}, MLP((8, 6)), QValues()),
        ({"observation": Spec((), "int64", n=6), "action": Spec((2,))}, MLP((8,), NoisyDense()), DuelingQ(Samples())),
        ({"observation": Spec((36, 36, 1), "uint8")}, NatureCNN(8, NoisyDense()), QValues(Samples(), NoisyDense())),
    ],
    ids=["plain", "joined", "image"],
)
def test_it_is_one_graph(chosen):
    """The compiler's front end takes a pass and its gradient whole, and the graph computes the same."""
    net, inputs, noise = case(chosen, 0, 3)
    traced = torch.compile(net, fullgraph=True, dynamic=False, backend="aot_eager")
    expected, found = net(*inputs, noise=noise), traced(*inputs, noise=noise)

    assert_close(found, expected)
    assert_close(
        *[torch.autograd.grad(written["q"].square().sum(), list(net.parameters())) for written in (expected, found)]
    )
