"""STP: what every early stop obeys: a plain answer, the same each time, and firmer the further the policy has moved."""

from __future__ import annotations

import copy
import math
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.declare import Read
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.oracles import like

AMOUNTS = st.floats(0.0, 10.0) | st.floats(0.0, 0.1) | st.sampled_from([0.0, 1e-8, 0.015, 1e30])


def heeds_divergence(block: Block) -> str:
    """Whether a stop reads how far the policy has moved, and nothing else."""
    reads = [asked.key for asked in block.inputs.values() if isinstance(asked, Read)]
    return "" if reads == ["kl"] else "it does not read kl alone"


def limits_divergence(block: Block) -> str:
    """Whether a stop is the one whose equation is known."""
    return "" if like(block) == "kl_stop" else "it is not like kl_stop"


def _asked(case: Case, **numbers: float) -> Any:
    """What the block answers to these numbers."""
    case.say(f"{case.block!r}.compute({', '.join(f'{name}={value!r}' for name, value in numbers.items())})")
    return case.block.compute(**numbers)


@law("STP-1", role="early_stops", since="0.1")
def answers_are_plain(case: Case) -> None:
    """It answers with a bool, and the same each time.

    Whatever was asked in between.
    """
    numbers, others = ({name: case.draw(AMOUNTS) for name in case.block.inputs} for _ in range(2))
    first = _asked(case, **numbers)
    require(isinstance(first, bool), f"the answer is {first!r}, not True or False")
    _asked(case, **others)
    again = _asked(case, **numbers)
    require(again == first, f"asked again, the answer is {again} instead of {first}")


@law("STP-2", role="early_stops", since="0.1", needs=heeds_divergence, covers=("a stop", "no stop"), examples=120)
def further_is_firmer(case: Case) -> None:
    """Where it stops at one divergence it stops at every greater one.

    And it stops at some.

    Formula: kl ≤ kl′ and stop(kl) ⇒ stop(kl′)
    """
    near, far = sorted(case.draw(AMOUNTS) for _ in range(2))
    (name,) = case.block.inputs
    stops = [_asked(case, **{name: value}) for value in (near, far)]
    case.saw("a stop", any(stops))
    case.saw("no stop", not all(stops))
    require(stops != [True, False], f"it stops at {near}, but not at {far}")


@law("STP-3", role="early_stops", since="0.1", needs=heeds_divergence, examples=1)
def an_unmoved_policy_is_not_stopped(case: Case) -> None:
    """It does not stop a policy that has not moved.

    The first minibatch of every chunk has a divergence of 0.

    Formula: stop(0) = False
    """
    (name,) = case.block.inputs
    require(not _asked(case, **{name: 0.0}), "it stops at a divergence of 0")


@law("STP-4", role="early_stops", since="0.1", needs=heeds_divergence, examples=1)
def no_number_is_no_stop(case: Case) -> None:
    """It does not stop at a divergence that is no number, and stops at one that is infinite.

    A loss that is no number ends the run, which says why; epochs that merely ended would hide it.

    Formula: stop(NaN) = False, stop(∞) = True
    """
    (name,) = case.block.inputs
    require(not _asked(case, **{name: math.nan}), "it stops at NaN")
    require(_asked(case, **{name: math.inf}), "it does not stop at ∞")


@law("STP-5", role="early_stops", since="0.1", needs=limits_divergence, covers=("a stop", "no stop"), examples=40)
def it_stops_above_its_limit(case: Case) -> None:
    """It stops where the divergence is above its limit, compared as fractions.

    At the limit itself, and at the numbers next to it, too.

    Formula: stop(kl) ⇔ kl > limit
    """
    limit = case.block.limit
    near = st.sampled_from([limit, math.nextafter(limit, 0.0), math.nextafter(limit, math.inf)])
    kl = case.draw(near | st.floats(0.0, 3.0).map(lambda share: share * limit))
    (name,) = case.block.inputs
    found, due = _asked(case, **{name: kl}), Fraction(kl) > Fraction(limit)
    case.saw("a stop", due)
    case.saw("no stop", not due)
    require(found == due, f"at {kl!r}, with the limit {limit!r}, it answers {found}")


@law("STP-6", role="early_stops", since="0.1", needs=limits_divergence, examples=30)
def units_do_not_matter(case: Case) -> None:
    """With limit and divergence both in another unit it answers the same.

    Formula: stop(k·kl; k·limit) = stop(kl; limit)
    """
    unit = case.draw(st.sampled_from([0.25, 2.0, 1024.0]), "unit")  # powers of 2, so that nothing is rounded
    other = attrs.evolve(case.block, limit=case.block.limit * unit)
    kl = case.draw(st.floats(0.0, 3.0)) * case.block.limit
    (name,) = case.block.inputs
    case.say(f"{other!r}.compute({name}={kl * unit!r})")
    found, due = other.compute(**{name: kl * unit}), _asked(case, **{name: kl})
    require(found == due, f"in a unit {unit:g} times smaller it answers {found} instead of {due}")


@law("STP-7", role="early_stops", since="0.1", needs=limits_divergence, examples=30)
def a_wider_limit_stops_later(case: Case) -> None:
    """Where a wider limit stops, a narrower one stops too; and between two limits they differ.

    Formula: limit ≤ limit′ and stop(kl; limit′) ⇒ stop(kl; limit)
    """
    wider = attrs.evolve(case.block, limit=case.block.limit * case.draw(st.sampled_from([1.5, 2.0, 10.0]), "times"))
    kl = case.draw(st.floats(0.0, 12.0)) * case.block.limit
    (name,) = case.block.inputs
    case.say(f"{wider!r}.compute({name}={kl!r})")
    late, early = wider.compute(**{name: kl}), _asked(case, **{name: kl})
    require(early or not late, f"at {kl!r} the wider limit {wider.limit!r} stops, and {case.block.limit!r} does not")
    between = (case.block.limit + wider.limit) / 2
    found = (_asked(case, **{name: between}), wider.compute(**{name: between}))
    require(found == (True, False), f"between two limits, at {between!r}, they answer {found}")


@law("STP-8", role="early_stops", since="0.1")
def asking_changes_nothing(case: Case) -> None:
    """It remembers nothing: a block that was asked equals one that was not, and answers like it.

    A chunk begins with no trace of the one before.
    """
    asked, fresh = copy.deepcopy(case.block), copy.deepcopy(case.block)
    many = [{name: case.draw(AMOUNTS) for name in case.block.inputs} for _ in range(4)]
    case.say(f"asked = {case.block!r}\nfor numbers in {many!r}: asked.compute(**numbers)")
    answers = [asked.compute(**numbers) for numbers in many]
    require(asked == fresh, "asked, it is another block than before")
    for numbers, answer in zip(reversed(many), reversed(answers), strict=True):
        found = copy.deepcopy(fresh).compute(**numbers)
        require(found == answer, f"asked first, it answers {found} to {numbers}, and asked later {answer}")


@law("STP-9", role="early_stops", since="0.1", needs=heeds_divergence)
def rounding_is_no_matter(case: Case) -> None:
    """A divergence as float32 rounds it, as the run hands it over, is answered as its exact value is.

    Whole numbers as the same floats.
    """
    import numpy as np

    (name,) = case.block.inputs
    rounded = float(np.float32(case.draw(AMOUNTS)))
    for given in (np.float64(rounded), np.float32(rounded)):
        case.say(f"{case.block!r}.compute({name}=np.{type(given).__name__}({rounded!r}))")
        require(
            bool(case.block.compute(**{name: given})) == _asked(case, **{name: rounded}), f"as {given!r} it differs"
        )
    for whole in (0, 1, 10**6):
        found, due = _asked(case, **{name: whole}), _asked(case, **{name: float(whole)})
        require(found == due and isinstance(found, bool), f"at {whole} it answers {found!r}, at {float(whole)} {due}")
