"""The laws of targets as functions of one target, and the transitions to ask them with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

if TYPE_CHECKING:
    from rlblocks.targets import Target

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)


@attrs.frozen
class Call:
    """Transitions with two networks' tables of next values; a target reads one table or both."""

    reward: Tensor
    discount: Tensor
    online: Tensor
    target: Tensor
    mask: Tensor | None = None

    def of(self, block: Target) -> Tensor:
        """The target of each row, each table handed to the arguments that read it."""
        tables = {"next.q@online": self.online, "next.q@target": self.target}
        q_select = tables[block.inputs["q_select"].key]
        scalar = q_select if q_select.dim() == 2 else q_select.mean(-1)
        return block.compute(
            reward=self.reward, discount=self.discount, q_select=scalar,
            q_evaluate=tables[block.inputs["q_evaluate"].key], action_mask=self.mask,
        )  # fmt: skip

    def replace(self, **changes: Any) -> Call:
        """The same call with some tensors changed."""
        return attrs.evolve(self, **changes)


@st.composite
def calls(draw: st.DrawFn, *, form: tuple[int, ...] = (), dtype: torch.dtype = torch.float64) -> Call:
    """B rows of A ≠ B actions: terminated rows, rows of several steps, masks, tables with other greatest actions."""
    rows = draw(st.sampled_from([1, 2, 3, 5]))
    actions = draw(st.sampled_from([n for n in (1, 2, 4, 6) if n != rows]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    discount = np.where(generator.random(rows) < 0.3, 0.0, generator.choice([0.9, 0.99, 0.97**3, 1.0], rows))
    mask = generator.random((rows, actions)) < 0.6
    mask[np.arange(rows), generator.integers(actions, size=rows)] = True
    tables = [torch.from_numpy(generator.normal(size=(rows, actions, *form))).to(dtype) for _ in range(2)]
    return Call(
        torch.from_numpy(generator.normal(size=rows)).to(dtype), torch.from_numpy(discount).to(dtype), *tables,
        torch.from_numpy(mask) if draw(st.booleans()) else None,
    )  # fmt: skip


def by_loop(block: Target, call: Call) -> list[float]:
    """The target of each row by Python floats alone."""
    tables = {"next.q@online": call.online, "next.q@target": call.target}
    select, evaluate = (tables[block.inputs[name].key].tolist() for name in ("q_select", "q_evaluate"))
    found = []
    for row, (r, d) in enumerate(zip(call.reward.tolist(), call.discount.tolist(), strict=True)):
        legal = [a for a in range(len(select[row])) if call.mask is None or call.mask[row, a]]
        best = max(legal, key=lambda a, row=row: select[row][a])
        found.append(r + d * evaluate[row][best])
    return found


def tgt_1_oracle(block: Target, call: Call) -> None:
    """It equals a loop over rows and actions in double precision."""
    assert np.allclose(call.of(block).tolist(), by_loop(block, call), rtol=1e-12, atol=1e-12)


def tgt_2_terminated(block: Target, call: Call, poison: float) -> None:
    """Rows of discount 0 equal the reward exactly, whatever is said of their next state; others do not change."""
    ended = call.discount == 0
    rows = ended.view(-1, *[1] * (call.online.dim() - 1))
    poisoned = call.replace(online=call.online.masked_fill(rows, poison), target=call.target.masked_fill(rows, poison))
    found = poisoned.of(block)
    reward = call.reward.view(-1, *[1] * (found.dim() - 1)).expand_as(found)
    assert torch.equal(found[ended], reward[ended])
    assert torch.equal(found[~ended], call.of(block)[~ended])


def tgt_3_no_gradient(block: Target, call: Call) -> None:
    """No gradient flows into either table."""
    found = call.replace(online=call.online.requires_grad_(), target=call.target.requires_grad_()).of(block)
    assert not found.requires_grad
    assert found.grad_fn is None


def tgt_4_linear(block: Target, call: Call, shift: float, scale: float) -> None:
    """q + c adds γc to every row that bootstraps; (r, q)·k gives k times the target."""
    moved = call.replace(online=call.online + shift, target=call.target + shift)
    torch.testing.assert_close(moved.of(block), call.of(block) + call.discount * shift, rtol=1e-12, atol=1e-9)
    scaled = call.replace(reward=call.reward * scale, online=call.online * scale, target=call.target * scale)
    torch.testing.assert_close(scaled.of(block), call.of(block) * scale, rtol=1e-12, atol=1e-12)


def tgt_7_illegal(block: Target, call: Call, poison: float) -> None:
    """What is said of illegal next actions is not used."""
    if call.mask is not None:
        poisoned = call.replace(
            online=call.online.masked_fill(~call.mask, poison), target=call.target.masked_fill(~call.mask, poison)
        )
        assert torch.equal(poisoned.of(block), call.of(block))


def tgt_8_relabelled(block: Target, call: Call, order: list[int]) -> None:
    """The numbers of actions do not matter."""
    mask = None if call.mask is None else call.mask[:, order]
    relabelled = call.replace(online=call.online[:, order], target=call.target[:, order], mask=mask)
    assert torch.equal(relabelled.of(block), call.of(block))


def gen_8_rows(block: Target, call: Call, order: list[int]) -> None:
    """A row's target depends on nothing but that row; rows are permuted with their results."""
    together = call.of(block)
    for index in ([row] for row in range(len(together))):
        assert torch.equal(take(call, index).of(block), together[index])
    assert torch.equal(take(call, order).of(block), together[order])


def take(call: Call, index: list[int]) -> Call:
    """Some rows of a call."""
    mask = None if call.mask is None else call.mask[index]
    return Call(call.reward[index], call.discount[index], call.online[index], call.target[index], mask)
