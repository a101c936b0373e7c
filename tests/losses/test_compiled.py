"""Losses of continuous control inside a compiled learn step: one graph, and the same numbers."""

import pytest
import torch

from rlblocks._core.keys import Spec
from rlblocks.losses import (
    DeterministicPolicyLoss,
    DiscreteSoftPolicyLoss,
    DiscreteTemperatureLoss,
    QuantileHuber,
    SoftPolicyLoss,
    SquaredError,
    TemperatureLoss,
)

BOX, THREE = Spec((2,), low=(-1.0, 0.0), high=(1.0, 0.5)), Spec((), "int64", n=3)
ALPHA = torch.tensor(-0.5)


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def critic(action):
    return torch.stack([action.sum(1), 1 - action.square().sum(1)])


CASES = [
    (SquaredError(), {"prediction": drawn(2, 4), "td_target": drawn(4)}),
    (QuantileHuber(), {"prediction": drawn(2, 4, 5), "td_target": drawn(4, 7)}),
    (DeterministicPolicyLoss(), {"mode": drawn(4, 2), "q": critic}),
    (SoftPolicyLoss(), {"sample": drawn(4, 2), "log_prob": drawn(4), "log_alpha": ALPHA, "q": critic}),
    (DiscreteSoftPolicyLoss(), {"logits": drawn(4, 3), "q": drawn(2, 4, 3), "log_alpha": ALPHA}),
    (TemperatureLoss(), {"log_alpha": ALPHA, "log_prob": drawn(4), "action": BOX}),
    (DiscreteTemperatureLoss(), {"log_alpha": ALPHA, "entropy": drawn(4), "action": THREE}),
    (
        DiscreteTemperatureLoss(),
        {"log_alpha": ALPHA, "entropy": drawn(4), "action": THREE, "action_mask": drawn(4, 3) > -1},
    ),
]


@pytest.mark.parametrize(("block", "given"), CASES, ids=[type(block).__name__ for block, _ in CASES])
def test_it_is_one_graph(block, given):
    """Traced without a break, with weights as without."""
    for weight in ({}, {"weight": torch.tensor([1.0, 0.5, 0.0, 2.0])}):
        traced = torch.compile(block.compute, fullgraph=True, dynamic=False, backend="eager")
        torch.testing.assert_close(traced(**given, **weight), block.compute(**given, **weight))
