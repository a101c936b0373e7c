"""`rlblocks play`: watch a trained agent."""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rlblocks._core.errors import BuildError
from rlblocks.cli._screen import Screen
from rlblocks.cli.evaluate import Best, RunName, Seed, Steps, agent_of, fresh_seed, options_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rlblocks.envs.base import Pool
    from rlblocks.runs.agent import Agent


def play(
    run: RunName,
    *,
    best: Best = False,
    episodes: Annotated[int, typer.Option("--episodes", min=1, help="How many.")] = 1,
    window: Annotated[bool, typer.Option("--window", help="Show them in a window instead of writing a video.")] = False,
    seed: Seed = None,
    steps: Steps = None,
) -> None:
    """Record greedy episodes as a video in the run's folder, or show them in a window."""
    from rlblocks.cli._recipes import run_of
    from rlblocks.runs.evaluation import limit_of

    folder = run_of(run)
    agent = agent_of(folder, best=best)
    if not agent.plan.facts.renders:
        raise BuildError(
            f"{agent.plan.facts.name} does not draw", fix=f"rlblocks evaluate {run} tells how well it does"
        )
    if window:
        require_display()
    scores: list[tuple[float, int]] = []
    options = options_of(folder)
    pool = agent.plan.recipe.env.build(
        fresh_seed(options) if seed is None else seed, n=1, render_mode="human" if window else "rgb_array"
    )
    limit = limit_of(steps or options.evaluation_steps, pool.facts)
    frames = played(agent, pool, episodes, limit, scores, drawn=not window)
    shown = "" if window else str(_recorded(frames, folder, agent.plan.facts.fps, best=best))
    deque(frames, maxlen=0)  # a recorded video has used them up
    screen = Screen.of()
    for number, (value, length) in enumerate(scores, 1):
        screen.write(f"episode {number}: return {value:g} in {length:,} steps")
    if shown:
        screen.write(shown)


def played(
    agent: Agent, pool: Pool, episodes: int, limit: int, scores: list[tuple[float, int]], *, drawn: bool
) -> Iterator[Any]:  # fmt: skip
    """The pictures of some greedy episodes, one after the other, each cut after `limit` steps.

    Return and length of each are added to `scores`; the pool is closed. Where nothing is `drawn` here, there are no
    pictures: the environment shows itself.
    """
    try:
        observation = pool.reset()
        while len(scores) < episodes:
            if drawn:
                yield pool.render()
            step = pool.step(agent.act(observation, pool.action_mask))
            scores.extend((value, length) for _, value, length in step.episodes)
            observation = step.observation
            ((_, value, length),) = pool.under_way()
            if length >= limit:
                scores.append((value, length))
                observation = pool.reset()
            if not drawn:
                yield None
    finally:
        pool.close()


def _recorded(frames: Iterator[Any], folder: Path, fps: float, *, best: bool) -> Path:
    from rlblocks.runs.video import record

    return record(frames, folder / ("play-best" if best else "play"), fps)


def require_display() -> None:
    """Refuse to open a window where there is nothing to open it on.

    Raises:
        BuildError: there is no display.
    """
    if sys.platform.startswith("linux") and not any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))
    ):
        raise BuildError(
            "there is no display to open a window on", fix="leave --window out: a video is written instead"
        )
