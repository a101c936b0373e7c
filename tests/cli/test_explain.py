"""What `rlblocks explain` says a recipe costs."""

from __future__ import annotations

import pytest
from rlblocks.recipes import RECIPES

from rlblocks import wire
from rlblocks.cli.explain import costs_of


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("reinforce", "at least 40 in 100,000 environment steps (0.0004 a step)"),
        ("ppo", "1,552 in 100,000 environment steps (0.0155 a step)"),
    ],
)
def test_learn_steps_are_those_of_chunks_as_long_as_they_may_be(name: str, said: str) -> None:
    """Whole episodes may be shorter than the longest, so there are more of them; rollouts are always of one size."""
    assert costs_of(wire(RECIPES[name]()), 100_000)[-1].split(maxsplit=2) == ["learn", "steps", said]
