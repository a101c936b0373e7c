"""What several seeds say of the laws that they asked."""

from __future__ import annotations

from pathlib import Path

from rlblocks.runs._seeds_view import summary_lines
from rlblocks.runs.broken_laws import Finding, Report
from rlblocks.runs.seeds import Group, SeedResult


def group(folder: Path, *reports: Report | None) -> Group:
    """One run for each report, or without one; and one seed that was not begun."""
    results = []
    for seed, report in enumerate(reports):
        run = folder / f"seed-{seed}"
        run.mkdir()
        if report is not None:
            report.save(run)
        results.append(SeedResult(seed, run, "budget", "", 1.0, 2.0))
    return Group(folder, "dqn on CartPole-v1", (*results, SeedResult(9, None, "waiting", "")))


def test_laws_that_all_seeds_kept_are_said_to_be(tmp_path: Path) -> None:
    """How many were asked of how many batches, as a single run says it: of all seeds together."""
    made = group(
        tmp_path, Report(3, {"store": ["BUF-2"], "explorer": ["EXP-1"]}), Report(2_000, {"store": ["BUF-2", "BUF-7"]})
    )

    lines = summary_lines(made)
    place = lines.index("laws: 2,003 batches of 2 seeds checked, 3 laws of 2 slots, none broken")
    assert lines[place + 1 : place + 3] == ["  store     BUF-2 BUF-7", "  explorer  EXP-1"]
    assert place > lines.index(next(line for line in lines if "95 % interval" in line))


def test_a_broken_law_is_told_with_its_seed(tmp_path: Path) -> None:
    """Beside those that hold."""
    found = Finding("BUF-2", "rows are whole", "store", "MixesRows()", "other actions")
    made = group(tmp_path, Report(1, {"store": ["BUF-2"]}), Report(1, {"store": ["BUF-2"]}, [found]))

    lines = summary_lines(made)

    assert "laws: 2 batches of 2 seeds checked, 1 law of 1 slot, 1 broken" in lines
    assert f"  seed 1: {found}" in lines


def test_a_batch_that_could_not_be_asked_about_is_told_with_its_seed(tmp_path: Path) -> None:
    """That no law was broken is said of the others alone."""
    odd = Report(2, {"store": ["BUF-2"]}, [], "ZeroDivisionError: division by zero")
    lines = summary_lines(group(tmp_path, Report(1, {"store": ["BUF-2"]}), odd))

    assert "laws: 3 batches of 2 seeds checked, 1 law of 1 slot, none broken where they could be asked" in lines
    assert "  could not be asked about a batch: seed 1: ZeroDivisionError: division by zero" in lines


def test_nothing_is_said_where_none_were_asked(tmp_path: Path) -> None:
    """As in a single run."""
    assert not any(line.startswith("laws") for line in summary_lines(group(tmp_path, None, None)))
