"""An environment block from whatever stands for an environment."""

from __future__ import annotations

import gymnasium
from gymnasium.vector import VectorEnv

from rlblocks._core.errors import BuildError, FieldError
from rlblocks.envs._making import called, made_by
from rlblocks.envs.base import Environment
from rlblocks.envs.gym import Gym
from rlblocks.envs.supplied import Supplied
from rlblocks.envs.supplied_vector import SuppliedVector


def as_environment(source: object) -> Environment:
    """An environment block from whatever stands for an environment.

    Args:
        source: an environment block, a gymnasium id, an environment, a vector environment, or a function without
            arguments that makes one of these two. A function is called once to see which.

    Raises:
        FieldError: it is none of these.
        BuildError: the function raises, or makes something else.

    >>> as_environment("CartPole-v1")
    Gym(id='CartPole-v1', n=1, wrappers=(), options={})
    """
    if isinstance(source, Environment):
        return source
    if isinstance(source, str):
        return Gym(source)
    if isinstance(source, gymnasium.Env):
        return Supplied(source)
    if isinstance(source, VectorEnv):
        return SuppliedVector(source)
    if not callable(source):
        raise FieldError(
            f"{source!r} of type {type(source).__name__} is no environment",
            fix="give a gymnasium id, an environment, a vector environment, or a function that makes one", value=source,
        )  # fmt: skip
    made = made_by(source, called(source))
    if isinstance(made, gymnasium.Env | VectorEnv):
        made.close()
        return Supplied(source) if isinstance(made, gymnasium.Env) else SuppliedVector(source)
    raise BuildError(
        f"{called(source)} made {made!r} of type {type(made).__name__}, which is no environment",
        fix="let it return a gymnasium.Env or a gymnasium.vector.VectorEnv",
    )
