"""One process per run folder."""

from __future__ import annotations

import errno
import json
import os
import platform
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rlblocks._core.errors import RunError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK = "lock"  # locked by the system; its content only names the holder
LOCK_FILE = "lock.held"  # is itself the lock, where the system has none
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # some network file systems
TAKES = 3  # attempts to take over the lock of a dead process


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold a run folder for this process while the block runs.

    Where the operating system locks files, the lock is gone with its process, however that ends. Elsewhere the lock is
    a file, and is taken over when its process, on this machine, is dead.

    >>> import tempfile, pathlib
    >>> with claim(pathlib.Path(tempfile.mkdtemp())):
    ...     pass

    Raises:
        RunError: another process holds the folder (the message names it), or the folder cannot be written to.
    """
    release = _take(folder)
    try:
        yield
    finally:
        release()


def _take(folder: Path) -> Callable[[], None]:
    try:
        return _lock_by_system(folder) if fcntl else _lock_by_file(folder)
    except BlockingIOError:
        raise _held(folder, folder / LOCK, "") from None
    except FileExistsError:
        remove = f"; if there is no such process any more, remove {folder / LOCK_FILE}"
        raise _held(folder, folder / LOCK_FILE, remove) from None
    except OSError as error:
        raise RunError(
            f"run folder {folder} cannot be locked: {(error.strerror or str(error)).lower()}",
            fix="make it writable, or give the run another folder", path=folder, errno=error.errno,
        ) from error  # fmt: skip


def _lock_by_system(folder: Path) -> Callable[[], None]:
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)

    def release() -> None:
        # The file stays: were it removed, two processes could hold locks on two files of one name.
        os.ftruncate(handle, 0)
        fcntl.flock(handle, fcntl.LOCK_UN)  # for children that inherited the handle as well
        os.close(handle)

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.write(handle, _signature())
    except OSError as error:
        os.close(handle)
        if error.errno in NO_LOCKS:
            return _lock_by_file(folder)
        raise
    return release


def _lock_by_file(folder: Path) -> Callable[[], None]:
    path = folder / LOCK_FILE
    for _ in range(TAKES):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            if not _is_dead(_holder(path)):
                raise
            path.unlink(missing_ok=True)
        else:
            os.write(handle, _signature())
            os.close(handle)
            return path.unlink
    raise FileExistsError


def _signature() -> bytes:
    return json.dumps({"pid": os.getpid(), "host": platform.node()}).encode()


def _holder(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
        return {"pid": int(found["pid"]), "host": str(found["host"])}
    except (OSError, ValueError, LookupError, TypeError):
        return {}  # not yet written


def _is_dead(holder: dict[str, Any]) -> bool:
    if os.name == "nt" or holder.get("host") != platform.node():
        return False  # signal 0 is a Ctrl-C on Windows, and another machine's processes cannot be asked
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _held(folder: Path, path: Path, remove: str) -> RunError:
    holder = _holder(path)
    who = f"process {holder['pid']} on {holder['host']}" if holder else "another process"
    fix = f"wait for it or end it, or give this run a folder of its own{remove}"
    return RunError(f"run folder {folder} is in use by {who}", fix=fix, path=folder, **holder)
