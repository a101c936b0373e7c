"""The manifest of a checkpoint: which files it has, their sizes and hashes, and how both are checked.

`manifest.json` is written last. Its first line is the sha256 of all that follows, in every schema there will be, so
that no byte of it can change unseen. It names files of its own folder only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.errors import CheckpointError
from rlblocks.runs.foreign import refusal
from rlblocks.runs.machine import version_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT = "rlblocks checkpoint"
SCHEMA = 1
MANIFEST, TREE = "manifest.json", "tree.json"
SEAL = re.compile(rb'\{"seal": "([0-9a-f]{64})",\n')
FILE_NAME = re.compile(r"[a-z0-9_-]{1,64}\.(safetensors|json)")
LARGEST = 1 << 26  # bytes of a manifest
DAMAGED = "use another checkpoint of the run, such as checkpoints/best, or copy this one again from its source"


@attrs.frozen
class Manifest:
    """What is known of a checkpoint before any other file of it is read."""

    meta: Any  # facts about the run, as `flatten` writes them
    keys: tuple[str, ...]  # the top-level keys of the tree
    parts: Mapping[str, str]  # top-level key to file, where it holds arrays
    files: Mapping[str, Mapping[str, Any]]  # file to {"sha256": ..., "size": ...}
    version: str = attrs.field(factory=lambda: version_of("rlblocks"))  # of the library that wrote it
    schema: int = SCHEMA
    format: str = FORMAT


def write_file(path: Path, pieces: Iterable[bytes | memoryview]) -> dict[str, Any]:
    """Write a new file and force it to the disk; returns its size and the sha256 of what was meant to be written."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return {"sha256": digest.hexdigest(), "size": size}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest under its seal."""
    body = json_bytes(attrs.asdict(manifest)).removeprefix(b"{\n")
    seal = hashlib.sha256(body).hexdigest().encode()
    write_file(folder / MANIFEST, [b'{"seal": "', seal, b'",\n', body])


def json_bytes(value: Any) -> bytes:
    """Strict JSON, a line for each entry."""
    return json.dumps(value, indent=1, allow_nan=False).encode()


def damaged(what: str, path: Path) -> CheckpointError:
    """The error for a checkpoint that is not as it was written."""
    return CheckpointError(what, fix=DAMAGED, path=path)


def _open_plainly(path: Path) -> int:
    """Open for reading what is a file of its own: no symbolic link, no pipe, no device."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise damaged(f"{path} is not a regular file, so it was not opened", path)
    return os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of the checkpoint in `folder`.

    Raises:
        CheckpointError: there is none, it is damaged, makes no sense or is of another schema.
    """
    path = folder / MANIFEST
    try:
        with os.fdopen(_open_plainly(path), "rb") as file:
            content = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise refusal(folder) from None
    except OSError as error:
        raise damaged(f"{path} could not be read: {error.strerror}", path) from error
    seal = SEAL.match(content)
    if not seal or len(content) > LARGEST:
        raise damaged(f"{path} is not the manifest of a checkpoint of rlblocks", path)
    if hashlib.sha256(content[seal.end() :]).hexdigest().encode() != seal[1]:
        raise damaged(f"{path} is damaged: it does not match its own sha256", path)
    return _understood(content, path)


def _understood(content: bytes, path: Path) -> Manifest:
    try:
        found = json.loads(content)
        _check_schema(path.parent, found["format"], found["schema"], found["version"])
        manifest = Manifest(found["meta"], tuple(found["keys"]), dict(found["parts"]), dict(found["files"]))
        sound = type(manifest.meta) is dict and set(manifest.parts) <= set(manifest.keys)
        sound &= all(re.fullmatch(r"[0-9a-f]{64}", f["sha256"]) and f["size"] >= 0 for f in manifest.files.values())
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise damaged(f"{path} makes no sense ({type(error).__name__}: {error})", path) from error
    names = {TREE, *map(str, manifest.parts.values())}
    if not sound or names != set(manifest.files) or not all(FILE_NAME.fullmatch(name) for name in names):
        raise damaged(f"{path} names files that no checkpoint has", path)
    return manifest


def _check_schema(folder: Path, form: object, schema: object, version: object) -> None:
    if form != FORMAT or type(schema) is not int:
        raise ValueError(f"format {form!r}, schema {schema!r}")
    if schema != SCHEMA:
        raise CheckpointError(
            f"checkpoint {folder} is of schema {schema}, written by rlblocks {version}; this version reads {SCHEMA}",
            fix=f"install rlblocks {version}{' or newer' if schema > SCHEMA else ''} to read it",
            path=folder, schema=schema,
        )  # fmt: skip


def verify(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Compare files with their sizes and hashes, streaming."""
    for name, said in files.items():
        path = folder / name
        try:
            with os.fdopen(_open_plainly(path), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != said["size"]:
                    raise damaged(f"{path} has {size} bytes, but its manifest says {said['size']}", path)
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise damaged(f"{path} is missing, but its manifest names it", path) from None
        except OSError as error:
            raise damaged(f"{path} could not be read: {error.strerror}", path) from error
        if found != said["sha256"]:
            raise damaged(f"{path} is damaged or of another checkpoint: it does not match its sha256", path)
