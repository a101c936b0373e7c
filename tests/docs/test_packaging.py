"""What is installed is what is in the tree, and the README's commands install it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from tests.docs.pages import ROOT, fences_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUP = PROJECT["tool"]["setuptools"]
HOMES = {"rlblocks": ROOT / "rlblocks", "rlblocks.recipes": ROOT / "recipes"}


def home_of(package: str) -> Path:
    """Where a package lies."""
    if package in HOMES:
        return HOMES[package]
    return ROOT / package.replace(".", "/")


def test_the_list_of_packages_is_the_tree() -> None:
    """A new folder with Python in it would otherwise be missing from the wheel, and nowhere else."""
    folders = {path.parent for home in HOMES.values() for path in home.rglob("*.py")}

    assert sorted(SETUP["packages"]) == SETUP["packages"]
    assert {home_of(package) for package in SETUP["packages"]} == folders
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_files_that_are_no_python_are_installed_too() -> None:
    """Tuned settings, locked recipes and the marker of typed packages match a pattern of the package data."""
    for package, patterns in SETUP["package-data"].items():
        home = home_of(package)
        assert all(list(home.glob(pattern)) for pattern in patterns), package
    left_out = [
        path
        for name, home in HOMES.items()
        for path in home.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
        if not any(fnmatch(path.relative_to(home).as_posix(), pattern) for pattern in SETUP["package-data"][name])
    ]
    assert left_out == []


def test_every_dependency_has_one_pinned_version() -> None:
    """constraints.txt names every package that the project asks for, extras included, once, and within its range."""
    from packaging.requirements import Requirement

    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = [Requirement(text) for texts in (PROJECT["project"]["dependencies"], *extras) for text in texts]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    missing = {r.name for r in asked if r.name not in pins and r.name != "rlblocks"}

    assert missing == set()
    assert len(pins) == sum("==" in line for line in lines)
    assert [r.name for r in asked if r.name in pins and not r.specifier.contains(pins[r.name])] == []


def test_the_readme_has_the_two_commands() -> None:
    """Each works alone on a fresh clone: it makes the environment, installs, and does what it is for."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r"<!-- command: (\w+) -->\n```bash\n(.*)\n```", text))

    assert sorted(commands) == ["test", "train"]
    assert all(c.startswith("python3 -m venv .venv && .venv/bin/pip install ") for c in commands.values())
    assert "rlblocks run dqn" in commands["train"]
    assert "'.[test]'" in commands["test"]
    assert "pytest" in commands["test"]
    assert [f.text.strip() for f in fences_of(ROOT / "README.md") if f.words == ("bash",)] == [
        commands["train"],
        commands["test"],
    ]


def test_a_package_with_the_entry_point_is_found(tmp_path: Path) -> None:
    """What the entry point of another distribution imports is registered, and can be named."""
    (tmp_path / "lab_blocks.py").write_text(
        "from rlblocks import block\nfrom rlblocks.targets import Target\n\n"
        '@block("lab/nothing")\nclass Nothing(Target):\n    """y = 0."""\n    compute = None\n'
    )
    info = tmp_path / "lab-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[rlblocks.blocks]\nlab = lab_blocks\n")
    code = "from rlblocks._core.block import find; print(find('targets', 'lab/nothing').__module__)"

    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert said.stdout.strip() == "lab_blocks", said.stderr
