"""The page of mutants says what was asked, and a sample is drawn fairly."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page, with a folder of two files, and no records."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    found = importlib.import_module("mutant_page")
    sampling = importlib.import_module("mutant_sample")
    for name, lines in (("long", 40), ("short", 3)):
        (tmp_path / f"{name}.py").write_text("def f(x):\n" + "    x += 1\n" * lines + "    return x\n")
    for module in (found, sampling):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(found, "RECORDS", tmp_path / "records.jsonl")
    monkeypatch.setattr(found, "EQUIVALENT", tmp_path / "mutants.toml")
    monkeypatch.setattr(found, "FOLDERS", (".",))
    (tmp_path / "mutants.toml").write_text("")
    (tmp_path / "docs").mkdir()
    return found


def sampling(*names: str) -> list[Any]:
    """Functions that draw a sample."""
    return [vars(importlib.import_module("mutant_sample"))[name] for name in names]


def note(page: Any, path: Path, key: str, **said: Any) -> None:
    """Record what became of a mutant."""
    line = {"file": path.name, "digest": page.digest(path), "key": key, "line": 1, "status": "survived", **said}
    with page.RECORDS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_a_sample_is_spread_over_all_files(page: Any, tmp_path: Path) -> None:
    """In proportion, at least four of each, more of the same where more are asked, and others for another seed."""
    sample, population = sampling("sample", "population")
    files = [tmp_path / "long.py", tmp_path / "short.py"]
    small, large, other = (sample(files, count, seed) for count, seed in ((20, 1), (60, 1), (20, 2)))
    every = {path: population(path) for path in files}
    total = sum(map(len, every.values()))
    for path in files:
        assert len(small[path]) == max(4, round(20 * len(every[path]) / total))
        assert small[path] <= large[path] <= set(every[path])
    assert small != other


def test_what_was_asked_before_is_not_drawn(page: Any, tmp_path: Path) -> None:
    """And what was drawn and asked stays drawn, so that a sample that was broken off is gone on with."""
    sample, population = sampling("sample", "population")
    path = tmp_path / "short.py"
    first, second, *_ = population(path)
    note(page, path, first)
    drawn = sample([path], 4, 1)
    for key in drawn[path]:
        note(page, path, key, drawn=True)
    assert first not in drawn[path]
    assert sample([path], 4, 1) == drawn
    assert second in population(path)


def test_what_the_clock_stopped_is_no_catch(page: Any, tmp_path: Path) -> None:
    """It is counted apart; what a law noticed later is not noticed at first; and what is equivalent is left out."""
    (population,) = sampling("population")
    path = tmp_path / "short.py"
    keys = population(path)[:5]
    for key, said in zip(
        keys,
        (
            {"status": "killed", "reason": "it hung"},
            {"status": "stopped", "reason": "it died"},
            {"status": "killed", "reason": "1 is not 2"},
            {},
            {},
        ),
        strict=True,
    ):
        note(page, path, key, drawn=True, **said)
    note(page, path, keys[3], status="killed", reason="1 is not 2")
    (tmp_path / "mutants.toml").write_text(f'["short.py"]\n"{keys[4]}" = "it is the same"\n')

    page.write_page()

    text = (tmp_path / "docs" / "mutants.md").read_text()
    total = len(population(path))
    assert f"| `short.py` | {total} | 5 | 2 | 2 | 1 | 0 | 50 % |" in text
    assert "| `./` | 1 | 129 | 129 | 5 | 1 | 1 of 4 | 25.0 % (4.6 to 69.9 %) | 2 of 4 | 2 |" in text
    assert page.survivors(path) == set(keys[:2])


def test_a_later_sample_is_of_what_was_left(page: Any, tmp_path: Path) -> None:
    """It draws nothing of an earlier one, has a line of its own, and the earlier one's population stays what it was."""
    sample, population = sampling("sample", "population")
    path = tmp_path / "long.py"
    every = population(path)
    first = sample([path], 10, 1)[path]
    for key in first:
        note(page, path, key, drawn=True)
    second = sample([path], 20, 2)[path]
    assert second.isdisjoint(first)
    for key in second:
        note(page, path, key, drawn=2, status="killed", reason="1 is not 2")
    assert sample([path], 20, 2)[path] == second
    assert sample([path], 10, 1)[path] == first
    assert population(path, 1) == every
    assert set(population(path, 2)) == set(every) - first

    page.write_page()

    text = (tmp_path / "docs" / "mutants.md").read_text()
    assert f"| `./` | 1 | 129 | 129 | {len(first)} | 0 | 0 of {len(first)} |" in text
    assert f"| `./` | 2 | 129 | {129 - len(first)} | 20 | 0 | 20 of 20 |" in text


def test_files_that_were_drawn_more_often_count_less(page: Any) -> None:
    """A share is of all mutants, and its interval that of Wilson."""
    shares = importlib.import_module("mutant_shares")
    share_noticed, wilson = shares.share_noticed, shares.wilson
    assert wilson(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert share_noticed([(200, 100, 0, 90)]) == pytest.approx((0.9, 0.8256, 0.9448), abs=1e-4)
    assert share_noticed([(80, 10, 2, 4), (20, 10, 0, 10)])[0] == pytest.approx((8 * 4 + 2 * 10) / (8 * 8 + 2 * 10))


def test_what_only_declares_is_asked_what_its_neighbours_are(page: Any) -> None:
    """A file of which no law calls a function may be what the others are built on."""
    tool, made = importlib.import_module("mutants"), importlib.import_module("mutations")
    plan = tool.Plan(
        {"rlblocks/returns/gae.py::GAE.compute": [("RET-1", "GAE()", 0.1)], "GAE": [("RET-24", "GAE()", 0.2)]}
    )
    mutant = next(made.mutants(ROOT / "rlblocks" / "returns" / "base.py"))
    assert plan.order("rlblocks/returns/base.py", mutant) == [("RET-1", "GAE()"), ("RET-24", "GAE()")]
    assert plan.order("rlblocks/stores/base.py", mutant) == []
