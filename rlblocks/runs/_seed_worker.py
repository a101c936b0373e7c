"""One seed in a process of its own: the child's side, and what it tells its parent.

Messages are JSON. The pipe is also how the child learns that it shall stop, and that its parent is gone.
"""

from __future__ import annotations

import _thread
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import attrs

from rlblocks.runs._progress import Progress, summary
from rlblocks.runs.events import EpisodeEnded, Event, Finished, Learned, Started
from rlblocks.runs.metrics import record_of

GRACE = 4.0  # seconds in which an orphan may save itself
OUTPUT = "output.txt"  # whatever the child printed; removed where that is nothing
ENDS = (signal.SIGINT, signal.SIGTERM)


@attrs.frozen
class Job:
    """What one child is to do.

    Attributes:
        seed: of the run.
        recipe: as TOML.
        place: where its run folder is made.
        command: for the record.
        options: of the run.
        resume: the run folder to go on with; empty to begin.
        records: whether to pass on every event, for a program that reads them.
    """

    seed: int
    recipe: str
    place: str
    command: str
    options: dict[str, Any]
    resume: str = ""
    records: bool = False


@attrs.frozen
class Status:
    """Where one seed stands, in plain values; numbers that are not known are NaN.

    Attributes:
        state: "waiting", "starting", "running", or the reason of its end.
        said: its verdict, or why it failed.
    """

    state: str = "waiting"
    env_steps: int = 0
    budget: int = 1
    remaining: float = math.nan
    value: float = math.nan
    evaluation: float = math.nan
    deviation: float = math.nan
    evaluations: int = 0
    folder: str = ""
    said: str = ""


@attrs.define(eq=False)
class Relay:
    """A callback that tells the parent where the run stands, and every event where that is wanted."""

    pipe: Connection
    records: bool
    progress: Progress = attrs.field(factory=Progress)
    status: Status = Status("running")

    def on(self, event: Event) -> None:
        """Take note; tell what changed, episodes and learn reports only with the next tick."""
        self.progress.note(event)
        if self.records:
            self.send("record", record_of(event))
        if isinstance(event, EpisodeEnded | Learned):
            return
        last = self.progress.evaluated
        found = summary(last.returns if last else ())
        new = last is not None and last is event
        self.status = attrs.evolve(
            self.status, env_steps=self.progress.env_steps, budget=self.progress.budget,
            remaining=self.progress.remaining(), value=summary(self.progress.recent).mean,
            evaluation=found.mean, deviation=found.deviation, evaluations=self.status.evaluations + new,
        )  # fmt: skip
        if isinstance(event, Started):
            self.status = attrs.evolve(self.status, folder=str(event.folder or ""))
        if isinstance(event, Finished):
            self.status = attrs.evolve(self.status, state=event.reason, said=event.verdict)
        self.send("status", attrs.asdict(self.status))

    def failed(self, said: str) -> None:
        """The run broke before or after it could say so."""
        self.status = attrs.evolve(self.status, state="failed", said=said)
        self.send("status", attrs.asdict(self.status))

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Tell; where nobody listens any more, the run is about to be stopped anyway."""
        with suppress(OSError):
            self.pipe.send_bytes(json.dumps({kind: content}).encode())


def work(pipe: Connection, job: Job) -> None:
    """Train or resume one seed. The entry of the child process."""
    with suppress(AttributeError, OSError):
        os.setsid()  # Ctrl-C in the terminal is for the parent, who passes it on once
    for number in ENDS:
        signal.signal(number, signal.default_int_handler)
    output = _redirect(Path(job.place) / OUTPUT)
    relay = Relay(pipe, job.records)
    threading.Thread(target=_obey, args=(pipe,), daemon=True).start()
    try:
        _train(job, relay)
    except KeyboardInterrupt:
        relay.failed("stopped before it was saved")
    except Exception as error:  # noqa: BLE001  whatever it is, the parent tells it
        traceback.print_exc()
        relay.failed(f"{getattr(error, 'what', '') or f'{type(error).__name__}: {error}'}")
    sys.stdout.flush()
    sys.stderr.flush()
    if not output.stat().st_size:
        output.unlink()


def _train(job: Job, relay: Relay) -> None:
    from rlblocks._core.files import loads
    from rlblocks.runs.train import resume, train

    if job.resume:
        resume(job.resume, view="quiet", callbacks=[relay])
    else:
        recipe = loads(job.recipe)
        train(recipe, folder=job.place, view="quiet", callbacks=[relay], command=job.command, **job.options)


def _redirect(path: Path) -> Path:
    """Whatever is printed goes to a file, so that the parent's screen stays whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for number in (1, 2):
        os.dup2(handle, number)
    os.close(handle)
    return path


def _obey(pipe: Connection) -> None:
    """Stop the run when told to: once in good order, twice at once. Without a parent there is nobody to run for."""
    with suppress(EOFError, OSError):
        while pipe.recv_bytes():
            _thread.interrupt_main()
        return
    _thread.interrupt_main()
    time.sleep(GRACE)
    os._exit(1)
