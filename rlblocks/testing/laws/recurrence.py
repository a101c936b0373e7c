"""NET: what every body that remembers obeys: windows of steps are steps, and what an episode saw ends with it."""

from __future__ import annotations

from typing import Any, cast

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._module_calls import readable
from rlblocks.testing.laws.general_rows import POISON
from rlblocks.testing.laws.networks import Built, made
from rlblocks.testing.strategies import flags, rows_of

Pair = tuple[Tensor, Tensor]  # features, and the memory after each row


def remembers(block: Block) -> str:
    """Whether a body remembers something."""
    carried = [cast("Any", block).carry(spec) for spec in readable(block)]
    return "" if any(carried) else "it remembers nothing"


@attrs.frozen(eq=False)
class Windows:
    """K windows of W consecutive steps, side by side: row t·K + k is step t of window k.

    Attributes:
        subject: the module, and what it reads.
        steps: W.
        count: K.
        hidden: what stands in the column of memories; only the first K rows are meant.
    """

    subject: Built
    steps: int
    count: int
    hidden: Tensor

    def __call__(
        self, x: Tensor | None = None, hidden: Tensor | None = None, is_first: Tensor | None = None, steps: int = 0
    ) -> Pair:
        """One pass over all windows, or over others."""
        given = self.subject.x if x is None else x
        memory = self.hidden if hidden is None else hidden
        found: Pair = self.subject.module(given, memory, is_first=is_first, window=steps or self.steps)
        return found

    def rows(self, t: int, stop: int = 0) -> slice:
        """The rows of step t, or of the steps from t to before another."""
        return slice(t * self.count, (stop or t + 1) * self.count)

    def start(self, t: int, k: int) -> Tensor:
        """An episode begins at step t of window k, and nowhere else."""
        found = torch.zeros(self.steps * self.count, dtype=torch.bool)
        found[t * self.count + k] = True
        return found


def windows(case: Case, *, floats: bool = False) -> Windows:
    """Windows as part of the example."""
    steps, count = case.draw(st.sampled_from([(2, 3), (3, 2), (5, 2), (4, 1)]), "steps, windows")
    specs = [spec for spec in readable(case.block) if spec.dtype == "float32" and spec.shape not in {(), (0,)}]
    spec: Spec | None = case.draw(st.sampled_from(specs)) if floats else None
    subject = made(case, rows=steps * count, spec=spec)
    case.say("module(rows, hidden, is_first=is_first, window=steps)  # row t·windows + k is step t of window k")
    return Windows(subject, steps, count, subject.memory(steps * count))


@law("NET-8", role="bodies", since="0.1", needs=remembers, covers=("an episode that begins",), examples=12)
def windows_are_steps(case: Case) -> None:
    """A window gives what its steps give one by one, each with the memory after the last one.

    Features and memory, with episodes that begin anywhere.

    Formula: (y_t, h_t) = f(x_t, h_{t−1}), unrolled or step by step
    """
    run = windows(case)
    is_first = case.draw(flags(run.steps * run.count), "is_first")
    case.saw("an episode that begins", is_first.any())
    features, after = run(is_first=is_first)
    memory = run.hidden[run.rows(0)]
    for t in range(run.steps):
        here = run.rows(t)
        found, memory = run(run.subject.x[here], memory, is_first[here], steps=1)
        close(features[here], found, f"of step {t}, the features")
        close(after[here], memory, f"of step {t}, the memory")


@law("NET-8a", role="bodies", since="0.1", needs=remembers, examples=12)
def episodes_begin_without_memory(case: Case) -> None:
    """Where an episode begins, nothing is remembered, in no part of the memory; in other windows nothing changes.

    Formula: is_first_t ⇒ (y_t, h_t) = f(x_t, 0)
    """
    run = windows(case)
    t, k = case.draw(st.integers(0, run.steps - 1), "t"), case.draw(st.integers(0, run.count - 1), "k")
    features, after = run(is_first=run.start(t, k))
    plain = run()
    mine = torch.arange(run.steps * run.count) % run.count == k
    begun = mine & (torch.arange(run.steps * run.count) >= t * run.count)
    alone = run(run.subject.x[begun], torch.zeros_like(run.hidden[begun]), steps=run.steps - t)
    for name, found, fresh, other in zip(("features", "memory"), (features, after), alone, plain, strict=True):
        close(found[begun], fresh, f"from the beginning on, the {name}")
        close(found[~begun], other[~begun], f"elsewhere, the {name}")


@law("NET-8b", role="bodies", since="0.1", needs=remembers, examples=10)
def memory_is_handed_on(case: Case) -> None:
    """Two windows, the second with the memory after the first, are one window of all their steps.

    Formula: F(x_{0:W}, h) = F(x_{0:c}, h) then F(x_{c:W}, h_{c−1})
    """
    run = windows(case)
    cut = case.draw(st.integers(1, run.steps - 1), "cut")
    first, second = run.rows(0, cut), run.rows(cut, run.steps)
    features, after = run()
    early, memory = run(run.subject.x[first], run.hidden[first], steps=cut)
    late, last = run(run.subject.x[second], _column(run, memory, cut), steps=run.steps - cut)
    close(torch.cat((early, late)), features, "the features")
    close(torch.cat((memory, last)), after, "the memory")


def _column(run: Windows, memory: Tensor, cut: int) -> Tensor:
    """The column of memories of a second window: what counts is its first rows."""
    column = torch.zeros((run.steps - cut) * run.count, memory.shape[1])
    column[: run.count] = memory[-run.count :]
    return column


@law("NET-8c", role="bodies", since="0.1", needs=remembers, examples=8)
def what_was_seen_matters(case: Case) -> None:
    """It remembers: other memories, and other inputs before, give other features.

    And the memory after a step depends on what was seen in it.

    Formula: ∂y_t/∂h_{t−1} ≠ 0, ∂y_{t+1}/∂x_t ≠ 0, ∂h_t/∂x_t ≠ 0
    """
    run = windows(case, floats=True)
    features, after = run()
    others = run(hidden=torch.zeros_like(run.hidden))[0]
    require(not torch.equal(features[run.rows(0)], others[run.rows(0)]), "the memory before a step changes nothing")
    x = run.subject.x.clone()
    x[run.rows(0)] = x[run.rows(0)] + 1.0
    found, memory = run(x)
    require(not torch.equal(memory[run.rows(0)], after[run.rows(0)]), "what is seen changes nothing in the memory")
    require(not torch.equal(found[run.rows(1)], features[run.rows(1)]), "what was seen before changes no features")


@law("NET-8d", role="bodies", since="0.1", needs=remembers, examples=10)
def only_the_first_memories_count(case: Case) -> None:
    """Of the column of memories only that before each window counts; and none where an episode begins there.

    NaN and infinity in the others included: what was remembered is not multiplied by 0, it is cleared.

    Formula: F depends on h_{−1} alone, and not on it where is_first_0
    """
    run, poison = windows(case), case.draw(st.sampled_from(POISON), "poison")
    k = case.draw(st.integers(0, run.count - 1), "k")
    hidden, is_first = run.hidden.clone(), run.start(0, k)
    hidden[run.count :] = poison
    hidden[k] = poison
    for name, found, due in zip(("features", "memory"), run(hidden=hidden, is_first=is_first),
                                run(is_first=is_first), strict=True):  # fmt: skip
        same(found, due, f"with {poison} there, the {name}")


@law("NET-9", role="bodies", since="0.1", needs=remembers, covers=("several windows",), examples=12)
def windows_lie_side_by_side(case: Case) -> None:
    """Each window gives what it gives alone, whatever stands beside it: row t·K + k is step t of window k.

    Formula: F(windows)[t·K + k] = F(window k)[t]
    """
    run = windows(case)
    case.saw("several windows", run.count > 1)
    is_first = case.draw(flags(run.steps * run.count), "is_first")
    features, after = run(is_first=is_first)
    for k in range(run.count):
        mine = slice(k, None, run.count)
        found, memory = run(run.subject.x[mine], run.hidden[mine], is_first[mine])
        close(features[mine], found, f"of window {k}, the features")
        close(after[mine], memory, f"of window {k}, the memory")


@law("NET-10", role="bodies", since="0.1", needs=remembers, examples=10)
def what_comes_later_does_not_matter(case: Case) -> None:
    """A step depends on no later one: whatever follows, padding too, and however many steps follow.

    Formula: ∂y_t/∂x_u = 0 for u > t
    """
    run = windows(case)
    t = case.draw(st.integers(1, run.steps - 1), "t")
    early, (spec,) = run.rows(0, t), run.subject.arguments
    other = rows_of(spec, run.steps * run.count, run.subject.seed + 1)
    x = torch.cat((run.subject.x[early], other[run.rows(t, run.steps)]))
    features, after = run()
    for what, (found, memory) in {
        "with other steps behind them": run(x),
        "without the steps behind them": run(run.subject.x[early], run.hidden[early], steps=t),
    }.items():
        close(found[early], features[early], f"{what}, the features")
        close(memory[early], after[early], f"{what}, the memory")


@law("NET-11", role="bodies", since="0.1", needs=remembers, examples=10)
def gradients_end_where_episodes_begin(case: Case) -> None:
    """The gradient of a step reaches all steps of its window before it, and the memory, but no other episode's.

    Formula: ∂y_t/∂x_u ≠ 0 for u ≤ t of one episode, and = 0 across is_first
    """
    run = windows(case, floats=True)
    k, t = case.draw(st.integers(0, run.count - 1), "k"), case.draw(st.integers(1, run.steps - 1), "t")
    before = torch.arange(run.steps * run.count)[: t * run.count] % run.count == k
    for is_first in (None, run.start(t, k)):
        x, hidden = run.subject.x.clone().requires_grad_(), run.hidden.clone().requires_grad_()
        features, _ = run(x, hidden, is_first)
        of_x, of_hidden = torch.autograd.grad(features[(run.steps - 1) * run.count + k].sum(), (x, hidden))
        steps = of_x[: t * run.count][before].flatten(1).abs().amax(1)
        if is_first is None:
            require(bool((steps > 0).all()), "no gradient reaches a step of the same window")
            require(bool(of_hidden[k].any()), "no gradient reaches the memory before the window")
        else:
            require(not bool(steps.any()), "a gradient reaches a step of the episode before")
            require(not bool(of_hidden[k].any()), "a gradient reaches the memory of the episode before")
        require(not bool(of_hidden[run.count :].any()), "a gradient reaches memories that do not count")


@law("NET-11a", role="bodies", since="0.1", needs=remembers, examples=6)
def an_empty_memory_is_like_any(case: Case) -> None:
    """From an empty memory everything is finite: features, memory, and the gradients of inputs and parameters.

    Every episode begins with one: nothing is divided by what is remembered.

    Formula: m = 0 ⇒ |y|, |m'|, |∂y/∂x|, |∂y/∂θ| < ∞
    """
    run = windows(case, floats=True)
    x = run.subject.x.clone().requires_grad_()
    found = run(x, torch.zeros_like(run.hidden))
    for what, value in zip(("features", "memory"), found, strict=True):
        require(bool(value.isfinite().all()), f"from an empty memory, the {what} are {value.tolist()}")
    learned = {name: p for name, p in run.subject.module.named_parameters() if p.requires_grad}
    leaves = {"the inputs": x, **learned}
    gradients = torch.autograd.grad(found[0].sum(), list(leaves.values()), allow_unused=True)
    for name, gradient in zip(leaves, gradients, strict=True):
        finite = gradient is None or bool(gradient.isfinite().all())
        require(finite, f"from an empty memory, the gradient of {name} is not finite")
