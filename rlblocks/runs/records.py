"""The metrics file of a run: one JSON object per line, only ever added to.

Floats are written so that they come back bit for bit. `NaN`, `Infinity` and `-Infinity` are written as Python's json
writes them. A line that was cut by a crash is passed over by readers, and removed by the next writer.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rlblocks._core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

EVERY = 1.0  # seconds between two hand-overs to the operating system
BLOCK = 1 << 16  # bytes read at once in search of the last line's end


class MetricsFile:
    """A file of records that grows by one line at a time. What is buffered reaches the file within about a second.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "metrics.jsonl")
    >>> with MetricsFile(path) as file:
    ...     file.append({"env_steps": 9, "return": float("inf")})
    >>> read_metrics(path)
    [{'env_steps': 9, 'return': inf}]
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._clock = clock
        cut_back(path, _size(path))  # a line that a crash has cut would swallow the next one
        try:
            self._file = path.open("ab", buffering=1 << 20)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._flushed = clock()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record after the last. numpy's numbers and 0-dim tensors are numbers."""
        line = _ENCODE(dict(record)).encode() + b"\n"
        try:
            self._file.write(line)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        if self._clock() - self._flushed >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Hand over what has been added, so that a reader finds it."""
        try:
            self._file.flush()
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._flushed = self._clock()

    def position(self) -> int:
        """Force everything to the disk; returns the length of the file in bytes, which a checkpoint remembers."""
        self.flush()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return self._file.tell()

    def close(self) -> None:
        """Flush and close. More than once is allowed."""
        try:
            self._file.close()
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All records of a metrics file, in order, without a last line that a crash has cut. None, where there is no file.

    Raises:
        RunError: the file cannot be read, or a line in it is no record.
    """
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise RunError(f"{path} could not be read: {error.strerror}", fix="make it readable", path=path) from error
    *lines, cut = content.split(b"\n")
    records = [_record(line, number, path) for number, line in enumerate(lines, start=1)]
    try:
        return [*records, _record(cut, len(records) + 1, path)]
    except RunError:  # empty, as a rule
        return records


def cut_back(path: Path, position: int) -> int:
    """Cut a metrics file back to `position` bytes, or to the last line that ends before it. Returns its new length.

    A result below `position` says that the file was shorter than the checkpoint remembers, or changed since.
    """
    if not path.exists():
        return 0
    try:
        with path.open("r+b") as file:
            end = _line_end(file, min(position, _size(path)))
            file.truncate(end)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(path, error) from error
    return end


def _line_end(file: Any, position: int) -> int:
    while position > 0:
        start = max(0, position - BLOCK)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return int(start + found + 1)
        position = start
    return 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _record(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RunError(
            f"line {number} of {path} is no record of metrics", fix="remove that line", path=path, line=number
        )
    return found


def _number(value: Any) -> bool | int | float:
    """What json makes of a number that is not Python's own."""
    if isinstance(value, np.generic):
        plain = value.item()
        if isinstance(plain, bool | int | float):
            return plain
    try:
        return float(value)
    except (TypeError, ValueError):
        raise RunError(
            f"a record of metrics holds {value!r}", fix="record numbers, texts, and lists or dicts of these"
        ) from None


_ENCODE = json.JSONEncoder(default=_number, separators=(", ", ": ")).encode  # made once: a new encoder costs 20 µs


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(
        f"{path} could not be written: {(error.strerror or str(error)).lower()}",
        fix="free some space on that disk, or make the folder writable", path=path, errno=error.errno,
    )  # fmt: skip
