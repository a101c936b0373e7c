"""Inputs on which a law was broken, into the run folder and out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from rlblocks._core.block import Block
from rlblocks._core.errors import RlblocksError, RunError
from rlblocks._core.keys import Spec
from rlblocks._core.paths import join, walk
from rlblocks._core.recipe import Recipe
from rlblocks.runs import checkpoint
from rlblocks.runs.broken_laws import EXAMPLES, Example, Finding, block_of, folder_of
from rlblocks.testing._call import Call
from rlblocks.testing._given import Around, broken_by, call_on
from rlblocks.testing._passive import called_laws, not_finite, not_the_reward


def save_call(folder: Path, finding: Finding, call: Call, around: Around, recipe: Recipe) -> str:
    """Save the inputs of a call; where, or nothing where the disk does not take them."""
    plain: dict[str, Any] = {}
    functions: dict[str, list[str]] = {}
    for name, value in call.inputs.items():
        if isinstance(value, Spec):
            continue  # what is known of the action, which is saved beside
        if callable(value):
            functions[name] = _origin(value, recipe)
        else:
            plain[name] = value
    known = {"action": _as_lists(attrs.asdict(around.action)), "members": dict(around.members)}
    timed = call.block.role != "returns" and around.timed
    facts = {"role": call.block.role, "functions": functions, "around": known, "timed": timed, "specs": [
        name for name, value in call.inputs.items() if isinstance(value, Spec)]}  # fmt: skip
    arguments = {name: call.arguments.get(name, name) for name in call.inputs}
    return _save(folder, finding, plain, arguments, facts)


def save_rows(folder: Path, finding: Finding, columns: Mapping[str, Any]) -> str:
    """Save the rows on which a law was broken."""
    return _save(folder, finding, dict(columns), {}, {})


def _save(
    folder: Path, finding: Finding, inputs: dict[str, Any], arguments: Mapping[str, str], facts: Mapping[str, Any]
) -> str:
    path = folder / EXAMPLES / re.sub(r"[^\w.-]+", "_", f"{finding.law}-{finding.slot}")
    try:
        path.parent.mkdir(exist_ok=True)
        meta = {"finding": attrs.asdict(finding), "arguments": dict(arguments), **facts}
        checkpoint.save(path, {"inputs": inputs}, meta=meta)
    except (RlblocksError, OSError):
        return ""
    return str(path)


def _origin(value: Any, recipe: Recipe) -> list[str]:
    """The place of the block whose method this is, and its name; nothing for a network's function."""
    owner = getattr(value, "__self__", None)
    places = [join(steps) for steps, node in walk(recipe) if isinstance(node, Block) and node == owner]
    return [places[0], value.__name__] if places else []


def _as_lists(value: dict[str, Any]) -> dict[str, Any]:
    return {key: list(part) if isinstance(part, tuple) else part for key, part in value.items()}


def _as_tuples(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(part) if isinstance(part, list) else part for key, part in value.items()}


def asked_again(example: Example, block: Block | None) -> str:
    """What a law says of the inputs that were saved."""
    if not example.arguments:
        raise RunError(f"{example.finding.example} holds rows, and no call of a block", fix="look at its inputs")
    asked = block_of(example) if block is None else block
    if asked.role != example.facts["role"]:
        raise RunError(
            f"{example.finding.example} was broken by a block of role {example.facts['role']}, and {asked!r} is one of "
            f"role {asked.role}", fix=f"hand over a block of role {example.facts['role']}",
        )  # fmt: skip
    call = _call(example, asked)
    name = example.finding.law
    law = called_laws(asked.role).get(name)
    return (broken_by(law, call) if law else "") or _in_what_it_writes(call, name)


def _in_what_it_writes(call: Call, law: str) -> str:
    wrote = tuple(call().values())
    if law == "TGT-2":
        return not_the_reward(call, wrote[0]) or ""
    return not_finite(call, wrote) or "" if law == "GEN-15" else ""


def _call(example: Example, block: Block) -> Call:
    known = example.facts["around"]
    action = Spec(**_as_tuples(known["action"]))
    given: dict[str, Any] = {example.arguments[name]: value for name, value in example.inputs.items()}
    for name, origin in example.facts["functions"].items():
        if not origin:
            raise RunError(
                f"{example.finding.example} was found with {name!r}, a function of a network, which no file holds",
                fix="look at its inputs, or run the recipe again",
            )  # fmt: skip
        given[example.arguments[name]] = getattr(_holder(example, origin[0]), origin[1])
    given |= {example.arguments[name]: action for name in example.facts["specs"]}
    call = call_on(block, given, Around(action, known["members"]))
    assert call is not None
    return call


def _holder(example: Example, slot: str) -> Any:
    from rlblocks.runs._record import recipe_of

    return recipe_of(folder_of(example)).get(slot)
