"""Blocks that installed packages offer, as entry points of the group `rlblocks.blocks`."""

from __future__ import annotations

import warnings
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from rlblocks._core.errors import PlugInWarning, RlblocksError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "rlblocks.blocks"


def load_plug_ins() -> None:
    """Import them all; of one that does not import, its users are warned, and everything else goes on."""
    for entry in entry_points(group=GROUP):
        try:
            entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  a plug-in may break in any way
            warnings.warn(_told(entry, error), stacklevel=4)


def _told(entry: EntryPoint, error: BaseException) -> PlugInWarning:
    package = entry.dist.name if entry.dist else entry.name
    said = error.what if isinstance(error, RlblocksError) else str(error)
    fix = f"mend or update the package, or take it out: pip uninstall {package}"
    if isinstance(error, RlblocksError) and error.fix:
        fix = error.fix
    elif missing := _from_elsewhere(entry, error):
        fix = f"install what provides the module {missing!r}, or take the package out: pip uninstall {package}"
    return PlugInWarning(
        f"the package {package!r} offers blocks in {entry.module}, which does not import: {type(error).__name__}: "
        f"{(said.splitlines() or [''])[0]}", fix,
    )  # fmt: skip


def _from_elsewhere(entry: EntryPoint, error: BaseException) -> str:
    """The module that is missing; empty where none is, or where it is the package's own, or ours, and has gone."""
    missing = str(error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return "" if missing in ("rlblocks", entry.module.partition(".")[0]) else missing
