"""The mathematics of quantiles; what a loss makes of it obeys the laws QR."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks.functional import quantile_huber, quantile_levels

SETTINGS = settings(derandomize=True, deadline=None, max_examples=30)
sizes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.integers(0, 99))


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_levels_are_the_middles_of_equal_parts():
    """Of ever smaller parts of [0, 1], symmetric about ½."""
    assert quantile_levels(torch.zeros(1)).tolist() == [0.5]
    for count in (2, 5, 200):
        levels = quantile_levels(torch.zeros(count, dtype=torch.float64))
        torch.testing.assert_close(levels + levels.flip(0), torch.ones_like(levels))
        torch.testing.assert_close(levels.diff(), torch.full((count - 1,), 1 / count, dtype=torch.float64))


@SETTINGS
@given(sizes, st.sampled_from([0.1, 1.0, 3.0]))
def test_it_is_the_double_loop(chosen, kappa):
    """Over quantiles and numbers of the target, for sizes that differ, in float64."""
    members, rows, quantiles, numbers, seed = chosen
    theta, y = drawn(seed, members, rows, quantiles), drawn(seed + 1, rows, numbers)

    found = quantile_huber(theta, y, kappa)

    for j in range(members):
        for b in range(rows):
            total = 0.0
            for i in range(quantiles):
                for k in range(numbers):
                    u, tau = float(y[b, k] - theta[j, b, i]), (i + 0.5) / quantiles
                    huber = u * u / 2 if abs(u) <= kappa else kappa * (abs(u) - kappa / 2)
                    total += (tau if u >= 0 else 1 - tau) * huber / kappa
            assert found[j, b].item() == pytest.approx(total / (quantiles * numbers), rel=1e-9)


@SETTINGS
@given(sizes)
def test_what_minimises_it_is_the_quantile(chosen):
    """A few thousand steps from 0 lead to the quantiles of a sample, to within one of its gaps."""
    *_, seed = chosen
    sample = drawn(seed, 1, 40).sort(1).values
    theta = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    for step in range(1500):
        (slope,) = torch.autograd.grad(quantile_huber(theta, sample, 1e-3).sum(), theta)
        theta.data.sub_(slope * 0.5 / (1 + step / 100))

    for tau, found in zip((1 / 6, 1 / 2, 5 / 6), theta[0].tolist(), strict=True):
        below = (sample < found).double().mean().item()
        assert abs(below - tau) < 0.06


@pytest.mark.parametrize(
    ("prediction", "target"), [((3, 4), (3,)), ((3, 4), (2, 5)), ((2, 3, 4), (2, 5)), ((4,), (5,))]
)
def test_other_shapes_are_refused(prediction, target):
    """The target has numbers for each row."""
    with pytest.raises(ValueError, match="numbers for each row"):
        quantile_huber(torch.zeros(prediction), torch.zeros(target), 1.0)
