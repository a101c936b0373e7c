"""What is no checkpoint is named for what it is, and never opened."""

import os

import pytest
import torch
from generations import Bomb, bomb, names, write, zipped
from rlblocks.recipes import dqn

from rlblocks._core.errors import CheckpointError
from rlblocks.runs._record import write_record
from rlblocks.runs.checkpoint import load
from rlblocks.runs.options import Options
from rlblocks.runs.train import resume

pytestmark = pytest.mark.usefixtures("no_waiting")


FOREIGN = {  # what a message calls it: how another program writes it
    "torch": lambda path, mark: torch.save(Bomb(mark), path),
    "old torch": lambda path, mark: torch.save(Bomb(mark), path, _use_new_zipfile_serialization=False),
    "pickle": lambda path, mark: path.write_bytes(bomb(mark)),
    "Stable-Baselines3": lambda path, mark: zipped(
        path, ("data", "{}"), ("policy.pth", bomb(mark)), ("_stable_baselines3_version", "2.8.0")
    ),
    "zip": lambda path, mark: zipped(path, (f"../{mark.name}/slip", "x")),
    "numpy archive": lambda path, _mark: zipped(path, ("x.npy", "")),
    "safetensors": lambda path, _mark: path.write_bytes((2).to_bytes(8, "little") + b'{"'),
    "a file": lambda path, _mark: path.write_bytes(b""),
    "neither": lambda path, _mark: os.mkfifo(path),
    "without a manifest": lambda path, _mark: path.mkdir(),
    "a run folder": lambda path, _mark: write(path / "checkpoints" / "last", 1),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_checkpoint_is_named_and_never_opened(tmp_path, kind):
    """The message says what it is and what to give instead; no code of it runs."""
    path, mark = tmp_path / "model", tmp_path / "mark"
    FOREIGN[kind](path, mark)
    with pytest.raises(CheckpointError, match=kind) as caught:
        load(path)
    assert "checkpoints/last" in caught.value.fix
    assert not mark.exists()
    assert names(tmp_path) == ["model"]


def test_a_run_that_saved_nothing_is_to_be_begun_anew(tmp_path):
    """It is a run folder as any other, but for its checkpoints."""
    run = tmp_path / "runs" / "dqn-1"
    run.mkdir(parents=True)
    write_record(run, dqn(), Options(), "rlblocks run dqn")
    with pytest.raises(CheckpointError, match="there is no checkpoint") as caught:
        resume(run)
    assert caught.value.fix == f"the run ended before it saved anything: begin it anew, as {run / 'command.txt'} says"
