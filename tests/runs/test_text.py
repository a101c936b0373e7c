"""Numbers, bars, sparklines and paths as a terminal shows them."""

import math
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks.runs import _text as text

SETTINGS = settings(derandomize=True, deadline=None, max_examples=100)


@SETTINGS
@given(st.lists(st.floats(), min_size=1, max_size=40), st.sampled_from([text.UNICODE, text.ASCII]))
def test_a_sparkline_has_a_cell_per_value_and_keeps_the_order(values, glyphs):
    """Any floats give one character each; the highest is the top level, and a larger value never a lower one."""
    drawn = text.sparkline(values, glyphs.levels)

    assert len(drawn) == len(values)
    cells = [(value, glyphs.levels.index(cell)) for value, cell in zip(values, drawn, strict=True) if cell != " "]
    assert len(cells) == sum(map(math.isfinite, values))
    heights = [height for _, height in sorted(cells)]
    assert heights == sorted(heights)
    if cells and min(cells)[0] < max(cells)[0]:
        assert (heights[0], heights[-1]) == (0, len(glyphs.levels) - 1)


@SETTINGS
@given(st.floats(0, 1), st.integers(0, 200))
def test_a_bar_is_full_only_at_the_end(share, width):
    """The two parts fill the width, and something is left to do until the share is 1."""
    done, todo = text.bar(share, width)

    assert done + todo == width
    assert done >= 0
    if share < 0.99 and width:
        assert todo > 0


@SETTINGS
@given(st.floats())
def test_a_number_is_short_and_reads_back(value):
    """At most twelve characters, within half a percent of the number."""
    said = text.number(value)

    assert len(said) <= 12
    if abs(value) < 1e308:
        assert float(said.replace(",", "")) == pytest.approx(value, rel=6e-3)


@SETTINGS
@given(st.text(max_size=30))
def test_printable_text_cannot_move_the_cursor(said):
    """Whatever the name of a thing is, it stays on its line."""
    assert text.printable(said).isprintable() or not said


@SETTINGS
@given(st.text(max_size=30), st.integers(0, 20), st.sampled_from(["…", "..."]))
def test_shortened_text_fits(said, width, ellipsis):
    """Never longer than the width, and untouched where it fits."""
    short = text.shorten(said, width, ellipsis)

    assert len(short) <= max(width, 0)
    assert short == said or len(said) > width


def test_seconds_are_read_off_a_clock():
    """Nothing is negative, and what cannot be known is a question mark."""
    assert [text.duration(s) for s in (-1, 0, 59.6, 3599.4, 172_800, math.inf)] == [
        "0:00", "0:00", "1:00", "59:59", "2 d 0 h", "?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ("home/work", "runs/dqn-1"),
        ("home/work/runs/dqn-1", "."),
        ("home/work/other", "../runs/dqn-1"),
        ("elsewhere/a/b", "~/work/runs/dqn-1"),
    ],
)
def test_a_path_is_as_short_as_it_can_be_typed(here, said, tmp_path, monkeypatch):
    """Relative from nearby, from the home folder where that is shorter, and always the same folder."""
    run = tmp_path / "home" / "work" / "runs" / "dqn-1"
    for folder in (run, tmp_path / here):
        folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / here)

    assert text.typed(run) == said


@pytest.mark.parametrize("name", ["my run", "-r", "it's", "$HOME", "ünï", "a;b"])
def test_an_odd_path_survives_the_shell(name, tmp_path, monkeypatch):
    """What is printed can be typed: it is quoted, and is never taken for an option."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/nowhere")

    (word,) = shlex.split(text.typed(Path(name)))

    assert Path(word).absolute().parent.samefile(tmp_path)
    assert Path(word).name == name
    assert not word.startswith("-")


def test_a_current_folder_that_is_gone_leaves_the_absolute_path(tmp_path, monkeypatch):
    """A run may outlive the folder it was started from."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert text.typed(Path("/data/runs/dqn")) == "/data/runs/dqn"
