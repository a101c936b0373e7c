"""How a recipe is run: everything that is chosen per run and belongs to no recipe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any

import attrs

from rlblocks._core import fields
from rlblocks._core.errors import BuildError, RecipeError, did_you_mean

DEFAULT_STEPS = 50_000
COMPILE_FROM = 150_000  # learn steps above which the seconds of compilation are won back (docs/results.md)
ASKED_FOR = {"eager": "never", "compiled": "always", "numpy": "numpy"}  # by how the learn step runs: the option
CUDA_FROM = 500_000  # parameters above which a GPU is worth the trip of every batch


@attrs.frozen
class Options:
    """The choices of one run.

    Attributes:
        steps: environment steps in all.
        seed: every random number of the run follows from it.
        device: "auto", "cpu", "cuda" or "cuda:1"; an explicit device that is not there is an error.
        threads: of torch; 1 is the fastest for small networks.
        compile: "auto", "never", "always", or "numpy" for tables; a compiled learn step differs in the last bits.
        evaluate_every: environment steps between evaluations; 0 takes a tenth of the run.
        episodes: greedy episodes an evaluation, each on an environment of its own; 0 evaluates never.
        evaluation_steps: after which such an episode is cut; 0 takes the environment's own limit, else 100,000.
        save_every: environment steps between checkpoints; 0 takes a tenth of the run.
        stop: "budget", or "solved" to end as soon as an evaluation reaches the environment's reward threshold.
        video: "auto" records one greedy episode at the end where the environment draws; "never" does not.
        check_laws: "never", "sampled" asks cheap laws of some real batches, "always" of each; it changes no result.
    """

    steps: int = fields.integer(DEFAULT_STEPS, ge=1, unit="environment steps")
    seed: int = fields.integer(1, ge=0)
    device: str = fields.text("auto")
    threads: int = fields.integer(1, ge=1)
    compile: str = fields.choice(("auto", "never", "always", "numpy"), "auto")
    evaluate_every: int = fields.integer(0, ge=0, unit="environment steps")
    episodes: int = fields.integer(20, ge=0)
    evaluation_steps: int = fields.integer(0, ge=0, unit="steps of an episode")
    save_every: int = fields.integer(0, ge=0, unit="environment steps")
    stop: str = fields.choice(("budget", "solved"), "budget")
    video: str = fields.choice(("auto", "never"), "auto")
    check_laws: str = fields.choice(("never", "sampled", "always"), "never")

    @property
    def evaluation_interval(self) -> int:
        """Environment steps between evaluations."""
        return self.evaluate_every or max(1, self.steps // 10)

    @property
    def save_interval(self) -> int:
        """Environment steps between checkpoints."""
        return self.save_every or max(1, self.steps // 10)


def options_from(given: Mapping[str, Any]) -> Options:
    """The options of a run.

    Raises:
        RecipeError: there is no such option, or it does not take that value.
    """
    known = attrs.fields_dict(Options)
    for name in given:
        if name not in known:
            raise RecipeError(f"there is no option {name!r}", fix=did_you_mean(name, known), option=name)
    return Options(**given)


@attrs.frozen
class Choice:
    """What was chosen, and why, for the banner."""

    value: Any
    why: str

    def __str__(self) -> str:
        return f"{self.value} ({self.why})"


def choose_device(asked: str, parameters: int) -> Choice:
    """The device of a run with networks of so many parameters.

    Raises:
        BuildError: the device that was asked for is not there.
    """
    import torch

    there = torch.cuda.is_available()
    if asked == "auto":
        if not there:
            return Choice(torch.device("cpu"), "there is no CUDA device")
        if parameters < CUDA_FROM:
            return Choice(torch.device("cpu"), f"{parameters:,} parameters are too few to be worth a GPU")
        return Choice(torch.device("cuda"), f"{parameters:,} parameters")
    try:
        device = torch.device(asked)
    except RuntimeError:
        raise BuildError(f"device {asked!r} is unknown", fix="use device=auto, cpu or cuda", device=asked) from None
    if device.type == "cuda" and (not there or (device.index or 0) >= torch.cuda.device_count()):
        count = torch.cuda.device_count() if there else 0
        raise BuildError(
            f"device {asked!r} was asked for, and torch {torch.__version__} sees {count} CUDA devices",
            fix="use device=auto or device=cpu, or install a CUDA build of torch", device=asked,
        )  # fmt: skip
    if device.type not in ("cpu", "cuda"):
        raise BuildError(f"device {asked!r} is not supported", fix="use device=auto, cpu or cuda", device=asked)
    return Choice(device, "as asked")


def choose_compile(asked: str, updates: int) -> Choice:
    """How the learn step runs: "compiled", "eager" or "numpy".

    Raises:
        BuildError: compilation was asked for and this machine cannot.
    """
    if asked in ("never", "numpy"):
        return Choice("eager" if asked == "never" else asked, "as asked")
    obstacle = _compile_obstacle()
    if asked == "always":
        if obstacle:
            raise BuildError(f"compile=always, but {obstacle}", fix="use compile=auto", obstacle=obstacle)
        return Choice("compiled", "as asked")
    if obstacle:
        return Choice("eager", obstacle)
    if updates < COMPILE_FROM:
        return Choice("eager", f"{updates:,} updates are too few to win the compilation back")
    return Choice("compiled", f"{updates:,} updates")


def _compile_obstacle() -> str:
    """Why the learn step cannot be compiled here; empty where it can."""
    import torch

    if not any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "c++", "clang++", "cl")):
        return "there is no C++ compiler"
    import torch._dynamo

    if not hasattr(torch._dynamo.config, "trace_autograd_ops"):  # noqa: SLF001  the one private switch; probed, not assumed
        return f"torch {torch.__version__} cannot trace gradients"
    return ""


def compiler(choice: str) -> Any:
    """A function that compiles a printed learn step into one graph, or leaves it alone."""
    if choice != "compiled":
        return lambda function: function
    import torch
    import torch._dynamo

    torch._dynamo.config.trace_autograd_ops = True  # noqa: SLF001
    return lambda function: torch.compile(function, fullgraph=True, dynamic=False)
