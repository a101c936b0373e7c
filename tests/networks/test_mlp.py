"""The body for vectors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from rlblocks._core.errors import FieldError, RunError
from rlblocks._core.keys import Spec
from rlblocks.networks import MLP

SETTINGS = settings(derandomize=True, deadline=None, max_examples=20)
seeds = st.integers(0, 2**31)
ORACLES = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "elu": nn.ELU(), "silu": nn.SiLU(), "gelu": nn.GELU()}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@SETTINGS
@given(st.lists(st.integers(1, 9), max_size=3), st.sampled_from(sorted(ORACLES)), seeds)
def test_it_is_torchs_sequence_of_layers_and_activations(widths, activation, seed):
    """An activation stands after each layer, the last one too."""
    body = MLP(tuple(widths), activation=activation).build(Spec((4,)), seeded(seed))
    state = list(body.state_dict().values())
    x = torch.randn(3, 4, generator=seeded(seed))

    expected = x
    for weight, bias in zip(state[::2], state[1::2], strict=True):
        expected = ORACLES[activation](expected @ weight.T + bias)

    assert_close(body(x), expected)
    assert MLP(tuple(widths)).width(Spec((4,))) == expected.shape[1]


@pytest.mark.parametrize("shape", [(), (1,), (6,), (2, 3), (2, 1, 3)])
def test_a_box_of_any_shape_is_flattened_row_by_row(shape):
    """Without widths the features are the numbers themselves, in order, not rescaled."""
    spec = Spec(shape)
    x = 255 * torch.randn(4, *shape, generator=seeded())

    assert torch.equal(MLP(()).build(spec, seeded())(x), x.reshape(4, -1))
    assert MLP(()).width(spec) == x.reshape(4, -1).shape[1]


@SETTINGS
@given(st.integers(1, 7), st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_a_discrete_observation_is_a_unit_vector(n, states):
    """State i of n is row i of the identity matrix."""
    states = [state % n for state in states]
    x = MLP(()).build(Spec((), "int64", n=n), None)(torch.tensor(states))

    assert torch.equal(x, torch.eye(n)[states])


def test_several_discrete_numbers_are_unit_vectors_side_by_side():
    """[2, 0] of 3 states each is 001 100."""
    body = MLP(()).build(Spec((2,), "int64", n=3), None)

    assert body(torch.tensor([[2, 0]])).tolist() == [[0, 0, 1, 1, 0, 0]]
    assert MLP(()).width(Spec((2,), "int64", n=3)) == 6


def test_bytes_are_scaled_once():
    """0 and 255 become exactly 0 and 1, and every byte k becomes k/255."""
    x = MLP(()).build(Spec((256,), "uint8"), None)(torch.arange(256, dtype=torch.uint8)[None])

    assert torch.equal(x[0], torch.arange(256) / 255)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "int32", "int64", "bool"])
def test_other_numbers_become_float32_as_they_are(dtype):
    """A float64, an integer and a flag keep their values."""
    x = torch.tensor([[0, 1, 1]], dtype=getattr(torch, dtype))
    features = MLP(()).build(Spec((3,), dtype), None)(x)

    assert features.dtype == torch.float32
    assert features.tolist() == [[0, 1, 1]]


@pytest.mark.parametrize("spec", [Spec((), "int64", n=5), Spec(())], ids=["discrete", "scalar"])
def test_a_column_in_place_of_a_vector_is_refused(spec):
    """`[B, 1]` where `[B]` is due raises, and is never broadcast."""
    body = MLP((8,)).build(spec, seeded())
    good = torch.zeros(3, dtype=torch.int64 if spec.n else torch.float32)

    assert body(good).shape == (3, 8)
    with pytest.raises(RunError, match=r"\[3, 1\]"):
        body(good[:, None])


def test_what_holds_no_numbers_does_not_fit():
    """Texts and empty boxes are named in the answer; everything else fits."""
    assert MLP().misfit(Spec((), "str")) == "reads numbers, and str[batch] holds none"
    assert "float32[batch, 0]" in MLP().misfit(Spec((0,)))
    assert MLP().misfit(Spec((4, 84, 84), "uint8")) == ""


@pytest.mark.parametrize(
    ("given_fields", "message"),
    [({"widths": (0,)}, "widths"), ({"widths": 64}, "widths"), ({"activation": "rleu"}, "did you mean 'relu'")],
)
def test_bad_fields_are_refused(given_fields, message):
    """The message names the field, or the nearest spelling."""
    with pytest.raises(FieldError, match=message):
        MLP(**given_fields)
