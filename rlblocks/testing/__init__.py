"""The contract kit: the laws of every role, to be asked of any block.

`check_block(MyTarget())` is all there is to it. `parametrize_laws` makes tests of pytest of them, and `laws_of` yields
them one by one. A law that is broken is told in words, with the smallest example found, as source.

Inputs for tests of one's own are strategies of hypothesis: `trajectories`, `streams`, `q_values`, `masks`, `supports`,
`finite_mdps`, `schedules`, `scripted_generators`. Whole blocks and recipes come from `blocks_of`, `compositions` and
`recipes`.
"""

from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._check import Check, Result, check_block, known_roles, laws_of
from rlblocks.testing._compare import LawBroken, close, require, same
from rlblocks.testing._coverage import Coverage
from rlblocks.testing._law import Law, law, laws_for
from rlblocks.testing._pytest import parametrize_laws
from rlblocks.testing._registry import unlisted
from rlblocks.testing._version import KIT_VERSION
from rlblocks.testing.finite_mdps import finite_mdps
from rlblocks.testing.random_blocks import blocks_of, schedules
from rlblocks.testing.random_recipes import compositions, recipes
from rlblocks.testing.scripted import Scripted, scripted_generators
from rlblocks.testing.strategies import masks, q_values, supports
from rlblocks.testing.streams import streams
from rlblocks.testing.trajectories import trajectories

__all__ = [
    "KIT_VERSION",
    "Call",
    "Case",
    "Check",
    "Coverage",
    "Law",
    "LawBroken",
    "Result",
    "Scripted",
    "blocks_of",
    "check_block",
    "close",
    "compositions",
    "finite_mdps",
    "known_roles",
    "law",
    "laws_for",
    "laws_of",
    "masks",
    "parametrize_laws",
    "q_values",
    "recipes",
    "require",
    "same",
    "schedules",
    "scripted_generators",
    "streams",
    "supports",
    "trajectories",
    "unlisted",
]
