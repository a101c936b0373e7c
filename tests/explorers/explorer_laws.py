"""The laws of explorers as functions of one explorer, and the calls to ask them with."""

from __future__ import annotations

import random
from typing import Any

import attrs
import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.declare import Draw, Read, Scheduled, Size
from rlblocks.explorers import Boltzmann, EpsilonGreedy, Explorer, Greedy, UniformRandom

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)

EXTREME = (0.0, 2.0**-24, 0.5, 1 - 2.0**-24)  # the least and the greatest uniform numbers in float32
explorers = st.sampled_from([EpsilonGreedy(0.3), EpsilonGreedy(), Greedy(), Boltzmann(0.7), UniformRandom()])


@attrs.frozen
class Call:
    """What one call is given, whether the explorer asks for it or not."""

    q: Tensor
    mask: Tensor | None
    uniforms: dict[str, Tensor]
    number: Tensor

    def arguments(self, explorer: Explorer) -> dict[str, Any]:
        """The arguments that the explorer declares."""
        found: dict[str, Any] = {}
        for name, asked in explorer.inputs.items():
            match asked:
                case Draw():
                    found[name] = self.uniforms[name]
                case Scheduled():
                    found[name] = self.number
                case Size():
                    found[name] = self.q.shape[1]
                case Read():
                    found[name] = self.mask if name == "action_mask" else self.q
        return found

    def act(self, explorer: Explorer) -> Tensor:
        """The actions."""
        return explorer.compute(**self.arguments(explorer))

    def rows(self, index: Any) -> Call:
        """The same call for some of the rows."""
        mask = None if self.mask is None else self.mask[index]
        return Call(self.q[index], mask, {name: u[index] for name, u in self.uniforms.items()}, self.number)


@st.composite
def calls(draw: st.DrawFn, *, masks: bool = True, ties: bool = True) -> Call:
    """Values without or with ties, masks with a legal action or more, uniforms with the extreme ones among them."""
    rows, actions = draw(st.sampled_from([1, 2, 3, 5])), draw(st.sampled_from([1, 2, 4, 7]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    q = generator.permuted(np.tile(np.arange(actions), (rows, 1)), axis=1) - actions / 2
    if ties and draw(st.booleans()):
        q = np.floor(q / 2)
    mask = generator.random((rows, actions)) < 0.5
    mask[np.arange(rows), generator.integers(actions, size=rows)] = True
    uniforms = {
        name: torch.tensor([draw(st.sampled_from(EXTREME) | st.floats(0, 1, exclude_max=True, width=32))
                            for _ in range(rows)])
        for name in ("explore", "choice")
    }  # fmt: skip
    given_mask = torch.from_numpy(mask) if masks and draw(st.booleans()) else None
    return Call(torch.from_numpy(q).float(), given_mask, uniforms, torch.tensor(draw(st.floats(0, 1, width=32))))


def exp_1_support(explorer: Explorer, call: Call) -> None:
    """Actions are int64 `[B]`, in the space and legal, on the random branch too."""
    action = call.act(explorer)
    assert action.dtype == torch.int64
    assert action.shape == call.q.shape[:1]
    assert ((action >= 0) & (action < call.q.shape[1])).all()
    if call.mask is not None:
        assert call.mask.gather(1, action.unsqueeze(1)).all()


def exp_1_poison(explorer: Explorer, call: Call, poison: float) -> None:
    """What is said of illegal actions is not used."""
    if call.mask is not None:
        poisoned = attrs.evolve(call, q=call.q.masked_fill(~call.mask, poison))
        assert torch.equal(call.act(explorer), poisoned.act(explorer))


def exp_4_rows(explorer: Explorer, call: Call, order: list[int]) -> None:
    """A row's action depends on nothing but that row; rows are permuted with their results."""
    together = call.act(explorer)
    alone = torch.cat([call.rows(slice(i, i + 1)).act(explorer) for i in range(len(together))])
    assert torch.equal(together, alone)
    assert torch.equal(call.rows(order).act(explorer), together[order])


def exp_5_affine(explorer: Explorer, call: Call, scale: float, shift: float) -> None:
    """The greedy choice does not change with the scale and the zero of the values."""
    moved = attrs.evolve(call, q=call.q * scale + shift)
    assert torch.equal(call.act(explorer), moved.act(explorer))


def exp_5_relabelled(explorer: Explorer, call: Call, order: list[int]) -> None:
    """Actions under other numbers are chosen under those numbers."""
    mask = None if call.mask is None else call.mask[:, order]
    relabelled = attrs.evolve(call, q=call.q[:, order], mask=mask)
    assert torch.equal(torch.tensor(order)[relabelled.act(explorer)], call.act(explorer))


def exp_7_evaluation(explorer: Explorer, call: Call) -> None:
    """What evaluates draws nothing, save where it says so, and stays itself."""
    evaluation = explorer.evaluation()
    assert evaluation.evaluation() == evaluation
    stochastic = any(isinstance(asked, Draw) for asked in evaluation.inputs.values())
    assert stochastic == (evaluation.tags.get("evaluation") == "stochastic")
    exp_1_support(evaluation, call)


def global_states() -> tuple[Any, ...]:
    """The states of the global generators."""
    numpy_state = np.random.get_state()[1].tolist()  # noqa: NPY002  it is the global one that is asked about
    return random.getstate(), numpy_state, torch.get_rng_state().tolist()


def gen_3_and_14(explorer: Explorer, call: Call) -> None:
    """Global generators are neither read nor moved, inputs not written, and the same call gives the same action."""
    states = global_states()
    versions = [value._version for value in call.arguments(explorer).values() if isinstance(value, Tensor)]
    first = call.act(explorer)
    first_values = first.clone()
    assert torch.equal(call.act(explorer), first_values)
    assert versions == [value._version for value in call.arguments(explorer).values() if isinstance(value, Tensor)]
    assert states == global_states()
