"""What the tests of runs share."""

import os

import pytest
from generations import write


@pytest.fixture
def no_waiting():
    """Forcing files to a real disk costs milliseconds each, and changes nothing that can be seen here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


@pytest.fixture
def no_pictures():
    """Drawing the curves of a run costs a second."""
    from rlblocks.runs.run import Run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "plot", Run._folder)
        yield


@pytest.fixture
def last(tmp_path):
    """A checkpoint of generation 1."""
    path = tmp_path / "run" / "checkpoints" / "last"
    write(path, 1)
    return path
