"""A small environment, registered, whose faults are switched on from outside, and runs that take a moment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import gymnasium
import numpy as np
from rlblocks.recipes import dqn

import rlblocks
from rlblocks import Recipe
from rlblocks.runs import checkpoint
from rlblocks.runs.folder import LAST, METRICS, read_metrics
from tests.states import leaves

ID = "rlblocks-tests/Walk-v0"
SMALL = {
    "cadence.warmup": 20, "cadence.batch": 8, "networks.q.body.widths": (8,), "store.capacity": 500, "env.id": ID,
}  # fmt: skip
OPTIONS: dict[str, Any] = {
    "steps": 60, "seed": 5, "save_every": 20, "evaluate_every": 30, "episodes": 2, "video": "never", "view": "quiet",
}  # fmt: skip


class Walk(gymnasium.Env[Any, Any]):
    """A random walk that depends on its seed and on every action; it ends by chance, and by time at eight.

    Attributes:
        fault: changes what a step returns, given the number of steps that this object has taken; switched on by tests.
        made: how many there are that were not closed.
    """

    metadata = {"render_modes": [], "render_fps": 30}
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    fault: ClassVar[Callable[[int, Any], Any]] = staticmethod(lambda _, result: result)
    made: ClassVar[int] = 0

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode, self.steps, self.t = render_mode, 0, 0
        self.place = np.zeros(3, np.float32)
        Walk.made += 1

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        self.place, self.t = self.np_random.normal(size=3).astype(np.float32), 0
        return self.place.copy(), {}

    def step(self, action: Any) -> Any:
        self.steps, self.t = self.steps + 1, self.t + 1
        self.place = (0.8 * self.place + 0.2 * action + self.np_random.normal(size=3)).astype(np.float32)
        over = bool(self.np_random.random() < 0.05 + 0.1 * action)
        return Walk.fault(self.steps, (self.place.copy(), 1.0, over, self.t == 8, {}))

    def close(self) -> None:
        Walk.made -= 1


class Endless(Walk):
    """A walk without an end: every third environment by its seed ends at eight, as a walk does."""

    def step(self, action: Any) -> Any:
        place, reward, _, over, info = super().step(action)
        return place, reward, False, over and self.ends, info

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.ends = seed is not None and seed % 3 == 0
        return super().reset(seed=seed, options=options)


ENDLESS = "rlblocks-tests/Endless-v0"

if ID not in gymnasium.registry:
    gymnasium.register(ID, entry_point=Walk, reward_threshold=1.0)
    gymnasium.register(ENDLESS, entry_point=Endless)


def small(recipe: Recipe | None = None, **numbers: Any) -> Recipe:
    """A recipe on the walk, on a scale on which a run takes a moment."""
    return (recipe or dqn()).set({**SMALL, **numbers})


def train(folder: Path | None, recipe: Recipe | None = None, **options: Any) -> Any:
    """A run of sixty steps: checkpoints at 20 and 40, an evaluation at 30."""
    return rlblocks.train(recipe or small(), folder=folder, **{**OPTIONS, **options})


def saved(folder: Path, which: str = LAST) -> dict[str, Any]:
    """A checkpoint, without what the wall clock says."""
    tree, _ = checkpoint.load(folder / which)
    clock = (".session.outcome.seconds", ".session.metrics")
    return {at: leaf for at, leaf in leaves(tree).items() if at not in clock}


def records(folder: Path) -> list[dict[str, Any]]:
    """The metrics, without what the wall clock says and where the folder is."""
    return [
        {k: v for k, v in r.items() if k not in ("seconds", "path", "folder")} for r in read_metrics(folder / METRICS)
    ]


def weights(run: Any) -> dict[str, Any]:
    """The networks of a run, bit for bit."""
    return leaves({name: dict(module.state_dict()) for name, module in run.agent.networks.items()})


def only(folder: Path) -> Path:
    """The one run folder in a folder."""
    (found,) = folder.iterdir()
    return found


def in_a_process(what: Callable[[], Any]) -> tuple[int, str]:
    """Run something in a forked process: how it ended (negative: by which signal), and what it raised."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 9
        try:
            os.close(read)
            what()
            code = 0
        except BaseException as error:  # noqa: BLE001  told to the parent
            os.write(write, f"{type(error).__name__}: {error}".encode())
            code = 1
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said


@attrs.define
class Watch:
    """A callback that keeps every event, and does something at the first one that fits."""

    fits: Callable[[Any], bool] = lambda _: False
    then: Callable[[], Any] = lambda: None
    events: list[Any] = attrs.Factory(list)
    done: bool = False

    def on(self, event: Any) -> None:
        """Take note; act once."""
        self.events.append(event)
        if not self.done and self.fits(event):
            self.done = True
            self.then()

    def of(self, kind: type) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
