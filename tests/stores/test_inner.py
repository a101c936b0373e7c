"""Stores that wrap a store: what they pass on of it, and what is left when it refuses."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from rlblocks import block
from rlblocks._core.errors import CheckpointError
from rlblocks._core.keys import Spec
from rlblocks.envs.base import Facts
from rlblocks.stores import Hindsight, NStep, Store, StoreSpec, UniformReplay, WithNext
from rlblocks.testing import unlisted
from rlblocks.testing.streams import COLUMNS, judged, stacked, transition

with unlisted():

    @block("lab/choosy")
    class Choosy(Store):
        """A store that writes something of its own, and serves no environment."""

        outputs = ("rank",)
        specs = {"rank": Spec((2,), "int64")}

        def misfit(self, facts):
            return f"serves nobody, {facts.name} neither; use another store"


FACTS = Facts("a walk", Box(-1.0, 1.0, (3,)), Discrete(2), goals=Box(-1.0, 1.0, (1,)))


@pytest.mark.parametrize("wrapper", [NStep, Hindsight, WithNext])
def test_what_the_store_inside_says_is_passed_on(wrapper):
    """The type of what it writes, and why an environment does not fit."""
    inner = Choosy()

    assert wrapper(inner).specs["rank"] == inner.specs["rank"]
    assert wrapper(inner).misfit(FACTS) == inner.misfit(FACTS)


def built(environments):
    """An empty memory with hindsight."""
    spec = StoreSpec(COLUMNS, environments, np.random.default_rng(0), judged)
    return Hindsight(UniformReplay(9)).build(spec)


def test_hindsight_that_refuses_a_state_is_as_it_was():
    """A state of two environments: neither the rows inside nor the episodes under way have changed."""
    memory, other = built(1), built(2)
    for written in (memory, other):
        written.add(stacked([transition(0, 0, 0)]), np.zeros(1, np.int64))
    other.add(stacked([transition(1, 3, 0)]), np.ones(1, np.int64))
    before = memory.contents()["action"].tolist()

    with pytest.raises(CheckpointError):
        memory.load(other.state())

    assert memory.contents()["action"].tolist() == before
