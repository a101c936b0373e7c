"""The role of explorers: outputs of networks to actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from collections.abc import Mapping


@role("explorers")
class Explorer(Block):
    """Chooses what to do. Random numbers are drawn outside and declared, so that `compute` is pure.

    `compute` takes exactly its `inputs` and returns the action; an explorer that writes more (such as `log_prob`,
    which is then stored) returns a tuple in the order of `outputs`. Discrete actions are int64 `[B]` in [0, A). An
    action mask is bool `[B, A]`, True is legal; None, where the environment has no masks, makes every action legal.

    Tags: `ties` is "first" where the first of several greatest values is taken; `evaluation` is "stochastic" where the
    explorer draws in evaluation too.
    """

    outputs: tuple[str, ...] = ("action",)
    tags: ClassVar[Mapping[str, str]] = {"ties": "first"}

    def evaluation(self) -> Explorer:
        """The explorer that takes this one's place in evaluation; it does not explore."""
        raise NotImplementedError

    compute: Any
