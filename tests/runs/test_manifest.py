"""Whatever is damaged in a checkpoint is found, and nothing outside it is ever read."""

import os
import random

import pytest
from generations import bomb, flip, generation, names, reseal, write
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import CheckpointError
from rlblocks.runs import manifest
from rlblocks.runs.checkpoint import load

pytestmark = pytest.mark.usefixtures("no_waiting")


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
