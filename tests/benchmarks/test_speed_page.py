"""The page of speeds takes medians, and compares with who it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page() -> Any:
    """The module that writes it."""
    spec = importlib.util.spec_from_file_location("speed_page", ROOT / "benchmarks" / "speed_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(peer: str, speed: int) -> dict[str, Any]:
    """A round of one."""
    return {"peer": peer, "job": "table_Taxi-v4", "env_steps": 100, "per_cpu_s": speed, "per_wall_s": 1}


def test_tables_are_compared_with_the_textbook_in_the_same_environment(page: Any) -> None:
    """By the medians of their rounds; without lines of networks nothing is said of these."""
    rounds = [("textbook", 40_000), ("numpy", 9_000), ("textbook", 10), ("numpy", 10_000), ("textbook", 50_000)]
    said = list(page.speeds([table(*one) for one in rounds]))

    assert said[0].startswith("\n### Tables")
    assert said[1:] == ["| Taxi-v4 | textbook | 3 | 40,000 | 1.00 |", "| Taxi-v4 | numpy | 2 | 9,500 | 0.24 |"]


def test_nothing_is_said_of_what_was_not_measured(page: Any) -> None:
    """No head without a row."""
    assert list(page.speeds([])) == []
