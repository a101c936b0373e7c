"""The values that a run learned, drawn on the cells of a grid world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import RunError
from rlblocks.envs import Gym
from rlblocks.runs import folder as files
from rlblocks.runs.agent import Agent
from rlblocks.runs.plots import SUBTITLE, TITLE, drawn_of, save_figure
from rlblocks.runs.run import load

NAME = "values"
LAKE, LETTERS = {"S": "start", "F": "", "H": "hole", "G": "goal"}, ("S", "F", "H", "G")
LEFT, DOWN, RIGHT, UP = (0, -1), (1, 0), (0, 1), (-1, 0)  # rows and columns


@attrs.frozen(eq=False)
class Grid:
    """The cells of a grid world, row by row from above.

    Attributes:
        marks: what a cell is, `[rows, columns]` of "start", "goal", "hole", "cliff" or nothing.
        moves: where each action leads, in rows and columns.
    """

    marks: NDArray[np.str_]
    moves: tuple[tuple[int, int], ...]


@attrs.frozen(eq=False)
class Learned:
    """What an agent says of every cell of a grid.

    Attributes:
        grid: the cells.
        values: maxₐ Q(s, a), `[rows, columns]`; of several members their mean.
        actions: what the agent does there, `[rows, columns]`.
    """

    grid: Grid
    values: NDArray[np.float64]
    actions: NDArray[np.int64]


def draw_values(run: Path, to: Path | None = None, which: str = "last") -> Path:
    """Draw V(s) = maxₐ Q(s, a) as the colour of each cell, and the greedy action as an arrow.

    Args:
        run: its folder.
        to: where to, with or without a suffix; by default `values` in the run's folder.
        which: the policy that is drawn, "last" or "best".

    Returns:
        The PNG; an SVG of the same name lies beside it.

    Raises:
        RunError: the run's environment has no grid, its recipe learns no values of actions, or nothing was saved.
    """
    from rlblocks.runs._pictures import style
    from rlblocks.runs._text import count, shorten
    from rlblocks.runs._value_picture import draw_grid

    where = files.find_run(str(run))
    agent, drawn = load(where, which), drawn_of(where)
    steps = f"{which} policy, at {count(agent.times.env_steps)} steps"
    said = f"seed {drawn.seed} · {steps} · colour and number: maxₐ Q(s, a) · arrow: greedy action"
    with style():
        figure = draw_grid(learned(agent), shorten(drawn.title, TITLE, "…"), shorten(said, SUBTITLE, "…"))
        return save_figure(figure, where / NAME if to is None else to)


def learned(agent: Agent) -> Learned:
    """What an agent says of every cell.

    Raises:
        RunError: its environment has no grid, or its recipe learns no values of actions.
    """
    import torch

    grid = grid_of(agent.plan.recipe.env)
    states = np.arange(grid.marks.size)
    with torch.no_grad():
        said = [wrote["q"] for module in agent.networks.values() if "q" in (wrote := module(torch.from_numpy(states)))]
    if not said:
        raise RunError(
            f"{agent.plan.recipe.name} learns no values of actions, so there are none to draw",
            fix="draw its learning curve, as in: rlblocks plot RUN",
        )
    q = said[0].double().numpy()
    shape = grid.marks.shape
    return Learned(grid, q.reshape(-1, *q.shape[-2:]).mean(0).max(1).reshape(shape), agent(states).reshape(shape))


def grid_of(environment: Any) -> Grid:
    """The grid of an environment.

    Raises:
        RunError: it has none that is known.
    """
    import gymnasium

    if isinstance(environment, Gym) and not environment.wrappers:
        made: Any = gymnasium.make(environment.id, **dict(environment.options)).unwrapped
        try:
            grid = _lake(made) or _cliff(made)
        finally:
            made.close()
        if grid is not None:
            return grid
    name = environment.id if isinstance(environment, Gym) else type(environment).__name__
    raise RunError(
        f"{name} has no grid on which values could be drawn: its states are not the cells of a map",
        fix="draw the learning curve, as in: rlblocks plot RUN; values are drawn of FrozenLake and CliffWalking",
        env=name,
    )


def _lake(env: Any) -> Grid | None:
    """FrozenLake, by its map."""
    desc = getattr(env, "desc", None)
    if desc is None:
        return None
    letters = np.asarray(desc).astype(str)
    if letters.size != getattr(env.observation_space, "n", 0) or not np.isin(letters, LETTERS).all():
        return None
    return Grid(np.vectorize(LAKE.__getitem__, otypes=["U5"])(letters), (LEFT, DOWN, RIGHT, UP))


def _cliff(env: Any) -> Grid | None:
    """CliffWalking, by its cliff."""
    cliff, start = getattr(env, "_cliff", None), getattr(env, "start_state_index", None)
    if cliff is None or start is None:
        return None
    marks = np.where(np.asarray(cliff), "cliff", "").astype("U5")
    marks[-1, -1] = "goal"
    marks.flat[int(start)] = "start"
    return Grid(marks, (UP, RIGHT, DOWN, LEFT))
