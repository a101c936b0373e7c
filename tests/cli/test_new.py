"""`rlblocks new block`: what it writes is a package that works, whatever the role."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlblocks._core.block import roles
from rlblocks._core.errors import RecipeError
from rlblocks.cli._scaffold import scaffold_of, write


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package with a block of each role."""
    folder = tmp_path_factory.mktemp("new")
    for role in roles():
        write(scaffold_of(f"lab/my_{role}", role), folder)
    return folder / "lab"


def python(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process that finds the package, begun beside its folder."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "PYTHONPATH": str(package / "src")}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=package.parent, capture_output=True, text=True, timeout=570,
        check=False,
    )  # fmt: skip


def test_blocks_of_every_role_are_found_by_check(package: Path) -> None:
    """One of each role, in its package's namespace, and the laws on blocks as values hold."""
    laws = [word for law in ("GEN-1", "GEN-17", "GEN-18", "SCH-1", "STP-1") for word in ("--law", law)]
    done = python(
        package, "-c", "import sys; from rlblocks.cli import main; sys.exit(main())", "check", "lab", "--json", *laws
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert {result["role"] for result in json.loads(done.stdout)} == set(roles())


@pytest.mark.slow
def test_its_tests_pass(package: Path) -> None:
    """All laws of all roles, by the tests that were written beside the blocks."""
    done = python(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package))

    assert done.returncode == 0, done.stdout[-3000:]


def test_nothing_is_overwritten(package: Path) -> None:
    """A block that is there stays as it is."""
    before = (package / "src" / "lab" / "my_targets.py").read_text(encoding="utf-8")

    with pytest.raises(RecipeError, match="is there already"):
        write(scaffold_of("lab/my_targets", "targets"), package.parent)

    assert (package / "src" / "lab" / "my_targets.py").read_text(encoding="utf-8") == before


def test_nothing_private_is_used(package: Path) -> None:
    """What a stranger begins with imports only what is public."""
    for path in sorted((package / "src").rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if "rlblocks" in line and "._" in line] == [], path.name


@pytest.mark.parametrize("name", ["rlblocks", "torch", "json"])
def test_a_package_that_is_installed_is_not_begun_anew(name: str, tmp_path: Path) -> None:
    """Installing the new one, which is the next command, would hide or replace it."""
    with pytest.raises(RecipeError, match=f"the name '{name}' is taken by the package at "):
        write(scaffold_of(f"{name}/mine", "targets"), tmp_path)

    assert list(tmp_path.iterdir()) == []
