"""The kit itself: planted faults are caught by the law that speaks of them."""

import pytest

from rlblocks.testing import check_block
from tests.testing import faulty_actors, faulty_envs, faulty_networks, faulty_targets, faulty_tensors, naive_stores

PLANTED = (faulty_targets, faulty_actors, naive_stores, faulty_tensors, faulty_networks, faulty_envs)
FAULTS = [fault for module in PLANTED for fault in module.FAULTS]


@pytest.mark.parametrize(("block", "law"), FAULTS, ids=lambda part: part if isinstance(part, str) else type(part).__name__)
def test_a_planted_fault_is_caught(block, law):
    """The law that speaks of the fault is broken, with an example and the law in words."""
    (result,) = check_block(block, only=(law,))

    assert result.status == "failed", result
    assert result.counterexample
    assert "vacuous" not in result.reason
