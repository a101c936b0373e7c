"""What a person is told when something is wrong, and the exit code that programs are told."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer

from rlblocks._core.errors import PlugInWarning, RecipeError, RlblocksError, nearest
from rlblocks.cli._elsewhere import called
from rlblocks.cli._names import option_names
from rlblocks.cli._screen import Screen

UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # typer has no public name for it
REPORT = "this is a fault of rlblocks, or of a block or an environment that is not its own: please report it"


def told(error: BaseException) -> int:
    """Say on standard error what is wrong, and return the exit code."""
    match error:
        case BrokenPipeError() | SystemExit(__context__=BrokenPipeError()):
            _look_away()
            return 0
        case KeyboardInterrupt() | typer.Abort():
            return 130  # whoever pressed the key knows
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case RlblocksError():
            _say_all(error)
            return 2 if isinstance(error, RecipeError) else 1
        case UsageError():
            _say(*usage(error))
            return 2
        case _:
            said = (str(error).strip().splitlines() or [""])[0]
            _say(
                f"{type(error).__name__}: {said}" if said else type(error).__name__,
                f"{REPORT}; --debug shows where it arose",
            )
            return 1


def usage(error: BaseException) -> tuple[str, str]:
    """What is wrong with the form of a command line, and what to do.

    >>> import typer
    >>> usage(typer.BadParameter("no number"))
    ('invalid value: no number', 'rlblocks --help')
    """
    said = getattr(error, "format_message", lambda: str(error))().rstrip(".")
    said = said[:1].lower() + said[1:]
    context = getattr(error, "ctx", None)
    typed = str(getattr(error, "option_name", "")).lstrip("-").replace("-", "_")
    fix = f"{context.command_path if context else 'rlblocks'} --help"
    close = re.search(r"(?:\. Did you mean (?P<a>[^?]*)\??| \(Possible options: (?P<b>.*)\))$", said)
    names = (close["a"] or close["b"]).replace("'", "").split(", ") if close else []
    said = said[: close.start()] if close else said
    # What is alike in "--best" and "--to" are the dashes.
    names = [name for name in names if not typed or nearest(typed, [name.lstrip("-").replace("-", "_")])]
    if typed and context is not None and any(parameter.name == "settings" for parameter in context.command.params):
        near = nearest(typed, option_names()) or nearest(typed, [name.lstrip("-").replace("-", "_") for name in names])
        if near in option_names() or not near:
            return said, f"write {called(near or typed, '...')}, without dashes"
    return said, f"did you mean {' or '.join(map(repr, names))}?" if names else fix


def _say_all(error: RlblocksError) -> None:
    if error.fix or "\n" not in error.what:
        _say(error.what, error.fix)
    else:  # several misfits, each with its own fix
        head, _, rest = error.what.partition("\n")
        _say(head, "")
        Screen.of(sys.stderr).write(rest)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Tell of packages that do not import as of errors, without the line of ours that imported them."""
    usual = warnings.showwarning

    def show(message: Warning | str, *about: Any) -> None:
        if isinstance(message, PlugInWarning):
            _say(message.what, message.fix, "warning")
        else:
            usual(message, *about)

    warnings.showwarning = show  # type: ignore[assignment]  # it is called with what it is declared with
    try:
        yield
    finally:
        warnings.showwarning = usual


def _say(what: str, fix: str, kind: str = "error") -> None:
    screen = Screen.of(sys.stderr)
    with suppress(BrokenPipeError):
        screen.write(f"{screen.paint(f'{kind}:', 'bold red' if kind == 'error' else 'bold yellow')} {what}")
        if fix:
            screen.write(f"  {screen.paint('fix:', 'green')} {fix}")


def _look_away() -> None:
    """Nobody reads any more: what is still to be written goes nowhere, and the interpreter's last flush succeeds."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
