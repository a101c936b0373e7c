"""Installed packages that offer blocks and do not import: told in a sentence, once, and everything else works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ODD = """
from rlblocks._core.block import block
from rlblocks.targets import Target

@block('sad/t')
class T(Target):
    def compute(self): ...
"""
LISTENING = """
import warnings
from rlblocks._core.errors import PlugInWarning
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter('always')
    from rlblocks._core.block import roles
    roles(); roles()
print(*[(w.category is PlugInWarning, str(w.message)) for w in seen], sep='\\n')
"""
BROKEN = {
    "a module that is missing": (
        "import nowhere_at_all.deep",
        "ModuleNotFoundError: No module named 'nowhere_at_all'",
        "install what provides the module 'nowhere_at_all', or take the package out: pip uninstall sad-blocks",
    ),
    "a module of its own that is missing": (
        "import sad_blocks.helpers",
        "ModuleNotFoundError: No module named 'sad_blocks.helpers'; 'sad_blocks' is not a package",
        "mend or update the package, or take it out: pip uninstall sad-blocks",
    ),
    "a module of ours that is gone": (
        "import rlblocks._core.gone",
        "ModuleNotFoundError: No module named 'rlblocks._core.gone'",
        "mend or update the package, or take it out: pip uninstall sad-blocks",
    ),
    "an error of its own": (
        "raise OSError('no license\\nat all')",
        "OSError: no license",
        "mend or update the package, or take it out: pip uninstall sad-blocks",
    ),
    "a block that is none": (
        ODD,
        "BlockError: T has no docstring",
        "say in one line what it computes, then the equation",
    ),
    "an exit": ("raise SystemExit(3)", "SystemExit: 3",
                "mend or update the package, or take it out: pip uninstall sad-blocks"),
}  # fmt: skip


def offering(site: Path, source: str) -> Path:
    """A folder with an installed package whose blocks stand in a module with this source."""
    about = site / "sad_blocks-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sad-blocks\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[rlblocks.blocks]\nsad = sad_blocks\n", encoding="utf-8")
    (site / "sad_blocks.py").write_text(source, encoding="utf-8")
    return site


def python(site: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A process that finds what is installed there."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=site,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("name", BROKEN)
def test_the_command_line_says_so_in_two_lines(name: str, tmp_path: Path) -> None:
    """The package, the error and the fix; on standard error, once, and the verb does what it should."""
    source, error, fix = BROKEN[name]
    lines = "import sys; from rlblocks.cli import main; sys.exit(main(['list', 'clips']) or main(['list', 'clips']))"

    done = python(offering(tmp_path, source), lines)

    assert done.stderr.splitlines() == [
        f"warning: the package 'sad-blocks' offers blocks in sad_blocks, which does not import: {error}",
        f"  fix: {fix}",
    ]  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.count("no_clip") == 2


def test_python_is_warned_once(tmp_path: Path) -> None:
    """By a warning of one line, of a kind that can be filtered."""
    source, error, fix = BROKEN["a module that is missing"]
    done = python(offering(tmp_path, source), LISTENING)

    said = f"the package 'sad-blocks' offers blocks in sad_blocks, which does not import: {error}; {fix}"
    assert done.stdout == f"{(True, said)}\n", done.stderr
