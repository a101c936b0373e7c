"""Adam."""

import math
from decimal import Decimal, getcontext

import optimizer_runs as runs
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from optimizer_runs import At, law

from rlblocks._core.clocks import Updates
from rlblocks._core.errors import FieldError
from rlblocks.optimizers import Adam
from rlblocks.schedules import Linear


@law
@given(st.integers(0, 10**7), st.sampled_from([0.0, 0.5, 0.9, 0.99]), st.sampled_from([0.0, 0.9, 0.999, 0.99999]))
def test_bias_corrections_are_exact(updates, beta1, beta2):
    """αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ) and ε̂ = ε·√(1 − β₂ᵗ) with t = updates + 1, to 10⁻¹⁰ of 50 decimals."""
    getcontext().prec = 50
    one, two = (1 - Decimal(beta) ** (updates + 1) for beta in (beta1, beta2))
    adam = Adam(lr=0.5, beta1=beta1, beta2=beta2, eps=1e-8)

    assert adam.step_size(At(updates)) == pytest.approx(float(Decimal("0.5") * two.sqrt() / one), rel=1e-10)
    assert adam.damping(At(updates)) == pytest.approx(1e-8 * float(two.sqrt()), rel=1e-10)


@law
@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3).filter(lambda g: abs(g) > 1e-3))
def test_the_first_step_is_the_learning_rate(lr, gradient):
    """Whatever the size of the gradient, the first step is α against its sign."""
    param = [torch.zeros(1, dtype=torch.float64)]

    runs.run(Adam(lr=lr), param, [[torch.tensor([gradient], dtype=torch.float64)]])

    assert param[0].item() == pytest.approx(-math.copysign(lr, gradient), rel=1e-4)


def test_the_schedule_is_read_before_the_step():
    """SCH-12: the first step, before which no update was made, has the first value of the schedule."""
    adam = Adam(lr=Linear(1.0, 0.0, over=Updates(10)), beta1=0.0, beta2=0.0)

    assert [adam.step_size(At(updates)) for updates in (0, 5, 10)] == [1.0, 0.5, 0.0]


@pytest.mark.parametrize("fields", [{"lr": -1e-3}, {"beta1": 1.0}, {"beta2": -0.1}, {"eps": 0.0}, {"clip": 10.0}])
def test_what_makes_no_sense_is_refused(fields):
    """By name, when the block is made."""
    with pytest.raises(FieldError, match=rf"Adam\.{next(iter(fields))}"):
        Adam(**fields)
