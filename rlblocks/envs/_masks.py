"""Which actions are legal, as the info of an environment says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from rlblocks.envs._contract import Wrong

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rlblocks.envs.base import Facts

MASK = "action_mask"
_TELL = f'in the environment, put the mask of every state that is acted in into info["{MASK}"]'
_FLAGS = "in the environment, give np.asarray(mask, dtype=bool), one entry for each action"


def told(info: Any, key: str = MASK) -> Any:
    """What an info says of the legal actions, or of something else; None where it says nothing."""
    return info.get(key) if isinstance(info, Mapping) else None


def choices_of(facts: Facts) -> int:
    """How many entries a mask of actions has; 0 where actions are not masked.

    >>> from rlblocks.envs import Gym
    >>> choices_of(Gym("Taxi-v4").facts()), choices_of(Gym("CartPole-v1").facts())
    (6, 0)
    """
    return int(facts.action_space.n) if facts.masked and isinstance(facts.action_space, spaces.Discrete) else 0


def masks_actions(env: Any, actions: spaces.Space[Any]) -> bool:
    """Whether an environment, or a vector environment, tells at its reset which actions are legal. Resets it.

    Whatever goes wrong in it is told by the reset of a pool, which knows how.
    """
    if not isinstance(actions, spaces.Discrete):
        return False
    try:
        _, info = env.reset(seed=0)
    except Exception:  # noqa: BLE001  see above
        return False
    return told(info) is not None


def mask_of(value: Any, choices: int, *, terminated: bool = False, truncated: bool = False) -> NDArray[np.bool_]:
    """Which actions are legal, `[A]`, as a copy.

    Args:
        value: what the info holds; None where it holds nothing, which only the end of an episode may say. Then all
            actions are legal.
        choices: how many actions there are, A.
        terminated: whether an episode ends there. Nobody acts in such a state, so that no action need be legal in it,
            which is taken as nothing said.
        truncated: whether one is cut there.

    Raises:
        Wrong: it is no mask of so many actions, there is none, or it lets no action be legal.
    """
    if value is None:
        if terminated or truncated:
            return np.ones(choices, bool)
        raise Wrong(f'its info holds no "{MASK}", and that of its first reset did', _TELL)
    if not isinstance(value, np.ndarray) or value.shape != (choices,) or value.dtype.kind not in "biu":
        kind = f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
        raise Wrong(f'info["{MASK}"] is {kind}, not {choices} flags', _FLAGS)
    legal: NDArray[np.bool_] = value.astype(bool)
    if (legal != value).any():
        raise Wrong(f'info["{MASK}"] is {value.tolist()}, and a flag is 0 or 1', _FLAGS)
    if not legal.any():
        if terminated:
            return ~legal
        raise Wrong(f'info["{MASK}"] lets no action be legal', "let one be, or let the episode terminate there")
    return legal


def masks_of(info: Any, choices: int, terminated: NDArray[np.bool_], truncated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same of n environments, by the info of a vector environment: `[n, A]`.

    An entry counts where `info["_action_mask"]` says so, and everywhere where there is no such key.

    Raises:
        Wrong: as `mask_of`, naming the row.
    """
    n = len(terminated)
    if not choices:
        return np.ones((n, 0), bool)
    values = told(info)
    if values is not None and (not isinstance(values, np.ndarray) or values.shape[:1] != (n,)):
        raise Wrong(f'info["{MASK}"] has not one mask for each of {n} environments', _FLAGS)
    given = np.ones(n, bool) if values is None else np.asarray(info.get(f"_{MASK}", np.ones(n, bool)))
    rows = []
    for i in range(n):
        value = values[i] if values is not None and given[i] else None
        try:
            rows.append(mask_of(value, choices, terminated=bool(terminated[i]), truncated=bool(truncated[i])))
        except Wrong as wrong:
            raise Wrong(wrong.what, wrong.fix, index=i) from None
    return np.array(rows)
