"""The body for images."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from rlblocks._core.keys import Spec
from rlblocks.networks import NatureCNN

SETTINGS = settings(derandomize=True, deadline=None, max_examples=8)
images = st.tuples(st.integers(1, 4), st.integers(36, 50), st.integers(36, 50))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def oracle(channels, state):
    """The network of Mnih et al. (2015), from torch's own modules, with the parameters of ours."""
    modules = [nn.Conv2d(channels, 32, 8, 4), nn.Conv2d(32, 64, 4, 2), nn.Conv2d(64, 64, 3, 1)]
    last = nn.Linear(state["3.weight"].shape[1], state["3.weight"].shape[0])
    for i, module in enumerate([*modules, last]):
        module.load_state_dict({name: state[f"{i}.{name}"] for name in ("weight", "bias")})
    steps = [step for module in modules for step in (module, nn.ReLU())]
    return nn.Sequential(*steps, nn.Flatten(), last, nn.ReLU())


@SETTINGS
@given(images)
def test_it_is_the_network_of_the_paper(image):
    """On floats it equals the same network made of torch's modules; floats are not rescaled."""
    body = NatureCNN(16).build(Spec(image), seeded())
    x = 9 * torch.randn(2, *image, generator=seeded(1))

    assert_close(body(x), oracle(image[0], body.state_dict())(x))


def test_it_starts_as_torchs_modules():
    """With the same numbers it starts where `torch.nn.Conv2d` and `torch.nn.Linear` do."""
    state = NatureCNN(16).build(Spec((3, 36, 50)), seeded(5)).state_dict()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        fresh = [nn.Conv2d(3, 32, 8), nn.Conv2d(32, 64, 4), nn.Conv2d(64, 64, 3), nn.Linear(64 * 2, 16)]

    for i, module in enumerate(fresh):
        for name, value in module.state_dict().items():
            assert_close(state[f"{i}.{name}"], value, rtol=1e-6, atol=0)


@SETTINGS
@given(images)
def test_channels_may_come_first_or_last(image):
    """The same image in either layout has the same features."""
    channels, height, width = image
    first = NatureCNN(16).build(Spec(image), seeded())
    last = NatureCNN(16).build(Spec((height, width, channels)), seeded())
    x = torch.randn(2, *image, generator=seeded(1))

    assert_close(last(x.permute(0, 2, 3, 1).contiguous()), first(x))


def test_bytes_are_scaled_to_1_once():
    """Bytes k and floats k/255 have the same features."""
    image = (3, 40, 36)
    x = torch.randint(0, 256, (2, *image), generator=seeded(1), dtype=torch.uint8)
    on_bytes = NatureCNN(16).build(Spec(image, "uint8"), seeded())
    on_floats = NatureCNN(16).build(Spec(image), seeded())

    assert_close(on_bytes(x), on_floats(x / 255))


def test_atari_has_the_size_of_the_paper():
    """84×84×4 leaves 7×7×64 numbers for 512 units: 1,684,128 parameters before the head."""
    body = NatureCNN().build(Spec((4, 84, 84), "uint8"), None)

    assert body.get_parameter("3.weight").shape == (512, 7 * 7 * 64)
    assert sum(p.numel() for p in body.parameters()) == 1_684_128
    assert NatureCNN().width(Spec((4, 84, 84), "uint8")) == 512


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        (Spec((4,)), "reads images"),
        (Spec((84, 84), "uint8"), "reads images"),
        (Spec((4, 84, 84, 3), "uint8"), "reads images"),
        (Spec((), "int64", n=9), "reads images"),
        (Spec((84, 84, 84), "uint8"), "are equal"),
        (Spec((3, 35, 84), "uint8"), "has 35×84"),
        (Spec((84, 20, 3), "uint8"), "has 84×20"),
        (Spec((3, 84, 84), "str"), "numbers"),
    ],
)
def test_what_is_no_image_or_too_small_does_not_fit(spec, word):
    """The answer says what the body reads, and what it was given."""
    assert word in NatureCNN().misfit(spec)
    assert str(spec) in NatureCNN().misfit(spec)


def test_the_smallest_image_fits():
    """36×36 pixels pass all three convolutions and leave one number per filter."""
    spec = Spec((1, 36, 36))

    assert NatureCNN().misfit(spec) == ""
    assert NatureCNN().build(spec, None).get_parameter("3.weight").shape == (512, 64)
