"""Which environments there are, and what has to be installed for them. The one place that imports optional families."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import gymnasium
from gymnasium.envs.registration import EnvSpec, registry

from rlblocks._core.errors import BuildError, nearest


@attrs.frozen
class Family:
    """Environments that need a package of their own.

    Attributes:
        prefixes: how the ids begin.
        module: the module without which they cannot be made; importing it registers them where gymnasium does not.
        install: what to install for it.
        imported: what is to be done with the module once it is there.
    """

    prefixes: tuple[str, ...]
    module: str
    install: str
    imported: Callable[[ModuleType], None] = gymnasium.register_envs


def _warn_as_python_does(mujoco: Any) -> None:
    """Tell each of MuJoCo's warnings once, instead of at every object, and in no file beside the user's own.

    Leaves alone what the user has set.
    """

    def heard(text: str) -> None:
        try:
            warnings.warn(text, stacklevel=2)
        except UserWarning:  # where warnings are errors: raised through MuJoCo's frames, it would end the process
            sys.stderr.write(f"warning: {text}\n")

    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(heard)


_MUJOCO = (
    "Reacher-", "Pusher-", "InvertedPendulum-", "InvertedDoublePendulum-", "HalfCheetah-", "Hopper-", "Swimmer-",
    "Walker2d-", "Ant-", "Humanoid-", "HumanoidStandup-",
)  # fmt: skip

FAMILIES = (
    Family(("ALE/",), "ale_py", "pip install 'rlblocks[atari]'"),
    Family(("LunarLander", "BipedalWalker", "CarRacing"), "Box2D", "pip install 'rlblocks[box2d]'"),
    Family(_MUJOCO, "mujoco", "pip install 'rlblocks[mujoco]'", _warn_as_python_does),
    # It asks for pygame, which would overwrite pygame-ce in place; it runs on either.
    Family(("FlappyBird-",), "flappy_bird_gymnasium", "pip install --no-deps flappy-bird-gymnasium"),
    Family(("MiniGrid-", "BabyAI-"), "minigrid", "pip install minigrid"),
)
# Their objects carry something from one episode into the next, so an episode needs an object of its own to be
# reproducible.
FRESH_OBJECT = ("BipedalWalker",)
_HIDDEN = ("phys2d/", "tabular/", "GymV")  # gymnasium's own, which are never what was meant


def family_of(env_id: str) -> Family | None:
    """The family whose prefix an id has, if any."""
    return next((family for family in FAMILIES if env_id.startswith(family.prefixes)), None)


def _import_family(env_id: str, family: Family) -> None:
    try:
        module = importlib.import_module(family.module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == family.module
        why = "which is not installed" if missing else f"which does not import: {error}"
        raise BuildError(
            f"environment {env_id!r} needs the package {family.module!r}, {why}",
            fix=family.install, environment=env_id, module=family.module,
        ) from error  # fmt: skip
    family.imported(module)


def _import_prefix(text: str) -> str:
    """The id behind `module:id`, whose module must have been imported: a recipe imports nothing by name."""
    module, colon, env_id = text.rpartition(":")
    if colon and module not in sys.modules and module not in {family.module for family in FAMILIES}:
        raise BuildError(
            f"environment {text!r} names the module {module!r}, which has not been imported, "
            "and a recipe imports nothing by name",
            fix=_how_to_import(module),
            environment=text, module=module,
        )  # fmt: skip
    return env_id


def _how_to_import(module: str) -> str:
    """What to do so that a module has been imported; nothing is imported to find that out."""
    first = module.partition(".")[0]
    if not first.isidentifier():
        return "write the id alone, or behind a module, as in module:Name-v0"
    there = first in sys.modules or importlib.util.find_spec(first) is not None
    return ("" if there else f"install {first} or put it on the Python path; then, ") + (
        f"in Python, import {module} before the run; for the command line, offer it as an entry point of the group "
        "'rlblocks.blocks'"
    )


def known_ids() -> list[str]:
    """The ids that are registered now, without gymnasium's internal ones."""
    return [name for name in registry if not name.startswith(_HIDDEN)]


def _versions(name: str) -> list[str]:
    """The registered ids of an environment's name, oldest version first."""
    found = [(int(match[1]), key) for key in registry if (match := re.fullmatch(re.escape(name) + r"-v(\d+)", key))]
    return [key for _, key in sorted(found)]


def spec_of(text: str) -> EnvSpec:
    """The registered spec of an environment id.

    Raises:
        BuildError: there is none; the message offers the nearest id, its present version, or what to install.
    """
    env_id = _import_prefix(text)
    family = family_of(env_id)
    if family is not None:
        _import_family(env_id, family)
    if env_id in registry:
        return registry[env_id]
    name, _, version = env_id.partition("-v")
    versions = _versions(name)
    if versions and not version:
        what, fix = f"{env_id!r} names no version of the environment", f"did you mean {versions[-1]!r}?"
    elif versions:
        what, fix = f"there is no version {version} of the environment {name!r}", f"did you mean {versions[-1]!r}?"
    else:
        near, there = nearest(env_id, known_ids()), ", ".join(sorted(known_ids()))
        what = f"there is no environment {env_id!r}"
        fix = f"did you mean {near!r}?" if near else f"import the package that registers it, or use one of {there}"
    raise BuildError(what, fix=fix, environment=env_id, nearest=nearest(env_id, known_ids()))
