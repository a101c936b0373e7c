"""One command line in this process: what it writes, and its exit code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import attrs
import pytest

from rlblocks.cli import main


@attrs.frozen
class Said:
    """What a command line has said."""

    code: int
    out: str
    err: str


@attrs.frozen(eq=False)
class Console:
    """Runs command lines in a folder of its own."""

    folder: Path
    capture: Any

    def __call__(self, line: str) -> Said:
        """Run `rlblocks` with these words."""
        self.capture.readouterr()
        code = main(shlex.split(line))
        out, err = self.capture.readouterr()
        return Said(code, out, err)


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    """A console in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Console(tmp_path, capsys)


def steady(text: str, folder: Path) -> str:
    """The text without what differs between two machines or two days."""
    text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    text = re.sub(r"\d{8}-\d{6}", "DATE-TIME", text)
    text = re.sub(r"torch \d\S*", "torch VERSION", text)
    return re.sub(r"process \d+ on \S+", "process PID on HOST", text)
