"""How text reaches a terminal and a pipe."""

from __future__ import annotations

import io

import pytest

from rlblocks.cli._screen import Screen

ROWS = [("short", "one two three four five six seven eight nine ten"), ("longer name", "said")]


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def shown(screen: Screen) -> str:
    assert isinstance(screen.stream, io.StringIO)
    return screen.stream.getvalue()


def test_rows_are_whole_in_a_pipe() -> None:
    """One line each, for grep and cut."""
    screen = Screen(io.StringIO())
    screen.rows(ROWS)

    assert shown(screen) == f"  short        {ROWS[0][1]}\n  longer name  said\n"


def test_rows_are_wrapped_on_a_terminal_within_their_column() -> None:
    """No line is wider than the terminal, and continued lines stand below the text."""
    screen = Screen(io.StringIO(), width=42)
    screen.rows(ROWS)
    lines = shown(screen).splitlines()

    assert max(map(len, lines)) <= 42
    assert lines[1].startswith(" " * 15 + "s")
    assert " ".join(line.strip().removeprefix("short").strip() for line in lines[:-1]) == ROWS[0][1]


def test_a_narrow_terminal_wraps_nothing() -> None:
    """With no room beside the labels a line is left to the terminal."""
    screen = Screen(io.StringIO(), width=20)
    screen.rows(ROWS)

    assert len(shown(screen).splitlines()) == 2


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for pipes, for NO_COLOR or for dumb terminals."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Screen.of(Terminal()).paint("x", "bold red") == "\x1b[1;31mx\x1b[0m"
    assert Screen.of(io.StringIO()).paint("x", "bold red") == "x"

    monkeypatch.setenv("NO_COLOR", "1")
    assert Screen.of(Terminal()).paint("x", "bold red") == "x"

    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert Screen.of(Terminal()).width == 0


def test_a_table_has_its_numbers_to_the_right() -> None:
    """The first column holds names, the others numbers."""
    screen = Screen(io.StringIO())
    screen.table(("recipe", "mean"), [("dqn", "9.5"), ("double_dqn", "100.0")])

    assert shown(screen).splitlines() == ["  recipe       mean", "  dqn           9.5", "  double_dqn  100.0"]


def test_prose_keeps_what_is_indented() -> None:
    """Only paragraphs are wrapped: an example or an equation stays as it is."""
    screen = Screen(io.StringIO(), width=20)
    screen.prose("a paragraph that is too long\n    an example that is too long")

    assert shown(screen) == "a paragraph that is\ntoo long\n    an example that is too long\n"


def test_hints_are_for_people() -> None:
    """A pipe gets none."""
    pipe, terminal = Screen(io.StringIO()), Screen(io.StringIO(), width=80)
    pipe.hint("rlblocks run dqn")
    terminal.hint("rlblocks run dqn")

    assert (shown(pipe), shown(terminal)) == ("", "\nrlblocks run dqn\n")
