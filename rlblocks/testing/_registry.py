"""Blocks that nobody else shall find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rlblocks._core import block as core


class _Forgetful(dict[str, Any]):
    """The blocks of a role, to be looked at; another one is neither missed nor kept."""

    def get(self, _: str, default: Any = None) -> Any:
        """No name is taken."""
        return default

    def __setitem__(self, name: str, value: Any) -> None:
        """Forget."""


@contextmanager
def unlisted() -> Iterator[None]:
    """Blocks that are declared inside are blocks, but nobody finds them: under any name, taken or not.

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
    core.roles()  # whatever is not loaded yet must not be forgotten
    registry = core._BLOCKS  # noqa: SLF001  the registry offers no way to forget, and only tests need one
    saved = dict(registry)
    registry.update({role: _Forgetful(members) for role, members in saved.items()})
    try:
        yield
    finally:
        registry.update(saved)
