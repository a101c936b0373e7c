"""A finished run, as a value to ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import torch

from rlblocks._core.errors import RlblocksError, RunError, did_you_mean
from rlblocks._core.plan import Plan
from rlblocks._core.recipe import Recipe
from rlblocks._core.wiring import wire
from rlblocks.runs import checkpoint
from rlblocks.runs import folder as files
from rlblocks.runs._record import recipe_of
from rlblocks.runs.agent import Agent, evaluation_seed
from rlblocks.runs.broken_laws import Report
from rlblocks.runs.evaluation import Scores, evaluate, frames_of
from rlblocks.runs.metrics import Metrics, load_metrics
from rlblocks.runs.options import Options
from rlblocks.runs.session import Outcome

CHECKPOINTS = {"last": files.LAST, "best": files.BEST}


class Run:
    """A run that ended.

    Attributes:
        agent: the last policy, greedy: observation in, action out.
        options: the choices of the run.
        folder: where it is; None where nothing was written.
        outcome: best and last evaluation, and when it was solved.
        reason: why it ended: "budget", "solved", "interrupted" or "stopped".
        laws: which laws were asked of its batches, and which were broken; empty where none were asked.
    """

    def __init__(  # noqa: PLR0917  made in one place, from what a session holds
        self,
        plan: Plan,
        agent: Agent,
        options: Options,
        folder: Path | None,
        outcome: Outcome,
        reason: str,
        laws: Report | None = None,
    ) -> None:
        self.plan, self.agent, self.options, self.folder = plan, agent, options, folder
        self.outcome, self.reason, self.laws = outcome, reason, laws or Report()

    @property
    def recipe(self) -> Recipe:
        """What was trained."""
        return self.plan.recipe

    @property
    def metrics(self) -> Metrics:
        """The learning curves, read from the folder.

        Raises:
            RunError: the run has no folder.
        """
        return load_metrics(self._folder() / files.METRICS)

    def evaluate(self, episodes: int = 100, seed: int | None = None) -> Scores:
        """Play greedy episodes with the last policy.

        Args:
            episodes: how many, each on an environment of its own.
            seed: of the start states; by default others than training and its evaluations had.
        """
        start = evaluation_seed(self.options) + 1 if seed is None else seed
        return evaluate(self.agent, self.recipe.env, episodes, start, steps=self.options.evaluation_steps)

    def plot(self) -> Path:
        """Draw the learning curve; returns the picture's path (PNG; an SVG lies beside it)."""
        from rlblocks.runs.plots import curve

        return curve(self._folder())

    def video(self) -> Path:
        """Record one greedy episode; returns the file's path.

        Raises:
            RunError: it cannot be recorded here.
        """
        from rlblocks.runs.video import record

        frames = frames_of(self.agent, self.recipe.env, evaluation_seed(self.options))
        return record(frames, self._folder() / files.VIDEO, self.plan.facts.fps)

    @staticmethod
    def keepsake(make: Callable[[], Path]) -> str:
        """Make a picture or a video for the folder; returns why it could not be made, empty where it was."""
        try:
            make()
        except (RlblocksError, OSError) as error:
            return str(error).splitlines()[0]
        return ""

    def _folder(self) -> Path:
        if self.folder is None:
            raise RunError("this run has no folder", fix="train with folder='runs'")
        return self.folder


def load(run: str | Path, which: str = "last", env: Any = None) -> Agent:
    """The agent of a run folder, without its replay.

    Args:
        run: the folder, or the beginning of its name.
        which: "last" or "best".
        env: needed only where the run was trained on an environment object.

    Raises:
        RunError: there is no such run or checkpoint, or it is damaged.
    """
    if which not in CHECKPOINTS:
        raise RunError(f"a run has no checkpoint {which!r}", fix=did_you_mean(which, CHECKPOINTS), which=which)
    where = files.find_run(str(run))
    return agent_of(wire(recipe_of(where, env)), where, which)


def agent_of(plan: Plan, where: Path, which: str = "last") -> Agent:
    """The agent of a wired recipe and a checkpoint of its run."""
    from rlblocks._core.dry_run import build_modules, first_carries
    from rlblocks._core.state import Counters, load_carries, load_networks

    asked = ("networks", "carries") if plan.recipe.normalizers else ("networks",)
    tree, facts = checkpoint.load(where / CHECKPOINTS[which], only=asked)
    modules = build_modules(plan, torch.Generator(), torch.device("cpu"))
    load_networks("networks", modules, tree["networks"])
    slots = [f"normalizers.{name}" for name in plan.recipe.normalizers]
    carries = {slot: carry for slot, carry in first_carries(plan, modules, plan.facts.n).items() if slot in slots}
    load_carries(carries, {slot: tree["carries"][slot] for slot in slots})
    times = Counters(**{field.name: facts.get(field.name, 0) for field in attrs.fields(Counters)})
    return Agent(plan, modules, carries, torch.device("cpu"), times=times)
