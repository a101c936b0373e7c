"""A checkpoint comes back as it was, by itself or in parts, and never two of them mixed."""

import pickle

import numpy as np
import pytest
from generations import generation, names, write

from rlblocks._core.errors import CheckpointError
from rlblocks.runs import checkpoint
from rlblocks.runs.checkpoint import load, read_meta, save

pytestmark = pytest.mark.usefixtures("no_waiting")


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
