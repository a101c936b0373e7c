"""Random recipes of all registered blocks, for the properties of what is done with recipes."""

from collections.abc import Mapping

import attrs
from hypothesis import strategies as st

from rlblocks._core.clocks import EnvSteps, Episodes, OfRun, Updates
from rlblocks._core.recipe import Network, Objective, Recipe
from rlblocks.testing.random_blocks import Gallery

NAMES = ("q", "v", "policy", "critic_2")
POOLS = {
    "number": [0.0, 0.25, 0.5, 0.99, 1.0, 2, 3.5, -1.0, 1e-5, 1e-30, 12345.678],
    "integer": [0, 1, 2, 3, 17, 10_000, 2**40],
    "duration": [EnvSteps(1), EnvSteps(2**53 + 1), Updates(7), Episodes(10), OfRun(1), OfRun(0.1), OfRun(1e-6)],
    "sizes": [(), (1,), (64, 32)],
    "numbers": [(), (0.0,), (-1.5, 2.0)],
    "text": ["CartPole-v1", "advantage", "a b", "q\"uo\\te'", "line\nbreak\ttab", "ünïcode ☃ 🙂", "\x7f\x00", "#=[]{}"],
    "options": [{}, {"continuous": True}, {"wind": 15.0, "map": ["SF", "FG"], "odd key.": {"a": 1}}],
}


GALLERY = Gallery(POOLS)


def blocks(role):
    """Blocks of a role."""
    return st.sampled_from(GALLERY.blocks(role))


def keys():
    """What a network reads."""
    return st.lists(st.sampled_from(["observation", "action", "q.features"]), min_size=1, max_size=2, unique=True)


def named(values):
    """Mappings of a few names, in any order."""
    return st.dictionaries(st.sampled_from(NAMES), values, max_size=3)


def recipes():
    """Recipes of any blocks, whether they fit together or not."""
    networks = st.builds(Network, reads=keys(), body=blocks("bodies"), head=blocks("heads"))
    objectives = st.builds(
        Objective,
        trains=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        target=blocks("targets"),
        losses=st.lists(blocks("losses"), max_size=3),
        optimizer=blocks("optimizers"),
        prepare=st.lists(blocks("targets"), max_size=2),
        every=st.sampled_from([Updates(1), Updates(2)]),
    )
    return st.builds(
        Recipe,
        name=st.sampled_from(["dqn", "my recipe", '"'] + POOLS["text"]),
        env=blocks("envs"),
        gamma=st.sampled_from([0, 0.0, 0.5, 0.99, 1]),
        networks=named(networks),
        explorer=blocks("explorers"),
        store=blocks("stores"),
        objectives=named(objectives),
        target_updates=named(blocks("target_updates")),
        cadence=blocks("cadences"),
        prepare=st.lists(blocks("losses"), max_size=2),
    )


@st.composite
def pairs(draw):
    """Two recipes that have some parts in common."""
    a, b = draw(recipes()), draw(recipes())
    return a, draw(mixtures(a, b))


def mixtures(a, b):
    """Values of which every part is of `a` or of `b`."""
    if isinstance(a, Recipe | Network | Objective):
        parts = {x.name: mixtures(getattr(a, x.name), getattr(b, x.name)) for x in attrs.fields(type(a))}
        return st.fixed_dictionaries(parts).map(lambda values: type(a)(**values))
    if isinstance(a, tuple):
        only_b = tuple(value for value in b if value not in a)
        return st.sampled_from([a, b, a + only_b, a[1:], only_b[:1] + a])
    if isinstance(a, Mapping):
        both = {key: mixtures(a[key], b[key]) for key in a if key in b}
        return st.sampled_from([a, b, {**a, **b}]) | st.fixed_dictionaries(both)
    return st.sampled_from([a, b])
