"""Statements, variables and functions as readable source."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping

import attrs

from rlblocks._core.block import Block
from rlblocks._core.declare import Fn, Read
from rlblocks._core.keys import Spec
from rlblocks._core.recipe import Network


@attrs.frozen
class Line:
    """One statement of a printed function."""

    code: str
    slot: str = ""  # what in the recipe it came from
    note: str = ""  # the comment above it
    grad: bool = True  # stands outside `no_grad`
    guard: str = ""  # the objective whose turn it must be


# What printed functions are handed or keep.
HANDED = ("chunk", "numbers", "draws", "due", "late", "rows", "in_time", "specs")


def variable(key: str) -> str:
    """The variable that holds a key: `next.q@target` is `next_q_target`, and `return` is `return_`."""
    name = re.sub(r"\W+", "_", key).strip("_")
    return f"{name}_" if keyword.iskeyword(name) or name in HANDED else name


def function_source(head: str, doc: str, loads: Mapping[str, Spec], lines: list[Line], tail: list[str]) -> str:
    """A function as source: its columns, then its lines with their notes; lines without gradient stand in a block."""
    text = [f"def {head}:", f'    """{doc}"""']
    width = max((len(variable(key)) for key in loads), default=0)
    text += [f'    {variable(k):<{width}} = chunk["{k}"]  # {spec}' for k, spec in loads.items()]
    grad, guard = True, ""
    for line in lines:
        outer = "        " if line.guard else "    "
        if line.guard and line.guard != guard:
            text.append(f"    if {line.guard!r} in due:")
        if not line.grad and (grad or line.guard != guard):
            text.append(f"{outer}with no_grad():")
        grad, guard = line.grad, line.guard
        indent = outer if grad else f"{outer}    "
        if line.note:
            text += [f"{indent}# {part}" for part in line.note.split("\n")]
        text.append(indent + line.code)
    return "\n".join([*text, *(f"    {line}" for line in tail)]) + "\n"


def as_arguments(given: Mapping[str, str]) -> str:
    """Keyword arguments as source."""
    return ", ".join(f"{name}={code}" for name, code in given.items())


def annotation(block: Block, slot: str, given: Mapping[str, str], writes: Iterable[str]) -> str:
    """The comment above a call: the block, its equation, what it reads and what it writes."""
    asked = {name: of for name, of in block.inputs.items() if name in given}
    keys = {name: of.key for name, of in asked.items() if isinstance(of, Read)}
    keys |= {name: f"{of.key}(action)" for name, of in asked.items() if isinstance(of, Fn) and "@" in of.key}
    reads = dict.fromkeys(keys.values())
    flow = " → ".join(part for part in (", ".join(reads), ", ".join(writes)) if part) if reads else ""
    return "\n".join(part for part in (f"{slot}: {block!r}", block.equation, flow) if part)


def summary(network: Network) -> str:
    several = f"{network.members} × " if network.members > 1 else ""
    return f"{several}{network.body!r} → {network.head!r}"
