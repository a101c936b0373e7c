"""What is told of an error, and the exit code that goes with it."""

from __future__ import annotations

import pytest
import typer

from rlblocks._core.errors import CheckpointError, FieldError, RecipeError, RunError, WiringError
from rlblocks.cli import _errors
from rlblocks.cli._app import app
from tests.cli.console import Console

RAISED: dict[str, BaseException] = {
    "recipe": RecipeError("it does not fit", fix="swap it"),
    "field": FieldError("it is 9", fix="make it 1"),
    "run": RunError("it broke", fix="mend it"),
    "checkpoint": CheckpointError("it is damaged", fix="take another"),
    "keyboard": KeyboardInterrupt(),
    "other": ZeroDivisionError("division by zero"),
    "silent": ZeroDivisionError(),
}
SAID = {
    "recipe": (2, "error: it does not fit\n  fix: swap it\n"),
    "field": (2, "error: it is 9\n  fix: make it 1\n"),
    "run": (1, "error: it broke\n  fix: mend it\n"),
    "checkpoint": (1, "error: it is damaged\n  fix: take another\n"),
    "keyboard": (130, ""),
    "other": (
        1,
        f"error: ZeroDivisionError: division by zero\n  fix: {_errors.REPORT}; --debug shows where it arose\n",
    ),
    "silent": (1, f"error: ZeroDivisionError\n  fix: {_errors.REPORT}; --debug shows where it arose\n"),
}


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that raises what it is told to."""
    monkeypatch.setattr(app, "registered_commands", [*app.registered_commands])

    @app.command("break")
    def _break(name: str) -> None:
        raise RAISED[name]


@pytest.mark.parametrize("name", RAISED)
@pytest.mark.usefixtures("breaking")
def test_an_error_is_told_in_two_lines_with_its_exit_code(name: str, console: Console) -> None:
    """What is wrong and how to mend it, on standard error alone."""
    said = console(f"break {name}")

    assert (said.code, said.err, said.out) == (*SAID[name], "")


@pytest.mark.parametrize("name", ["recipe", "run", "other"])
@pytest.mark.parametrize("line", ["break {} --debug", "--debug break {}"])
@pytest.mark.usefixtures("breaking")
def test_with_debug_it_is_raised(name: str, line: str, console: Console) -> None:
    """Wherever `--debug` stands, Python shows where the error arose."""
    with pytest.raises(type(RAISED[name])):
        console(line.format(name))


@pytest.mark.usefixtures("breaking")
def test_all_misfits_are_told(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe with two misfits gets two fixes."""
    problems = [RecipeError("slot 'a' is odd", fix="swap a"), RecipeError("slot 'b' is odd", fix="swap b")]
    monkeypatch.setitem(RAISED, "recipe", WiringError("mine", problems))

    said = console("break recipe")

    assert said.code == 2
    assert said.err == "error: recipe 'mine':\nslot 'a' is odd\n  fix: swap a\nslot 'b' is odd\n  fix: swap b\n"


def test_usage_errors_name_the_verb_whose_help_helps() -> None:
    """Without a context it is the program's."""
    assert _errors.usage(typer.BadParameter("no number")) == ("invalid value: no number", "rlblocks --help")


@pytest.mark.parametrize("line", ["plot runs/a --best", "resume runs/a --steps 1500"])
def test_no_option_is_offered_that_is_alike_in_its_dashes_alone(line: str, console: Console) -> None:
    """To take `--to` for `--best` mends nothing."""
    said = console(line)

    assert said.code == 2
    assert said.err.endswith(f"fix: rlblocks {line.split(maxsplit=1)[0]} --help\n")


def test_an_option_that_is_misspelt_is_offered(console: Console) -> None:
    """Two letters exchanged."""
    assert "did you mean '--values'?" in console("plot runs/a --vaules").err


def test_a_group_of_seeds_is_drawn_into_its_folder(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its curves lie since training: not into whatever folder one stands in."""
    from rlblocks.runs import plots, seeds

    (console.folder / "runs" / "group").mkdir(parents=True)
    (console.folder / "runs" / "group" / seeds.RECORD).write_text("{}")
    monkeypatch.setattr(seeds, "group_runs", lambda _: [])
    monkeypatch.setattr(plots, "curve", lambda *_, to: to)

    assert console("plot runs/group").out.split() == ["runs/group/curves.png", "runs/group/curves.svg"]
