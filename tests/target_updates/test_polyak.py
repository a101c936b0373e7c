"""Following slowly."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from update_laws import clones, equal, law, networks

from rlblocks._core.errors import FieldError
from rlblocks.target_updates import HardCopy, Polyak


@law
@given(networks(), st.floats(0.001, 0.999))
def test_it_is_what_the_formula_says(pair, tau):
    """TUP-2: (1 − τ)θ⁻ + τθ for every floating tensor, running means included."""
    online, target = pair
    due = [(1 - tau) * t + tau * o if t.is_floating_point() else o for o, t in zip(online, target, strict=True)]

    Polyak(tau).compute(online=online, target=target)

    for found, expected in zip(target, due, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


@law
@given(networks())
def test_the_ends_of_tau(pair):
    """TUP-2: τ = 0 keeps floating tensors, τ = 1 is a hard copy, both exactly."""
    online, target = pair
    kept, copied, hard = clones(target), clones(target), clones(target)

    Polyak(0.0).compute(online=online, target=kept)
    Polyak(1.0).compute(online=online, target=copied)
    HardCopy().compute(online=online, target=hard)

    floating = [index for index, t in enumerate(target) if t.is_floating_point()]
    assert equal([kept[i] for i in floating], [target[i] for i in floating])
    assert equal(copied, hard)


@law
@given(networks(), st.floats(0.01, 0.99), st.integers(1, 20))
def test_the_distance_shrinks_by_powers(pair, tau, times):
    """TUP-3: after k updates towards one θ the target is θ + (1 − τ)ᵏ(θ⁻ − θ)."""
    online, target = pair
    before = clones(target)

    for _ in range(times):
        Polyak(tau).compute(online=online, target=target)

    for o, b, t in zip(online, before, target, strict=True):
        if o.is_floating_point():
            torch.testing.assert_close(t, o + (1 - tau) ** times * (b - o), rtol=1e-10, atol=1e-12)


def test_hand_worked_values():
    """A quarter of the way from 0 to (1, 2)."""
    target = [torch.zeros(2)]

    Polyak(0.25).compute(online=[torch.tensor([1.0, 2.0])], target=target)

    assert target[0].tolist() == [0.25, 0.5]


def test_a_network_of_counters_alone_is_copied():
    """No floating tensor is no error."""
    target = [torch.tensor(1)]

    Polyak().compute(online=[torch.tensor(5)], target=target)

    assert target[0] == 5


@pytest.mark.parametrize("tau", [-0.1, 1.1, float("nan"), True])
def test_tau_out_of_range_is_refused(tau):
    """It lies in [0, 1]."""
    with pytest.raises(FieldError, match=r"Polyak\.tau"):
        Polyak(tau)
