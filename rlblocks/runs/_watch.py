"""Asking laws of a run while it goes on: a store that is watched, and what is made of what it hands over.

Nothing of the run is touched: laws are asked of copies, random numbers are our own, and the printed functions are
called again on copies of the networks. So a run is bit for bit the same with and without.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rlblocks._core.learning import stored_keys
from rlblocks._core.state import State
from rlblocks.runs._asking import acts_alone, differ, replayed, tensors_of, undisturbed
from rlblocks.runs._examples import save_call, save_rows
from rlblocks.runs._row_laws import COLLECTED, Collected, Columns, Handed, Said, first_columns
from rlblocks.runs._shadow import Recorded
from rlblocks.runs.broken_laws import Finding, Report
from rlblocks.stores.base import DrainedMemory, Memory, SampledMemory, Tree
from rlblocks.testing._call import Call
from rlblocks.testing._given import call_on
from rlblocks.testing._passive import OWN, asked_on

SHARE = 40  # a run is looked at about so often
GROWTH = 2  # and more often at its beginning: whenever it has grown by half
ROWS = 6  # of acting that are asked about together
STILL = "a target network moves by its update alone"

Tell = Callable[[object], None]
Save = Callable[[Path, Finding], str]


class Watch:
    """Asks laws of some of the batches of a run.

    Attributes:
        report: what was asked and found so far.
        tell: called with each finding, once.
    """

    def __init__(self, state: State, folder: Path | None, *, everything: bool, report: Report | None = None) -> None:
        self.report, self.tell = report or Report(), cast("Tell", lambda _: None)
        self._state, self._folder, self._everything = state, folder, everything
        self._generator = np.random.default_rng(0)
        self._collected = Collected(state.plan)
        self._handed = Handed(state.plan, first_columns(state.plan, stored_keys(state)))
        steps = 1 if acts_alone(state.plan) else -(-ROWS // state.pool.n)
        self._seen: deque[Mapping[str, NDArray[Any]]] = deque(maxlen=steps)
        self._began, self._next = -1, 0
        self._before: dict[str, tuple[int, list[Tensor]]] = {}  # firings and tensors, when last looked at

    def wrote(self, rows: Columns, environments: NDArray[np.int64]) -> None:
        """Rows are about to be written."""
        self._handed.remember(rows)
        self._seen.append({key: np.array(value) for key, value in self._state.seen().items()})
        self._take(self._collected.broken(rows, environments), COLLECTED, {"EXP-1": "explorer"}, rows)

    def forget(self) -> None:
        """The next rows follow no row that is known, such as after a resume."""
        self._collected.forget()
        self._handed.whole = False
        self._seen.clear()

    def hands(self, columns: Columns, *, drained: bool) -> None:
        """Rows were handed to learning, which has not begun with them."""
        self._look_at_targets()
        if not self._due():
            return
        copied = {key: np.array(column) for key, column in columns.items()}
        asked = self._handed.asked(copied)
        self._take(self._handed.broken(copied, drained=drained), asked, dict.fromkeys(asked, "store"), copied)
        with undisturbed():
            try:
                self._replay(copied, drained=drained)
            except Exception as error:  # noqa: BLE001  a run does not end because it is watched
                self._give_up(f"{type(error).__name__}: {error}")
        self.report.batches += 1
        targets = self._state.target
        self._before = {name: (times, tensors_of(targets[name])) for name, times in self._firings().items()}

    def _replay(self, columns: Columns, *, drained: bool) -> None:
        shadow, moved = replayed(self._state, columns, list(self._seen), self._generator, drained=drained)
        for name in moved:
            self._found("TUP-4", STILL, f"target_updates.{name}", "the learn step wrote to it")
        for recorded in shadow.calls:
            self._ask(recorded)

    def _give_up(self, why: str) -> None:
        if not self.report.unasked:
            self.report.unasked = why
            self.tell(f"the blocks could not be asked about a batch: {why}")

    def _due(self) -> bool:
        counters = self._state.counters
        if not self._everything and counters.env_steps < self._next:
            return False
        self._began = counters.env_steps if self._began < 0 else self._began
        grown = (counters.env_steps - self._began) // GROWTH
        self._next = counters.env_steps + max(1, min(counters.budget // SHARE, grown))
        return True

    def _take(self, broken: Iterator[Said], titles: Mapping[str, str], slots: Mapping[str, str], rows: Columns) -> None:
        for law in titles:
            self.report.note(slots.get(law, "env"), law)
        for law, said in broken:
            self._found(law, titles[law], slots.get(law, "env"), said, lambda at, found: save_rows(at, found, rows))

    def _ask(self, recorded: Recorded) -> None:
        call = call_on(recorded.block, recorded.arguments, recorded.around)
        if call is None:
            return

        def saving(of: Call) -> Save:
            return lambda at, found: save_call(at, found, of, recorded.around, self._state.plan.recipe)

        for law, broken in asked_on(call, self.report.batches + 1):
            self.report.note(recorded.slot, law)
            if broken is not None:
                self._found(law, broken.title, recorded.slot, broken.said, saving(broken.call))
        for law_id, (title, ask) in OWN.items():
            said = ask(call, recorded.wrote)
            if said is not None:
                self.report.note(recorded.slot, law_id)
            if said:
                self._found(law_id, title, recorded.slot, said, saving(call))

    def _firings(self) -> dict[str, int]:
        keepers = self._state.plan.recipe.target_updates
        return {name: keepers[name].every.fired(self._state.counters) for name in self._state.plan.follows}

    def _look_at_targets(self) -> None:
        """Where the clock of its update has not fired since the last look, a target network is the same."""
        for name, times in self._firings().items() if self._before else ():
            fired, before = self._before[name]
            self.report.note(f"target_updates.{name}", "TUP-4")
            if times == fired and differ(before, self._state.target[name]):
                self._found("TUP-4", STILL, f"target_updates.{name}", "it was written to while its clock did not fire")
        self._before = {}

    def _found(self, law: str, title: str, slot: str, said: str, save: Save | None = None) -> None:
        if self.report.is_known(slot, law):
            return
        counters, held = self._state.counters, repr(self._state.plan.recipe.get(slot))
        finding = Finding(law, title, slot, held, said, "", counters.env_steps, counters.updates)
        if self._folder is not None and save is not None:
            finding = attrs.evolve(finding, example=save(self._folder, finding))
        self.report.broken.append(finding)
        if self._folder is not None:
            self.report.save(self._folder)
        self.tell(finding)


@attrs.frozen(eq=False)
class WatchedMemory:
    """The memory of a run, which tells a watch what goes in and out."""

    inner: Memory
    watch: Watch

    def __len__(self) -> int:
        return len(self.inner)

    def add(self, rows: Columns, environments: NDArray[np.int64]) -> None:
        """See `Memory.add`."""
        self.watch.wrote(rows, environments)
        self.inner.add(rows, environments)

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """See `SampledMemory.sample`."""
        found = cast("SampledMemory", self.inner).sample(batch, keys, **numbers)
        self.watch.hands(found, drained=False)
        return found

    def feed(self, **fed: NDArray[Any]) -> None:
        """See `SampledMemory.feed`."""
        cast("SampledMemory", self.inner).feed(**fed)

    def drain(self, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
        """See `DrainedMemory.drain`."""
        found = cast("DrainedMemory", self.inner).drain(keys)
        self.watch.hands(found, drained=True)
        return found

    def cut(self) -> None:
        """See `Memory.cut`."""
        self.watch.forget()
        self.inner.cut()

    def contents(self) -> dict[str, NDArray[Any]]:
        """See `Memory.contents`."""
        return self.inner.contents()

    def state(self) -> Tree:
        """See `Memory.state`."""
        return self.inner.state()

    def load(self, state: Tree) -> None:
        """See `Memory.load`."""
        self.watch.forget()
        self.inner.load(state)


def watched(state: State, folder: Path | None, *, everything: bool, report: Report | None = None) -> Watch:
    """Put a watch on a state, before anything is done with it."""
    watch = Watch(state, folder, everything=everything, report=report)
    state.memory = WatchedMemory(state.memory, watch)
    return watch
