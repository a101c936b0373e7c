"""Bodies that remember, with one planted fault each, and the law that must catch it; and a correct one that is odd."""

import torch
from torch import nn

from rlblocks import block
from rlblocks._core import fields
from rlblocks.networks import Body
from rlblocks.testing import unlisted

UNITS = 5
LAWS = {
    "": (),
    "remembers across episodes": ("NET-8a", "NET-8d", "NET-11"),
    "clears all windows": ("NET-8a", "NET-9"),
    "clears half of the memory": ("NET-8a", "NET-8d"),
    "clears by multiplication": ("NET-8d",),
    "window by window": ("NET-8", "NET-9"),
    "reads the column of memories": ("NET-8d", "NET-8b"),
    "hands on the memory before": ("NET-8b", "NET-8c"),
    "starts anew": ("NET-8c",),
    "looks ahead": ("NET-10", "NET-8"),
    "leaks to neighbours": ("NET-9",),
    "cuts the graph": ("NET-11",),
    "clears after the step": ("NET-8a",),
    "scales the memory to one": ("NET-11a",),
}


class Recalling(nn.Module):
    """h ← tanh(W x + U (h, c)), c ← (c + h)/2; the memory is h, then c, and features are their sum."""

    def __init__(self, fault, inputs, generator):
        super().__init__()
        self.fault, self.noise_size = fault, 0
        device = "meta" if generator is None else generator.device
        for name, width in {"seen": inputs, "kept": 2 * UNITS}.items():
            start = torch.empty(UNITS, width, device=device).uniform_(-0.5, 0.5, generator=generator)
            setattr(self, name, nn.Parameter(start))

    def forward(self, x, hidden, noise=None, is_first=None, window=1):
        count = len(x) // window
        assert hidden.shape == (len(x), 2 * UNITS)
        first = torch.zeros(len(x), dtype=torch.bool) if is_first is None else is_first
        if self.fault == "window by window" and window > 1:
            x, first = (a.view(count, window, *a.shape[1:]).transpose(0, 1).flatten(0, 1) for a in (x, first))
        memory, found = hidden[:count], []
        for t in range(window):
            here = slice(t * count, (t + 1) * count)
            memory = hidden[here] if self.fault == "reads the column of memories" else memory
            memory = self._cleared(memory, first[here])
            after = self._step(self._input(x, here), memory)
            found.append((after[:, :UNITS] + after[:, UNITS:], memory if self.fault.startswith("hands on") else after))
            memory = self._kept(after, first[here])
        features, after = (torch.cat(parts) for parts in zip(*found, strict=True))
        return features, after

    def _input(self, x, here):
        return (x + 0.1 * x.mean(0) if self.fault == "looks ahead" else x)[here]

    def _cleared(self, memory, first):
        match self.fault:
            case "remembers across episodes" | "clears after the step":
                return memory
            case "clears all windows":
                first = first.any().expand(len(first))
            case "clears by multiplication":
                return memory * ~first[:, None]
            case "clears half of the memory":
                return torch.cat((memory[:, :UNITS].masked_fill(first[:, None], 0.0), memory[:, UNITS:]), 1)
            case "starts anew":
                return torch.zeros_like(memory)
        return memory.masked_fill(first[:, None], 0.0)

    def _kept(self, memory, first):
        if self.fault == "clears after the step":
            return memory.masked_fill(first[:, None], 0.0)
        return memory.detach() if self.fault == "cuts the graph" else memory

    def _step(self, seen, memory):
        if self.fault == "scales the memory to one":
            memory = memory / memory.norm(dim=1, keepdim=True)
        fed = seen @ self.seen.T + memory @ self.kept.T
        h = (fed + 0.1 * fed.mean(0) if self.fault == "leaks to neighbours" else fed).tanh()
        return torch.cat((h, (memory[:, UNITS:] + h) / 2), 1)


with unlisted():

    @block("lab/recall")
    class Recall(Body):
        """A memory of two parts, unlike the library's."""

        fault: str = fields.choice(tuple(LAWS), "")

        def misfit(self, spec):
            return "" if spec.dtype == "float32" and len(spec.shape) == 1 and spec.shape[0] else "reads vectors"

        def width(self, spec):
            return UNITS

        def carry(self, spec):
            return 2 * UNITS

        def build(self, spec, generator):
            return Recalling(self.fault, spec.shape[0], generator)


FAULTS = [(Recall(fault=fault), law) for fault, laws in LAWS.items() for law in laws]
CORRECT = [Recall()]
