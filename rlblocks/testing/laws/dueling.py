"""NET: what heads obey that make action values of a state value and advantages."""

from __future__ import annotations

import torch

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.laws.networks import learned, made, moved
from rlblocks.testing.oracles import like

SLIGHT = 1e-4  # of the greatest gradient: far above rounding, far below any share that is meant


def splits(block: Block) -> str:
    """Whether a head is made of two streams: by its name, or by the tag `like`."""
    return "" if like(block) == "dueling_q" else "it is not made of a state value and advantages (the tag `like`)"


@law("NET-6", role="heads", since="0.1", needs=splits, examples=8)
def streams_are_kept_apart(case: Case) -> None:
    """The mean over actions is the state's value alone, and differences between actions are the advantages' alone.

    Each parameter moves the one or the other, never both, in each row and each number of a form; and both are moved.

    Formula: (1/|A|) Σ_a Q(s, a) = V(s), Q(s, a) − V(s) = A(s, a) − (1/|A|) Σ_b A(s, b)

    Reference: Wang et al. (2016), equation 9.
    """
    subject = made(case, rows=4)
    moved(subject)
    parameters, found = learned(subject.module), subject.outputs()
    kinds = set()
    for key, q in found.items():
        weight = torch.rand(q.shape, generator=torch.Generator().manual_seed(subject.seed))
        mean, apart = q.mean(1, keepdim=True), q - q.mean(1, keepdim=True)
        parts = [(part * weight).sum() for part in (mean.expand_as(q), apart)]
        moves = [torch.autograd.grad(part, list(parameters.values()), retain_graph=True) for part in parts]
        greatest = max(float(gradient.abs().max()) for gradients in moves for gradient in gradients)
        for name, of_mean, of_rest in zip(parameters, *moves, strict=True):
            both = [float(gradient.abs().max()) > SLIGHT * greatest for gradient in (of_mean, of_rest)]
            require(not all(both), f"{name} moves both the mean over actions of {key} and what stands beside it")
            kinds.add(tuple(both))
    require({(True, False), (False, True)} <= kinds, "no parameter is the state value's own, or none the advantages'")
