"""STP: what every early stop obeys: a plain answer, the same each time, and firmer the further the policy has moved."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.declare import Read
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law

AMOUNTS = st.floats(0.0, 10.0) | st.floats(0.0, 0.1) | st.sampled_from([0.0, 1e-8, 0.015, 1e30])


def heeds_divergence(block: Block) -> str:
    """Whether a stop reads how far the policy has moved, and nothing else."""
    reads = [asked.key for asked in block.inputs.values() if isinstance(asked, Read)]
    return "" if reads == ["kl"] else "it does not read kl alone"


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


@law("STP-2", role="early_stops", since="0.1", needs=heeds_divergence, covers=("a stop", "no stop"), examples=40)
def further_is_firmer(case: Case) -> None:
    """Where it stops at one divergence it stops at every greater one.

    And it stops at some.
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
    """
    (name,) = case.block.inputs
    require(not _asked(case, **{name: 0.0}), "it stops at a divergence of 0")
