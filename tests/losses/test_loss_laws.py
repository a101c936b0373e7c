"""The laws LOS on every loss."""

from __future__ import annotations

import loss_laws as laws
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_laws import batches, law

from rlblocks._core.block import blocks_of
from rlblocks.losses import Huber, SquaredError

BLOCKS = [SquaredError(), SquaredError(coefficient=0.3), Huber(), Huber(delta=2.5, coefficient=2.0)]
losses = st.sampled_from(BLOCKS)


def test_every_loss_of_this_package_is_asked():
    """The list above is complete."""
    ours = {kind for kind in blocks_of("losses").values() if kind.__module__.startswith("rlblocks.")}

    assert ours == {type(block) for block in BLOCKS}


@law
@given(batches(), st.sampled_from([0.5, 1.0, 3.0]))
def test_the_squared_error_is_what_a_loop_computes(rows, coefficient):
    """LOS-1: ½δ² a row."""
    laws.los_1_oracle(SquaredError(coefficient), rows, lambda delta: delta**2 / 2)


@law
@given(batches(), st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([1.0, 0.3]))
def test_huber_is_what_a_loop_computes(rows, kappa, coefficient):
    """LOS-1: ½δ² up to κ, and from there on the line κ(|δ| − ½κ)."""

    def row_error(delta):
        return delta**2 / 2 if abs(delta) <= kappa else kappa * (abs(delta) - kappa / 2)

    laws.los_1_oracle(Huber(kappa, coefficient), rows, row_error)


@settings(law, max_examples=15)
@given(losses, batches())
def test_its_gradient_is_its_difference_quotient(block, rows):
    """LOS-2."""
    laws.los_2_gradient(block, rows)


@law
@given(losses, batches(), st.floats(0.1, 10))
def test_weights_reach_the_gradient(block, rows, scale):
    """LOS-3: 1 is the identity, 0 silences a row, and the gradient, not only the loss, scales."""
    laws.los_3_weights(block, rows, scale)


@law
@given(losses, batches())
def test_errors_are_the_sizes_of_the_differences(block, rows):
    """LOS-4: detached, unweighted, not negative."""
    laws.los_4_error(block, rows)


@law
@given(losses, batches())
def test_targets_are_constants(block, rows):
    """LOS-12."""
    laws.los_12_constants(block, rows)


@law
@given(losses, batches())
def test_a_batch_is_the_mean_of_its_rows(block, rows):
    """LOS-13, GEN-8."""
    laws.los_13_parts(block, rows)


@pytest.mark.parametrize("block", BLOCKS, ids=repr)
@pytest.mark.parametrize("column", ["prediction", "td_target", "weight"])
def test_columns_are_refused(block, column):
    """LOS-16: each of the three as `[B, 1]` raises and shows both shapes."""
    rows = {"prediction": torch.zeros(3), "td_target": torch.ones(3), "weight": torch.ones(3)}
    rows[column] = rows[column].unsqueeze(1)

    with pytest.raises(ValueError, match=r"\(3, 1\).*\(3,\)|\(3,\).*\(3, 1\)"):
        block.compute(**rows)


@pytest.mark.parametrize("block", BLOCKS, ids=repr)
@pytest.mark.parametrize("kind", [torch.float64, torch.int64])
def test_weights_of_another_type_are_taken(block, kind):
    """GEN-7: the loss keeps the type of the prediction."""
    prediction, target = torch.tensor([1.0, 2.0]), torch.tensor([1.5, 9.0])

    loss, error = block.compute(prediction=prediction, td_target=target, weight=torch.tensor([2, 1]).to(kind))

    expected, _ = block.compute(prediction=prediction, td_target=target, weight=torch.tensor([2.0, 1.0]))
    assert loss.dtype == error.dtype == torch.float32
    assert loss == expected
