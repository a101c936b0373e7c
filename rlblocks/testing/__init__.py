"""The contract kit: the laws of every role, to be asked of any block.

`check_block(MyTarget())` is all there is to it. `parametrize_laws` makes tests of pytest of them, and `laws_of` yields
them one by one. A law that is broken is told in words, with the smallest example found, as source.
"""

from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._check import Check, Result, check_block, known_roles, laws_of
from rlblocks.testing._compare import LawBroken, close, require, same
from rlblocks.testing._coverage import Coverage
from rlblocks.testing._law import Law, law, laws_for
from rlblocks.testing._pytest import parametrize_laws
from rlblocks.testing._registry import unlisted

__all__ = [
    "Call",
    "Case",
    "Check",
    "Coverage",
    "Law",
    "LawBroken",
    "Result",
    "check_block",
    "close",
    "known_roles",
    "law",
    "laws_for",
    "laws_of",
    "parametrize_laws",
    "require",
    "same",
    "unlisted",
]
