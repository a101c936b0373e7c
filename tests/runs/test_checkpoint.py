"""A checkpoint is whole or not there, whatever fails, and nothing that is not one is taken for one."""

import contextlib
import errno
import io
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import zipfile

import attrs
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import CheckpointError
from rlblocks.runs import checkpoint, manifest
from rlblocks.runs.checkpoint import load, read_meta, save

OPERATIONS = ("open", "write", "fsync", "rename", "mkdir", "os.open")
CLEANING = ("unlink", "rmdir", "scandir")


def tree_of(number):
    """A small tree in which everything says which generation it is of."""
    return {
        "networks": {"q.weight": torch.full((3, 2), float(number))},
        "store": {"reward": np.full(5, number, "float32"), "size": number},
        "counters": {"env_steps": number, "best": float("-inf")},
    }


def generation(path):
    """The one generation that all parts of a checkpoint agree on."""
    tree, meta = load(path)
    found = {
        meta["number"], tree["counters"]["env_steps"], tree["store"]["size"],
        *tree["networks"]["q.weight"].flatten().tolist(), *tree["store"]["reward"].tolist(),
    }  # fmt: skip
    assert len(found) == 1
    return found.pop()


def write(path, number):
    save(path, tree_of(number), meta={"number": number})


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def reseal(path, **changes):
    """Change a manifest as somebody would who knows how it is sealed."""
    changed = attrs.evolve(manifest.read_manifest(path), **changes)
    (path / "manifest.json").unlink()
    manifest.write_manifest(path, changed)


@pytest.fixture(autouse=True)
def _no_waiting():
    """Forcing files to a real disk costs milliseconds each, and changes nothing that can be seen here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


@pytest.fixture
def last(tmp_path):
    """A checkpoint of generation 1."""
    path = tmp_path / "run" / "checkpoints" / "last"
    write(path, 1)
    return path


# What it is


def test_a_checkpoint_comes_back(last):
    """Tree and meta, in the order in which they were given."""
    tree, meta = load(last)
    assert list(tree) == ["networks", "store", "counters"]
    assert generation(last) == 1
    assert meta == {"number": 1} == read_meta(last)
    assert names(last) == ["0-networks.safetensors", "1-store.safetensors", "manifest.json", "tree.json"]
    assert names(last.parent) == ["last"]


def test_the_new_one_replaces_the_old(last):
    """Ten saves leave one checkpoint and nothing else."""
    for number in range(10):
        write(last, number)
    assert generation(last) == 9
    assert names(last.parent) == ["last"]


def test_what_was_read_does_not_hang_on_the_file(last):
    """Arrays are writable copies: neither do they change the checkpoint, nor a new checkpoint them."""
    tree, _ = load(last)
    tree["store"]["reward"][:] = 7
    tree["networks"]["q.weight"].fill_(7)
    assert generation(last) == 1
    again, _ = load(last)
    write(last, 2)
    assert again["networks"]["q.weight"].eq(1).all()


def test_an_agent_is_loaded_without_its_replay(last):
    """`only` opens no file of another part: a damaged store does not matter then."""
    (last / "1-store.safetensors").unlink()
    tree, meta = load(last, only=("networks", "counters"))
    assert list(tree) == ["networks", "counters"]
    assert meta == {"number": 1}
    with pytest.raises(CheckpointError, match=r"1-store\.safetensors is missing"):
        load(last)


def test_a_misspelt_part_is_named(last):
    """With the nearest spelling."""
    with pytest.raises(CheckpointError, match="did you mean 'networks'"):
        load(last, only=("network",))


def test_odd_keys_make_harmless_file_names(tmp_path):
    """Whatever the top-level keys, the files have plain names of their own, inside the folder."""
    keys = ["", "../up", "a/b", "A", "a", "a.b", "CON", "x" * 300, "\ud800", "$torch", "tree", "manifest", "0-a"]
    tree = {key: {"x": np.array(number)} for number, key in enumerate(keys)}
    save(tmp_path / "last", tree, meta={})
    back, _ = load(tmp_path / "last")
    assert [int(part["x"]) for part in back.values()] == list(range(len(keys)))
    assert list(back) == keys
    assert names(tmp_path) == ["last"]
    assert len({name.lower() for name in names(tmp_path / "last")}) == len(keys) + 2


@pytest.mark.parametrize("name", ["with space", "ünïcode-走る", "-dash", ".hidden", "a.b.c", "quo'te\"", "new\nline"])
def test_odd_paths_work(tmp_path, name):
    """Spaces, unicode, dots and line breaks in paths are nothing special."""
    write(tmp_path / name / name, 3)
    write(tmp_path / name / name, 4)
    assert generation(tmp_path / name / name) == 4


def test_no_pickle_is_involved(last, monkeypatch):
    """Neither saving nor loading touches pickle."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("pickled")

    for name in ("dump", "dumps", "load", "loads", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    write(last, 2)
    assert generation(last) == 2


def test_what_cannot_be_saved_is_refused_before_the_disk_is_touched(last):
    """The message says where in the tree; the checkpoint is as it was."""
    for tree, meta in [
        ({"x": {"y": {3}}}, {}),
        ({"x": 1}, {"when": object()}),
        ({"x": 1}, {"x": np.ones(2)}),
        ({3: 1}, {}),
    ]:
        with pytest.raises(CheckpointError):
            save(last, tree, meta=meta)
    assert generation(last) == 1
    assert names(last.parent) == ["last"]


def test_nothing_but_a_checkpoint_is_replaced(tmp_path):
    """A folder of somebody's own, a file and a symbolic link stay as they are."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "mine", target_is_directory=True)
    for name in ("mine", "file", "link"):
        with pytest.raises(CheckpointError, match="is not a checkpoint, so it is not replaced"):
            write(tmp_path / name, 1)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years"
    assert names(tmp_path) == ["file", "link", "mine"]
    with pytest.raises(CheckpointError, match="cannot be a checkpoint"):
        write(tmp_path / "..", 1)


# Faults of the disk


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
    """Each of the four files and their folder is forced to the disk before the first rename, the parent after the last."""
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


def test_a_reader_never_sees_two_checkpoints_mixed(last, monkeypatch):
    """When the folder is exchanged between any two reads, the reader starts again."""
    real, reads = checkpoint.verify, []

    def exchange(folder, files):
        real(folder, files)
        reads.append(folder)
        if len(reads) == 1:  # after the hashes were compared, before the files are read
            with monkeypatch.context() as patch:
                patch.setattr(checkpoint, "verify", real)
                write(last, 2)

    monkeypatch.setattr(checkpoint, "verify", exchange)
    assert generation(last) == 2
    assert len(reads) == 2


# Damage


def flip(path, position, bits=1):
    content = bytearray(path.read_bytes())
    content[position] ^= bits
    path.write_bytes(content)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_any_flipped_bit_is_found(tmp_path_factory, data):
    """In any byte of any file of a checkpoint: no byte is without meaning, the manifest's own included."""
    path = tmp_path_factory.getbasetemp() / "flipped" / "last"
    if not path.exists():
        write(path, 1)
    file = path / data.draw(st.sampled_from(names(path)))
    size = file.stat().st_size
    position, bits = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, 255))
    flip(file, position, bits)
    try:
        with pytest.raises(CheckpointError) as caught:
            load(path)
        assert caught.value.fix
        assert "\n" not in caught.value.what
    finally:
        flip(file, position, bits)
    assert generation(path) == 1


@pytest.mark.parametrize("name", ["0-networks.safetensors", "1-store.safetensors", "tree.json", "manifest.json"])
@pytest.mark.parametrize(
    "damage", ["empty", "half", "longer", "missing", "folder", "link", "pipe", "garbage", "swapped"]
)
def test_every_damage_of_every_file_is_found(last, name, damage):
    """Truncated, extended, missing, another checkpoint's, no regular file: one sentence that names it, and a fix."""
    other = last.parent / "other"
    write(other, 2)
    file = last / name
    content = file.read_bytes()
    file.unlink()
    match damage:
        case "empty":
            file.write_bytes(b"")
        case "half":
            file.write_bytes(content[: len(content) // 2])
        case "longer":
            file.write_bytes(content + b"\0")
        case "folder":
            file.mkdir()
        case "link":  # even to what it should be
            (last.parent / "elsewhere").write_bytes(content)
            file.symlink_to(last.parent / "elsewhere")
        case "pipe":  # opening one waits for ever
            os.mkfifo(file)
        case "garbage":
            file.write_bytes(random.Random(0).randbytes(len(content)))
        case "swapped":
            file.write_bytes((other / name).read_bytes())
    with pytest.raises(CheckpointError) as caught:
        load(last)
    assert name in str(caught.value) or damage == "swapped"
    assert caught.value.fix


def test_a_manifest_cannot_name_other_files(last, tmp_path):
    """Paths out of the folder, absolute ones and other suffixes are refused, though the seal is right."""
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    good = manifest.read_manifest(last)
    for name in ["../secret.json", str(secret), "..", "", "a/b.json", "x.pt", "tree.json\n", "TREE.json", "a\0.json"]:
        reseal(last, parts={**good.parts, "store": name}, files={**good.files, name: good.files["1-store.safetensors"]})
        with pytest.raises(CheckpointError, match="names files that no checkpoint has"):
            load(last)
        (last / "manifest.json").unlink()
        manifest.write_manifest(last, good)
    assert generation(last) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {}}, {"files": {"tree.json": 3}}, {"files": {"tree.json": {"sha256": "0" * 64}}}, {"keys": [["x"]]},
        {"files": {"tree.json": {"sha256": "x", "size": 1}}}, {"keys": []}, {"parts": []}, {"meta": {"$eval": "1"}},
        {"format": "other"}, {"schema": "1"}, {"schema": True}, {"meta": []}, {"keys": ["absent"], "parts": {}},
    ],
)  # fmt: skip
def test_a_sealed_manifest_that_makes_no_sense_is_refused(last, changes):
    """Never a KeyError, TypeError or the like."""
    reseal(last, **changes)
    with pytest.raises(CheckpointError) as caught:
        load(last)
    assert caught.value.fix


@pytest.mark.parametrize(("schema", "fix"), [(2, "install rlblocks 9.9 or newer"), (0, "install rlblocks 9.9 to")])
def test_another_schema_says_which_version_reads_it(last, schema, fix):
    """Newer and older ones alike."""
    reseal(last, schema=schema, version="9.9")
    with pytest.raises(CheckpointError, match=f"of schema {schema}, written by rlblocks 9.9") as caught:
        load(last)
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    "content",
    [
        (10 * 2**30).to_bytes(8, "little") + b"{}",
        b"\xff" * 8,
        b"",
        (2).to_bytes(8, "little") + b"{}",
        (80).to_bytes(8, "little")
        + b'{"tree.x":{"dtype":"U8","shape":[9999999999999],"data_offsets":[0,9999999999999]}}',
    ],
)
def test_a_safetensors_header_that_lies_is_refused(last, content):
    """A header that claims 10 GB, or arrays that are not there, costs no memory and no crash, though its hash fits."""
    good = manifest.read_manifest(last)
    name = "1-store.safetensors"
    (last / name).unlink()
    said = manifest.write_file(last / name, [content])
    reseal(last, files={**good.files, name: said})
    with pytest.raises(CheckpointError) as caught:
        load(last)
    assert caught.value.fix
    assert load(last, only=("networks",))[0]["networks"]["q.weight"].eq(1).all()


# What is no checkpoint


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


def zipped(path, *members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content)


def bomb(mark):
    return pickle.dumps(Bomb(mark))


FOREIGN = {  # what a message calls it: how another program writes it
    "torch": lambda path, mark: torch.save(Bomb(mark), path),
    "old torch": lambda path, mark: torch.save(Bomb(mark), path, _use_new_zipfile_serialization=False),
    "pickle": lambda path, mark: path.write_bytes(bomb(mark)),
    "Stable-Baselines3": lambda path, mark: zipped(
        path, ("data", "{}"), ("policy.pth", bomb(mark)), ("_stable_baselines3_version", "2.8.0")
    ),
    "zip": lambda path, mark: zipped(path, (f"../{mark.name}/slip", "x")),
    "numpy archive": lambda path, _mark: zipped(path, ("x.npy", "")),
    "safetensors": lambda path, _mark: path.write_bytes((2).to_bytes(8, "little") + b'{"'),
    "a file": lambda path, _mark: path.write_bytes(b""),
    "neither": lambda path, _mark: os.mkfifo(path),
    "without a manifest": lambda path, _mark: path.mkdir(),
    "a run folder": lambda path, _mark: write(path / "checkpoints" / "last", 1),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_checkpoint_is_named_and_never_opened(tmp_path, kind):
    """The message says what it is and what to give instead; no code of it runs."""
    path, mark = tmp_path / "model", tmp_path / "mark"
    FOREIGN[kind](path, mark)
    with pytest.raises(CheckpointError, match=kind) as caught:
        load(path)
    assert "checkpoints/last" in caught.value.fix
    assert not mark.exists()
    assert names(tmp_path) == ["model"]


def test_a_bomb_in_place_of_a_file_does_not_go_off(last, tmp_path):
    """Not even when its hash fits."""
    good = manifest.read_manifest(last)
    for name in ("1-store.safetensors", "tree.json"):
        (last / name).unlink()
        said = manifest.write_file(last / name, [bomb(tmp_path / "mark")])
        reseal(last, files={**good.files, name: said})
        with pytest.raises(CheckpointError):
            load(last)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("text", ["last", "x\0y", "a" * 5000, "nowhere/at/all", ""])
def test_a_path_that_leads_nowhere_says_so(tmp_path, text):
    """With the nearest name that there is."""
    write(tmp_path / "latest", 1)
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path / text / "lats" if not text else tmp_path / text)
    assert caught.value.fix
    if text == "last":
        assert "there is no checkpoint" in caught.value.what
        assert "did you mean 'latest'" in caught.value.fix
