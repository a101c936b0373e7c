"""What a block calls its inputs does not matter: laws speak of them by what they are.

An input that reads `reward` is called reward, one that reads `next.action_mask` action_mask, the entry of the stored
action of an online network prediction, a back-up backup, a scheduled number by its field. In a loss an online state
value or entropy is a prediction too, and `return` a td_target. Others keep their names.
"""

from __future__ import annotations

from rlblocks._core.block import Block
from rlblocks._core.declare import Declared, Fn, Read, Scheduled
from rlblocks._core.keys import parse

COLUMNS = frozenset({"reward", "discount", "terminated", "truncated", "action_mask", "weight", "td_target", "action"})
OF_LOSSES = {"advantage": "advantage", "log_prob": "log_prob", "return": "td_target", "value": "value"}


def _meaning(argument: str, asked: Declared, role: str) -> str:
    match asked:
        case Read(key=key, at=at):
            parsed = parse(key)
            if not parsed.which and parsed.name in COLUMNS:
                return parsed.name
            if not parsed.which and role == "losses" and parsed.name in OF_LOSSES:
                return OF_LOSSES[parsed.name]
            predicts = bool(at) or (role == "losses" and parsed.name in {"value", "entropy"})
            return "prediction" if predicts and parsed.which == "online" and not parsed.next else argument
        case Fn(key=key) if key.endswith(".backup"):
            return "backup"
        case Scheduled(name=name):
            return name.rpartition(".")[2]
    return argument


def arguments_of(block: Block) -> dict[str, str]:
    """The arguments of `compute` by what they are; where two are the same, the later one keeps its own name.

    >>> from rlblocks.losses import Huber
    >>> arguments_of(Huber())
    {'prediction': 'prediction', 'td_target': 'td_target', 'weight': 'weight'}
    """
    found: dict[str, str] = {}
    for argument, asked in block.inputs.items():
        meaning = _meaning(argument, asked, block.role)
        found[argument if meaning in found else meaning] = argument
    return found


def asked_by(block: Block) -> dict[str, Declared]:
    """What a block asks for, by what it is."""
    return {meaning: block.inputs[argument] for meaning, argument in arguments_of(block).items()}
