"""Ids: the nearest spelling, the present version, what to install."""

from __future__ import annotations

import importlib
import os
import random
import string
import sys
import types
import warnings

import gymnasium
import pytest

from rlblocks._core.errors import BuildError
from rlblocks.envs import _catalogue
from rlblocks.envs._catalogue import FAMILIES, known_ids, spec_of
from rlblocks.envs._making import draw_without_display, make
from tests.envs.odd_environments import Clock


@pytest.mark.parametrize(
    ("wrong", "what", "fix"),
    [
        ("CartPol-v1", "there is no environment 'CartPol-v1'", "did you mean 'CartPole-v1'?"),
        ("cartpole-v1", "there is no environment 'cartpole-v1'", "did you mean 'CartPole-v1'?"),
        ("FrozenLak8x8-v1", "there is no environment 'FrozenLak8x8-v1'", "did you mean 'FrozenLake8x8-v1'?"),
        ("Taxi-v3", "there is no version 3 of the environment 'Taxi'", "did you mean 'Taxi-v4'?"),
        ("CartPole-v7", "there is no version 7 of the environment 'CartPole'", "did you mean 'CartPole-v1'?"),
        ("Acrobot", "'Acrobot' names no version of the environment", "did you mean 'Acrobot-v1'?"),
        ("LunarLander-v2", "there is no version 2 of the environment 'LunarLander'", "did you mean 'LunarLander-v3'?"),
    ],
)
def test_a_wrong_id_is_told_the_right_one(wrong, what, fix):
    """The nearest id, in its present version."""
    if wrong.startswith("Lunar"):
        pytest.importorskip("Box2D")
    with pytest.raises(BuildError) as caught:
        spec_of(wrong)

    assert (caught.value.what, caught.value.fix) == (what, fix)


def test_an_id_that_is_like_none_lists_what_there_is():
    """Where nothing is near, the ids themselves, without gymnasium's internal ones."""
    with pytest.raises(BuildError) as caught:
        spec_of("zzzz")

    assert "CartPole-v1" in caught.value.fix
    assert "phys2d" not in caught.value.fix


def test_most_slips_of_the_finger_are_understood():
    """Of one- and two-letter edits of every id, at least 95 % are told the id that was meant."""
    hand = random.Random(0)

    def slip(text: str) -> str:
        place = hand.randrange(len(text) - 3)  # the version is told apart by its own message
        letter = hand.choice(string.ascii_letters)
        kind = hand.randrange(3)
        return text[:place] + (letter if kind != 1 else "") + text[place + (kind != 2) :]

    right = asked = 0
    for name in [
        "CartPole-v1",
        "Acrobot-v1",
        "MountainCar-v0",
        "Pendulum-v1",
        "FrozenLake-v1",
        "CliffWalking-v1",
        "Taxi-v4",
    ]:
        for edits in (1, 2):
            for _ in range(40):
                wrong = slip(name) if edits == 1 else slip(slip(name))
                if wrong in known_ids() or _catalogue.family_of(wrong):
                    continue
                with pytest.raises(BuildError) as caught:
                    spec_of(wrong)
                asked += 1
                right += caught.value.fix == f"did you mean {name!r}?"

    assert asked > 500
    assert right / asked >= 0.95


INSTALL = {
    "ALE/Breakout-v5": ("ale_py", "pip install 'rlblocks[atari]'"),
    "LunarLander-v3": ("Box2D", "pip install 'rlblocks[box2d]'"),
    "BipedalWalkerHardcore-v3": ("Box2D", "pip install 'rlblocks[box2d]'"),
    "CarRacing-v3": ("Box2D", "pip install 'rlblocks[box2d]'"),
    "HalfCheetah-v5": ("mujoco", "pip install 'rlblocks[mujoco]'"),
    "InvertedPendulum-v4": ("mujoco", "pip install 'rlblocks[mujoco]'"),
    "FlappyBird-v0": ("flappy_bird_gymnasium", "pip install --no-deps flappy-bird-gymnasium"),
    "MiniGrid-Empty-5x5-v0": ("minigrid", "pip install minigrid"),
}


@pytest.mark.parametrize("game", INSTALL)
def test_a_family_that_is_not_installed_says_what_to_install(game, monkeypatch):
    """The id is right, a package is missing: the message is the line to type."""
    module, fix = INSTALL[game]
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(BuildError) as caught:
        spec_of(game)

    assert caught.value.what == f"environment {game!r} needs the package {module!r}, which is not installed"
    assert caught.value.fix == fix


def missing(name):
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_family_that_does_not_import_says_why(monkeypatch):
    """An installed package that fails is not called missing."""

    def broken(_):
        raise ImportError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", broken)

    with pytest.raises(BuildError, match=r"which does not import: libEGL\.so\.1"):
        spec_of("HalfCheetah-v5")


class Simulator(types.ModuleType):
    """MuJoCo as far as its warnings go: it calls whoever was set."""

    def __init__(self):
        super().__init__("mujoco")
        self.heard = None

    def get_mju_user_warning(self):
        return self.heard

    def set_mju_user_warning(self, heard):
        self.heard = heard


@pytest.fixture
def simulator(monkeypatch):
    """What is imported in the place of MuJoCo, and what is done with it."""
    simulator = Simulator()
    monkeypatch.setattr(importlib, "import_module", lambda _: simulator)
    return simulator


def test_mujoco_warns_as_python_does(simulator):
    """So that each warning is told once a run, and stands in no file."""
    spec_of("HalfCheetah-v5")

    with pytest.warns(UserWarning, match="settotalmass is deprecated"):
        simulator.heard("settotalmass is deprecated")


def test_a_warning_of_mujoco_never_raises(simulator, capsys):
    """Where warnings are errors it is told all the same: an exception would pass through C and end the process."""
    spec_of("HalfCheetah-v5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulator.heard("inertia is negative")

    assert capsys.readouterr().err == "warning: inertia is negative\n"


def test_a_handler_of_the_users_own_is_left_alone(simulator):
    """Whoever hears MuJoCo's warnings already goes on hearing them."""
    simulator.heard = print
    spec_of("HalfCheetah-v5")

    assert simulator.heard is print


def test_a_family_registers_its_environments_when_it_is_asked_for(monkeypatch):
    """Importing the package is ours to do; the user writes the id alone."""
    monkeypatch.setattr(_catalogue, "FAMILIES", (_catalogue.Family(("Toy/",), "toy_games", "pip install toy-games"),))
    toys = types.ModuleType("toy_games")
    monkeypatch.setattr(
        importlib, "import_module", lambda _: gymnasium.register("Toy/Clock-v0", entry_point=Clock) or toys
    )
    try:
        assert spec_of("Toy/Clock-v0").id == "Toy/Clock-v0"
    finally:
        del gymnasium.registry["Toy/Clock-v0"]


def test_a_family_that_needs_more_than_its_package_says_so(monkeypatch):
    """What is missing further down is part of the same extra."""

    class Drawing(Clock):
        def __init__(self):
            raise ModuleNotFoundError("No module named 'imageio'", name="imageio")

    monkeypatch.setattr(_catalogue, "FAMILIES", (_catalogue.Family(("Toy/",), "types", "pip install toy-games"),))
    gymnasium.register("Toy/Drawing-v0", entry_point=Drawing)
    try:
        with pytest.raises(BuildError) as caught:
            make("Toy/Drawing-v0", {}, None)
        assert caught.value.what == "environment 'Toy/Drawing-v0' does not start: No module named 'imageio'"
        assert caught.value.fix == "pip install toy-games"
    finally:
        del gymnasium.registry["Toy/Drawing-v0"]


def test_every_install_line_is_an_extra_or_a_package():
    """The extras named are those that the package offers."""
    from importlib.metadata import metadata

    extras = set(metadata("rlblocks").get_all("Provides-Extra"))
    named = {family.install.split("[")[1].split("]")[0] for family in FAMILIES if "[" in family.install}

    assert named
    assert named <= extras


def test_an_id_imports_no_module():
    """A recipe file may come from anywhere: an id with a module works only where the user has imported it."""
    with pytest.raises(BuildError) as caught:
        spec_of("antigravity:Flying-v0")

    assert caught.value.what == (
        "environment 'antigravity:Flying-v0' names the module 'antigravity', which has not been imported, and a recipe "
        "imports nothing by name"
    )
    assert caught.value.fix == (
        "in Python, import antigravity before the run; for the command line, offer it as an entry point of the group "
        "'rlblocks.blocks'"
    )
    assert "antigravity" not in sys.modules
    assert spec_of("gymnasium:CartPole-v1").id == "CartPole-v1"


@pytest.mark.parametrize("module", ["nowhere_at_all", "nowhere_at_all.deep", "nowhere at all", ".", ""])
def test_a_module_that_cannot_be_imported_is_to_be_installed_first(module):
    """To import what Python does not find is no advice."""
    with pytest.raises(BuildError) as caught:
        spec_of(f"{module}:Flying-v0")

    first = module.partition(".")[0]
    assert caught.value.fix.startswith(
        f"install {first} or put it on the Python path; then, in Python, import {module} before"
        if first.isidentifier() else "write the id alone, or behind a module, as in module:Name-v0"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("set_before", "after"),
    [
        ({}, {"MUJOCO_GL": "egl", "SDL_VIDEODRIVER": "dummy"}),
        ({"MUJOCO_GL": "osmesa"}, {"MUJOCO_GL": "osmesa", "SDL_VIDEODRIVER": "dummy"}),
        ({"DISPLAY": ":0"}, {}),
        ({"WAYLAND_DISPLAY": "wayland-0"}, {}),
    ],
)
def test_environments_draw_without_a_display(set_before, after, monkeypatch):
    """On Linux without a display the drawing libraries are told so; what the user has set stays."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_before.items():
        monkeypatch.setenv(name, value)
    draw_without_display()
    found = {name: os.environ[name] for name in ("MUJOCO_GL", "SDL_VIDEODRIVER") if name in os.environ}

    assert found == after
    for name in found:
        monkeypatch.delenv(name)


def test_an_environment_that_does_not_start_says_why():
    """Whatever it raised is chained and told."""

    class Refusing(Clock):
        def __init__(self):
            raise OSError("no licence")

    gymnasium.register("Refusing-v0", entry_point=Refusing)
    try:
        with pytest.raises(BuildError, match="environment 'Refusing-v0' does not start: no licence") as caught:
            make("Refusing-v0", {}, None)
        assert isinstance(caught.value.__cause__, OSError)
    finally:
        del gymnasium.registry["Refusing-v0"]
