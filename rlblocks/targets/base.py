"""The role of targets: which next value is bootstrapped from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from rlblocks._core.block import Block, role
from rlblocks._core.declare import Declared, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

Backup: TypeAlias = "Callable[[Tensor, Tensor, Tensor], Tensor]"
Critic: TypeAlias = "Callable[[Tensor], Tensor]"

DRAWN: Mapping[str, Declared] = {  # the next action where the online policy draws it, and what its entropy is worth
    "action": read("next.sample@online"),
    "log_prob": read("next.log_prob@online"),
    "log_alpha": read("log_alpha@online"),
}


@role("targets")
class Target(Block):
    """Chooses the next value and backs it up by one step. No gradient flows through it.

    How a value is backed up belongs to its form, which arrives as the function `backup(reward, discount, value)`; so
    one target serves scalars, atoms and quantiles alike. A row of discount 0 (terminated) equals its reward exactly,
    and what the networks say of its next state is not used, NaN and ∞ included. Illegal next actions are never used.

    Arguments of `compute` by these names are: reward `[B]`; discount `[B]`, γᵐ·(1 − terminated); q_select `[B, A]`, the
    values that choose the action; q_evaluate `[B, A, *form]`, the values that are bootstrapped from; action_mask
    `[B, A]` bool, True is legal, or None. It returns td_target `[B, *form]`.

    Of critics, which read the action, a target asks for the function `fn("next.q@target")`, `[B, *shape] -> [*, B]`, or
    `fn("next.quantiles@target")`, `[B, *shape] -> [*, B, M]`, where `*` is the dim of an ensemble's members, if any.

    Tags: `values` is "the best action" where it bootstraps from that one, whatever the policy does next.
    """

    outputs: tuple[str, ...] = ("td_target",)

    compute: Any
