"""Whether a store fits the machine, asked before anything is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from rlblocks._core.errors import BuildError

_MEMINFO = Path("/proc/meminfo")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def available_bytes() -> int:
    """The memory that this process may still take, as far as the system tells; 2⁶³ where it does not."""
    return min(_unused(), _container_limit())


def _unused() -> int:
    # What the kernel could free counts as available. The count of free pages leaves it out, and on a machine that has
    # read many files it is near zero.
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that has no such figures
        return 2**63


def _container_limit() -> int:
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return 2**63
    return int(limit) if limit.isdigit() else 2**63


def require_room(owner: str, rows: int, row_bytes: int, fix: str = "") -> None:
    """Refuse a store or a table that cannot fit; without a `fix`, a smaller capacity is proposed.

    Raises:
        BuildError: `rows` rows of `row_bytes` bytes are more than the memory available.
    """
    need, available = rows * row_bytes, available_bytes()
    if need > available:
        raise no_room(owner, rows, row_bytes, available, fix)


def no_room(owner: str, rows: int, row_bytes: int, available: int, fix: str = "") -> BuildError:
    """The error for what does not fit."""
    smaller = f"give it a capacity of at most {max(available // row_bytes, 1):,}, or rows with smaller observations"
    return BuildError(
        f"{owner} of {rows:,} rows needs {rows * row_bytes:,} bytes ({row_bytes:,} a row), "
        f"but {available:,} bytes of memory are available",
        fix=fix or smaller,
        owner=owner, rows=rows, bytes=rows * row_bytes, available=available,
    )  # fmt: skip
