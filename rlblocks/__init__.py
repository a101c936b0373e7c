"""rlblocks: reinforcement learning assembled from interchangeable parts.

A block is a value, a recipe is a value, and what does not fit is said before the first step.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlblocks._core.block import Block as Block
    from rlblocks._core.block import block as block
    from rlblocks._core.block import role as role
    from rlblocks._core.clocks import Clock as Clock
    from rlblocks._core.clocks import EnvSteps as EnvSteps
    from rlblocks._core.clocks import Episodes as Episodes
    from rlblocks._core.clocks import OfRun as OfRun
    from rlblocks._core.clocks import Updates as Updates
    from rlblocks._core.declare import Declared as Declared
    from rlblocks._core.declare import Derived as Derived
    from rlblocks._core.declare import draw as draw
    from rlblocks._core.declare import fn as fn
    from rlblocks._core.declare import raw as raw
    from rlblocks._core.declare import read as read
    from rlblocks._core.declare import scheduled as scheduled
    from rlblocks._core.declare import size as size
    from rlblocks._core.declare import spec as spec
    from rlblocks._core.diff import apply as apply
    from rlblocks._core.diff import describe as describe
    from rlblocks._core.diff import diff as diff
    from rlblocks._core.errors import BuildError as BuildError
    from rlblocks._core.errors import RecipeError as RecipeError
    from rlblocks._core.errors import RlblocksError as RlblocksError
    from rlblocks._core.errors import RunError as RunError
    from rlblocks._core.errors import WiringError as WiringError
    from rlblocks._core.keys import Spec as Spec
    from rlblocks._core.recipe import Network as Network
    from rlblocks._core.recipe import Objective as Objective
    from rlblocks._core.recipe import Recipe as Recipe
    from rlblocks._core.recipe import compose as compose
    from rlblocks._core.wiring import wire as wire
    from rlblocks.runs.run import load as load
    from rlblocks.runs.train import resume as resume
    from rlblocks.runs.train import train as train

_WHERE = {
    "_core.block": ("Block", "block", "role"),
    "_core.clocks": ("Clock", "EnvSteps", "Episodes", "OfRun", "Updates"),
    "_core.declare": ("Declared", "Derived", "draw", "fn", "raw", "read", "scheduled", "size", "spec"),
    "_core.diff": ("apply", "describe", "diff"),
    "_core.errors": ("BuildError", "RecipeError", "RlblocksError", "RunError", "WiringError"),
    "_core.keys": ("Spec",),
    "_core.recipe": ("Network", "Objective", "Recipe", "compose"),
    "_core.wiring": ("wire",),
    "runs.run": ("load",),
    "runs.train": ("resume", "train"),
}
_HOME = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605  made from the table above, so that it is written once


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"rlblocks.{_HOME[name]}"), name)
    raise AttributeError(f"module 'rlblocks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
