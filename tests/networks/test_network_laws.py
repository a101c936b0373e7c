"""The laws that a pass obeys, whatever the network is made of."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import SETTINGS, build, case, parts, rows, seeded, seeds
from torch.testing import assert_close

from rlblocks._core.keys import Spec
from rlblocks.networks import MLP, NoisyDense, QValues


@SETTINGS
@given(parts, seeds, st.sampled_from([0, 1, 2, 3, 5]))
def test_it_writes_the_shapes_and_types_that_it_announces(chosen, seed, batch):
    """Keys, shapes and dtypes of a pass are those of `writes`, with and without noise, for an empty batch too."""
    net, inputs, noise = case(chosen, seed, batch)

    for written in (net(*inputs), net(*inputs, noise=noise)):
        assert list(written) == list(net.writes)
        for key, spec in net.writes.items():
            assert written[key].shape == (batch, *spec.shape)
            assert str(written[key].dtype) == f"torch.{spec.dtype}"


@SETTINGS
@given(parts, seeds, st.sampled_from([1, 2, 3, 5]))
def test_a_batch_is_its_rows(chosen, seed, batch):
    """What stands in other rows does not matter; all rows share one noise."""
    net, inputs, noise = case(chosen, seed, batch)
    together = net(*inputs, noise=noise)

    for i in range(batch):
        alone = net(*[x[i : i + 1] for x in inputs], noise=noise)
        for key, value in together.items():
            assert_close(value[i : i + 1], alone[key], rtol=1e-4, atol=1e-5)


@SETTINGS
@given(parts, seeds)
def test_a_pass_is_pure(chosen, seed):
    """It changes neither inputs, parameters nor train mode, and its second result is bit-equal to the first."""
    net, inputs, noise = case(chosen, seed, 3)
    before = copy.deepcopy((inputs, net.state_dict()))
    net.eval()
    net.head.train()
    modes = [module.training for module in net.modules()]
    first = net(*inputs, noise=noise)

    assert_close((inputs, net.state_dict()), before, rtol=0, atol=0)
    assert [module.training for module in net.modules()] == modes
    assert_close(net(*inputs, noise=noise), first, rtol=0, atol=0)


@SETTINGS
@given(parts, seeds)
def test_it_is_not_affine(chosen, seed):
    """Without its activations f(a) + f(b) = f(a + b) + f(0) would hold, also with a single hidden layer."""
    _, body, head = chosen
    encoded = {"observation": Spec((6,))} if isinstance(body, MLP) else {"observation": Spec((2, 36, 37))}
    net = build((encoded, body, head), seed)
    a, b = (3 * rows(next(iter(encoded.values())), 16, seeded(seed + i)) for i in range(2))
    bend = net(a)["q"] + net(b)["q"] - net(a + b)["q"] - net(torch.zeros_like(a))["q"]

    assert bend.abs().max() > 1e-4


@SETTINGS
@given(parts, seeds)
def test_every_parameter_learns(chosen, seed):
    """On a random batch with noise every parameter has a finite gradient that is not 0."""
    net, inputs, noise = case(chosen, seed, 32)
    loss = sum(
        (value - torch.randn(value.shape, generator=seeded(seed))).square().sum()
        for value in net(*inputs, noise=noise).values()
    )
    loss.backward()

    for name, parameter in net.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


@SETTINGS
@given(seeds)
def test_noise_reaches_every_noisy_layer(seed):
    """Other noise for any one layer is another q, and each layer has its own share of the noise."""
    noisy = NoisyDense()
    net = build(({"observation": Spec((4,))}, MLP((20, 16), noisy), QValues(layer=noisy)), seed)
    x, noise = (torch.randn(*shape, generator=seeded(seed)) for shape in [(8, 4), (net.noise_size,)])
    shares = [sum(p.shape) for name, p in net.named_parameters() if name.endswith("weight_mu")]

    assert shares == [4 + 20, 20 + 16, 16 + 3]
    assert net.noise_size == sum(shares)
    for i in range(3):
        pieces = list(noise.split(shares))
        pieces[i] = pieces[i] + 1
        assert not torch.equal(net(x, noise=torch.cat(pieces))["q"], net(x, noise=noise)["q"])


@SETTINGS
@given(parts, seeds)
def test_noise_of_another_size_is_refused(chosen, seed):
    """Neither too little nor too much noise goes through."""
    net, inputs, _ = case(chosen, seed, 2)

    for wrong in (net.noise_size + 1, *([net.noise_size - 1] if net.noise_size else [])):
        with pytest.raises(RuntimeError, match="split"):
            net(*inputs, noise=torch.zeros(wrong))
