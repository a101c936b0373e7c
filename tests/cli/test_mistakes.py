"""Every mistake is told in the recorded words: what is wrong, and how to mend it; the exit code is 2.

Run with RLBLOCKS_UPDATE_GOLDEN=1 to record the texts anew, and read the difference.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.console import Console, steady
from tests.cli.mistakes import MISTAKES

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, text: str) -> str:
    """The text on file; written anew where that is asked for."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("RLBLOCKS_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a GPU and without the Atari games, whatever this one has."""
    import torch

    monkeypatch.setitem(sys.modules, "ale_py", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.usefixtures("bare")
def test_a_mistake_is_told_in_the_recorded_words(name: str, console: Console) -> None:
    """Nothing goes to standard output, and no traceback anywhere."""
    mistake = MISTAKES[name]
    mistake.prepare(console.folder)

    said = console(mistake.line)
    text = f"$ rlblocks {mistake.line}\n{steady(said.err, console.folder)}[exit code {said.code}]\n"

    assert golden(name, text) == text
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err
    assert re.search(r"^ *fix: .", said.err, re.MULTILINE)


def test_every_text_on_file_belongs_to_a_mistake() -> None:
    """No text is left over from a mistake that is not tried any more."""
    assert {path.stem for path in GOLDEN.glob("*.txt")} >= set(MISTAKES)


def test_nothing_is_left_behind(console: Console) -> None:
    """A command line that is refused makes no folder."""
    console("run dqn gamma=99")

    assert list(console.folder.iterdir()) == []


def slips(word: str) -> list[str]:
    """A word with one letter left out, doubled or exchanged with the next one."""
    out = [word[:i] + word[i + 1 :] for i in range(len(word))]
    twice = [word[:i] + word[i] + word[i:] for i in range(len(word))]
    exchanged = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
    return sorted({*out, *twice, *exchanged} - {word, ""})


def test_one_letter_wrong_in_an_option_still_finds_it() -> None:
    """Of all one-letter slips in the names of options, at least 95 in 100 get the option back."""
    from rlblocks.recipes import dqn

    from rlblocks._core.errors import RecipeError
    from rlblocks.cli._names import option_names
    from rlblocks.cli._settings import overridden

    recipe, found = dqn(), Counter[bool]()
    for name in option_names():
        for slip in slips(name):
            if len(slip) > 2 and slip not in option_names():
                try:
                    overridden(recipe, [f"{slip}=1"])
                except RecipeError as error:
                    found[f"did you mean {name!r}?" in error.fix] += 1

    assert found.total() > 200
    assert found[True] / found.total() >= 0.95
