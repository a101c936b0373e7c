"""The package of the mathematics."""

import subprocess
import sys

import pytest

from rlblocks import functional


def test_every_name_that_is_offered_is_there():
    """Those that are imported late too."""
    assert all(callable(getattr(functional, name)) for name in functional.__all__)
    assert functional.__all__ == sorted(functional.__all__)


def test_other_names_are_not_there():
    """A misspelt function is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="hubber"):
        _ = functional.hubber


def test_blocks_are_made_without_torch():
    """Listing, comparing and printing the mathematical blocks does not load torch."""
    roles = "schedules explorers targets losses target_updates optimizers"
    code = (
        f"import sys\nfor role in {roles.split()!r}: __import__('rlblocks.' + role)\n"
        "from rlblocks.optimizers import Adam\nprint(repr(Adam(lr=0.5))[:8], 'torch' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["Adam(lr=", "False"]
