"""What targets of continuous control bootstrap from."""

import pytest
import torch

from rlblocks.functional import least_quantiles, smoothed_action, soft_value


def test_noise_is_clipped_then_scaled_then_cut():
    """σ = ½, c = 1: ε = 9 is clipped to 1, scaled by 2 to 2, and 1 + 2 is cut to 3; ε = −1 moves by −½·½ in [0, 1]."""
    found = smoothed_action(
        torch.tensor([[1.0, 0.5]]), torch.tensor([[9.0, -1.0]]), (-1.0, 0.0), (3.0, 1.0), scale=0.5, limit=1.0
    )

    assert found.tolist() == [[3.0, 0.25]]


def test_bounds_of_components_follow_the_shape():
    """One number for each component, row by row of an action of two dims."""
    found = smoothed_action(
        torch.zeros(1, 2, 2), torch.ones(1, 2, 2), (-1.0, -2.0, -3.0, -4.0), (1.0, 2.0, 3.0, 4.0), scale=0.5, limit=1.0
    )

    assert found.tolist() == [[[0.5, 1.0], [1.5, 2.0]]]


def test_actions_without_bounds_are_refused():
    """There is no width of which the noise could be a share."""
    with pytest.raises(ValueError, match="without bounds"):
        smoothed_action(torch.zeros(1, 1), torch.zeros(1, 1), None, None, scale=0.2, limit=0.5)


def test_noise_of_another_shape_is_refused():
    """`[B, 1]` beside `[B]` would be `[B, B]`."""
    with pytest.raises(ValueError, match=r"\(3, 1\)"):
        smoothed_action(torch.zeros(3), torch.zeros(3, 1), -1.0, 1.0, scale=0.2, limit=0.5)


def test_entropy_is_added_to_every_atom():
    """α = 2 and log π = −1 add 2, and log π = 3 takes 6."""
    found = soft_value(torch.tensor([[1.0, 4.0], [1.0, 4.0]]), torch.tensor([-1.0, 3.0]), torch.tensor(2.0).log())

    torch.testing.assert_close(found, torch.tensor([[3.0, 6.0], [-5.0, -2.0]]))
    with pytest.raises(ValueError, match="log_prob"):
        soft_value(torch.zeros(3), torch.zeros(3, 1), torch.tensor(0.0))


def test_atoms_are_pooled_before_they_are_dropped():
    """One member has the two greatest of four atoms, and loses both."""
    found = least_quantiles(torch.tensor([[[1.0, 2.0]], [[9.0, 8.0]]]), 1)

    assert found.tolist() == [[1.0, 2.0]]
    assert least_quantiles(torch.tensor([[3.0, 1.0, 2.0]]), 1).tolist() == [[1.0, 2.0]]


def test_an_atom_must_be_left():
    """Two of two cannot be dropped."""
    with pytest.raises(ValueError, match="of 2 atoms 2"):
        least_quantiles(torch.zeros(3, 1, 2), 2)
