"""The machine record: complete, free of paths, and compared by what changes numbers."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rlblocks.runs.machine import CONSEQUENCES, VERSIONS_THAT_COUNT, compare_machines, machine_record, version_of


def test_the_record_holds_what_changes_numbers():
    """Everything that is compared is there once torch is loaded, and as it is."""
    record = machine_record()
    assert set(CONSEQUENCES) <= set(record)
    assert set(VERSIONS_THAT_COUNT) | {"rlblocks", "safetensors"} <= set(record["versions"])
    assert record["threads"] == torch.get_num_threads()
    assert record["cpu_capability"] == torch.backends.cpu.get_cpu_capability()
    assert record["versions"]["torch"] == torch.__version__
    assert record["python"] == platform.python_version()
    assert "pytest" not in record["versions"]


def test_the_record_is_json_and_says_nothing_of_places_and_names(tmp_path, monkeypatch):
    """It survives JSON, and holds no absolute path, no user and no name of the machine."""
    monkeypatch.chdir(tmp_path)
    text = json.dumps(machine_record())
    assert json.loads(text) == machine_record()
    for secret in (str(Path.home()), str(tmp_path), sys.prefix, os.getcwd(), platform.node()):  # noqa: PTH109
        assert secret not in text
    assert machine_record()["commit"] == ""


def test_the_commit_of_the_checkout_is_recorded(tmp_path, monkeypatch):
    """With a mark when files were changed since."""
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    (tmp_path / "file").write_text("1")
    for command in (["init", "-q"], ["add", "file"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert machine_record()["commit"] == head
    (tmp_path / "file").write_text("2")
    assert machine_record()["commit"] == f"{head}-dirty"


def test_without_git_there_is_no_commit(monkeypatch):
    """And no error."""
    monkeypatch.setenv("PATH", "")
    assert machine_record()["commit"] == ""


def test_the_record_does_not_load_torch():
    """A process that has not loaded torch does not load it for the record."""
    code = "import sys; from rlblocks.runs.machine import machine_record as m; m(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_equal_records_have_no_differences():
    """Nor does one that lacks what the other has."""
    assert compare_machines(machine_record(), machine_record()) == []
    assert compare_machines({}, machine_record()) == compare_machines(machine_record(), {}) == []


@pytest.mark.parametrize("key", CONSEQUENCES)
def test_every_change_that_counts_gives_one_sentence(key):
    """It names the thing, both values and the consequence."""
    old = machine_record()
    found = compare_machines(old, {**old, key: "other"})
    assert len(found) == 1
    assert found[0].startswith(f"{key}: {old[key]} before, other now: ")


@pytest.mark.parametrize("name", VERSIONS_THAT_COUNT)
def test_a_change_of_version_gives_one_sentence(name):
    """For the libraries that do the arithmetic."""
    old = machine_record()
    found = compare_machines(old, {**old, "versions": {**old["versions"], name: "0.0"}})
    assert found == [
        f"{name}: version {version_of(name)} before, 0.0 now: results may differ in more than the last bits"
    ]


def test_what_does_not_count_is_passed_over():
    """Another Python, commit or number of cores is recorded, but changes no sum."""
    old = machine_record()
    assert compare_machines(old, {**old, "python": "3.99", "commit": "x", "cores": 96, "platform": "x"}) == []


def test_an_unknown_package_has_no_version():
    """It is called unknown."""
    assert version_of("no-such-package-there") == "unknown"
