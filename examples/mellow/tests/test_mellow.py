"""The laws of their roles, asked of the blocks of this package, and numbers worked out by hand."""

import math

import pytest
import torch
from mellow import BestFew, MellowMax
from rlblocks.recipes import dqn

from rlblocks import wire
from rlblocks.testing import Check, parametrize_laws


@parametrize_laws([MellowMax(), MellowMax(0.5), BestFew(), BestFew(3, 0.5)])
def test_laws(law: Check) -> None:
    """Each obeys the laws of its role; what is skipped says why."""
    law()


def test_mellow_max_by_hand() -> None:
    """log((e² + 1)/2)/2 of the values 1 and 0, at ω = 2."""
    target = MellowMax(omega=2.0).compute(
        reward=torch.tensor([1.0]), discount=torch.tensor([0.5]), q=torch.tensor([[1.0, 0.0]])
    )

    assert target.item() == pytest.approx(1 + 0.5 * math.log((math.exp(2) + 1) / 2) / 2)


def test_the_worst_action_is_never_tried() -> None:
    """With k = 2 of three actions, whatever is drawn."""
    draws = torch.linspace(0, 0.999, 100)
    actions = BestFew(2).compute(
        q=torch.tensor([[0.0, 5.0, 1.0]]).expand(100, 3), rate=torch.tensor(1.0), explore=draws, choice=draws
    )

    assert set(actions.tolist()) == {1, 2}


def test_they_fit_into_dqn() -> None:
    """A recipe takes them by a swap."""
    wire(dqn().swap(target=MellowMax(), explorer=BestFew()))
