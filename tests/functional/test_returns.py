"""Hand-worked returns and advantages, and the recursion that they are made of."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks.functional import (
    backward_sums,
    bootstrapped,
    generalized_advantages,
    in_step,
    lambda_returns,
    n_step_returns,
    real_rows,
    retrace_returns,
    vtrace,
)
from rlblocks.functional.returns import cut
from rlblocks.testing.strategies import floats

NAN, INF = float("nan"), float("inf")
# Three steps, of which the second is truncated and the third terminates; the value after it does not exist.
R = torch.tensor([1.0, 2.0, 4.0])
DISCOUNT = torch.tensor([0.5, 0.5, 0.0])
END = torch.tensor([False, True, True])
V_TM1 = torch.tensor([1.0, 2.0, 3.0])
V_T = torch.tensor([2.0, 6.0, NAN])


def loop(x, decay):
    """The recursion as it is written, one step after the other."""
    total = torch.zeros_like(x)
    for t in reversed(range(len(x))):
        total[t] = x[t] + (decay[t] * total[t + 1] if t + 1 < len(x) else 0)
    return total


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.data(), st.integers(1, 33), st.integers(1, 3))
def test_doubling_is_the_loop(data, rows, columns):
    """Of any number of rows, with decays of each row's own, 0 among them."""
    x = data.draw(floats(rows, columns)).double()
    decay = data.draw(floats(rows, columns, step=1 / 128)).double()

    torch.testing.assert_close(backward_sums(x, decay), loop(x, decay), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("poison", [NAN, INF])
def test_a_decay_of_zero_cuts(poison):
    """Sums and decays behind it may be anything."""
    x, decay = torch.full((6,), poison), torch.full((6,), poison)
    x[:3], decay[:3] = 1.0, torch.tensor([0.5, 0.5, 0.0])

    assert backward_sums(x, decay)[:3].tolist() == [1.75, 1.5, 1.0]


def test_no_rows_give_no_sums():
    """The empty chunk is not an error."""
    assert backward_sums(torch.zeros(0, 2), torch.zeros(0, 2)).shape == (0, 2)


def test_one_step_of_a_terminated_row_is_its_reward():
    """Whatever the value after it; a plain number stands for all of them."""
    assert bootstrapped(R, DISCOUNT, V_T).tolist() == [2.0, 5.0, 4.0]
    assert bootstrapped(R, DISCOUNT, 0.0).tolist() == R.tolist()


def test_decays_are_cut_at_ends():
    """And are as they were elsewhere."""
    assert cut(torch.full((3,), 0.5), END).tolist() == [0.5, 0.0, 0.0]


def test_hand_worked_advantages():
    """δ = (1, 3, 1): 1 + ½·½·3 = 1.75, and nothing is added behind an end."""
    found = generalized_advantages(R, DISCOUNT, V_TM1, V_T, end_t=END, lam=0.5)

    assert found.tolist() == [1.75, 3.0, 1.0]


def test_hand_worked_lambda_returns():
    """1 + ½(½·2 + ½·5) = 2.75; the end takes the whole of its next value: 2 + ½·6 = 5."""
    assert lambda_returns(R, DISCOUNT, V_T, end_t=END, lam=0.5).tolist() == [2.75, 5.0, 4.0]
    assert lambda_returns(R, DISCOUNT, V_T, end_t=END, lam=1.0).tolist() == [3.5, 5.0, 4.0]
    assert lambda_returns(R, DISCOUNT, V_T, end_t=END, lam=0.0).tolist() == [2.0, 5.0, 4.0]


def test_every_row_may_have_its_own_lambda():
    """That of the row from which the return looks ahead."""
    lam = torch.tensor([0.0, 1.0, 1.0])
    open_end = torch.zeros(3, dtype=torch.bool)
    half, value = torch.full((3,), 0.5), torch.tensor([2.0, 6.0, 8.0])

    assert lambda_returns(R, half, value, end_t=open_end, lam=lam).tolist() == [2.0, 6.0, 8.0]
    assert generalized_advantages(R, half, V_TM1, value, end_t=open_end, lam=lam).tolist() == [1.0, 5.5, 5.0]


def test_hand_worked_n_step_returns():
    """Two steps from the first row: 1 + ½·2 + ¼·6 = 3.5; an end makes them fewer."""
    value = torch.tensor([2.0, 6.0, 8.0])
    half, open_end = torch.full((3,), 0.5), torch.zeros(3, dtype=torch.bool)

    assert n_step_returns(R, DISCOUNT, V_T, end_t=END, n=2).tolist() == [3.5, 5.0, 4.0]
    assert n_step_returns(R, half, value, end_t=open_end, n=2).tolist() == [3.5, 6.0, 8.0]
    assert n_step_returns(R, half, value, end_t=open_end, n=1).tolist() == [2.0, 5.0, 8.0]
    assert n_step_returns(R, half, value, end_t=open_end, n=9).tolist() == [4.0, 6.0, 8.0]


def test_hand_worked_v_trace():
    """Ratios (4, ½, 4), ρ̄ = 2, c̄ = 1: corrections ρδ = (2, 1.5, 2), the first plus ½·1·1.5."""
    ratio = torch.tensor([4.0, 0.5, 4.0])
    found, advantage = vtrace(R, DISCOUNT, V_TM1, V_T, end_t=END, ratio_tm1=ratio, lam=1.0, rho_max=2.0, c_max=1.0)

    assert found.tolist() == [3.75, 3.5, 5.0]
    assert advantage.tolist() == [2 * (1 + 0.5 * (2 + 1.5) - 1), 1.5, 2.0]


def test_hand_worked_retrace():
    """Errors (1, 3, 1); the second row's ratio ½ weighs it in the first: 1 + (1 + ½·½·3) = 2.75."""
    ratio = torch.tensor([9.0, 0.5, 9.0])

    found = retrace_returns(R, DISCOUNT, V_TM1, V_T, end_t=END, ratio_tm1=ratio, lam=1.0)

    assert found.tolist() == [2.75, 5.0, 4.0]


def test_columns_of_other_shapes_are_refused():
    """The message names both; plain numbers fit anything."""
    in_step(weight=1, reward=torch.zeros(3, 2), value=0.0)
    with pytest.raises(ValueError, match=r"value has shape \(3,\), but reward has \(3, 2\)"):
        in_step(reward=torch.zeros(3, 2), value=torch.zeros(3))


def test_rows_that_are_not_real_are_zero():
    """And no gradient is left in the others."""
    column = torch.tensor([1.0, NAN], requires_grad=True)
    found = real_rows(torch.tensor([2.0, 0.0]), column, column + 1)

    assert [part.tolist() for part in found] == [[1.0, 0.0], [2.0, 0.0]]
    assert not any(part.requires_grad for part in (*found, *real_rows(1, column, column)))
