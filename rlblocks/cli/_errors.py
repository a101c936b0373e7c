"""What a person is told when something is wrong, and the exit code that programs are told."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

import typer

from rlblocks._core.errors import RecipeError, RlblocksError, nearest
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
    if context is not None and context.info_name == "run" and nearest(typed, option_names()):
        return said.partition(" (Possible")[0], f"write {nearest(typed, option_names())}=..., without dashes"
    fix = f"{context.command_path if context else 'rlblocks'} --help"
    close = re.search(r"(?:\. Did you mean (?P<a>[^?]*)\??| \(Possible options: (?P<b>.*)\))$", said)
    if close:
        names = (close["a"] or close["b"]).replace("'", "").split(", ")
        return said[: close.start()], f"did you mean {' or '.join(map(repr, names))}?"
    return said, fix


def _say_all(error: RlblocksError) -> None:
    if error.fix or "\n" not in error.what:
        _say(error.what, error.fix)
    else:  # several misfits, each with its own fix
        head, _, rest = error.what.partition("\n")
        _say(head, "")
        Screen.of(sys.stderr).write(rest)


def _say(what: str, fix: str) -> None:
    screen = Screen.of(sys.stderr)
    with suppress(BrokenPipeError):
        screen.write(f"{screen.paint('error:', 'bold red')} {what}")
        if fix:
            screen.write(f"  {screen.paint('fix:', 'green')} {fix}")


def _look_away() -> None:
    """Nobody reads any more: what is still to be written goes nowhere, and the interpreter's last flush succeeds."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
