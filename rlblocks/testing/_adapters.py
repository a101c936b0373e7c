"""How a block of each role is called: from a block to a strategy of calls.

A role without an adapter here has laws that call it themselves (stores, schedules, cadences, environments).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks.testing._call import Call

Adapter = Callable[..., st.SearchStrategy[Call]]
Refusal = Callable[[Block], str]


def calls(block: Block, rows: int | None = None, **conditions: Any) -> st.SearchStrategy[Call]:
    """Calls of a block on inputs that fit what it declares."""
    return _adapters()[block.role][0](block, rows, **conditions)


def unsupplied(block: Block) -> str:
    """What a block asks for and the kit cannot make; empty where it can call it."""
    adapter = _adapters().get(block.role)
    return adapter[1](block) if adapter else ""


def _nothing(block: Block) -> str:  # noqa: ARG001  the signature of `Refusal`
    return ""


@functools.cache
def _adapters() -> dict[str, tuple[Adapter, Refusal]]:
    from rlblocks.testing import (
        _aggregate_calls,
        _compute_calls,
        _module_calls,
        _policy_calls,
        _return_calls,
        _tensor_calls,
    )

    return {
        "aggregates": (_aggregate_calls.aggregate_calls, _nothing),
        "targets": (_compute_calls.compute_calls, _compute_calls.unsupplied),
        "losses": (_compute_calls.compute_calls, _compute_calls.unsupplied),
        "explorers": (_compute_calls.compute_calls, _compute_calls.unsupplied),
        "returns": (_return_calls.return_calls, _return_calls.unsupplied),
        "transforms": (_compute_calls.compute_calls, _compute_calls.unsupplied),
        "distributions": (_policy_calls.policy_calls, _policy_calls.unserved),
        "layers": (_module_calls.layer_calls, _nothing),
        "bodies": (_module_calls.body_calls, _module_calls.unreadable),
        "heads": (_module_calls.head_calls, _module_calls.unserved),
        "value_forms": (_module_calls.form_calls, _nothing),
        "clips": (_tensor_calls.clip_calls, _nothing),
        "target_updates": (_tensor_calls.follow_calls, _nothing),
        "optimizers": (_tensor_calls.step_calls, _tensor_calls.unnumbered),
    }
