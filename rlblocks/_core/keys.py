"""Keys and what is known of the tensors behind them.

A key is `[group.][next.]name[@online|@target]`. `next.` means "of the true next state"; `@online` and `@target` say by
whose parameters a network's output is computed.
"""

from __future__ import annotations

import functools
import re

import attrs

from rlblocks._core.errors import RecipeError

WHICH = ("online", "target")


@attrs.frozen
class Key:
    """A key taken apart.

    >>> parse("next.q@target")
    Key(name='q', next=True, which='target', group='')
    >>> str(parse("next.q@target")), parse("critic.error").group
    ('next.q@target', 'critic')
    """

    name: str
    next: bool = False
    which: str = ""
    group: str = ""

    def __str__(self) -> str:
        group = f"{self.group}." if self.group else ""
        return f"{group}{'next.' if self.next else ''}{self.name}{'@' + self.which if self.which else ''}"


@functools.cache  # the same few keys are taken apart over and over
def parse(text: str) -> Key:
    """Take a key apart.

    Raises:
        RecipeError: it is no key, or its `@` names neither `online` nor `target`.
    """
    body, _, which = text.partition("@")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", body) or ("@" in text and not which):
        raise RecipeError(f"{text!r} is no key", fix="write [group.][next.]name[@online|@target]", key=text)
    if which and which not in WHICH:
        raise RecipeError(f"{text!r} asks for {which!r}", fix="after @ stands online or target", key=text)
    parts = body.split(".")
    later = "next" in parts[:-1]
    group = ".".join(parts[: parts.index("next")] if later else parts[:-1])
    name = ".".join(parts[parts.index("next") + 1 :]) if later else parts[-1]
    if group == "observation" and not later:  # a leaf of a dict observation is dotted
        group, name = "", body
    return Key(name, later, which, group)


@attrs.frozen
class Spec:
    """What is known of a tensor before it exists.

    Attributes:
        shape: the sizes after the batch dim.
        dtype: numpy's name of the type.
        dims: the names of the leading dims: `batch`, with `time` before it where rows are in time order and `member`
            before all where several networks wrote it, and what comes first in `shape`; dims of an observation's or
            action's own shape have no name.
        n: for integers in [0, n) (a Discrete space), how many there are, and one such number for each component of a
            MultiDiscrete or MultiBinary space; 0 otherwise.
        low: the least value, where a Box bounds it (one number, or one per component).
        high: the greatest value, likewise.
        members: how many there are of the dim `member`; 0 without it.
    """

    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    dims: tuple[str, ...] = ("batch",)
    n: int | tuple[int, ...] = 0
    low: float | tuple[float, ...] | None = None
    high: float | tuple[float, ...] | None = None
    members: int = 0

    def size(self, dim: str) -> int:
        """How large a named dim is, of those that are known: `member`, and what comes after the batch."""
        return self.members if dim == "member" else self.shape[self.dims.index(dim) - self.dims.index("batch") - 1]

    def __str__(self) -> str:
        lead = self.dims.index("batch") + 1 if "batch" in self.dims else 0
        named = [*self.dims, *map(str, self.shape[len(self.dims) - lead :])]
        return f"{self.dtype}[{', '.join(named)}]" + (f" in [0, {self.n})" if self.n else "")


def fits_dims(there: tuple[str, ...], asked: tuple[str, ...], at: str = "") -> bool:
    """Whether dims begin as they are asked for; a `*` first stands for the members of a network, if it has several.

    Where one entry of the dim `at` is taken, that dim is gone.

    >>> fits_dims(("member", "batch", "action"), ("batch", "action"))
    False
    >>> fits_dims(("member", "batch", "action"), ("*", "batch")), fits_dims(("batch", "action"), ("*", "batch"))
    (True, True)
    """
    there = tuple(dim for dim in there if dim != at or at in asked)
    if asked[:1] == ("*",):
        there, asked = tuple(dim for dim in there if dim != "member"), asked[1:]
    return there[: len(asked)] == asked


FLAG = Spec((), "bool")
SCALAR = Spec()
