"""What stores that wrap a store have in common: what they answer in its place, and what they refuse inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlblocks._core.declare import Declared, Scheduled
from rlblocks._core.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rlblocks._core.keys import Spec
    from rlblocks.envs.base import Facts

DRAINED, SINGLE, CONSECUTIVE = "drained", "single steps", "consecutive steps"  # what may not fit inside


def outputs_inside(wrapper: Any) -> tuple[str, ...]:
    """What the store inside writes."""
    return tuple(wrapper.inner.outputs)


def specs_inside(wrapper: Any) -> Mapping[str, Spec]:
    """What is known of what the store inside writes."""
    return dict(wrapper.inner.specs)


def debts_inside(wrapper: Any) -> tuple[str, ...]:
    """Those of them that must be read."""
    return tuple(wrapper.inner.debts)


def inputs_inside(wrapper: Any) -> Mapping[str, Declared]:
    """What the store inside asks for; a scheduled number is found there.

    >>> from rlblocks.stores import NStep, PrioritizedReplay
    >>> inputs_inside(NStep(PrioritizedReplay(8)))["beta"]
    Scheduled(name='inner.beta')
    """
    return {
        name: Scheduled(f"inner.{asked.name}") if isinstance(asked, Scheduled) else asked
        for name, asked in wrapper.inner.inputs.items()
    }


def rows_inside(wrapper: Any) -> int:
    """See `Store.most_rows`: as the store inside."""
    return int(wrapper.inner.most_rows())


def misfit_inside(wrapper: Any, facts: Facts) -> str:
    """See `Store.misfit`: as the store inside."""
    return str(wrapper.inner.misfit(facts))


def refuse(wrapper: Any, reasons: Mapping[str, tuple[str, str]]) -> None:
    """Refuse a store inside that does not fit.

    The `reasons` say, by what the store hands or takes, why that does not fit, to stand after its name, and what
    to write.

    Raises:
        FieldError: there is a reason against the store inside.
    """
    owner, inner = type(wrapper).__name__, wrapper.inner
    for trait in (inner.hands, inner.tags.get("takes", "")):
        if trait in reasons:
            why, fix = reasons[trait]
            raise FieldError(
                f"{owner}.inner holds {type(inner).__name__}, {why}", fix=fix, block=owner, field="inner", value=inner
            )
