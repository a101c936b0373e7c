"""How many environment steps a second tabular Q-learning takes, beside the loop that textbooks print.

The textbook's loop is a table in numpy, ε-greedy, one environment of gymnasium. Ours is the recipe `q_learning`, by
torch (`eager`), its learn step compiled (`compiled`), or printed for numpy (`numpy`); `vector` is 256 environments of
gymnasium and one learn step on their 256 rows, `table` the same with environments that are stepped by their table of
transitions. All of them take turns in one process and one thread, so that whatever else the machine
does meets all alike; each round is timed by the processor's time and by the clock, from a quarter of the run to its
end.

    python benchmarks/tables.py                       # one line of JSON for each round
    ROUNDS=3 STEPS=20000 python benchmarks/tables.py >> docs/speed.jsonl
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import gymnasium
import numpy as np
from rlblocks.recipes import q_learning

import rlblocks
from rlblocks.envs import TransitionTable

STEPS, ROUNDS = int(os.environ.get("STEPS", "12000")), int(os.environ.get("ROUNDS", "3"))
ENVIRONMENTS = ("Taxi-v4", "FrozenLake8x8-v1")
OURS = {"eager": "never", "compiled": "always", "numpy": "numpy", "vector": "numpy", "table": "numpy"}
N, TOGETHER = 256, {"vector", "table"}


class Clock:
    """Takes the time at a quarter of the run, and at its end."""

    def __init__(self) -> None:
        self.marks: list[tuple[int, float, float]] = []

    def at(self, steps: int) -> None:
        """Note that so many steps are done, if that is past a quarter."""
        if steps >= STEPS // 4:
            mark = (steps, time.process_time(), time.perf_counter())
            self.marks[1:] = [mark] if self.marks else []
            self.marks = self.marks or [mark]

    def speeds(self) -> tuple[float, float]:
        """Steps a second of the processor's time, and of the clock's."""
        (first, cpu, wall), (last, cpu_now, wall_now) = self.marks
        return (last - first) / (cpu_now - cpu), (last - first) / (wall_now - wall)


@attrs.frozen
class Watch:
    """Tells a clock how far a run is."""

    clock: Clock

    def on(self, event: rlblocks.runs.events.Event) -> None:
        """Episodes end often enough."""
        if isinstance(event, rlblocks.runs.events.EpisodeEnded):
            self.clock.at(event.env_steps)


def textbook(name: str, clock: Clock, *, alpha: float = 0.5, gamma: float = 0.99, epsilon: float = 0.1) -> None:
    """Q[s, a] += α·(r + γ maxₐ Q[s', a] − Q[s, a]) (Sutton and Barto, 2018, section 6.5)."""
    env, rng = gymnasium.make(name), np.random.default_rng(0)
    space, actions = env.observation_space, env.action_space
    assert isinstance(space, gymnasium.spaces.Discrete)
    assert isinstance(actions, gymnasium.spaces.Discrete)
    table = np.zeros((space.n, actions.n))
    state, _ = env.reset(seed=0)
    for step in range(1, STEPS + 1):
        greedy = rng.random() >= epsilon
        action = int(np.argmax(table[state])) if greedy else int(rng.integers(actions.n))
        later, reward, terminated, truncated, _ = env.step(action)
        target = reward + gamma * (not terminated) * table[later].max()
        table[state, action] += alpha * (target - table[state, action])
        state = later
        if terminated or truncated:
            state, _ = env.reset()
            clock.at(step)


def ours(name: str, clock: Clock, how: str) -> None:
    """The recipe, with the settings that it has."""
    recipe = q_learning().set({"env.id": name})
    if how == "table":
        recipe = recipe.swap(env=TransitionTable(name))
    if how in TOGETHER:
        recipe = recipe.set(
            {
                "env.n": N,
                "cadence.every": f"{N} env_steps",
                "cadence.batch": N,
                "store.capacity": N,
                "cadence.warmup": N,
            }
        )
    rlblocks.train(recipe, steps=STEPS * (N // 4 if how in TOGETHER else 1), seed=1, threads=1, compile=OURS[how],
                   episodes=0, folder=None, view="quiet", video="never", callbacks=[Watch(clock)])  # fmt: skip


def main() -> None:
    """Let all take turns."""
    jobs: dict[str, Callable[[str, Clock], None]] = {"textbook": textbook}
    jobs |= {how: partial(ours, how=how) for how in OURS}
    for _ in range(ROUNDS):
        for name in ENVIRONMENTS:
            for peer, job in jobs.items():
                clock = Clock()
                job(name, clock)
                cpu, wall = clock.speeds()
                row: dict[str, Any] = {"peer": peer, "job": f"table_{name}", "env_steps": STEPS}
                print(json.dumps(row | {"per_cpu_s": round(cpu), "per_wall_s": round(wall)}), flush=True)


if __name__ == "__main__":
    main()
