"""Making one environment, and what is known of it before its first step."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import attrs
import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec, load_env_creator

from rlblocks._core.errors import BuildError, did_you_mean
from rlblocks.envs._catalogue import family_of, spec_of
from rlblocks.envs._masks import masks_actions
from rlblocks.envs.base import Facts, Wrapper
from rlblocks.envs.goals import goal_space_of, has_goals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gymnasium.vector import VectorEnv
    from numpy.typing import NDArray

Env = gymnasium.Env[Any, Any]
FLATTENABLE = (spaces.Dict, spaces.Tuple, spaces.MultiDiscrete, spaces.MultiBinary)


def draw_without_display() -> None:
    """Let environments draw on a machine without a display. Leaves alone what the user has set."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")


def make(env_id: str, options: dict[str, Any], render_mode: str | None) -> Env:
    """One environment of a registered id, in the mode that the user's machine can draw.

    Raises:
        BuildError: no such id, something is not installed, an option that it does not take, or it does not start.
    """
    spec = spec_of(env_id)
    draw_without_display()
    modes: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
    try:
        # Our own checks are stricter than the passive checker's, and cheaper.
        return gymnasium.make(spec, disable_env_checker=True, **options, **modes)
    except Exception as error:
        said = str(error).strip() or type(error).__name__
        raise BuildError(
            f"environment {env_id!r} does not start: {said}", fix=_fix_of(error, said, spec), environment=env_id
        ) from error


def _fix_of(error: Exception, said: str, spec: EnvSpec) -> str:
    """What to install for its family; for an option that it does not take, the one that was probably meant."""
    family = family_of(spec.id)
    if family is not None and isinstance(error, ModuleNotFoundError | gymnasium.error.DependencyNotInstalled):
        return family.install
    unknown = re.search(r"unexpected keyword argument '(\w+)'", said)
    if not unknown or spec.entry_point is None:
        return ""
    creator = load_env_creator(spec.entry_point) if isinstance(spec.entry_point, str) else spec.entry_point
    taken = set(inspect.signature(creator).parameters) - {"render_mode", "args", "kwargs"}
    return f"in options, {did_you_mean(unknown[1], taken | {'max_episode_steps'})}"


def wrapped(env: Env, wrappers: Iterable[Wrapper], name: str) -> Env:
    """The environment inside its wrappers, the first one innermost.

    Raises:
        BuildError: a wrapper does not fit what it should wrap.
    """
    for wrapper in wrappers:
        try:
            env = wrapper.wrap(env)
        except BuildError:
            raise
        except Exception as error:
            raise BuildError(
                f"environment {name!r}: {wrapper!r} cannot wrap observations {env.observation_space} "
                f"and actions {env.action_space}: {str(error).strip() or type(error).__name__}",
                fix="leave the wrapper out, or put one in front of it", environment=name, wrapper=wrapper,
            ) from error  # fmt: skip
    return env


def observation_space(space: spaces.Space[Any], name: str) -> spaces.Space[Any]:
    """The space of the observations as the pool hands them on: Discrete ones count from 0.

    Raises:
        BuildError: an observation is not one array or one number.
    """
    if isinstance(space, spaces.Discrete):
        return spaces.Discrete(int(space.n))
    if isinstance(space, spaces.Box):
        return space
    what = f"environment {name!r} has observations of the space {space}, and only Box and Discrete ones are handled"
    if has_goals(space):
        raise BuildError(what, fix="add the wrapper Goal(), as in wrappers=(Goal(),)", environment=name)
    if isinstance(space, FLATTENABLE) and space.is_np_flattenable:
        raise BuildError(what, fix="add the wrapper Flatten(), as in wrappers=(Flatten(),)", environment=name)
    raise BuildError(what, fix="write a Wrapper that makes one array of it", environment=name)


def step_limit(env: Env) -> int | None:
    """The tightest time limit around an environment."""
    limits: list[int] = []
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, gymnasium.wrappers.TimeLimit):
            limits.append(env._max_episode_steps)  # noqa: SLF001  not public where the environment has no spec
        env = env.env
    return min(limits, default=None)


def describe(env: Env, name: str) -> Facts:
    """What is known of an environment as long as it is not reset.

    Raises:
        BuildError: its observations are of a space that is not handled.
    """
    return Facts(
        name=name,
        observation_space=observation_space(env.observation_space, name),
        first=int(getattr(env.observation_space, "start", 0)),
        action_space=env.action_space,
        reward_threshold=env.spec.reward_threshold if env.spec else None,
        max_episode_steps=step_limit(env),
        renders="rgb_array" in (env.metadata.get("render_modes") or ()),
        fps=int(env.metadata.get("render_fps") or 30),
        goals=goal_space_of(env, name),
    )


def probe(make_one: Callable[[], Env], name: str) -> tuple[Facts, tuple[str, ...]]:
    """What is known of an environment, and the modes in which it draws. Makes one, resets it, and closes it again."""
    env = make_one()
    try:
        facts = attrs.evolve(describe(env, name), masked=masks_actions(env, env.action_space))
        return facts, tuple(env.metadata.get("render_modes") or ())
    finally:
        close(env)


def picture(env: Env) -> NDArray[np.uint8] | None:
    """What an environment draws, or None where it was not made to draw into an array."""
    if env.render_mode != "rgb_array":
        return None
    frame = env.render()
    return np.asarray(frame, dtype=np.uint8) if frame is not None else None


def called(source: Callable[..., Any]) -> str:
    """What messages call a function that makes environments."""
    name = getattr(source, "__name__", type(source).__name__)
    return "the function that was handed over" if name == "<lambda>" else str(name)


def made_by(source: Callable[..., Any], name: str, **wanted: object) -> Any:
    """Call a function that makes an environment, with those of the wanted arguments that it takes."""
    try:
        takes = inspect.signature(source).parameters
        return source(**{key: value for key, value in wanted.items() if value is not None and key in takes})
    except Exception as error:
        raise BuildError(
            f"{name} does not make an environment: {type(error).__name__}: {error}",
            fix="hand over a function that can be called without arguments",
        ) from error


def close(env: Env | VectorEnv[Any, Any, Any]) -> None:
    """Close an environment. One that cannot be closed holds up nobody."""
    with contextlib.suppress(Exception):
        env.close()
