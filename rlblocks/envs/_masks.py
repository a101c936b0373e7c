"""Which actions are legal, as the info of an environment says it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rlblocks.envs._choices import UNMASKED, choices_in
from rlblocks.envs._contract import Wrong

if TYPE_CHECKING:
    from gymnasium import spaces
    from numpy.typing import NDArray

    from rlblocks.envs._choices import Choices

MASK = "action_mask"
FEW = 256  # actions: masks of as many are recognised when they come again
_TELL = f'in the environment, put the mask of every state that is acted in into info["{MASK}"]'
_FLAGS = "in the environment, give np.asarray(mask, dtype=bool), one entry for each action"
_PARTS = (
    "in the environment, give a tuple of one array of flags for each choice, as action_space.sample(mask=...) takes "
    "it, or all flags in one array, choice by choice"
)


def told(info: Any, key: str = MASK) -> Any:
    """What an info says of the legal actions, or of something else; None where it says nothing."""
    if type(info) is dict or isinstance(info, Mapping):
        return info.get(key)
    return None


def masks_actions(env: Any, actions: spaces.Space[Any]) -> bool:
    """Whether an environment, or a vector environment, tells at its reset which actions are legal. Resets it.

    Whatever goes wrong in it is told by the reset of a pool, which knows how.
    """
    if choices_in(actions) == UNMASKED:
        return False
    try:
        _, info = env.reset(seed=0)
    except Exception:  # noqa: BLE001  see above
        return False
    return told(info) is not None


def flags_of(value: Any, choices: Choices) -> NDArray[np.bool_]:
    """A mask as it is stored, of what an info holds: a copy.

    For a MultiDiscrete action that is a tuple or a list of one array for each choice, or all flags in one array, choice
    by choice. A mask as it is stored is taken too.

    Raises:
        Wrong: it has another form, or holds something else than flags.

    >>> from rlblocks.envs._choices import Choices
    >>> flags_of((np.array([1, 0]), np.array([0, 1, 1])), Choices((2, 3), (2, 3))).astype(int).tolist()
    [[1, 0, 0], [0, 1, 1]]
    """
    several = len(choices.shape) > 1
    if not (_has_parts(value, choices.counts) if several else _are_flags(value, choices.shape)):
        raise Wrong(f'info["{MASK}"] is {_kind(value)}, not {_due(choices)}', _PARTS if several else _FLAGS)
    flat = np.concatenate(value) if isinstance(value, tuple | list) else value
    legal: NDArray[np.bool_] = flat.astype(bool)
    if (legal != flat).any():
        raise Wrong(f'info["{MASK}"] is {flat.tolist()}, and a flag is 0 or 1', _PARTS if several else _FLAGS)
    exists = choices.all_legal()
    if legal.shape == choices.shape:
        return legal & exists
    stored = np.zeros(choices.shape, bool)
    stored[exists] = legal
    return stored


def _has_parts(value: Any, counts: tuple[int, ...]) -> bool:
    """Whether a value has a form that holds the flags of several choices."""
    if isinstance(value, tuple | list):
        parts = itertools.zip_longest(value, counts)
        return all(count is not None and _are_flags(part, (count,)) for part, count in parts)
    return _are_flags(value, (sum(counts),)) or _are_flags(value, (len(counts), max(counts)))


def _are_flags(value: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind in "biu"


def _due(choices: Choices) -> str:
    if len(choices.shape) == 1:
        return f"{choices.counts[0]} flags"
    return f"{' and '.join(map(str, choices.counts))} flags, nor {sum(choices.counts)} in one array"


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    holds_arrays = isinstance(value, tuple | list) and any(isinstance(part, np.ndarray) for part in value)
    return f"a {type(value).__name__}" + (f" of {', '.join(map(_kind, value))}" if holds_arrays else "")


def mask_of(value: Any, choices: Choices, *, terminated: bool = False, truncated: bool = False) -> NDArray[np.bool_]:
    """Which actions are legal, of the shape of `choices`, never in memory of the environment; not to be written into.

    Args:
        value: what the info holds; None where it holds nothing, which only the end of an episode may say. Then all
            actions are legal.
        choices: the choices that an action makes.
        terminated: whether an episode ends there. Nobody acts in such a state, so that no action need be legal in it,
            which is taken as nothing said.
        truncated: whether one is cut there.

    Raises:
        Wrong: it is no mask of such actions, there is none, or it lets no action be legal.
    """
    if value is None:
        if terminated or truncated:
            return choices.all_legal()
        raise Wrong(f'its info holds no "{MASK}", and that of its first reset did', _TELL)
    if type(value) is np.ndarray and value.ndim == 1 and value.shape == choices.shape and value.dtype.char in "?bB":
        legal = _usual(value.tobytes()) if value.size <= FEW else None
        if legal is not None:
            return legal
    legal = flags_of(value, choices)
    empty = np.logical_not(legal.any(-1, keepdims=True))
    if not empty.any():
        return legal
    if terminated:
        return np.where(empty, choices.all_legal(), legal)
    what = f"entry of choice {int(np.argmax(empty))}" if len(choices.shape) > 1 else "action"
    raise Wrong(f'info["{MASK}"] lets no {what} be legal', "let one be, or let the episode terminate there")


@functools.lru_cache(maxsize=1024)
def _usual(flags: bytes) -> NDArray[np.bool_] | None:
    """A mask of the usual form, which nobody can write into: all flags are 0 or 1, and one is 1. None for any other."""
    if b"\1" not in flags or flags.strip(b"\0\1"):
        return None
    return np.frombuffer(flags, bool)


def masks_of(
    info: Any, choices: Choices, terminated: NDArray[np.bool_], truncated: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The same of n environments, by the info of a vector environment: `[n, *shape]`.

    An entry counts where `info["_action_mask"]` says so, and everywhere where there is no such key.

    Raises:
        Wrong: as `mask_of`, naming the row.
    """
    n = len(terminated)
    if choices == UNMASKED:
        return np.ones((n, 0), bool)
    values = told(info)
    if values is not None and (not isinstance(values, np.ndarray) or values.shape[:1] != (n,)):
        fix = _FLAGS if len(choices.shape) == 1 else _PARTS
        raise Wrong(f'info["{MASK}"] has not one mask for each of {n} environments', fix)
    given = np.ones(n, bool) if values is None else np.asarray(info.get(f"_{MASK}", np.ones(n, bool)))
    rows = []
    for i in range(n):
        value = values[i] if values is not None and given[i] else None
        try:
            rows.append(mask_of(value, choices, terminated=bool(terminated[i]), truncated=bool(truncated[i])))
        except Wrong as wrong:
            raise Wrong(wrong.what, wrong.fix, index=i) from None
    return np.array(rows)


def where_rows(rows: NDArray[np.bool_], there: NDArray[Any], elsewhere: NDArray[Any]) -> NDArray[Any]:
    """`there` in some rows and `elsewhere` in the others, both `[n, ...]`."""
    return np.where(rows.reshape(-1, *(1,) * (there.ndim - 1)), there, elsewhere)
