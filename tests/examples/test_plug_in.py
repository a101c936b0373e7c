"""The package in examples/mellow, as somebody installs it who has never seen this tree."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

EXAMPLE = ROOT / "examples" / "mellow"
SHORT = ["steps=300", "cadence.warmup=64", "evaluate_every=300", "episodes=1"]

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("pip") and importlib.util.find_spec("setuptools")),
    reason="there is no pip and setuptools here to install it with, and nothing is downloaded for a test",
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package installed into it; the sources are copied first, since building writes beside them."""
    folder = tmp_path_factory.mktemp("plug_in")
    copy = shutil.copytree(EXAMPLE, folder / "sources", ignore=shutil.ignore_patterns("build", "*.egg-info", "__*__"))
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", str(site), str(copy)], check=True)
    return site


def python(site: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A process that finds what is installed there, in a folder of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=cwd or site.parent, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip


def rlblocks(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command line."""
    return python(site, "-c", "import sys; from rlblocks.cli import main; sys.exit(main())", *arguments)


def test_its_blocks_are_found(installed: Path) -> None:
    """Listed under their role and described, with nothing imported by hand."""
    listed, described = rlblocks(installed, "list", "targets"), rlblocks(installed, "describe", "mellow/mellow_max")

    assert "mellow/mellow_max" in listed.stdout
    assert "mellow/mellow_max (MellowMax), a block of role targets" in described.stdout, described.stderr


def test_its_blocks_obey_the_laws(installed: Path) -> None:
    """`rlblocks check` finds the plug-in by the name of its entry point, and no law is broken."""
    done = rlblocks(installed, "check", "mellow", "--json")
    results = json.loads(done.stdout)

    assert done.returncode == 0, [result for result in results if result["status"] == "failed"]
    assert {result["role"] for result in results} == {"targets", "explorers"}
    assert sum(result["status"] == "passed" for result in results) > 40


def test_its_own_tests_pass(installed: Path) -> None:
    """Of the installed package, not of the sources beside the tests."""
    done = python(
        installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=", str(EXAMPLE / "tests"),
        "--rootdir", str(EXAMPLE),
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-2000:]


def test_a_run_takes_its_blocks_by_name(installed: Path) -> None:
    """DQN learns with them, and a run that needs them says so where they are not installed."""
    names = ["target=mellow/mellow_max", "explorer=mellow/best_few"]
    done = rlblocks(installed, "run", "dqn", *names, *SHORT, "folder=run", "--plain")
    assert done.returncode == 0, done.stderr[-2000:]

    recipe = next((installed.parent / "run").rglob("recipe.toml"))
    bare = rlblocks(installed.parent / "nowhere", "explain", str(recipe))
    assert bare.returncode == 2
    assert "no block 'mellow/mellow_max' in role 'targets'" in bare.stderr
    assert "is the package that registers it installed?" in bare.stderr
