"""The folder of a run: what lies where, making a new one, and finding the one that somebody means."""

from __future__ import annotations

import re
import time
from pathlib import Path

from rlblocks._core.errors import RunError, did_you_mean, nearest
from rlblocks.runs.lock import claim
from rlblocks.runs.machine import compare_machines, machine_record
from rlblocks.runs.records import MetricsFile, cut_back, read_metrics

__all__ = [
    "MetricsFile",
    "all_runs",
    "claim",
    "compare_machines",
    "cut_back",
    "find_run",
    "is_run",
    "latest_run",
    "machine_record",
    "new_run_folder",
    "read_metrics",
]

RUNS = Path("runs")  # where runs go unless told otherwise
RECIPE = "recipe.toml"  # in full, defaults included
COMMAND = "command.txt"  # the command line that began it
DIFF = "diff.txt"  # from the named recipe
MACHINE = "machine.json"
METRICS = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
LAST = f"{CHECKPOINTS}/last"
BEST = f"{CHECKPOINTS}/best"
CURVES = ("curves.png", "curves.svg")
VIDEO = "evaluation"  # with the suffix of the format that can be written
SIGNS = (RECIPE, METRICS, LAST)  # a folder with one of these is a run
LONGEST = 80  # characters of a name; file systems take 255 bytes
BEGIN = "start one: rlblocks run dqn"
LISTED = 5  # names in an error


def new_run_folder(root: Path, name: str) -> Path:
    """Make a new folder `root/NAME-DATE-TIME`; two at once get different ones.

    >>> import tempfile
    >>> a, b = (new_run_folder(Path(tempfile.mkdtemp()), "dqn-ALE/Breakout-v5") for _ in range(2))
    >>> a.name[:20], a == b
    ('dqn-ALE-Breakout-v5-', False)

    Raises:
        RunError: no folder can be made there.
    """
    plain = re.sub(r"[^\w.-]+", "-", name)[:LONGEST].strip(".-") or "run"
    stem = f"{plain}-{time.strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while True:
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            root.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError as error:
            if not root.is_dir():
                raise _no_folder(root, error) from error
            number += 1  # another run began in this second
        except OSError as error:
            raise _no_folder(root, error) from error
        else:
            return folder


def _no_folder(root: Path, error: OSError) -> RunError:
    return RunError(
        f"no run folder can be made in {root}: {(error.strerror or str(error)).lower()}",
        fix="make it writable, or name another place for runs", path=root, errno=error.errno,
    )  # fmt: skip


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    try:
        return folder.is_dir() and any((folder / sign).exists() for sign in SIGNS)
    except (OSError, ValueError):  # a name that no file can have, or a folder that may not be read
        return False


def all_runs(root: Path = RUNS) -> list[Path]:
    """The runs in `root`, the one that was last written to first."""
    try:
        found = [folder for folder in root.iterdir() if is_run(folder)]
    except OSError:
        return []
    return sorted(found, key=lambda folder: (_touched(folder), folder.name), reverse=True)


def _touched(folder: Path) -> int:
    places = [folder, *(folder / name for name in (METRICS, CHECKPOINTS))]
    return max(place.stat().st_mtime_ns for place in places if place.exists())


def latest_run(root: Path = RUNS) -> Path:
    """The run in `root` that was last written to.

    Raises:
        RunError: there is none.
    """
    found = all_runs(root)
    if not found:
        raise RunError(f"there are no runs in {root}", fix=BEGIN, path=root)
    return found[0]


def find_run(text: str, root: Path = RUNS) -> Path:
    """The run folder that somebody means: by path, by a path inside it, by name, or by the beginning of its name.

    Raises:
        RunError: there is no such run, or more than one begins like that.
    """
    typed = _expanded(text)
    for place in (typed, root / text) if text.strip() else ():
        for folder in (place, *place.parents[:3]):  # such as RUN/checkpoints/last/manifest.json
            if is_run(folder) and _exists(place):
                return folder
    root = typed.parent if len(typed.parts) > 1 else root
    return _by_beginning(typed.name, text, root)


def _by_beginning(begin: str, text: str, root: Path) -> Path:
    runs = {folder.name: folder for folder in all_runs(root)}
    begun = [name for name in runs if begin.strip() and name.startswith(begin)]
    if len(begun) == 1:
        return runs[begun[0]]
    if begun:
        what = f"{len(begun)} runs in {root} begin with {begin!r}"
        raise RunError(what, fix=f"write more of one: {_listed(begun)}", text=text, runs=begun)
    raise RunError(
        f"there is no run {text!r} in {root}", fix=_nearest_run(begin, list(runs), root), text=text, path=root
    )


def _nearest_run(begin: str, runs: list[str], root: Path) -> str:
    if not runs:  # such as RUN/checkpoints/lost
        there = [entry.name for entry in root.iterdir()] if is_run(root.parent) and root.is_dir() else []
        return did_you_mean(begin, there) if there else BEGIN
    beginnings = {name[: len(begin)]: name for name in reversed(runs)}  # of those that begin alike, the latest
    close = nearest(begin, beginnings) if begin.strip() else ""
    return f"did you mean {beginnings[close]!r}?" if close else f"there are: {_listed(runs)}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~somebody who has no home
        return Path(text)
