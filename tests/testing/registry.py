"""The registry of what the kit is tested with: blocks with a planted fault, and correct blocks that are odd.

The modules beside this one whose names begin with faulty, naive or odd list pairs of a faulty block and a law that
must catch it as `FAULTS`, and correct blocks as `CORRECT`. What a fault is called, and what is wrong, follows from the
class: from its name, the first line of its docstring, and its field `fault`, which names the place where it differs
from a correct block.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import attrs

from rlblocks._core.block import Block
from tests import testing

KINDS = ("faulty_", "naive_", "odd_")
MODULES = [
    importlib.import_module(f"{testing.__name__}.{found.name}")
    for found in pkgutil.iter_modules(testing.__path__) if found.name.startswith(KINDS)
]  # fmt: skip

BY_VALUE = dict.fromkeys(
    ("targets.LoopOverRows", "losses.SurrogateByCases", "returns.ForwardSums"),
    "it loops over values in Python, as no learn step that is compiled could",
)


@attrs.frozen
class Fault:
    """A fault that was planted into a block.

    Attributes:
        id: role, class and place, as in "stores.ListReplay.one flag"; unique.
        role: the role of the block.
        description: what is wrong, in a line; no two alike in a role.
        make: makes the faulty block anew.
        laws: the laws that must catch it, each by itself.
    """

    id: str
    role: str
    description: str
    make: Callable[[], Block]
    laws: tuple[str, ...]


@attrs.frozen
class Correct:
    """A block that obeys every law, and is not at all like the library's.

    Attributes:
        id: role and class, with all fields where the class comes twice; unique.
        role: the role of the block.
        description: what it computes, in a line.
        make: makes the block anew.
        waive: laws that it need not obey, each with the reason.
    """

    id: str
    role: str
    description: str
    make: Callable[[], Block]
    waive: Mapping[str, str]


def faults() -> tuple[Fault, ...]:
    """Every planted fault, with all laws that must catch it."""
    found: dict[str, Fault] = {}
    for block, law in _listed("FAULTS"):
        place = getattr(block, "fault", "")
        name = ".".join([block.role, type(block).__name__, *([place] if place else [])])
        words = _words(block)
        said = f"{words.rstrip('.')}: {place}" if place else words
        fault = found.get(name) or Fault(name, block.role, said, partial(attrs.evolve, block), ())
        assert fault.make() == block, f"two faulty blocks are called {name}"
        found[name] = attrs.evolve(fault, laws=(*fault.laws, law))
    return tuple(found.values())


def correct() -> tuple[Correct, ...]:
    """Every correct block."""
    found: dict[str, Correct] = {}
    for block in _listed("CORRECT"):
        short = f"{block.role}.{type(block).__name__}"
        name = f"{block.role}.{block!r}" if short in found else short
        waive = {"GEN-22": BY_VALUE[name]} if name in BY_VALUE else {}
        found[name] = Correct(name, block.role, _words(block), partial(attrs.evolve, block), waive)
    return tuple(found.values())


def _listed(name: str) -> Iterator[Any]:
    """What the modules list under a name."""
    for module in MODULES:
        yield from vars(module).get(name, ())


def _words(block: Block) -> str:
    """What a block is, in a line."""
    return (type(block).__doc__ or "").strip().partition("\n")[0]


FAULTS = faults()
CORRECT = correct()
EQUIVALENT = {  # what was meant as a fault and is none, with the reason
    "normalizers.FaultyScale.dummies discount": "a step that is not real follows an end, when there is nothing left to "
    "discount",
}
