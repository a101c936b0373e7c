"""Every deliberate mis-composition is refused by name, before the first step, in the recorded words.

Run with RLBLOCKS_UPDATE_GOLDEN=1 to record the texts anew, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rlblocks._core.errors import RecipeError
from tests.core.misfits import cases
from tests.core.odd_blocks import odd, unregistered

GOLDEN = Path(__file__).parent / "misfits.txt"


def recorded() -> dict[str, str]:
    """The texts by the name of the case."""
    parts = re.split(r"^## (.+)$", GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else "", flags=re.MULTILINE)
    return {name: text.strip("\n") for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def told() -> dict[str, str]:
    """What each case says now."""
    said = {}
    with unregistered():
        for name, make in cases(odd()).items():
            try:
                make()
            except RecipeError as error:
                said[name] = f"{type(error).__name__}: {error}"
            else:
                said[name] = "NOT REFUSED"
    return said


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    found = told()
    if os.environ.get("RLBLOCKS_UPDATE_GOLDEN"):
        GOLDEN.write_text("\n".join(f"## {name}\n\n{text}\n" for name, text in found.items()), encoding="utf-8")
    return found


def test_each_is_refused_in_the_recorded_words(texts: dict[str, str]) -> None:
    """The texts are those on file, and none is missing on either side."""
    assert recorded() == texts


def test_there_are_enough_of_them(texts: dict[str, str]) -> None:
    """At least forty recipes and blocks that do not fit are refused."""
    assert [name for name, text in texts.items() if text == "NOT REFUSED"] == []
    assert len(texts) >= 40


def test_each_says_how_to_mend_it(texts: dict[str, str]) -> None:
    """Nearly all of the texts hold a fix; those without one name the range that the value must be in."""
    without = [name for name, text in texts.items() if "fix:" not in text and "must be" not in text]

    assert without == []
