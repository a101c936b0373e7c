"""What has to be quick loads nothing heavy, and a reader who leaves is not scolded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "tensordict", "gymnasium", "matplotlib", "hypothesis")
PROBE = f"""
import os, sys
from rlblocks.cli import main
codes = [main([*line.split(), "--help"]) for line in ("", "run", "explain", "new block", "check")]
os.environ.update(_RLBLOCKS_COMPLETE="complete_bash", COMP_WORDS="rlblocks run d", COMP_CWORD="2")
codes.append(main([]))
os.environ.update(COMP_WORDS="rlblocks ", COMP_CWORD="1")
codes.append(main([]))
print("loaded", codes, [name for name in {HEAVY!r} if name in sys.modules])
"""


def python(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A process of its own, because only a fresh one shows what is loaded."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
        **options,
    )  # type: ignore[call-overload]


def test_help_and_completion_load_nothing_heavy() -> None:
    """Neither torch nor what takes as long; and completion knows recipes and verbs."""
    said = python(PROBE)

    assert said.stderr == ""
    assert said.stdout.splitlines()[-1] == "loaded [0, 0, 0, 0, 0, 0, 0] []"
    completed = said.stdout.splitlines()
    assert {"dqn", "double_dqn", "dueling_dqn", "n_step_dqn", "run", "resume", "explain"} & set(completed) >= {
        "dqn", "double_dqn", "dueling_dqn", "run", "resume", "explain",
    }  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="a shell with pipes")
def test_a_reader_who_leaves_is_not_scolded() -> None:
    """`rlblocks list | head -1` says one line, and nothing about a broken pipe."""
    shell = f"{sys.executable} -c 'from rlblocks.cli import main; raise SystemExit(main([\"list\"]))' | head -1"
    said = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True, timeout=120, check=False
    )

    assert (said.stdout, said.stderr, said.returncode) == ("recipes\n", "", 0)


def test_signs_that_the_terminal_lacks_are_replaced() -> None:
    """Where only ASCII can be written, the source is shown all the same."""
    code = "import sys; from rlblocks.cli import main; sys.exit(main(['describe', 'double_q']))"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"}
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment, check=False
    )

    assert (said.returncode, said.stderr) == (0, "")
    assert "y = r + " in said.stdout
