"""What a law is, and the one list of all of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import attrs

from rlblocks._core.block import Block

if TYPE_CHECKING:
    from rlblocks.testing._case import Case

Body = Callable[["Case"], None]
Needs = Callable[[Block], str]


def every_block(block: Block) -> str:  # noqa: ARG001  the signature of `Needs`
    """A law without conditions applies to every block of its role."""
    return ""


@attrs.frozen(eq=False)
class Law:
    """A property that every block of a role must have.

    Attributes:
        id: stable, such as "TGT-2"; the same id may stand for one law with a body of its own in several roles.
        title: the law in words.
        roles: the roles whose blocks must obey it.
        since: the version that brought it.
        body: draws inputs from a `Case`, and raises where the law is broken.
        needs: why the law does not apply to a block; empty where it does.
        covers: what the drawn inputs must have contained at least once; a law that never saw it has shown nothing.
        examples: how many inputs the fast profile draws.
        thorough: whether it is asked in the thorough profile alone, and of no more inputs than `examples`.
        smallest: whether the smallest input is looked for on which it fails; not where one input takes seconds.
        looks: whether it only looks at what a block declares, so that it is asked of what the kit cannot call, too.
        why: what its docstring says beyond the first line.
        formula: the law in symbols, where that says more than the words.
        reference: where the law, or what it protects, is derived.
    """

    id: str
    title: str
    roles: tuple[str, ...]
    since: str
    body: Body
    needs: Needs = every_block
    covers: tuple[str, ...] = ()
    examples: int = 15
    thorough: bool = False
    smallest: bool = True
    looks: bool = False
    why: str = ""
    formula: str = ""
    reference: str = ""


_LAWS: list[Law] = []  # like the registry of blocks: filled at import by `law`, and by nothing else


def law(
    name: str,
    *,
    role: str | tuple[str, ...],
    since: str,
    title: str = "",
    needs: Needs = every_block,
    covers: tuple[str, ...] = (),
    examples: int = 15,
    thorough: bool = False,
    smallest: bool = True,
    looks: bool = False,
) -> Callable[[Body], Body]:
    """Register the function below as the body of a law. It reaches every block of its roles by itself.

    Where no title is given, the first line of the function's docstring is the law in words. Of the paragraphs below it,
    one that begins with "Formula:" is the law in symbols, one with "Reference:" its source, and the others say why.

    >>> from rlblocks.testing import Case, Law, law
    >>> @law("LAB-1", role="lab_role", since="0.1")
    ... def documented(case: Case) -> None:
    ...     "A block of ours has a docstring."
    ...     assert type(case.block).__doc__
    >>> next(laws_for("lab_role")).title
    'a block of ours has a docstring'
    """

    def register(body: Body) -> Body:
        roles = (role,) if isinstance(role, str) else role
        words = title or _in_words(body)
        asked = needs, covers, examples, thorough, smallest, looks
        _LAWS.append(Law(name, words, roles, since, body, *asked, *_beyond(body)))
        return body

    return register


def _in_words(body: Body) -> str:
    """The first line of a docstring, to stand inside a sentence."""
    first = (body.__doc__ or body.__name__).strip().partition("\n")[0].rstrip(".")
    return first if first[1:2].isupper() else first[:1].lower() + first[1:]


def _beyond(body: Body) -> tuple[str, str, str]:
    """Why, the formula, and the reference: what a docstring says beyond its first line."""
    said: dict[str, list[str]] = {"": [], "Formula:": [], "Reference:": []}
    for paragraph in inspect.cleandoc(body.__doc__ or "").split("\n\n")[1:]:
        text = " ".join(paragraph.split())
        kind = next((mark for mark in said if mark and text.startswith(mark)), "")
        said[kind].append(text.removeprefix(kind).strip())
    return "\n".join(said[""]), " ".join(said["Formula:"]), " ".join(said["Reference:"])


def _order(found: Law) -> tuple[bool, str, int, str]:
    """General laws first, then by section and number."""
    section, _, number = found.id.partition("-")
    digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
    return section != "GEN", section, int(digits) if digits.isdecimal() else 0, number


def laws_for(role: str) -> Iterator[Law]:
    """The laws of a role, in a stable order."""
    _load()
    yield from sorted((found for found in _LAWS if role in found.roles), key=_order)


def has_laws(role: str) -> bool:
    """Whether there is a law for a role."""
    _load()
    return any(role in found.roles for found in _LAWS)


@functools.cache
def _load() -> None:
    """Register the laws of the kit, once."""
    from rlblocks.testing import laws

    laws.load()
