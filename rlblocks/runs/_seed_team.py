"""The parent's side of several seeds: children are started as cores become free, listened to, and stopped together."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

import attrs

from rlblocks.runs._seed_worker import Job, Status, work
from rlblocks.runs._seeds_view import SeedsView

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 5.0  # seconds that children get to end after a second Ctrl-C
STOP = b"stop"


@attrs.define(eq=False)
class Worker:
    """One child and the parent's end of its pipe."""

    job: Job
    process: BaseProcess
    pipe: Connection


@attrs.define(eq=False)
class Team:
    """The children: started as cores become free, listened to, and stopped together.

    Attributes:
        statuses: where each seed stands.
    """

    waiting: deque[Job]
    size: int
    view: SeedsView
    running: list[Worker] = attrs.field(factory=list)
    statuses: dict[int, Status] = attrs.field(factory=dict)
    asked: int = 0

    def run(self) -> None:
        """Until every seed has ended, or the children have stopped after Ctrl-C."""
        self.statuses.update({job.seed: Status() for job in self.waiting})
        try:
            with self._signals():
                while self.running or (self.waiting and not self.asked):
                    while self.waiting and len(self.running) < self.size and not self.asked:
                        self._start(self.waiting.popleft())
                    self._listen()
        finally:
            self._end()

    def _start(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, job), name=f"seed-{job.seed}")
        process.start()
        theirs.close()
        self.running.append(Worker(job, process, ours))
        self._note(job.seed, Status("starting", budget=job.options.get("steps", 1)))

    def _listen(self) -> None:
        by_pipe = {worker.pipe: worker for worker in self.running}
        for ready in wait(list(by_pipe), timeout=0.25):
            worker = by_pipe[ready]  # type: ignore[index]  # only pipes are waited for
            try:
                message = json.loads(worker.pipe.recv_bytes())
            except (EOFError, OSError):
                self._ended(worker)
                continue
            if "status" in message:
                self._note(worker.job.seed, Status(**message["status"]))
            else:
                self.view.record(worker.job.seed, message["record"])

    def _ended(self, worker: Worker) -> None:
        """A child's pipe is closed: it has ended, in good order or not."""
        worker.process.join(PATIENCE)
        worker.pipe.close()
        self.running.remove(worker)
        status = self.statuses[worker.job.seed]
        if status.state in ("starting", "running"):
            said = f"its process ended with code {worker.process.exitcode}"
            state = "interrupted" if self.asked else "failed"
            self._note(worker.job.seed, attrs.evolve(status, state=state, said=said))

    def _note(self, seed: int, status: Status) -> None:
        self.statuses[seed] = status
        self.view.update(seed, status)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM stop every child with a checkpoint; a second one ends them at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(_: int, __: object) -> None:
            self.asked += 1
            self._tell()
            if self.asked > 1:
                raise KeyboardInterrupt

        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _tell(self) -> None:
        for worker in self.running:
            with suppress(OSError):
                worker.pipe.send_bytes(STOP)

    def _end(self) -> None:
        """Leave no child behind."""
        limit = time.monotonic() + PATIENCE
        for worker in self.running:
            worker.pipe.close()
            worker.process.join(max(0.1, limit - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def cores() -> int:
    """How many processes can run at a time."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # only Linux says which cores this process may use
        return os.cpu_count() or 1
