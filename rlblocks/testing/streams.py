"""Streams of stamped transitions: every column of a row says which environment, episode and step it belongs to.

So any mixing of rows, episodes or environments shows as stamps that disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.keys import Spec
from rlblocks.testing.strategies import raw_bytes

GAMMA = 0.5  # a power of two, so that returns of a few steps are exact
COLUMNS = {
    "observation": Spec((3,)),
    "action": Spec((), "int64", n=4),
    "reward": Spec((), "float64"),
    "terminated": Spec((), "bool"),
    "truncated": Spec((), "bool"),
    "discount": Spec((), "float64"),
    "next.observation": Spec((3,)),
    "picture": Spec((2, 2), "uint8"),
    "log_prob": Spec((), "float64"),
    "desired_goal": Spec((1,), "float64"),
    "next.achieved_goal": Spec((1,), "float64"),
}
STAMPED = 2**20  # goals that were achieved are at least this; the others are the rewards of their rows
Rows = dict[str, NDArray[Any]]


def transition(
    environment: int, episode: int, t: int, reward: float = 0.0, *, terminated: bool = False, truncated: bool = False
) -> Rows:
    """One transition of environment, episode and step t, stamped in every column.

    The action is a number that is exact only in 64 bits, and the picture holds the largest byte. The goal achieved is a
    stamp too, and the one desired is the reward: see `judged`.

    >>> transition(1, 2, 3)["next.observation"], int(transition(1, 2, 3)["action"])
    (array([1., 2., 4.], dtype=float32), 1099611647779)
    """
    code = 2**40 + environment * 10**8 + episode * 10**4 + t
    return {
        "observation": np.array([environment, episode, t], np.float32),
        "action": np.asarray(code),
        "reward": np.asarray(reward, np.float64),
        "terminated": np.asarray(terminated),
        "truncated": np.asarray(truncated),
        "discount": np.asarray(0.0 if terminated else GAMMA),
        "next.observation": np.array([environment, episode, t + 1], np.float32),
        "picture": np.array([[environment, episode % 256], [t % 256, 255]], np.uint8),
        "log_prob": np.asarray(-code / 3),
        "desired_goal": np.array([reward], np.float64),
        "next.achieved_goal": np.array([STAMPED + environment * 10**6 + episode * 10**3 + t], np.float64),
    }


def judged(achieved: NDArray[Any], desired: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What rows of a stream are paid for goals `[m, 1]`, and whether that ends them.

    A row as it is gets its own reward; with a goal that was achieved, the difference. Where there is none, an even
    stamp ends it.

    >>> [part.tolist() for part in judged(np.array([[2.0**20], [2.0**20]]), np.array([[0.5], [2.0**20 + 8]]))]
    [[0.5, -1.0], [False, False]]
    """
    stamped = (desired >= STAMPED)[:, 0]
    reward = np.where(stamped, (achieved - desired)[:, 0] / 8, desired[:, 0])
    return reward, stamped & (achieved == desired)[:, 0] & (achieved[:, 0] % 2 == 0)


def stacked(rows: Sequence[Rows]) -> Rows:
    """Rows as arrays by column."""
    return {key: np.stack([row[key] for row in rows]) for key in COLUMNS} if rows else {}


@attrs.frozen(eq=False)
class Write:
    """One call of `add`: a row of each of some environments.

    Attributes:
        rows: the transitions, one for each environment named.
        environments: who they belong to.
        texts: their source.
    """

    rows: tuple[Rows, ...]
    environments: tuple[int, ...]
    texts: tuple[str, ...]

    def arguments(self) -> tuple[Rows, NDArray[np.int64]]:
        """What `add` is handed: fresh arrays."""
        return stacked(self.rows), np.array(self.environments, np.int64)

    def source(self) -> str:
        """The call as source."""
        return f"memory.add(stacked([{', '.join(self.texts)}]), np.array({list(self.environments)}))"


@attrs.frozen(eq=False)
class Stream:
    """What several environments experience, side by side and out of phase.

    Attributes:
        environments: how many there are.
        writes: in the order of time.
    """

    environments: int
    writes: tuple[Write, ...]

    def rows(self) -> list[Rows]:
        """Every row, in the order in which they are written."""
        return [row for write in self.writes for row in write.rows]

    def facts(self) -> list[str]:
        """What the stream contains, by the names that laws ask for."""
        rows = self.rows()
        over = {(bool(row["terminated"]), bool(row["truncated"])) for row in rows}
        ends = [row for row in rows if row["terminated"] or row["truncated"]]
        clocks = [tuple(row["observation"][2].item() for row in write.rows) for write in self.writes]
        facts = {
            "a termination": (True, False) in over,
            "a truncation": (False, True) in over,
            "both flags": (True, True) in over,
            "an end inside": any(row["observation"][1] for row in rows),
            "an episode of one step": any(row["observation"][2] == 0 for row in ends),
            "environments out of phase": any(len(set(clock)) > 1 for clock in clocks),
            "several environments": self.environments > 1,
        }
        return [name for name, true in facts.items() if true]


ENDS = ("a termination", "a truncation", "both flags", "an end inside", "an episode of one step")
_KINDS = (
    (150, False, False),
    (175, True, False),
    (200, False, True),
    (215, True, True),
)  # below which byte, which flags


def _made(environments: int, steps: int, drawn: NDArray[np.uint8]) -> Stream:
    """A stream out of two bytes for each environment and step: how the step ends, and its reward."""
    episode, t = [0] * environments, [0] * environments
    kinds, rewards = drawn.reshape(2, steps, environments).tolist()
    writes = []
    for k in range(steps):
        rows: list[Rows] = []
        taking: list[int] = []
        texts: list[str] = []
        for e in range(environments):
            kind = next((flags for limit, *flags in _KINDS if kinds[k][e] < limit), None)
            if kind is None and environments > 1 and not (e == environments - 1 and not rows):
                continue  # it sits out, as an environment does that is being reset
            terminated, truncated = kind or (False, False)
            reward = (-1) ** rewards[k][e] * (rewards[k][e] + 1) // 2 / 4
            flags = ", terminated=True" * terminated + ", truncated=True" * truncated
            texts.append(f"transition({e}, {episode[e]}, {t[e]}, {reward}{flags})")
            rows.append(transition(e, episode[e], t[e], reward, terminated=terminated, truncated=truncated))
            taking.append(e)
            over = terminated or truncated
            episode[e], t[e] = (episode[e] + 1, 0) if over else (episode[e], t[e] + 1)
        writes.append(Write(tuple(rows), tuple(taking), tuple(texts)))
    return Stream(environments, tuple(writes))


@st.composite
def streams(draw: st.DrawFn, most: int = 14, environments: int | None = None) -> Stream:
    """A `Stream` of stamped transitions: one to three environments with short episodes and every kind of end.

    Every column of a row says which environment, episode and step it belongs to (`transition`), so that any mixing of
    rows, episodes or environments shows. Columns of a write of E environments are `[E, ...]`.

    Args:
        draw: from hypothesis.
        most: steps of time, at most.
        environments: how many; None draws a number.

    >>> from hypothesis import find
    >>> found = find(streams(), lambda stream: "an episode of one step" in stream.facts())
    >>> found.environments, {key: column.shape for key, column in found.writes[0].arguments()[0].items()}["observation"]
    (1, (1, 3))
    """
    count = draw(st.sampled_from([1, 2, 3])) if environments is None else environments
    steps = draw(st.integers(1, most))
    return _made(count, steps, draw(raw_bytes(2 * steps * count)))


def one_episode(steps: int, start: int = 0) -> Stream:
    """One environment in one long episode, from step `start` on."""
    times = range(start, start + steps)
    return Stream(1, tuple(Write((transition(0, 0, t),), (0,), (f"transition(0, 0, {t})",)) for t in times))


def n_step_rows(stream: Stream, n: int) -> list[tuple[int, Rows]]:
    """The rows of up to n steps, by a loop over each environment's history, with the write that completes each.

    R = Σ_{k<m} (Π_{j<k} γ_j)·r_k, where m is n, or less at the end of an episode.
    """
    joined = []
    for e in range(stream.environments):
        history = [(k, w.rows[w.environments.index(e)]) for k, w in enumerate(stream.writes) if e in w.environments]
        for start, (_, first) in enumerate(history):
            total, discount = 0.0, 1.0
            for m, (k, row) in enumerate(history[start : start + n], 1):
                total, discount = total + discount * float(row["reward"]), discount * float(row["discount"])
                over = bool(row["terminated"] or row["truncated"])
                if over or m == n:
                    last = {key: row[key] for key in row if key.startswith(("terminated", "truncated", "next."))}
                    joined.append((k, {**first, **last, "reward": np.asarray(total), "discount": np.asarray(discount)}))
                    break
    return sorted(joined, key=lambda pair: pair[0])
