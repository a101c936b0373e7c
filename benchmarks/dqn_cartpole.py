"""How many environment steps a second DQN takes on CartPole-v1, in one thread: our side of a comparison.

The job: one environment, MLP 4-120-84-2 ReLU, Adam 2.5e-4, batch 128, uniform replay of 10,000 rows, 1,000 steps
before learning, hard target copy every 500 environment steps, γ 0.99, ε 1 → 0.05 over half the run, squared error, one
gradient step every environment step. A clock inside the environment takes the time from its first reset to the end of
training; `steady` begins 3,000 steps after learning began, so that compilation is not in it.

    python benchmarks/dqn_cartpole.py            # eager
    COMPILE=always python benchmarks/dqn_cartpole.py
    STEPS=12000 THREADS=1 python benchmarks/dqn_cartpole.py

Prints one line of JSON.
"""

from __future__ import annotations

import os
import time

BEGAN = time.perf_counter()
STEPS, THREADS = int(os.environ.get("STEPS", "30000")), int(os.environ.get("THREADS", "1"))
MODE = os.environ.get("COMPILE", "never")
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, str(THREADS))

import json  # noqa: E402  threads are read when numpy is imported
import resource  # noqa: E402
from typing import Any  # noqa: E402

import gymnasium  # noqa: E402
from rlblocks.recipes import dqn  # noqa: E402

import rlblocks  # noqa: E402
from rlblocks import EnvSteps  # noqa: E402
from rlblocks.optimizers import Adam  # noqa: E402
from rlblocks.schedules import Linear  # noqa: E402
from rlblocks.target_updates import HardCopy  # noqa: E402

WARMUP, BURN = 1_000, 3_000


class Clock(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Counts steps and takes two times."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.steps, self.first, self.warm = 0, 0.0, 0.0
        self.returns: list[float] = []
        self.value = 0.0

    def reset(self, **options: Any) -> Any:
        self.first = self.first or time.perf_counter()
        self.value = 0.0
        return self.env.reset(**options)

    def step(self, action: Any) -> Any:
        out = self.env.step(action)
        self.steps += 1
        if self.steps == WARMUP + BURN:
            self.warm = time.perf_counter()
        self.value += float(out[1])
        if out[2] or out[3]:
            self.returns.append(self.value)
        return out


def recipe() -> rlblocks.Recipe:
    """The job as a recipe."""
    return (
        dqn()
        .swap(
            {
                "explorer.epsilon": Linear(1.0, 0.05, over=EnvSteps(STEPS // 2)),
                "optimizer": Adam(lr=2.5e-4),
                "target_updates.q": HardCopy(every=EnvSteps(500)),
            }
        )
        .set({"store.capacity": 10_000, "networks.q.body.widths": (120, 84), "cadence.warmup": WARMUP})
    )


def main() -> None:
    """Train once and print the line."""
    clocks: list[Clock] = []

    def make() -> Clock:
        clocks.append(Clock(gymnasium.make("CartPole-v1")))
        return clocks[-1]

    rlblocks.train(recipe(), env=make, steps=STEPS, seed=1, threads=THREADS, compile=MODE, episodes=0, folder=None,
                   view="quiet")  # fmt: skip
    end = time.perf_counter()
    clock = next(c for c in clocks if c.steps)
    print(json.dumps({
        "peer": "rlblocks" + ("_compiled" if MODE == "always" else ""), "version": "0.1.0", "job": "dqn_cartpole_b",
        "env_steps": clock.steps, "grad_steps": STEPS - WARMUP, "wall_s": round(end - clock.first, 3),
        "env_steps_per_s": round(STEPS / (end - clock.first), 1),
        "steady_env_steps_per_s": round((STEPS - WARMUP - BURN) / (end - clock.warm), 1),
        "startup_s": round(clock.first - BEGAN, 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "mean_return_last": round(sum(clock.returns[-20:]) / len(clock.returns[-20:]), 2), "torch_threads": THREADS,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
