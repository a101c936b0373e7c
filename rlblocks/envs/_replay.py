"""Going back to the middle of an episode: its seed, its actions again, and a check that they led there again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rlblocks._core.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from rlblocks.envs._actions import Actions
    from rlblocks.envs._running import Running
    from rlblocks.envs.base import Tree


def same_number(saved: int, running: int) -> None:
    """Refuse to load the state of another number of environments.

    Raises:
        CheckpointError: the numbers differ.
    """
    if saved != running:
        raise CheckpointError(
            f"the checkpoint holds {saved} environments, and {running} are running",
            fix="resume with as many environments as were saved",
        )


def kept_in(state: Tree, name: str) -> Tree:
    """Where the episodes of a vector environment are that writes this down itself.

    Raises:
        CheckpointError: it was not written down then. New episodes would not do: `inexact` has promised the old ones.
    """
    if "kept" not in state:
        raise CheckpointError(
            f"the checkpoint does not hold the episodes under way in {name}",
            fix="resume it with the version of rlblocks that wrote it, or begin a new run",
        )
    kept: Tree = state["kept"]
    return kept


def episodes_of(running: Iterable[Running], actions: Actions) -> list[Tree]:
    """What is needed to come back to the middle of the episodes under way."""
    return [
        {"episode": one.episode, "seed": one.seed, "return": one.total, "actions": actions.batch(one.actions)}
        | ({} if one.legal is None else {"legal": one.legal.copy()})
        for one in running
    ]


def replay(fresh: Iterable[Running], saved: list[Tree], observations: NDArray[Any], actions: Actions) -> None:
    """Bring environments in which nothing has happened yet to where `saved` was taken.

    Args:
        fresh: the environments.
        saved: number, seed, actions and return of the episode of each, and which actions are legal, where they are
            masked.
        observations: where they had arrived, `[n, ...]`.
        actions: the two forms of the actions.

    Raises:
        CheckpointError: one arrives at another observation, return or mask, or ends on the way.
    """
    for running, episode, expected in zip(fresh, saved, observations, strict=True):
        _replay_one(running, episode, expected, actions)


def _replay_one(running: Running, saved: Tree, expected: NDArray[Any], actions: Actions) -> None:
    running.episode = int(saved["episode"]) - 1
    observation = running.start(int(saved["seed"]))
    running.begin(int(saved["seed"]))
    stored = actions.unbatch(saved["actions"])
    for action, executed in zip(stored, actions.executed(stored), strict=True):
        observation, _, terminated, truncated = running.step(executed)
        running.record(action)
        if terminated or truncated:
            raise _irreproducible(running, f"ends after {len(running.actions)} of them", len(stored))
    arrived = np.asarray(observation, dtype=expected.dtype)
    if arrived.tobytes() != expected.tobytes():
        raise _irreproducible(running, "arrives at another observation", len(stored))
    if running.total != saved["return"]:
        raise _irreproducible(running, "collects another return", len(stored))
    if running.legal is not None and running.legal.tolist() != saved["legal"].tolist():
        raise _irreproducible(running, "arrives where other actions are legal", len(stored))


def _irreproducible(running: Running, what: str, count: int) -> CheckpointError:
    return CheckpointError(
        f"environment {running.name!r} #{running.index} is not reproducible: episode {running.episode}, reset with "
        f"seed {running.seed} and given the same {count} actions again, {what}",
        fix="in the environment, draw from self.np_random alone, and let reset put back everything that step changes",
        environment=running.name, index=running.index, episode=running.episode, seed=running.seed,
    )  # fmt: skip
