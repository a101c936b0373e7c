"""An environment that is handed over as an object, or as a function that makes one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import gymnasium

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError, FieldError
from rlblocks.envs import _fields
from rlblocks.envs._choices import UNMASKED, choices_in
from rlblocks.envs._making import Env, called, close, describe, draw_without_display, made_by, probe, wrapped
from rlblocks.envs._masks import masks_actions
from rlblocks.envs._pool import EnvPool, Plan, build_pool, keep
from rlblocks.envs.base import Environment, Facts, Wrapper


@block("supplied")
class Supplied(Environment):
    """An environment object, or a function that makes one, n of them in one process.

    No recipe file can hold it: register the environment with gymnasium and use `Gym` for that. One object serves one
    pool, the training one (`n` and `render_mode` not given); for any other pool another is made from its gymnasium
    spec, never by copying it. Where it has no spec, evaluation needs a function.

    Attributes:
        source: the object, or a function without arguments; it is given `render_mode` where it takes it.
        n: how many run beside each other; one, where an object was handed over.
        wrappers: applied in the order written, the first one innermost.

    >>> from gymnasium.envs.classic_control import CartPoleEnv
    >>> Supplied(CartPoleEnv, n=2).build(seed=0).reset().shape
    (2, 4)
    """

    source: Env | Callable[..., Env] = _fields.source(gymnasium.Env, "a gymnasium environment")
    n: int = fields.integer(default=1, ge=1)
    wrappers: tuple[Wrapper, ...] = _fields.wrappers()

    def __attrs_post_init__(self) -> None:
        if self.n > 1 and isinstance(self.source, gymnasium.Env):
            raise FieldError(
                f"Supplied.n is {self.n}, and source is one object",
                fix="hand over a function that makes environments, as in lambda: MyEnvironment(...)",
                block="Supplied", field="n", value=self.n,
            )  # fmt: skip

    def facts(self) -> Facts:
        """See `Environment.facts`. An object of which there can be no other is reset for it."""
        if isinstance(self.source, gymnasium.Env):
            name = _name(self.source)
            env = wrapped(self.source, self.wrappers, name)
            return attrs.evolve(describe(env, name), masked=self._masks(env, name))
        return attrs.evolve(self._probe()[0], n=self.n)

    def build(self, seed: int, *, n: int | None = None, render_mode: str | None = None) -> EnvPool:
        """See `Environment.build`."""
        if isinstance(self.source, gymnasium.Env) and n is None and render_mode is None:
            name, source = _name(self.source), self.source
            return build_pool(Plan(self.facts(), lambda: wrapped(source, self.wrappers, name), keep), 1, seed)
        facts, modes = self._probe()
        mode = render_mode if render_mode in modes else None
        make_one = partial(self._make, facts.name, mode)
        return build_pool(Plan(facts, make_one, keep), self.n if n is None else n, seed)

    def _masks(self, env: Env, name: str) -> bool:
        """Whether actions are masked. It takes a reset, from which another object spares the one handed over."""
        if choices_in(env.action_space) == UNMASKED:
            return False
        try:
            other = self._make(name)
        except BuildError:
            return masks_actions(env, env.action_space)
        try:
            return masks_actions(other, other.action_space)
        finally:
            close(other)

    def _probe(self) -> tuple[Facts, tuple[str, ...]]:
        name = _name(self.source) if isinstance(self.source, gymnasium.Env) else called(self.source)
        return probe(partial(self._make, name), name)

    def _make(self, name: str, render_mode: str | None = None) -> Env:
        draw_without_display()
        if isinstance(self.source, gymnasium.Env):
            return wrapped(_from_spec(self.source, render_mode), self.wrappers, name)
        env = made_by(self.source, name, render_mode=render_mode)
        if not isinstance(env, gymnasium.Env):
            raise BuildError(f"{name} made a {type(env).__name__}, not a gymnasium.Env", fix="let it return one")
        return wrapped(env, self.wrappers, name)


def _name(env: Env) -> str:
    return env.spec.id if env.spec else type(env.unwrapped).__name__


def _from_spec(env: Env, render_mode: str | None) -> Env:
    """Another environment like one that was handed over."""
    fix = "hand over a function that makes it, as in lambda: MyEnvironment(...)"
    if env.spec is None:
        raise BuildError(f"{_name(env)} was handed over as one object, and another one is needed", fix=fix)
    try:
        return gymnasium.make(env.spec, disable_env_checker=True, render_mode=render_mode)
    except Exception as error:
        raise BuildError(
            f"{_name(env)} was handed over as one object, and another one cannot be made from its spec: {error}",
            fix=fix,
        ) from error
