"""One process per run folder, whatever became of the others."""

import errno
import json
import os
import platform
import signal
import subprocess
import sys

import pytest

from rlblocks._core.errors import RunError
from rlblocks.runs import lock
from rlblocks.runs.folder import claim

HOLDER = """
import pathlib, sys, time
from rlblocks.runs.lock import claim
with claim(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def no_flock(monkeypatch):
    monkeypatch.setattr(lock, "fcntl", None)


def no_locks_on_this_disk(monkeypatch):
    def refuse(_handle, _operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)


@pytest.fixture(params=[lambda _: None, no_flock, no_locks_on_this_disk], ids=["flock", "no flock", "no locks"])
def _system(request, monkeypatch):
    """With locks of the operating system, without the module, and on a file system that has none."""
    request.param(monkeypatch)


@pytest.mark.usefixtures("_system")
def test_a_folder_is_held_once(tmp_path):
    """The second claim names process and machine; after the first is released, it can be had again."""
    for _ in range(2):
        with (
            claim(tmp_path),
            pytest.raises(RunError, match=f"in use by process {os.getpid()} on {platform.node()}") as caught,
            claim(tmp_path),
        ):
            pass
        assert caught.value.fix
        assert caught.value.facts["pid"] == os.getpid()


@pytest.mark.usefixtures("_system")
def test_an_error_inside_releases_the_folder(tmp_path):
    """Whatever ends the block."""
    with pytest.raises(KeyboardInterrupt), claim(tmp_path):
        raise KeyboardInterrupt
    with claim(tmp_path):
        pass


def test_another_process_is_named_and_its_death_releases(tmp_path):
    """While it lives the folder is refused; killed by SIGKILL, it leaves nothing that bars the way."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunError, match=f"process {process.pid} on "), claim(tmp_path):
            pass
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with claim(tmp_path):
        pass


def dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_lock_file_of_a_dead_process_is_taken_over(tmp_path, monkeypatch):
    """Where the file is the lock, and the process was of this machine."""
    no_flock(monkeypatch)
    (tmp_path / lock.LOCK_FILE).write_text(json.dumps({"pid": dead_process(), "host": platform.node()}))
    with claim(tmp_path), pytest.raises(RunError, match=f"process {os.getpid()}"), claim(tmp_path):
        pass


@pytest.mark.parametrize(
    "content", [json.dumps({"pid": 1, "host": platform.node()}), json.dumps({"pid": 99, "host": "elsewhere"}), "", "[]"]
)
def test_a_lock_file_that_may_be_alive_is_respected(tmp_path, monkeypatch, content):
    """Of a living process, of another machine, or not yet written; the error says which file to remove."""
    no_flock(monkeypatch)
    (tmp_path / lock.LOCK_FILE).write_text(content)
    with pytest.raises(RunError, match="in use by") as caught, claim(tmp_path):
        pass
    assert str(tmp_path / lock.LOCK_FILE) in caught.value.fix


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path):
    """One sentence and a fix."""
    with (
        pytest.raises(RunError, match="cannot be locked: no such file or directory") as caught,
        claim(tmp_path / "absent"),
    ):
        pass
    assert caught.value.fix
