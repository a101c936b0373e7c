"""The role of explorers: outputs of networks to actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rlblocks._core.keys import Spec


@role("explorers")
class Explorer(Block):
    """Chooses what to do. Random numbers are drawn outside and declared, so that `compute` is pure.

    `compute` takes exactly its `inputs` and returns the action; an explorer that writes more (such as `log_prob`,
    which is then stored) returns a tuple in the order of `outputs`. Discrete actions are int64 `[B]` in [0, A), real
    ones `[B, *shape]` in units of the environment. An action mask is bool `[B, A]`, True is legal; None, where the
    environment has no masks, makes every action legal.

    One that remembers something between steps has `init(action, environments)`, which returns new tensors by name, and
    is handed them as `carry` beside its declared inputs (`handed = ("carry",)`); it writes into them in place, and the
    run owns them. `is_first`, bool `[B]`, says where an episode begins.

    Tags: `ties` is "first" where the first of several greatest values is taken; `evaluation` is "stochastic" where the
    explorer draws in evaluation too.
    """

    outputs: tuple[str, ...] = ("action",)
    tags: ClassVar[Mapping[str, str]] = {"ties": "first"}

    def misfit(self, action: Spec) -> str:  # noqa: ARG002  most explorers are told by what they read
        """Why it cannot choose such actions, to stand after its name or "which"; empty where it can."""
        return ""

    def evaluation(self) -> Explorer:
        """The explorer that takes this one's place in evaluation; it does not explore."""
        raise NotImplementedError

    compute: Any
