"""The page of results counts what was trained with the settings that it names."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

from rlblocks._core.files import recipe_hash

ROOT = Path(__file__).parents[2]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, with files of its own."""
    spec = importlib.util.spec_from_file_location("results", ROOT / "benchmarks" / "results.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018  one fact: there is such a file
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("RESULTS", "SPEED", "PAGE"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).name)
    return module


def row(results: Any, score: float, **changes: Any) -> str:
    """A line of a seed of Acrobot."""
    (acrobot,) = (e for e in results.EXPERIMENTS if e.name == "acrobot")
    found = {
        "experiment": "acrobot", "recipe": recipe_hash(acrobot.made()), "seed": 0, "steps": acrobot.steps,
        "trained": score, "last20": score, "last": score, "best": score, "best_at": 10, "solved_at": 10, "seconds": 1.0,
    }  # fmt: skip
    return json.dumps(found | changes) + "\n"


def test_seeds_of_earlier_settings_are_not_averaged(results: Any) -> None:
    """Another recipe or another number of steps: such a line is left out of the table, and counted in a sentence."""
    old = [row(results, -500.0, recipe="0123456789ab"), row(results, -500.0, steps=7, seed=2)]
    results.RESULTS.write_text(row(results, -80.0) + "".join(old) + row(results, -90.0, seed=1))
    results.write()
    page = results.PAGE.read_text()

    assert "| dqn, Acrobot-v1 | 100,000, 2 | -85.0 | -85.0 | -85.0 | -85.0 |" in page
    assert "500.0" not in page
    assert "Lines of docs/results.jsonl left out, trained with earlier settings: 2." in page


def test_seeds_of_the_present_settings_are_all_there_is(results: Any) -> None:
    """Then no sentence speaks of others."""
    results.RESULTS.write_text(row(results, -80.0))
    results.write()

    assert "earlier settings" not in results.PAGE.read_text()


def test_what_was_trained_with_earlier_settings_is_trained_again(results: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is on file with the present ones is not."""
    jobs: list[Any] = []
    monkeypatch.setattr(results.multiprocessing, "get_context", lambda _: Pools(jobs))
    results.RESULTS.write_text(row(results, -80.0) + row(results, -80.0, seed=1, recipe="0123456789ab"))
    results.train("acrobot", 1, "runs")

    assert [seed for _, seed, _ in jobs] == [1, 2, 3, 4]


class Pools:
    """Takes the jobs, and does none of them."""

    def __init__(self, jobs: list[Any]) -> None:
        self.jobs = jobs

    def Pool(self, *_: Any, **__: Any) -> Pools:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def imap_unordered(self, _: Any, todo: list[Any]) -> list[Any]:
        self.jobs.extend(todo)
        return []


def of(results: Any, name: str) -> Any:
    """An experiment by its name."""
    return next(e for e in results.EXPERIMENTS if e.name == name)


class Along:
    """Walks along the cliff: up, right to the end, down."""

    plan = SimpleNamespace(columns={})

    def __call__(self, states: Any) -> Any:
        return np.where(states == 36, 0, np.where(states % 12 == 11, 2, 1))


def test_an_exact_score_is_computed_from_the_table_of_the_environment(results: Any) -> None:
    """The way along the cliff costs 13, whether or not an episode would be cut later."""
    assert results.MEASURES["exact"](Along(), "CliffWalking-v1", 200) == -13.0
    assert results.MEASURES["exact"](Along(), "CliffWalking-v1", 5) == -5.0


def test_exact_scores_have_a_column_and_their_digits(results: Any) -> None:
    """Where an experiment asks for one; what succeeds in 0.7402 of episodes is not rounded to 0.7."""
    lake = of(results, "lake")
    record = json.loads(row(results, 0.74, experiment="lake", recipe=recipe_hash(lake.made()), steps=lake.steps))
    results.RESULTS.write_text(json.dumps(record | {"exact": 0.74016}) + "\n")
    results.write()
    page = results.PAGE.read_text()

    assert "| last | best | exact | best at |" in page
    assert "| 0.74 | 0.7402 | 10 |" in page
    assert "yes: 0.7402 (1 of 5 seeds run so far)" in page


def test_evaluations_that_never_end_are_cut_as_the_tuned_settings_say(results: Any) -> None:
    """On CliffWalking, where no length of an episode is registered."""
    assert (of(results, "cliff").cut, of(results, "cliff_sarsa").cut, of(results, "lake").cut) == (200, 200, 0)


def test_what_is_on_file_makes_the_page(results: Any) -> None:
    """docs/results.md is what `write` makes of the two files: nothing was put in by hand."""
    for path in (results.RESULTS, results.SPEED):
        path.write_text((ROOT / "docs" / path.name).read_text())
    results.write()

    assert results.PAGE.read_text() == (ROOT / "docs" / "results.md").read_text()
