"""The laws on compilation: what they say of a block that no graph holds, and what they cost."""

import sys

import pytest

from rlblocks.targets import MaxQ
from rlblocks.testing import Check, Law, check_block
from tests.testing.faulty_compiled import FAULTS, UncompiledTarget


def test_the_line_in_the_way_is_told():
    """The message says what the compiler does not take, and where."""
    (result,) = check_block(UncompiledTarget(fault="branches on a value"), only=("GEN-22",))

    assert result.reason.startswith("it does not compile to one graph: Data-dependent branching")
    assert "(discount > 0).any()" in result.reason


def test_a_number_out_of_a_tensor_is_told():
    """The compiler would take it; the law does not."""
    (result,) = check_block(UncompiledTarget(fault="reads a number out of a tensor"), only=("GEN-22",))

    assert result.reason.startswith("what it computes depends on a number inside a tensor, in `")
    assert ".item()" in result.reason


CELL = '''
from rlblocks import block, functional, read
from rlblocks.targets import Target
from rlblocks.testing import unlisted

with unlisted():

    @block("lab/of_a_cell")
    class OfACell(Target):
        """The greatest next value."""

        inputs = {
            "reward": read("reward"), "discount": read("discount"),
            "q": read("next.q@target", dims=("batch", "action")),
        }

        def compute(self, *, reward, discount, q):
            return functional.one_step_backup(reward, discount, q.amax(1)).detach()
'''


@pytest.mark.parametrize("name", ["a_module_that_nobody_can_import", "__main__", __name__])
def test_a_block_of_a_cell_is_captured(name):
    """A block whose namespace no module holds, or another of that name, passes; and modules are as they were."""
    space, before = {"__name__": name}, sys.modules.get(name)
    exec(CELL, space)

    (result,) = check_block(space["OfACell"](), only=("GEN-22",))

    assert result.status == "passed", result
    assert sys.modules.get(name) is before


def test_code_is_generated_in_the_thorough_profile_alone():
    """The fast profile captures graphs; what takes seconds is skipped, with the reason."""
    results = {result.law: result for result in check_block(MaxQ(), only=("GEN-22", "GEN-22a"))}

    assert results["GEN-22"].status == "passed"
    assert results["GEN-22"].seconds < 10
    assert results["GEN-22a"].reason == "it is asked in the thorough profile alone"


def test_a_thorough_law_is_asked_of_as_many_inputs_as_it_says():
    """Its examples are not multiplied, as those of other laws are."""
    asked = []
    law = Law("LAB-1", "it is asked", ("targets",), "0.1", asked.append, examples=2, thorough=True)

    assert Check(law, MaxQ(), profile="fast").result().status == "skipped"
    assert asked == []
    assert Check(law, MaxQ(), profile="thorough").result().status == "passed"
    assert len(asked) <= 2


@pytest.mark.slow
def test_compiled_code_computes_what_the_block_computes():
    """Generated code of a correct block passes, and that of a block that no graph holds fails."""
    (correct,) = check_block(MaxQ(), only=("GEN-22a",), profile="thorough")
    (faulty,) = check_block(FAULTS[1][0], only=("GEN-22a",), profile="thorough")

    assert (correct.status, faulty.status) == ("passed", "failed")
