"""The pages of laws: every role has one, and every number is a law or says why it is none."""

from __future__ import annotations

import importlib
import re
import tomllib
from typing import Any

import pytest

from rlblocks._core.block import Block
from rlblocks.testing import Law, known_roles, laws_for
from tests.docs.pages import ROOT

LAWS = ROOT / "docs" / "laws"
NUMBER = re.compile(r"\b[A-Z]+\d*-\d+[a-z]?\b")
FILE = re.compile(r"`(tests/[^`]+)`")


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The ids of all laws."""
    return {law.id for role in known_roles() for law in laws_for(role)}


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    """What is no law, and how many numbers each section began with."""
    return tomllib.loads((LAWS / "left-out.toml").read_text(encoding="utf-8"))


def test_every_role_has_a_page() -> None:
    """Of each role that has laws, with each of them once; and there are no pages but these."""
    pages = {page.stem: page.read_text(encoding="utf-8") for page in LAWS.glob("*.md")}

    assert set(pages) == {*known_roles(), "index", "numbers"}
    for role in known_roles():
        assert sorted(re.findall(r"^### (\S+)$", pages[role], re.MULTILINE)) == sorted(law.id for law in laws_for(role))


def test_every_number_is_a_law_or_says_why_not(known: set[str], listed: dict[str, Any]) -> None:
    """Each number that a section began with, and none is both."""
    numbers = {f"{name}-{k}" for name, count in listed["numbers"].items() for k in range(1, count + 1)}
    left_out = set(listed["left-out"])

    assert sorted(numbers - known - left_out) == []
    assert sorted(known & left_out) == []
    assert sorted(left_out - numbers) == []


def test_reasons_name_what_there_is(known: set[str], listed: dict[str, Any]) -> None:
    """Where a reason names a law or a file of tests, there is one; each has a fact and a reason, and nothing else."""
    for name, said in listed["left-out"].items():
        assert set(said) == {"fact", "reason"}, name
        assert [law for law in NUMBER.findall(f"{said['fact']}; {said['reason']}") if law not in known] == [], name
        assert [file for file in FILE.findall(said["reason"]) if not (ROOT / file).exists()] == [], name


def test_laws_of_equations_say_them() -> None:
    """A law that holds a block to its equation has a formula."""
    named = [law for role in known_roles() for law in laws_for(role) if "equation" in law.title]

    assert len(named) > 5
    assert [law.id for law in named if not law.formula] == []


@pytest.mark.usefixtures("generate")
def test_all_that_is_known_of_a_law_is_on_its_page() -> None:
    """Words, why, formula, reference, on what it depends, what its inputs contain, and since when."""

    def needs(block: Block) -> str:
        """Whether it is so."""
        return ""

    law = Law(
        "LAB-1", "it holds", ("targets",), "0.2", lambda _: None, needs, ("a row",), thorough=True, why="Because.",
        formula="a = b", reference="Nobody (2000).",
    )  # fmt: skip
    facts = dict(importlib.import_module("_laws_pages").facts_of(law, "targets"))

    assert facts == {
        "Formula": "`a = b`", "Reference": "Nobody (2000).", "Depends on": "whether it is so",
        "Its inputs contain, or it counts as vacuous": "a row", "Asked": "in the thorough profile alone",
        "Since": "0.2",
    }  # fmt: skip
