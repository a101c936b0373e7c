"""What a path holds that is no checkpoint of ours: told from a few bytes, never opened, unpacked or executed."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from rlblocks._core.errors import CheckpointError, did_you_mean
from rlblocks.runs.folder import CHECKPOINTS, COMMAND

if TYPE_CHECKING:
    from pathlib import Path

LOOK = 1 << 16  # bytes from either end; the table of contents of a zip file is at its end
BEGINNINGS = (  # the first that fits
    (b"\x89HDF", "an HDF5 file (Keras and Minari write such)"),
    (b"\x93NUMPY", "a numpy array file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "an old torch file, which is a pickle"),
    *((b"\x80" + bytes([protocol]), "a pickle file") for protocol in range(2, 6)),
)
INSIDE_ZIP = (
    (b"_stable_baselines3_version", "a Stable-Baselines3 model (a zip with pickles inside)"),
    (b"data.pkl", "a torch file (a zip with a pickle inside)"),
    (b".npy", "a numpy archive"),
)
TYPICAL = "runs/NAME/checkpoints/last"


def kind_of_file(first: bytes, last: bytes) -> str:
    """What a file probably is, from its first and its last bytes.

    >>> kind_of_file(b"PK\\x03\\x04...", b"...archive/data.pkl...")
    'a torch file (a zip with a pickle inside)'
    >>> kind_of_file(b"hello", b"hello")
    'a file'
    """  # noqa: D301  the backslashes belong to the example
    if first.startswith(b"PK\x03\x04"):
        return next((kind for mark, kind in INSIDE_ZIP if mark in first or mark in last), "a zip archive")
    if first[8:10] == b'{"':
        return "a bare safetensors file"
    return next((kind for mark, kind in BEGINNINGS if first.startswith(mark)), "a file")


def refusal(path: Path) -> CheckpointError:
    """Why `path`, which has no manifest of ours, is no checkpoint, and what to give instead."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return CheckpointError(f"there is no checkpoint at {path}", fix=_neighbour(path), path=path)
    if stat.S_ISDIR(mode):
        last = path / "checkpoints" / "last"
        known = "a run folder" if last.is_dir() else "a folder without a manifest.json"
        fix = f"give {last}" if last.is_dir() else f"give a folder that rlblocks wrote, such as {TYPICAL}"
        return CheckpointError(f"{path} is {known}, not a checkpoint", fix=fix, path=path)
    kind = _look(path) if stat.S_ISREG(mode) else "neither a folder nor a file"
    return CheckpointError(
        f"{path} is {kind}, not a checkpoint of rlblocks, and was not opened any further",
        fix=f"give a folder that rlblocks wrote, such as {TYPICAL}", path=path, kind=kind,
    )  # fmt: skip


def _look(path: Path) -> str:
    try:
        with path.open("rb") as file:
            first = file.read(LOOK)
            file.seek(-min(LOOK, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return kind_of_file(first, file.read(LOOK))
    except OSError:
        return "a file that cannot be read"


def _neighbour(path: Path) -> str:
    run = path.parent.parent
    if path.parent.name == CHECKPOINTS and not path.parent.exists() and (run / COMMAND).is_file():
        return f"the run ended before it saved anything: begin it anew, as {run / COMMAND} says"
    try:
        there = [entry.name for entry in path.parent.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    except (OSError, ValueError):
        return f"give a folder that rlblocks wrote, such as {TYPICAL}"
    return did_you_mean(path.name, there) if there else f"{path.parent} is empty; give one such as {TYPICAL}"
