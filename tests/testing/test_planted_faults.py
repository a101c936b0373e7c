"""Planted faults are caught by the law that speaks of them, and correct blocks that are odd pass all."""

import attrs
import pytest

from rlblocks.testing import check_block, known_roles, laws_for, laws_of
from tests.testing import faulty_policy_targets
from tests.testing.registry import CORRECT, FAULTS

RAISES = {"stores.CumulativeReplay.past the end"}  # faults that show by raising
ASKED = [(fault, law) for fault in FAULTS for law in fault.laws]
BODIES = {(role, law.id): law.body for role in known_roles() for law in laws_for(role)}
FIRST = {BODIES.get((fault.role, law)): (fault, law) for fault, law in reversed(ASKED)}  # of each law, the first fault
LATER = [(fault, law) for fault, law in ASKED if FIRST[BODIES.get((fault.role, law))] != (fault, law)]


def named(asked):
    """A test of each fault and law."""
    return [pytest.param(fault, law, id=f"{fault.id}-{law}".replace(" ", "_")) for fault, law in asked]


def is_told(fault, result):
    """The law is broken, and says so with an example; nothing else went wrong."""
    assert result.status == "failed", result
    assert result.counterexample
    assert "vacuous" not in result.reason
    assert ("it raised" in result.reason) == (fault.id in RAISES), result
    assert "cannot read" not in result.reason, result


@pytest.mark.parametrize(("fault", "law"), named(LATER))
def test_a_planted_fault_is_caught(fault, law):
    """By the law that speaks of it, on the first example on which it shows; of each law one more stands below."""
    (check,) = laws_of(fault.make(), only=(law,))

    is_told(fault, attrs.evolve(check, law=attrs.evolve(check.law, smallest=False)).result())


@pytest.mark.parametrize(("fault", "law"), named(FIRST.values()))
def test_a_small_example_of_a_fault_breaks_the_law_too(fault, law):
    """On the smallest example that is found, the law is broken by the fault, and by nothing else."""
    (result,) = check_block(fault.make(), only=(law,))

    is_told(fault, result)


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "law"), named(LATER))
def test_a_small_example_of_every_other_fault_does_so_too(fault, law):
    """Of the faults that are not the first of their law; finding it takes three times as long as finding any."""
    (result,) = check_block(fault.make(), only=(law,))

    is_told(fault, result)


@pytest.mark.parametrize("correct", CORRECT, ids=lambda correct: correct.id.replace(" ", "_"))
def test_a_correct_block_passes(correct):
    """However odd it is: no law is broken, and laws that are skipped say why."""
    results = check_block(correct.make(), waive=correct.waive)

    assert [str(result) for result in results if result.status == "failed"] == []
    assert all(result.reason for result in results if result.status == "skipped")
    assert sum(result.status == "passed" for result in results) >= 6  # a stop of its own kind has these


@pytest.mark.parametrize("block", faulty_policy_targets.UNUSED, ids=repr)
def test_what_is_read_and_never_matters_is_told(block):
    """No input shows that noise or entropy matters, so the law says that it has seen nothing of it."""
    (result,) = check_block(block, only=("CON-5",))

    assert (result.status, result.reason) == ("failed", "vacuous: no input had it mattered")


def test_every_role_has_planted_faults():
    """No role's laws are believed without any."""
    assert {fault.role for fault in FAULTS} == set(known_roles())
    assert len(FAULTS) >= 500


@pytest.mark.parametrize("role", known_roles())
def test_every_role_has_two_correct_blocks(role):
    """Two that have nothing in common, so that a law does not ask for the library's own way."""
    assert len({type(correct.make()) for correct in CORRECT if correct.role == role}) >= 2


def test_entries_are_told_apart():
    """No two have one id; no two of a role say the same; each says something, in a line."""
    entries = [*FAULTS, *CORRECT]

    assert len({entry.id for entry in FAULTS}) == len(FAULTS)
    assert len({entry.id for entry in CORRECT}) == len(CORRECT)
    assert len({(fault.role, fault.description) for fault in FAULTS}) == len(FAULTS)
    assert [entry.id for entry in entries if not 5 <= len(entry.description) <= 160] == []


def test_every_fault_is_another_block():
    """None is planted twice under two names, and none is a correct block."""
    blocks = [fault.make() for fault in FAULTS]

    assert [str(block) for i, block in enumerate(blocks) if block in blocks[:i]] == []
    assert [str(correct.make()) for correct in CORRECT if correct.make() in blocks] == []


def test_a_fault_is_made_anew():
    """Each call gives a block of its own, which is the same in value and of the role that is said."""
    for entry in (*FAULTS, *CORRECT):
        one, other = entry.make(), entry.make()
        assert one is not other
        assert one == other
        assert one.role == entry.role


def test_every_fault_names_laws_of_its_role():
    """At least one, and none twice."""
    known = {role: {law.id for law in laws_for(role)} for role in known_roles()}

    for fault in FAULTS:
        assert fault.laws, fault.id
        assert len(set(fault.laws)) == len(fault.laws), fault.id
        assert set(fault.laws) <= known[fault.role], fault.id
