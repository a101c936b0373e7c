"""What a block may ask for: the six kinds of declared input.

A block's `inputs` maps each keyword of its `compute` to one of these. Nothing else reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from rlblocks._core.errors import BlockError, did_you_mean

DISTRIBUTIONS = ("bernoulli", "normal", "uniform")
REQUIRED: Any = type("Required", (), {"__repr__": lambda _: "REQUIRED"})()


@attrs.frozen
class Read:
    """A tensor under a key: a stored column, a network's output, or what an earlier block wrote.

    Attributes:
        key: `[group.][next.]name[@online|@target]`.
        default: what `compute` takes where nobody writes the key; only where the role's law makes it the identity.
        at: "action" takes the entry of the action that was stored, so a `[batch, action]` value arrives as `[batch]`.
        dims: the names of the leading dims that must be there, such as `("batch", "action")`; a `*` before them takes
            one network or several members; empty checks nothing.
        raw: hand over the value in its network's form (quantiles, atoms) instead of its mean.
    """

    key: str
    default: Any = REQUIRED
    at: str = ""
    dims: tuple[str, ...] = ()
    raw: bool = False  # which tensor is meant, not which mathematics: a value and its form are two keys of one pass


@attrs.frozen
class Draw:
    """Random numbers, drawn outside from the run's generators: `normal`, `uniform` in [0, 1) or `bernoulli` (p = ½).

    Attributes:
        kind: the distribution.
        like: the key whose shape the draw takes; empty for one number a row.
        over: a dim of `like`, such as `member`: one number for each of it, once for all rows; empty draws for each row.
    """

    kind: str = attrs.field()
    like: str = ""
    over: str = ""

    @kind.validator
    def _known(self, _: object, value: str) -> None:
        if value not in DISTRIBUTIONS:
            raise BlockError(f"draw({value!r}): there is no such distribution", fix=did_you_mean(value, DISTRIBUTIONS))


@attrs.frozen
class Scheduled:
    """The present value of one of the block's own fields (a schedule) or methods (taking the run's times)."""

    name: str


@attrs.frozen
class Fn:
    """A function by output key: `q@target` evaluates the network that writes `q`; `q.backup` is its form's back-up."""

    key: str


@attrs.frozen
class Size:
    """The size of a dim, known from the environment: `action` is the number of discrete actions."""

    dim: str


@attrs.frozen
class Known:
    """What is known of a stored column, as its `Spec`: the bounds of a Box, how many actions there are."""

    key: str


Declared = Read | Draw | Scheduled | Fn | Size | Known


@attrs.frozen
class Derived:
    """What follows from the outputs of a forward pass: `block.method(outputs_of_the_pass, **inputs)`.

    Attributes:
        block: whose method it is, such as a policy's distribution.
        method: its name.
        outputs: the keys that it gives, in the order in which it returns them.
        inputs: what it takes besides the pass, by keyword.
        at: where it answers only `read(key, at=...)`, such as the log-probability of the stored action.
    """

    block: Any
    method: str
    outputs: tuple[str, ...]
    inputs: Mapping[str, Declared]
    at: str = ""


def read(key: str, *, default: Any = REQUIRED, at: str = "", dims: tuple[str, ...] = ()) -> Read:
    """Declare that a tensor is read."""
    return Read(key, default, at, dims)


def raw(key: str) -> Read:
    """Declare that a value is read in its network's own form: itself for scalars, atoms or quantiles otherwise."""
    return Read(key, raw=True)


def draw(kind: str, like: str = "", *, over: str = "") -> Draw:
    """Declare that random numbers are needed."""
    return Draw(kind, like, over)


def scheduled(name: str) -> Scheduled:
    """Declare that the present value of the field or method `name` is read, as a 0-dim float tensor."""
    return Scheduled(name)


def fn(key: str) -> Fn:
    """Declare that a function is needed, by output key."""
    return Fn(key)


def size(dim: str) -> Size:
    """Declare that the size of a dim is needed, as an int."""
    return Size(dim)


def spec(key: str) -> Known:
    """Declare that what is known of a stored column is needed, as its `Spec`."""
    return Known(key)
