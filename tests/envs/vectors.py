"""Clocks in gymnasium's vector environment, as it is and twisted."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from tests.envs.odd_environments import Clock


def vector(scripts_: Any, mode: AutoresetMode = AutoresetMode.NEXT_STEP, **how: Any) -> SyncVectorEnv:
    """Clocks in gymnasium's vector environment."""
    return SyncVectorEnv(
        [lambda i=i, script=script: Clock(i, script) for i, script in enumerate(scripts_)], autoreset_mode=mode, **how
    )


class Twisted(gymnasium.vector.VectorWrapper[Any, Any, Any, Any, Any]):
    """Changes what every step or reset of two clocks returns."""

    def __init__(self, mode=AutoresetMode.NEXT_STEP, step=lambda result: result, reset=lambda result: result):
        gymnasium.vector.VectorWrapper.__init__(self, vector([[(3, True, False)], [(2, True, False)]], mode))
        self.change_step, self.change_reset = step, reset

    def step(self, actions):
        return self.change_step(self.env.step(actions))

    def reset(self, **how):
        return self.change_reset(self.env.reset(**how))


def put(place, value):
    return lambda result: (*result[:place], value, *result[place + 1 :])
