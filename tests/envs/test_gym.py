"""Environments by id: what is known of them, what they take, and what a wrong one is told."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from rlblocks._core.errors import BuildError, FieldError
from rlblocks.envs import Flatten, FrameStack, Gym, TimeLimit
from tests.envs.odd_environments import Clock
from tests.envs.pools import zeros


def test_tells_what_is_known_before_the_first_step():
    """Spaces, threshold, time limit and how it draws, from one environment that is closed again."""
    facts = Gym("CartPole-v1").facts()

    assert facts.name == "CartPole-v1"
    assert facts.observation_space.shape == (4,)
    assert facts.action_space == spaces.Discrete(2)
    assert (facts.reward_threshold, facts.max_episode_steps) == (475.0, 500)
    assert (facts.renders, facts.fps) == (True, 50)


@pytest.mark.parametrize("game", ["Pendulum-v1", "MountainCarContinuous-v0"])
def test_describes_environments_of_other_actions(game):
    """Continuous actions are described: which recipes they suit is for wiring to say."""
    assert isinstance(Gym(game).facts().action_space, spaces.Box)


@pytest.mark.parametrize("game", ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"])
def test_observations_may_be_discrete(game):
    """A table's environments hand over whole numbers from 0."""
    pool = Gym(game, n=2).build(seed=0)
    observation = pool.reset()

    assert (observation.shape, observation.dtype) == ((2,), np.int64)
    assert pool.facts.observation_space.start == 0
    assert pool.step(zeros(pool)).next_observation.shape == (2,)


def test_the_number_of_environments_can_be_asked_for():
    """Evaluation and videos use their own."""
    block = Gym("CartPole-v1", n=2)

    assert (block.build(seed=0).n, block.build(seed=0, n=5).n) == (2, 5)


def test_options_reach_the_environment():
    """Keyword arguments of gymnasium.make, lists and mappings included, arrive as plain Python values."""
    given = {"map_name": "8x8", "desc": ["SF", "HG"], "is_slippery": False}
    block = Gym("FrozenLake-v1", options=given)

    assert block.facts().observation_space == spaces.Discrete(4)
    assert block == Gym("FrozenLake-v1", options=dict(given))
    assert block != Gym("FrozenLake-v1", options=given | {"is_slippery": True})
    assert hash(block) == hash(Gym("FrozenLake-v1", options=given))


def test_a_block_does_not_change_with_what_it_was_made_of():
    """GEN-17: lists and dicts that were handed over are copied, and the class's defaults are shared by nobody."""
    given = {"desc": ["SF", "HG"]}
    block = Gym("FrozenLake-v1", wrappers=[TimeLimit(3)], options=given)
    given["desc"].append("HH")

    assert block.options["desc"] == ("SF", "HG")
    assert block.wrappers == (TimeLimit(3),)
    assert Gym("FrozenLake-v1").options == {}
    assert copy.deepcopy(block) == pickle.loads(pickle.dumps(block)) == block


MUST = "but must be a text, a finite number, a bool, a list or a mapping of such"


@pytest.mark.parametrize(
    ("fields", "said", "fix"),
    [
        ({"id": ""}, "Gym.id is '', but must be a non-empty text", ""),
        ({"n": 0}, "Gym.n is 0, but must be a whole number, at least 1", ""),
        ({"n": True}, "Gym.n is True, but must be a whole number, at least 1", ""),
        ({"options": 3}, "Gym.options is 3, but must be a mapping", 'write {"name": value}'),
        (
            {"options": {"desc": [1, {"a": None}]}},
            f"Gym.options['desc'][1]['a'] is None, {MUST}",
            "as_environment takes a function that makes the environment with any argument",
        ),
        (
            {"options": {"gravity": float("nan")}},
            f"Gym.options['gravity'] is nan, {MUST}",
            "as_environment takes a function that makes the environment with any argument",
        ),
        (
            {"options": {"render_mode": "human"}},
            "Gym.options holds 'render_mode', which the run decides",
            "leave it out: videos and `play` ask for what they need",
        ),
        (
            {"wrappers": (TimeLimit(3), Flatten)},
            f"Gym.wrappers[1] is {Flatten!r}, but must be a block of role 'wrappers'",
            "make the block first: Flatten()",
        ),
        ({"wrappers": "flatten"}, "Gym.wrappers[0] is 'flatten', but must be a block of role 'wrappers'", ""),
    ],
)
def test_fields_are_checked(fields, said, fix):
    """What no field takes is refused when the block is made, by name, with a way out."""
    with pytest.raises(FieldError) as caught:
        Gym(**({"id": "CartPole-v1"} | fields))

    assert (caught.value.what, caught.value.fix) == (said, fix)


@pytest.mark.parametrize("ask", [Gym.facts, lambda block: block.build(seed=0)])
@pytest.mark.parametrize(
    ("block", "said", "fix"),
    [
        (
            Gym("Blackjack-v1"),
            "environment 'Blackjack-v1' has observations of the space Tuple(Discrete(32), Discrete(11), Discrete(2))",
            "add the wrapper Flatten(), as in wrappers=(Flatten(),)",
        ),
        (
            Gym("CartPole-v1", options={"sutton_bart": True}),
            "environment 'CartPole-v1' does not start: CartPoleEnv.__init__() got an unexpected keyword argument 'su",
            "in options, did you mean 'sutton_barto_reward'?",
        ),
    ],
)
def test_what_cannot_be_an_environment_is_told_before_the_first_step(ask, block, said, fix):
    """A space that is not handled and an option that is not taken say what to write instead."""
    with pytest.raises(BuildError) as caught:
        ask(block)

    assert caught.value.what.startswith(said)
    assert caught.value.fix == fix


def test_other_observation_spaces_ask_for_a_wrapper():
    """Where nothing flattens a space, the message asks for a wrapper."""

    class Talking(Clock):
        observation_space = spaces.Text(5)

    gymnasium.register("Talking-v0", entry_point=Talking)
    try:
        with pytest.raises(BuildError, match="write a Wrapper that makes one array of it"):
            Gym("Talking-v0").facts()
    finally:
        del gymnasium.registry["Talking-v0"]


def test_other_action_spaces_are_described_but_not_run():
    """Facts tell of them, so that wiring can refuse; a pool cannot be built."""
    both = spaces.Tuple((spaces.Discrete(2), spaces.Box(-1, 1, (1,))))
    gymnasium.register("Both-v0", entry_point=Clock, kwargs={"action_space": both})
    try:
        assert Gym("Both-v0").facts().action_space == both
        with pytest.raises(BuildError, match=r"takes actions of the space Tuple.*only Discrete, Box, MultiDiscrete"):
            Gym("Both-v0").build(seed=0)
    finally:
        del gymnasium.registry["Both-v0"]


def test_draws_only_where_it_can():
    """A picture comes from an environment that draws and was asked to; others go on without."""
    drawing = Gym("CartPole-v1", n=2).build(seed=0, n=1, render_mode="rgb_array")
    drawing.reset()
    picture = drawing.render()

    assert (picture.shape, picture.dtype) == ((400, 600, 3), np.uint8)
    assert Gym("CartPole-v1").build(seed=0).render() is None
    assert Gym("CartPole-v1").build(seed=0, render_mode="hologram").render() is None


def test_pictures_come_from_within_wrappers():
    """Wrappers change what is observed, not what is seen."""
    pool = Gym("CartPole-v1", wrappers=(FrameStack(2),)).build(seed=0, render_mode="rgb_array")
    pool.reset()

    assert pool.render().shape == (400, 600, 3)


def test_environments_are_described_without_torch():
    """`list` and `--help` stay fast: importing and describing environments loads no torch."""
    asked = "import sys; from rlblocks.envs import Gym; Gym('CartPole-v1').facts(); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
