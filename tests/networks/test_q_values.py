"""The head of action values."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import BOX, Samples, discrete
from torch.testing import assert_close

from rlblocks._core.keys import Spec
from rlblocks.networks import QValues

SETTINGS = settings(derandomize=True, deadline=None, max_examples=20)


@SETTINGS
@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7), st.integers(0, 2**31))
def test_scalars_are_one_affine_map(batch, actions, features, seed):
    """q = W h + b, and nothing but q is written."""
    generator = torch.Generator().manual_seed(seed)
    head = QValues().build(discrete(actions, features), generator)
    h = torch.randn(batch, features, generator=generator)
    written = head(h)

    assert list(written) == ["q"]
    assert_close(written["q"], h @ head.get_parameter("q.weight").T + head.get_parameter("q.bias"))


@SETTINGS
@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**31))
def test_a_form_writes_its_values_and_their_mean(batch, actions, seed):
    """Numbers [a·5, (a + 1)·5) of the layer are the form of action a, and q is their mean."""
    generator = torch.Generator().manual_seed(seed)
    head = QValues(form=Samples()).build(discrete(actions), generator)
    h = torch.randn(batch, 3, generator=generator)
    numbers = head.q(h)
    written = head(h)

    for a in range(actions):
        assert torch.equal(written["samples"][:, a], numbers[:, 5 * a : 5 * a + 5])
        assert_close(written["q"][:, a], numbers[:, 5 * a : 5 * a + 5].mean(dim=1))


def test_what_it_writes_is_known_before():
    """Keys, shapes and dims follow from the form and the number of actions."""
    q = Spec((3,), dims=("batch", "action"))

    assert QValues().writes(discrete(3)) == {"q": q}
    assert QValues(form=Samples()).writes(discrete(3)) == {
        "q": q,
        "samples": Spec((3, 5), dims=("batch", "action", "sample")),
    }


def test_it_needs_actions_to_count():
    """Without a number of actions the answer says why it does not fit."""
    assert "not Discrete" in QValues().misfit(BOX)
    assert QValues().misfit(discrete(1)) == ""
