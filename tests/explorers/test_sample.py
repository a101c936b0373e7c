"""What a policy draws; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.explorers import Mode, Sample


def test_actions_of_any_shape_go_through_as_they_are():
    """Whole numbers and vectors, with the log-probability, as copies without a gradient."""
    for sample in (torch.tensor([1, 0]), torch.tensor([[0.5, -2.0], [1.0, 3.0]], requires_grad=True)):
        log_prob = torch.tensor([-1.0, -2.0], requires_grad=True)
        action, said = Sample().compute(sample=sample, log_prob=log_prob)

        assert torch.equal(action, sample)
        assert torch.equal(said, log_prob)
        assert not action.requires_grad
        assert not said.requires_grad
        assert action.data_ptr() != sample.data_ptr()


def test_one_log_probability_a_row_is_due():
    """One for each component is refused."""
    with pytest.raises(ValueError, match=r"log_prob has shape \(2, 3\), but must be one number for each of 2 rows"):
        Sample().compute(sample=torch.zeros(2, 3), log_prob=torch.zeros(2, 3))


def test_in_evaluation_the_mode_takes_its_place():
    """Which writes the action alone, since nothing is stored."""
    assert Sample().evaluation() == Mode()
    assert Sample().outputs == ("action", "log_prob")
    assert Mode().outputs == ("action",)
