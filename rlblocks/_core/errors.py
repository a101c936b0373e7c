"""What can go wrong, in two families: a recipe that does not fit, and a run that breaks.

Every error says what is wrong, why, and how to mend it, and carries the same facts as attributes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

ALIKE = 0.76  # of 2·(letters in common)/(letters in all), above which two names are alike
WORD = 4  # letters from which on it says something that two names share them


class RlblocksError(Exception):
    """One sentence what, one why, one fix.

    Attributes:
        what: the sentence that says what is wrong.
        fix: what to do about it; empty where nothing sensible can be said.
        facts: the values that the message speaks of, by name.
    """

    def __init__(self, what: str, *, fix: str = "", **facts: object) -> None:
        self.what = what
        self.fix = fix
        self.facts = facts
        super().__init__(f"{what}\n  fix: {fix}" if fix else what)


class RecipeError(RlblocksError):
    """A block, a field, a path or a file that cannot be a recipe. The user's to mend (exit code 2)."""


class FieldError(RecipeError, ValueError):
    """A block was given a value that its field does not take."""


class BlockError(RecipeError, TypeError):
    """A class that was declared as a block is not one."""


class BuildError(RecipeError):
    """A wired recipe could not be built: no such device, no memory, an environment that does not start."""


class WiringError(RecipeError):
    """A recipe does not fit together. All misfits are collected.

    Attributes:
        problems: one `RlblocksError` for each misfit, in the order in which they were found.
    """

    def __init__(self, recipe: str, problems: Iterable[RlblocksError]) -> None:
        self.problems = tuple(problems)
        text = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"recipe {recipe!r}: {text}" if len(self.problems) == 1 else f"recipe {recipe!r}:\n{text}")


class RunError(RlblocksError):
    """A run broke: an environment, a number, a file or the machine."""


class EnvironmentFault(RunError):  # noqa: N818  a fault is what it is
    """An environment returned something that it may not return, raised, or did not answer."""


class CheckpointError(RunError):
    """A checkpoint is missing, damaged, foreign or newer than this version."""


class PlugInWarning(UserWarning):
    """An installed package offers blocks, and does not import.

    Attributes:
        what: the sentence that says which, and why not.
        fix: what to do about it.
    """

    def __init__(self, what: str, fix: str) -> None:
        self.what = what
        self.fix = fix
        super().__init__(f"{what}; {fix}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that `name` was probably meant to be, or an empty string.

    One slip of the finger away, if there is such a name; else one that is all of its words, or that it is all words of,
    or that begins with it; else the most alike, if three letters in four are the same.

    >>> nearest("capactiy", ["capacity", "alpha"]), nearest("lt", ["eps", "lr"]), nearest("doubleq", ["double_q"])
    ('capacity', 'lr', 'double_q')
    >>> nearest("batch_size", ["updates", "batch"]), nearest("learning_rate", ["target_updates", "lr"])
    ('batch', '')
    """
    folded = {_folded(candidate): candidate for candidate in known}
    wanted = _folded(name)
    slips = [candidate for candidate in folded if _one_slip(wanted, candidate)]
    worded = [candidate for candidate in folded if _same_words(wanted, candidate)]
    for candidates, cutoff in ((slips, 0.0), (worded, 0.0), (folded, ALIKE)):
        close = difflib.get_close_matches(wanted, candidates, n=1, cutoff=cutoff)
        if close:
            return folded[close[0]]
    return ""


def alike(name: str, known: Iterable[str]) -> str:
    """The known name that `name` is almost certainly a misspelling of, or an empty string.

    >>> alike("rewards", ["reward", "action"]), alike("return", ["reward", "action"])
    ('reward', '')
    """
    folded = {_folded(candidate): candidate for candidate in known}
    wanted = _folded(name)
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.85)
    return folded[close[0]] if close else ""


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _same_words(a: str, b: str) -> bool:
    """Whether all words of one are words of the other, not only letters that stand alone, or `b` begins with `a`."""
    one, other = (set(re.findall(r"[a-z0-9]+", name)) for name in (a, b))
    common = one & other
    if len(a) >= WORD and b.startswith(a):
        return True
    return bool(common) and common in (one, other) and sum(map(len, common)) >= WORD


def _one_slip(a: str, b: str) -> bool:
    """Whether one letter typed wrong, left out, put in or exchanged with its neighbour makes `b` of `a`."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    return b in (a, a[1:]) or a[1:] == b[1:] or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A half-sentence for an error: the nearest spelling, else the names there are."""
    known = sorted(known)
    close = nearest(name, known)
    if close:
        return f"did you mean {close!r}?"
    return f"there are: {', '.join(known)}" if known else "there are none"
