"""Checkpoints on disk: a folder of safetensors and JSON that is either whole or not there.

A checkpoint is a folder:

- `0-networks.safetensors`, `1-store.safetensors` and so on, one for each top-level key of the tree that holds arrays,
  so that an agent is loaded without its replay;
- `tree.json`: everything else, and which array belongs where;
- `manifest.json`, written last: schema, version, facts about the run, size and sha256 of every other file, and in its
  first line the sha256 of itself.

`save` writes a temporary folder beside the old checkpoint, forces every file to the disk, reads it back against its
hashes, and only then exchanges the two by renaming. Killed at any point, it leaves the old or the new checkpoint whole
(for the instant between two renames under the name `.NAME.previous`, where `load` looks too). One process writes to a
checkpoint at a time (see `claim`); any number may read meanwhile.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from rlblocks._core.errors import CheckpointError, did_you_mean
from rlblocks.runs.manifest import (
    MANIFEST,
    TREE,
    Manifest,
    damaged,
    json_bytes,
    read_manifest,
    verify,
    write_file,
    write_manifest,
)
from rlblocks.runs.tree import chunks, flatten, no_array, restore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    import torch

    from rlblocks.runs.tree import Array

Result = TypeVar("Result")
READS = 10  # a reader starts again where a save exchanged the folder under it
FIXES = {
    errno.ENOSPC: "free some space on that disk, or put the run on another one",
    errno.EDQUOT: "free some of your quota on that disk, or put the run on another one",
    errno.EACCES: "make that folder writable, or put the run elsewhere",
    errno.EPERM: "make that folder writable, or put the run elsewhere",
    errno.EROFS: "put the run on a disk that can be written to",
    errno.EIO: "put the run on another disk; this one reports faults",
}


def save(path: Path, tree: Mapping[str, Any], *, meta: Mapping[str, Any]) -> None:
    """Write `tree` as the checkpoint `path`, in place of the one that may be there.

    `meta` are a few facts that can be read without the rest (`read_meta`): plain values, no arrays.

    >>> import tempfile, pathlib
    >>> last = pathlib.Path(tempfile.mkdtemp(), "last")
    >>> save(last, {"counters": {"env_steps": 500}}, meta={"recipe": "dqn"})
    >>> load(last)
    ({'counters': {'env_steps': 500}}, {'recipe': 'dqn'})

    Raises:
        CheckpointError: it could not be written, or does not read back. The previous checkpoint is as it was.
    """
    if path.name in ("", ".."):
        raise CheckpointError(f"{path} cannot be a checkpoint", fix=f"name a folder in it: {path / 'last'}", path=path)
    plan = _plan(tree, path)
    facts, skeleton = flatten(dict(meta), "meta")
    if facts:
        raise CheckpointError(f"{next(iter(facts))} is an array", fix="put it into the tree", path=path)
    fresh, previous = path.with_name(f".{path.name}.new"), _previous(path)
    with _explained(path):
        _may_replace(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path, fresh, previous)
        try:
            _write_folder(fresh, plan, skeleton)
            _read_back(fresh, path)
            _exchange(path, fresh, previous)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(previous, ignore_errors=True)


def load(path: Path, only: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the checkpoint `path`: its tree and its `meta`. Files are read only after their hashes were compared.

    `only` names top-level keys; no file of the others is opened. When empty, everything is read.

    Raises:
        CheckpointError: it is missing, damaged, foreign, or of another schema.
    """
    return _steadily(path, lambda folder: _read_folder(folder, tuple(only)))


def read_meta(path: Path) -> dict[str, Any]:
    """The `meta` of the checkpoint `path`, without reading or verifying its other files."""
    return _steadily(path, lambda folder: dict(restore(read_manifest(folder).meta, no_array)))


def _previous(path: Path) -> Path:
    return path.with_name(f".{path.name}.previous")


def _whereabouts(path: Path) -> Path:
    try:
        return _previous(path) if path.name and not path.exists() and _previous(path).exists() else path
    except (OSError, ValueError):  # a name that no file can have
        return path


# Writing


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        kept = "; the one before it is unharmed" if _whereabouts(path).exists() else ""
        raise CheckpointError(
            f"checkpoint {path} could not be written: {why}{kept}",
            fix=FIXES.get(error.errno or 0, "give the run another folder"), path=path, errno=error.errno,
        ) from error  # fmt: skip


def _plan(tree: Mapping[str, Any], path: Path) -> dict[str, tuple[dict[str, Array], Any]]:
    for key in tree:
        if type(key) is not str:
            raise CheckpointError(
                f"the tree has the key {key!r}, but a key is a text", fix=f"write {str(key)!r}", path=path
            )
    return {key: flatten(part, key) for key, part in tree.items()}


def _may_replace(path: Path) -> None:
    foreign = path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir())))
    if foreign and (path.is_symlink() or not (path / MANIFEST).is_file()):
        raise CheckpointError(
            f"{path} exists and is not a checkpoint, so it is not replaced by one",
            fix="move it away, or save under another name", path=path,
        )  # fmt: skip


def _tidy(path: Path, fresh: Path, previous: Path) -> None:
    """Finish or undo what a killed save left behind."""
    if previous.exists() and not path.exists():
        previous.rename(path)
    for stale in (fresh, previous):
        if stale.exists():
            shutil.rmtree(stale)


def _write_folder(folder: Path, plan: Mapping[str, tuple[dict[str, Array], Any]], meta: Any) -> None:
    folder.mkdir()
    files, parts = {}, {}
    for index, (key, (arrays, _)) in enumerate(plan.items()):
        if arrays:
            parts[key] = f"{index}-{re.sub('[^a-z0-9_]+', '-', key.lower())[:40]}.safetensors"
            files[parts[key]] = write_file(folder / parts[key], chunks(arrays))
    files[TREE] = write_file(folder / TREE, [json_bytes({key: skeleton for key, (_, skeleton) in plan.items()})])
    write_manifest(folder, Manifest(meta, tuple(plan), parts, files))
    _sync_folder(folder)


def _read_back(folder: Path, path: Path) -> None:
    try:
        verify(folder, read_manifest(folder).files)
    except CheckpointError as error:
        raise CheckpointError(
            f"checkpoint {path} did not read back as it was written, so it was not kept ({error.what})",
            fix=FIXES[errno.EIO], path=path,
        ) from error  # fmt: skip


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there, and renames are logged by the file system
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(path: Path, fresh: Path, previous: Path) -> None:
    """Put `fresh` at `path`; what was there stays at `previous`. Undone where it fails."""
    try:
        if path.exists():
            path.rename(previous)
        fresh.rename(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):  # where this fails as well, `load` finds the previous one under its other name
            if not fresh.exists():
                path.rename(fresh)
            if previous.exists():
                previous.rename(path)
        raise


# Reading


def _steadily(path: Path, read: Callable[[Path], Result]) -> Result:
    """Read a checkpoint as one that was not replaced meanwhile; else what is read could mix the two."""
    for _ in range(READS):
        folder = _whereabouts(path)
        before = _identity(folder)
        try:
            found = read(folder)
        except CheckpointError:
            if _identity(folder) == before:
                raise
        else:
            if _identity(folder) == before:
                return found
    raise CheckpointError(f"checkpoint {path} is replaced faster than it can be read", fix="try again", path=path)


def _identity(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except (OSError, ValueError):
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _read_folder(folder: Path, only: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    manifest = read_manifest(folder)
    for key in only:
        if key not in manifest.keys:
            raise CheckpointError(
                f"checkpoint {folder} has no {key!r}", fix=did_you_mean(key, manifest.keys), path=folder, key=key
            )
    wanted = only or manifest.keys
    needed = {TREE, *(manifest.parts[key] for key in wanted if key in manifest.parts)}
    verify(folder, {name: manifest.files[name] for name in sorted(needed)})
    try:
        skeletons = json.loads((folder / TREE).read_bytes())
        tree = {key: _read_part(folder, manifest.parts.get(key, ""), skeletons[key]) for key in wanted}
        return tree, dict(restore(manifest.meta, no_array))
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise damaged(f"checkpoint {folder} makes no sense ({type(error).__name__}: {error})", folder) from error


def _read_part(folder: Path, name: str, skeleton: Any) -> Any:
    if not name:
        return restore(skeleton, no_array)
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / name, framework="pt") as file:

            def fetch(key: str) -> torch.Tensor:
                # The library maps the file; a copy lives on when the file is replaced or cut.
                tensor: torch.Tensor = file.get_tensor(key)
                return tensor.clone()

            return restore(skeleton, fetch)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise damaged(f"{folder / name} cannot be read as safetensors: {error}", folder / name) from error
