"""Planted faults are caught by the law that speaks of them, and correct blocks that are odd pass all."""

import pytest

from rlblocks.testing import check_block, known_roles
from tests.testing import (
    faulty_actors,
    faulty_aggregates,
    faulty_control_networks,
    faulty_double_estimators,
    faulty_envs,
    faulty_losses,
    faulty_member_targets,
    faulty_members,
    faulty_networks,
    faulty_noise,
    faulty_normalizers,
    faulty_policies,
    faulty_policy_targets,
    faulty_recurrence,
    faulty_returns,
    faulty_soft_policies,
    faulty_stops,
    faulty_surrogates,
    faulty_tables,
    faulty_targets,
    faulty_temperatures,
    faulty_tensors,
    faulty_traces,
    faulty_transforms,
    naive_drained,
    naive_hindsight,
    naive_models,
    naive_stores,
    naive_with_next,
    odd_blocks,
    odd_control,
    odd_losses,
    odd_normalizers,
    odd_returns,
)

PLANTED = (
    faulty_recurrence, faulty_transforms, faulty_stops,
    faulty_targets, faulty_losses, faulty_surrogates, faulty_actors, naive_stores, naive_drained, naive_hindsight,
    naive_with_next, naive_models,
    faulty_tensors, faulty_noise, faulty_networks, faulty_envs, faulty_returns, faulty_policies, faulty_normalizers,
    faulty_members, faulty_temperatures, faulty_control_networks, faulty_soft_policies,
    faulty_aggregates, faulty_policy_targets, faulty_member_targets, faulty_double_estimators, faulty_tables,
    faulty_traces,
)  # fmt: skip
FAULTS = [fault for module in PLANTED for fault in module.FAULTS]
RAISES = {"past the end"}  # faults that show by raising


def named(part):
    """A readable id of a test."""
    return part if isinstance(part, str) else f"{type(part).__name__}{getattr(part, 'fault', '')}".replace(" ", "_")


@pytest.mark.parametrize(("block", "law"), FAULTS, ids=named)
def test_a_planted_fault_is_caught(block, law):
    """The law that speaks of the fault is broken, and says so with an example; nothing else went wrong."""
    (result,) = check_block(block, only=(law,))

    assert result.status == "failed", result
    assert result.counterexample
    assert "vacuous" not in result.reason
    assert ("it raised" in result.reason) == (getattr(block, "fault", "") in RAISES), result


ODD = [
    *odd_blocks.BLOCKS, *odd_control.BLOCKS, *odd_losses.BLOCKS, *odd_returns.BLOCKS, *odd_normalizers.BLOCKS,
    *naive_drained.CORRECT, *naive_hindsight.CORRECT, *naive_with_next.CORRECT, *naive_models.CORRECT,
    *faulty_policies.CORRECT, *faulty_recurrence.CORRECT, *faulty_noise.CORRECT, *faulty_aggregates.CORRECT,
    *faulty_policy_targets.CORRECT,
]  # fmt: skip


@pytest.mark.parametrize("block", ODD, ids=named)
def test_a_correct_block_passes(block):
    """However odd it is: no law is broken, and laws that are skipped say why."""
    results = check_block(block)

    assert [str(result) for result in results if result.status == "failed"] == []
    assert all(result.reason for result in results if result.status == "skipped")
    assert sum(result.status == "passed" for result in results) >= 9  # a schedule that no file can name has these


@pytest.mark.parametrize("block", faulty_policy_targets.UNUSED, ids=named)
def test_what_is_read_and_never_matters_is_told(block):
    """No input shows that noise or entropy matters, so the law says that it has seen nothing of it."""
    (result,) = check_block(block, only=("CON-5",))

    assert (result.status, result.reason) == ("failed", "vacuous: no input had it mattered")


def test_every_role_has_planted_faults():
    """No role's laws are believed without one, and no role's correct blocks either, where others can be written."""
    assert {block.role for block, _ in FAULTS} == set(known_roles())
    assert len(FAULTS) >= 100
