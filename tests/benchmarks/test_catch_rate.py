"""The page of the catch rate counts what was asked, and nothing is asked twice."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WRONG = {"kind": "correct", "seed": 1, "asked": 9, "broken": [["STP-1", "it lies"]], "seconds": 12.0}


@pytest.fixture
def rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, with files of its own."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    modules = [importlib.import_module(name) for name in ("catch_records", "catch_page", "catch_rate")]
    monkeypatch.setattr(modules[0], "RECORDS", tmp_path / "catch-rate.jsonl")
    monkeypatch.setattr(modules[1], "PAGE", tmp_path / "catch-rate.md")
    return modules[2]


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    """What is on file."""
    found = [json.loads(line) for line in (folder / "catch-rate.jsonl").read_text().splitlines()]
    return [line for line in found if line["kind"] == kind]


def test_what_is_on_file_is_not_asked_again(rate: Any, tmp_path: Path) -> None:
    """A fault is asked once for the laws that it names, and caught by all of them."""
    for _ in range(2):
        rate.ask_faults("early_stops", range(1, 2))

    asked = lines(tmp_path, "fault")
    assert len(asked) == len({line["fault"] for line in asked}) >= 14
    assert all(sorted(line["caught"]) == sorted(line["laws"]) for line in asked)


def test_a_block_is_asked_for_laws_that_are_new(rate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked before is kept, and added to."""
    laws = rate.laws_by_role()
    monkeypatch.setattr("catch_records.laws_by_role", lambda: {**laws, "early_stops": laws["early_stops"][:4]})
    monkeypatch.setattr(rate, "laws_by_role", lambda: {**laws, "early_stops": laws["early_stops"][:4]})
    rate.ask_correct("early_stops", range(1, 2))
    monkeypatch.setattr("catch_records.laws_by_role", lambda: laws)
    monkeypatch.setattr(rate, "laws_by_role", lambda: laws)
    rate.ask_correct("early_stops", range(1, 2))

    by_block: dict[str, list[int]] = {}
    for line in lines(tmp_path, "correct"):
        by_block.setdefault(line["block"], []).append(line["asked"])
    assert by_block["early_stops.ByFractions"] == [4, 9]
    assert all(line["broken"] == [] for line in lines(tmp_path, "correct"))


def test_the_page_says_what_is_missing_and_what_is_wrong(rate: Any, tmp_path: Path) -> None:
    """Faults that nobody has asked, laws that broke on correct blocks, and blocks that take too long."""
    rate.ask_faults("early_stops", range(1, 2))
    of = rate.versions()["early_stops"]
    line = {**WRONG, "block": "early_stops.InBits", "of": of, "slowest": ["STP-1", 11.0]}
    with (tmp_path / "catch-rate.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")

    rate.write()

    said = (tmp_path / "catch-rate.md").read_text()
    assert "| early_stops | 14 | 14 | 0 | 0 | 9 |" in said
    assert "- early_stops.InBits, seed 1: STP-1, it lies" in said
    assert "| `early_stops.InBits` | 12.0 | STP-1 (11.0 s) |" in said
    assert "Not asked yet: \n\n- " in said
    assert "| early_stops | 1 of 2 | 1 | 9 | 1 | 0 of 3 | 0 | 0 | not asked of this version |" in said
    assert "\n\nOdd blocks that were not asked of this version: " in said
    assert ", 1 of early_stops, " in said


def test_a_role_that_nobody_asked_is_not_said_to_be_clean(rate: Any, tmp_path: Path) -> None:
    """A line of laws that there were before says nothing of those that there are now."""
    (tmp_path / "catch-rate.jsonl").write_text(
        json.dumps({"kind": "role", "role": "early_stops", "laws": ["STP-1"]}) + "\n"
    )
    line = {**WRONG, "broken": [], "block": "early_stops.InBits", "of": 1, "slowest": ["STP-1", 11.0]}
    with (tmp_path / "catch-rate.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")

    rate.write()

    said = (tmp_path / "catch-rate.md").read_text()
    unasked = "not asked of this version"
    assert f"| early_stops | 0 of 2 | 0 | 0 | {unasked} | 0 of 3 | 0 | 0 | {unasked} |" in said
    assert "Broken, of what was asked: none." in said
