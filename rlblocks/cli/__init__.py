"""The command line. Each verb is a file; what a verb needs is imported when it is called, so that `--help` is fast."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG = "--debug"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    0: done; also where nobody reads the output any more. 1: a run broke, or a law does not hold. 2: the user's to mend.
    130: stopped by the keyboard.

    Args:
        arguments: without the program's name; by default those of this process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = DEBUG in words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a sign that this terminal lacks is no reason to fail
    from rlblocks.cli import _errors
    from rlblocks.cli._app import app

    try:
        with _errors.plain_warnings():
            code = app([word for word in words if word != DEBUG], prog_name="rlblocks", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # a closed pipe shows here, not at the interpreter's end
    except BaseException as error:
        if debug and not isinstance(error, KeyboardInterrupt | SystemExit | BrokenPipeError):
            raise
        return _errors.told(error)
    return code if isinstance(code, int) else 0
