"""A checkpoint is whole or not there, whatever call of a save fails, and whenever it is killed."""

import contextlib
import errno
import io
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from generations import flip, generation, names, write

from rlblocks._core.errors import CheckpointError
from rlblocks.runs import checkpoint
from rlblocks.runs.checkpoint import load, read_meta, save

OPERATIONS = ("open", "write", "fsync", "rename", "mkdir", "os.open")
CLEANING = ("unlink", "rmdir", "scandir")
pytestmark = pytest.mark.usefixtures("no_waiting")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the process runs any more."""


class Disk:
    """Counts the calls of a process to its disk, and fails at one of them, or at that one and all later ones."""

    def __init__(self, monkeypatch, fault, at, forever):
        self.count, self.fault, self.at, self.forever = 0, fault, at, forever
        self.calls = []
        for module, name in [(os, "fsync"), (os, "rename"), (os, "mkdir"), (os, "open"), (io, "open")]:
            label = "os.open" if (module, name) == (os, "open") else name
            monkeypatch.setattr(module, name, self.watched(getattr(module, name), label))
        for name in CLEANING:
            monkeypatch.setattr(os, name, self.watched(getattr(os, name), name))

    def watched(self, real, name):
        def call(*args, **kwargs):
            self.step(name)
            found = real(*args, **kwargs)
            return Written(found, self) if name == "open" and "x" in args[1] else found

        return call

    def step(self, name):
        self.count += 1
        self.calls.append(name)
        if self.count == self.at or (self.forever and self.count > self.at):
            raise self.fault


class Written:
    """A file open for writing on such a disk: half of what is written arrives before it fails."""

    def __init__(self, file, disk):
        self.file, self.disk = file, disk

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, piece):
        self.file.write(bytes(piece)[: len(piece) // 2])
        self.disk.step("write")
        self.file.write(bytes(piece)[len(piece) // 2 :])

    def flush(self):
        self.file.flush()

    def fileno(self):
        return self.file.fileno()


def calls_of_a_save(monkeypatch, path):
    with monkeypatch.context() as patch:
        disk = Disk(patch, None, -1, forever=False)
        write(path, 2)
    return disk.calls


def test_every_kind_of_call_is_watched(last, monkeypatch):
    """The faults below reach every operation of a save."""
    assert set(OPERATIONS) | set(CLEANING) == set(calls_of_a_save(monkeypatch, last))


def test_everything_is_on_the_disk_before_it_is_exchanged(last, monkeypatch):
    """The four files and their folder are forced to the disk before the first rename, the parent after the last."""
    calls = calls_of_a_save(monkeypatch, last)
    first, final = calls.index("rename"), len(calls) - 1 - calls[::-1].index("rename")
    assert calls[:first].count("fsync") == 5
    assert calls[first:final].count("fsync") == 0
    assert calls[final:].count("fsync") == 1
    assert "rmdir" in calls[final + calls[final:].index("fsync") :]  # only then is the old one given up


def outcome_of_a_save(path, monkeypatch, fault, k, *, forever):
    """Save generation 2 while call k of it fails; returns the calls that were made and the error, if any."""
    with monkeypatch.context() as patch:
        disk = Disk(patch, fault, k, forever)
        try:
            write(path, 2)
        except CheckpointError as error:
            return disk.calls, error
        return disk.calls, None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_failing_call_never_costs_the_last_checkpoint(last, monkeypatch, number):
    """For every call k: when it fails, save says so, nothing of the new one stays, and the old one is as it was."""
    failed = set()
    for k in range(1, len(calls_of_a_save(monkeypatch, last)) + 1):
        write(last, 1)
        calls, error = outcome_of_a_save(last, monkeypatch, OSError(number, os.strerror(number)), k, forever=False)
        if error:
            failed.add(calls[k - 1])
            assert "could not be written" in error.what or "did not read back" in error.what
            assert "\n" not in error.what
            assert error.fix
            assert names(last.parent) == ["last"]
        assert generation(last) == (1 if error else 2)
    assert failed == set(OPERATIONS)


@pytest.mark.parametrize("number", [errno.EIO])
def test_a_failing_call_of_a_first_save_leaves_nothing(tmp_path, monkeypatch, number):
    """Where there was no checkpoint, there is none after a save that failed."""
    for k in range(1, len(calls_of_a_save(monkeypatch, tmp_path / "run" / "all")) + 1):
        path = tmp_path / "run" / f"at-{k}"
        _, error = outcome_of_a_save(path, monkeypatch, OSError(number, os.strerror(number)), k, forever=False)
        assert path.exists() == (error is None)
        assert not [name for name in names(tmp_path / "run") if name.startswith(".")]


def test_a_disk_that_fails_for_good_leaves_one_checkpoint_whole(last, monkeypatch):
    """When all calls fail from k on, clearing away included, one of the two loads, and a later save tidies up."""
    for k in range(1, len(calls_of_a_save(monkeypatch, last)) + 1):
        write(last, 1)
        _, error = outcome_of_a_save(last, monkeypatch, OSError(errno.EIO, os.strerror(errno.EIO)), k, forever=True)
        assert generation(last) in ((1, 2) if error else (2,))
        write(last, 3)
        assert generation(last) == 3
        assert names(last.parent) == ["last"]


def test_killed_at_any_call_one_checkpoint_is_whole(last, monkeypatch):
    """For every call k: when nothing runs from there on, the old or the new one loads, and the next save tidies up."""
    calls = calls_of_a_save(monkeypatch, last)
    seen = []
    for k in range(1, len(calls) + 1):
        write(last, 1)
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            Disk(patch, Killed(), k, forever=True)
            write(last, 2)
        seen.append(generation(last))
        assert read_meta(last)["number"] == seen[-1]
        write(last, 3)
        assert generation(last) == 3
        assert names(last.parent) == ["last"]
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}


def test_interrupted_at_any_call_nothing_is_left_behind(last, monkeypatch):
    """Ctrl-C in the middle of a save goes through; the old or new checkpoint is whole, no temporary folder stays."""
    for k in range(1, len(calls_of_a_save(monkeypatch, last)) + 1):
        write(last, 1)
        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            disk = Disk(patch, KeyboardInterrupt(), k, forever=False)
            write(last, 2)
        assert generation(last) in (1, 2)
        assert names(last.parent) == ["last"] or disk.calls[k - 1] in (*CLEANING, "os.open")


def test_a_write_that_reads_back_otherwise_is_not_kept(last, monkeypatch):
    """A disk that loses bits in silence is noticed before the old checkpoint is given up."""
    real = checkpoint.write_manifest

    def lossy(folder, content):
        real(folder, content)
        flip(folder / "1-store.safetensors", -1)

    monkeypatch.setattr(checkpoint, "write_manifest", lossy)
    with pytest.raises(CheckpointError, match="did not read back as it was written"):
        write(last, 2)
    monkeypatch.undo()
    assert generation(last) == 1
    assert names(last.parent) == ["last"]


def test_a_full_disk(tmp_path):
    """On a disk of 128 kB that is really full, the old checkpoint stays, and the message says what to do."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "none", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted")
    try:
        write(disk / "last", 1)
        with pytest.raises(CheckpointError, match="no space left on device; the one before it is unharmed") as caught:
            save(disk / "last", {"store": np.zeros(200_000, "uint8")}, meta={})
        assert "free some space" in caught.value.fix
        assert generation(disk / "last") == 1
        assert names(disk) == ["last"]
        write(disk / "last", 2)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_cannot_be_written_to(tmp_path):
    """Below a file, nothing can be saved: one sentence and a fix."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="could not be written: ") as caught:
        write(tmp_path / "file" / "last", 1)
    assert caught.value.fix


ENDLESS = """
import itertools, pathlib, sys
import numpy as np
from rlblocks.runs.checkpoint import save
for number in itertools.count(int(sys.argv[2])):
    store = {"reward": np.full(200_000, number, "float32"), "size": number}
    save(pathlib.Path(sys.argv[1]), {"store": store}, meta={"number": number})
    print(number, flush=True)
"""


def test_sigkill_at_random_times(tmp_path):
    """Killed six times in the middle of its saves, a process never loses the last checkpoint it reported."""
    path, draw, reported = tmp_path / "last", random.Random(0), -1
    for _ in range(6):
        command = [sys.executable, "-c", ENDLESS, str(path), str(reported + 1)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        time.sleep(draw.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].split()
        reported = max([reported + 1, *map(int, rest)])
        tree, meta = load(path)
        assert meta["number"] == tree["store"]["size"] >= reported
        assert (tree["store"]["reward"] == meta["number"]).all()
        reported = meta["number"]
