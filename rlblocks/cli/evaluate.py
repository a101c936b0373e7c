"""`rlblocks evaluate`: greedy episodes of a trained agent."""

from __future__ import annotations

import json as text
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlblocks.cli._names import complete_run
from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

    from rlblocks.runs.evaluation import Scores
    from rlblocks.runs.options import Options

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, or the beginning of its name.", autocompletion=complete_run)
]
Best = Annotated[bool, typer.Option("--best", help="The best policy of the run instead of the last one.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Of the start states.", show_default=False)]
Steps = Annotated[
    int | None,
    typer.Option("--steps", min=1, help="Cut an episode after so many; as in the run by default.", show_default=False),
]


def evaluate(
    run: RunName,
    *,
    episodes: Annotated[int, typer.Option("--episodes", min=1, help="How many.")] = 100,
    best: Best = False,
    seed: Seed = None,
    steps: Steps = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Play greedy episodes from start states that training never saw, and say how well it does."""
    from rlblocks.cli._recipes import run_of
    from rlblocks.runs._report import cut_short
    from rlblocks.runs.evaluation import evaluate as play

    folder = run_of(run)
    agent = agent_of(folder, best=best)
    options = options_of(folder)
    chosen = fresh_seed(options) if seed is None else seed
    scores = play(agent, agent.plan.recipe.env, episodes, chosen, steps=steps or options.evaluation_steps)
    found = numbers_of(scores, agent.plan.facts.reward_threshold)
    screen = Screen.of()
    if json:
        screen.write(text.dumps({"run": str(folder), "best": best, "seed": chosen, "returns": scores.returns, **found}))
        return
    whose = "best" if best else "last"
    screen.write(
        f"{agent.plan.recipe.name} on {agent.plan.facts.name}, the {whose} policy, {episodes} episodes", "bold"
    )
    screen.rows(_said(found))
    if scores.cut:
        screen.write(cut_short(scores.cut, scores.lengths, "--steps"))


def agent_of(folder: Path, *, best: bool) -> Any:
    """The agent of a run's last or best checkpoint.

    Raises:
        RunError: the checkpoint is missing or damaged.
    """
    from rlblocks.runs.run import load

    return load(folder, "best" if best else "last")


def options_of(folder: Path) -> Options:
    """The options that a run was made with.

    Raises:
        CheckpointError: their file is missing or damaged.
    """
    from rlblocks.runs import _record

    return _record.options_of(folder)


def fresh_seed(options: Options) -> int:
    """A seed of start states that neither the run nor its evaluations had; the same for the same run."""
    from rlblocks.runs.agent import evaluation_seed

    return evaluation_seed(options) + 1


def numbers_of(scores: Scores, threshold: float | None) -> dict[str, Any]:
    """What can be said of some returns."""
    from rlblocks.runs.statistics import bootstrap_interval

    interval = bootstrap_interval(scores.returns)
    return {
        "episodes": len(scores.returns), "mean": scores.mean, "std": scores.std,
        "low": float(interval.low), "high": float(interval.high),
        "least": min(scores.returns), "most": max(scores.returns),
        "length": sum(scores.lengths) / len(scores.lengths), "cut": scores.cut, "threshold": threshold,
    }  # fmt: skip


def _said(found: dict[str, Any]) -> list[tuple[str, str]]:
    from rlblocks.runs._text import tenths

    rows = [
        ("return", f"{tenths(found['mean'])} ± {tenths(found['std'])} (standard deviation of an episode)"),
        ("95 % interval", f"{tenths(found['low'])} to {tenths(found['high'])} (of the mean, by bootstrap)"),
        ("range", f"{tenths(found['least'])} to {tenths(found['most'])}"),
        ("length", f"{tenths(found['length'])} steps"),
    ]
    if found["threshold"] is not None:
        solved = "solved" if found["mean"] >= found["threshold"] else "not solved"
        rows.append(("threshold", f"{found['threshold']:g}: {solved}"))
    return rows
