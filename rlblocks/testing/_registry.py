"""Blocks that nobody else shall find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rlblocks._core import block as core


@contextmanager
def unlisted() -> Iterator[None]:
    """Blocks that are declared inside are blocks, but are not registered afterwards, under any name, taken or not.

    >>> from rlblocks import block, read
    >>> from rlblocks.targets import Target
    >>> with unlisted():
    ...     @block("max_q")
    ...     class RewardOnly(Target):
    ...         "The reward alone: y = r."
    ...         inputs = {"reward": read("reward")}
    ...         def compute(self, *, reward):
    ...             return reward.clone()
    >>> RewardOnly().role, core.find("targets", "max_q").__name__
    ('targets', 'MaxQ')
    """
    core.roles()  # whatever is not loaded yet must not be forgotten below
    registry = core._BLOCKS  # noqa: SLF001  the registry offers no way to forget, and only tests need one
    saved = {role: dict(members) for role, members in registry.items()}
    for members in registry.values():
        members.clear()
    try:
        yield
    finally:
        for role, members in registry.items():
            members.clear()
            members.update(saved.get(role, {}))
