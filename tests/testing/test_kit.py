"""What the kit says: of broken laws, of what is no block, of waivers, and of itself."""

import sys
import time
import unittest

import pytest

from rlblocks import block, fn, read
from rlblocks._core.block import Block, blocks_of
from rlblocks._core.errors import RecipeError
from rlblocks.targets import DoubleQ, MaxQ, Target
from rlblocks.testing import (
    Check,
    Law,
    LawBroken,
    check_block,
    known_roles,
    laws_for,
    laws_of,
    parametrize_laws,
    unlisted,
)
from tests.testing.faulty_targets import UsesIllegalActions
from tests.testing.naive_hindsight import LoopedHindsight
from tests.testing.odd_losses import SurrogateByCases

with unlisted():

    @block("lab/divides")
    class Divides(Target):
        """A target that raises."""

        inputs = {"reward": read("reward"), "discount": read("discount"), "q": read("next.q@target")}

        def compute(self, *, reward, discount, q):
            return reward / (1 // 0)

    @block("lab/leaves")
    class Leaves(Target):
        """A target that ends the program."""

        inputs = {"reward": read("reward")}

        def compute(self, *, reward):
            sys.exit(0)

    @block("lab/counts")
    class Counts(Target):
        """A target that remembers how often it was called."""

        inputs = {"reward": read("reward")}
        calls = [0]

        def compute(self, *, reward):
            self.calls[0] += 1
            return reward + self.calls[0]

    @block("lab/halved")
    class Halved(Target):
        """A target that writes fewer rows than it reads."""

        inputs = {"reward": read("reward"), "discount": read("discount"), "q": read("next.q@target")}

        def compute(self, *, reward, discount, q):
            return (reward + discount * q.amax(-1))[: len(reward) // 2].detach()

    @block("lab/odd_function")
    class AsksForMore(Target):
        """A target that needs what the kit cannot make up."""

        inputs = {"reward": read("reward"), "policy": fn("policy@online")}

        def compute(self, *, reward, policy):
            return reward


def result_of(subject, law):
    """What became of one law."""
    (found,) = check_block(subject, only=(law,))
    return found


def test_a_broken_law_is_told_with_an_example_that_runs():
    """The law in words, what was found, and source that can be pasted."""
    found = result_of(UsesIllegalActions(), "TGT-7")

    assert (found.law, found.status) == ("TGT-7", "failed")
    assert found.title == "illegal next actions are never used, however high their value"
    assert found.reason == "with 10⁶ at illegal actions, td_target[0] is 1000000.0, but must be 0.015625"
    exec(found.counterexample, {"UsesIllegalActions": UsesIllegalActions})
    said = str(found).splitlines()
    assert said[:2] == [f"TGT-7 failed: {found.title}", f"  UsesIllegalActions(): {found.reason}"]
    assert said[2 : -len(found.counterexample.splitlines())] == [f"  {found.formula}", "  the smallest example found:"]


def test_the_example_is_small():
    """One row is enough to break that law, and two actions are."""
    lines = result_of(UsesIllegalActions(), "TGT-7").counterexample.splitlines()

    assert "    reward=torch.tensor([0.0])," in lines
    assert "    action_mask=torch.tensor([[True, False]])," in lines


def test_a_check_can_be_called():
    """It raises what pytest tells as a failure, or as skipped."""
    checks = {check.id: check for check in laws_of(UsesIllegalActions())}

    checks["TGT-2"]()
    with pytest.raises(LawBroken, match="TGT-7 failed: illegal next actions are never used"):
        checks["TGT-7"]()
    with pytest.raises(unittest.SkipTest, match="skipped: it does not compute double Q-learning"):
        checks["TGT-5"]()


def test_the_same_results_again():
    """Nothing is drawn at random, and nothing remembered: two runs agree but for the time they took."""

    def told():
        return [(r.law, r.status, r.reason, r.counterexample) for r in check_block(UsesIllegalActions())]

    assert told() == told()


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (DoubleQ, "DoubleQ is a class, and laws are about instances: hand over DoubleQ(...)"),
        (int, "the class int is no block: derive it from a role and put @block(...) on it"),
        (0.5, "0.5 of type float is no block: derive its class from a role"),
        (None, "None of type NoneType is no block: derive its class from a role"),
        (type("Bare", (Target,), {})(), "Bare is not declared as a block: put @block(...) on it"),
        (Block(), "Block is not declared as a block: put @block(...) on it"),
    ],
    ids=["class", "other class", "number", "nothing", "undeclared", "root"],
)
def test_what_is_no_block_is_told_in_a_sentence(subject, reason):
    """One result, failed, and no error."""
    (found,) = check_block(subject)

    assert (found.law, found.status, found.reason) == ("GEN-0", "failed", reason)


def test_a_block_that_ends_the_program_ends_nothing():
    """It breaks the law, as one that raises does, and shows on which inputs."""
    found = result_of(Leaves(), "GEN-14")

    assert (found.status, found.reason) == ("failed", "it raised SystemExit: 0")
    assert "Leaves().compute(" in found.counterexample


def test_a_block_that_raises_is_told_in_a_line():
    """What it raised, and on which inputs: no traceback."""
    found = result_of(Divides(), "GEN-14")

    assert found.reason.startswith("it raised ZeroDivisionError: integer ")
    assert "Divides().compute(" in found.counterexample
    assert "Traceback" not in str(found)


def test_what_a_law_cannot_read_is_not_said_to_be_raised_by_the_block():
    """Of an array of another shape than is due some laws make an exception, of which the block knows nothing."""
    found = result_of(Halved(), "GEN-9")

    assert found.reason.startswith("this law cannot read what it returned: IndexError: ")


@pytest.mark.parametrize(
    ("correct", "law", "seed"), [(LoopedHindsight(), "GEN-4", 12), (SurrogateByCases(), "LOS-3c", 13)]
)
def test_what_once_accused_a_correct_block_does_not(correct, law, seed):
    """Of one step and its copies with other goals no seed draws another; the sum of float32 weights is a float32."""
    (found,) = check_block(correct, only=(law,), seed=seed)

    assert (found.status, found.reason) == ("passed", "")


def test_a_block_that_remembers_is_not_pure():
    """GEN-14 is broken, and GEN-17a says that the class was changed."""
    assert result_of(Counts(), "GEN-14").status == "failed"
    assert result_of(Counts(), "GEN-17a").status == "failed"


def test_what_cannot_be_made_up_is_skipped():
    """All laws of inputs are skipped, and say which input it was; those that only look at declarations are asked."""
    results = check_block(AsksForMore())

    assert {result.law for result in results if result.status == "passed"} == {"GEN-23", "GEN-23a", "GEN-23b"}
    assert {result.status for result in results} == {"skipped", "passed"}
    assert results[0].reason == "its input 'policy' is the function 'policy@online', which the kit cannot make up"


def test_a_law_that_saw_nothing_fails():
    """A law whose inputs never contained what it is about has shown nothing."""
    law = Law("LAB-1", "pigs fly", ("targets",), "0.1", lambda case: case.saw("a pig", False), covers=("a pig",))

    found = Check(law, MaxQ()).result()

    assert (found.status, found.reason) == ("failed", "vacuous: no input had a pig")


def test_a_seed_draws_its_own_examples():
    """The same ones again with the same seed, others with another one."""
    drawn = []
    law = Law("LAB-3", "is asked", ("targets",), "0.1", lambda case: drawn.append(case.call().source()), examples=3)

    def examples_of(seed):
        drawn.clear()
        Check(law, MaxQ(), seed=seed).result()
        return list(drawn)

    assert examples_of(7) == examples_of(7)
    assert examples_of(7) != examples_of(8)
    assert [check.seed for check in laws_of(MaxQ(), only=("TGT-2",), seed=8)] == [8]


def test_a_law_that_saw_nothing_yet_is_asked_on():
    """What is rare in its inputs is waited for, so that no law is called vacuous by bad luck."""
    drawn = []

    def body(case):
        drawn.append(case.call())
        case.saw("a pig", len(drawn) == 25)

    law = Law("LAB-1", "pigs fly", ("targets",), "0.1", body, covers=("a pig",), examples=4)

    assert Check(law, MaxQ()).result().status == "passed"
    assert 25 <= len(drawn) <= 28


def test_the_thorough_profile_draws_more():
    """Twenty times the examples."""
    drawn = []
    law = Law("LAB-2", "is asked", ("targets",), "0.1", lambda case: drawn.append(case.call()), examples=3)

    Check(law, MaxQ(), "fast").result()
    fast = len(drawn)
    Check(law, MaxQ(), "thorough").result()

    assert fast == 3
    assert len(drawn) - fast == 60


def test_a_waiver_has_a_reason():
    """The law is not asked, and the result says why; waivers without a reason are refused."""
    (found,) = check_block(UsesIllegalActions(), waive={"TGT-7": "our masks are always full"}, only=("TGT-7",))

    assert (found.status, found.reason) == ("waived", "our masks are always full")
    with pytest.raises(RecipeError, match="the waiver of TGT-7 gives no reason"):
        check_block(UsesIllegalActions(), waive={"TGT-7": ""})


@pytest.mark.parametrize("argument", [{"waive": {"TGT7": "?"}}, {"only": ("TGT7",)}], ids=["waive", "only"])
def test_a_law_that_there_is_not_is_named(argument):
    """With the nearest that there is."""
    with pytest.raises(RecipeError, match="there is no law 'TGT7' of targets\n  fix: did you mean 'TGT-7'"):
        check_block(MaxQ(), **argument)


def test_a_profile_that_there_is_not_is_named():
    """With the nearest that there is."""
    with pytest.raises(RecipeError, match="did you mean 'fast'"):
        check_block(MaxQ(), profile="fasst")


def test_tests_are_named_after_block_and_law():
    """A second instance of a block is numbered; waivers go by the block's registry name."""
    mark = parametrize_laws([DoubleQ(), MaxQ(), MaxQ()], waive={"max_q": {"TGT-7": "no masks"}}).mark
    ids = [parameter.id for parameter in mark.args[1]]

    assert mark.args[0] == "law"
    assert "double_q-TGT-5" in ids
    assert "max_q-TGT-7" in ids
    assert "max_q.2-TGT-7" in ids
    assert len(set(ids)) == len(ids)
    waived = [parameter.values[0] for parameter in mark.args[1] if parameter.id.endswith("-TGT-7")]
    assert [check.waiver for check in waived] == ["", "no masks", "no masks"]


def test_blocks_made_in_private_are_not_listed():
    """Neither under a new name nor in the place of another."""
    assert not any(name.startswith("lab/") for role in known_roles() for name in blocks_of(role))
    assert blocks_of("targets")["max_q"] is MaxQ


def test_laws_are_told_apart():
    """Within a role every id stands once, and every law is a sentence that fits on a line."""
    for role in known_roles():
        laws = list(laws_for(role))
        ids = [law.id for law in laws]
        assert len(set(ids)) == len(ids), role
        assert all(law.title and len(law.title) <= 120 and law.since for law in laws)


def test_a_block_is_checked_within_seconds():
    """In processor time, since the machine may be shared."""
    before = time.process_time()
    check_block(MaxQ())

    assert time.process_time() - before < 10.0
