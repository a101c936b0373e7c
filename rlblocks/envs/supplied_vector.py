"""A vector environment that is handed over as an object, or as a function that makes one."""

from __future__ import annotations

import copy
from collections.abc import Callable

import gymnasium
from gymnasium.vector import VectorEnv

from rlblocks._core.block import block
from rlblocks._core.errors import BuildError
from rlblocks.envs import _fields
from rlblocks.envs._making import called, draw_without_display, made_by
from rlblocks.envs._masks import masks_actions
from rlblocks.envs._vector import Vector, VectorPool, vector_facts
from rlblocks.envs.base import Environment, Facts


@block("supplied_vector")
class SuppliedVector(Environment):
    """A gymnasium vector environment, or a function that makes one, driven in the autoreset mode that it declares.

    It resets its episodes by itself, so they cannot be repeated: a resume starts new ones. No recipe file can hold it.
    One object serves the training pool alone, as in `Supplied`. Evaluation asks for as many environments as it has
    episodes: a function meets that by taking `num_envs`, an object by the spec that gymnasium's `make_vec` gave it.

    Attributes:
        source: the object, or a function that can be called without arguments; it is given `num_envs` and
            `render_mode` where it takes them and a number or a mode is asked for.

    >>> import gymnasium
    >>> pool = SuppliedVector(lambda: gymnasium.make_vec("CartPole-v1", num_envs=3)).build(seed=0)
    >>> pool.reset().shape, pool.inexact
    ((3, 4), 'the vector environment CartPole-v1 resets its own episodes: a resume starts new ones')
    """

    source: Vector | Callable[..., Vector] = _fields.source(VectorEnv, "a gymnasium vector environment")

    def facts(self) -> Facts:
        """See `Environment.facts`. An object is reset for it."""
        if isinstance(self.source, VectorEnv):
            return vector_facts(self.source, masked=_masks(self.source))
        env = self._make(None, None)
        try:
            return vector_facts(env, masked=_masks(env))
        finally:
            env.close()

    def build(self, seed: int, *, n: int | None = None, render_mode: str | None = None) -> VectorPool:
        """See `Environment.build`."""
        if isinstance(self.source, VectorEnv) and n is None and render_mode is None:
            return VectorPool(self.source, seed, masked=_masks(self.source))
        env = self._make(n, render_mode)
        return VectorPool(env, seed, masked=_masks(env))

    def _make(self, n: int | None, render_mode: str | None) -> Vector:
        draw_without_display()
        if isinstance(self.source, VectorEnv):
            return _vector_from_spec(self.source, n, render_mode)
        name = called(self.source)
        env = made_by(self.source, name, num_envs=n, render_mode=render_mode)
        if not isinstance(env, VectorEnv):
            raise BuildError(f"{name} made a {type(env).__name__}, not a vector environment", fix="let it return one")
        if n is not None and env.num_envs != n:
            env.close()
            raise BuildError(
                f"{name} made {env.num_envs} environments, and {n} are asked for",
                fix="let it take their number, as in lambda num_envs=8: gymnasium.make_vec(..., num_envs=num_envs)",
            )
        return env


def _masks(env: Vector) -> bool:
    return masks_actions(env, env.single_action_space)


def _vector_from_spec(env: Vector, n: int | None, render_mode: str | None) -> Vector:
    """Another vector environment like one that was handed over, of n environments."""
    fix = "hand over a function that makes it, as in lambda: gymnasium.make_vec(...)"
    if env.spec is None:
        raise BuildError(f"{type(env).__name__} was handed over as one object, and another one is needed", fix=fix)
    try:
        spec = copy.deepcopy(env.spec)
        spec.kwargs |= {"num_envs": n or env.num_envs} | ({"render_mode": render_mode} if render_mode else {})
        return gymnasium.make_vec(spec)
    except Exception as error:
        raise BuildError(
            f"{env.spec.id} was handed over as one object, and another one cannot be made from its spec: {error}",
            fix=fix,
        ) from error
