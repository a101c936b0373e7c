"""TAB-7: what optimizers obey that step along an eligibility trace: who is credited with an error, and how much."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block, fields_of
from rlblocks._core.declare import Scheduled
from rlblocks.optimizers import SGD, NoClip
from rlblocks.schedules import Constant
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._tensor_calls import shapes, tensors
from rlblocks.testing._world import number_at
from rlblocks.testing.strategies import Moment

Params = list[Tensor]


@attrs.frozen
class Step:
    """One row that is learned from.

    Attributes:
        grads: ∇q, in the shapes of the parameters.
        delta: δ.
        discount: γ behind it, 0 at the end of an episode.
        first: whether an episode begins with it.
    """

    grads: Params
    delta: float
    discount: float
    first: bool

    def row(self) -> dict[str, Tensor]:
        """As the run hands it over."""
        wide = torch.float64
        return {
            "td_error": torch.tensor([self.delta], dtype=wide), "discount": torch.tensor([self.discount], dtype=wide),
            "is_first": torch.tensor([self.first]),
        }  # fmt: skip


def keeps_traces(block: Block) -> str:
    """Whether an optimizer keeps an eligibility trace, of which the field `decay` says how it fades."""
    kept = {"td_error", "discount", "is_first"} <= set(block.inputs) and "decay" in fields_of(type(block))
    return "" if kept else "it keeps no eligibility trace"


@st.composite
def walks(draw: st.DrawFn, like: list[tuple[int, ...]], *, cuts: bool = True) -> list[Step]:
    """Some rows in order: a few episodes, some of which end in a discount of 0 and some are cut where they stand."""
    found: list[Step] = []
    for length in draw(st.lists(st.integers(1, 3), min_size=2, max_size=3)):
        cut = cuts and draw(st.booleans())
        for k in range(length):
            over = k == length - 1 and not cut
            grads = [g.double() for g in draw(tensors(like))]
            delta = draw(st.sampled_from([-2.0, 0.5, 1.0, 3.0]))
            found.append(Step(grads, delta, 0.0 if over else draw(st.sampled_from([0.5, 0.875, 1.0])), k == 0))
    return found


def drawn(case: Case, **conditions: Any) -> tuple[Params, list[Step]]:
    """Parameters in float64, and rows to learn from."""
    like = case.draw(shapes())
    params = [t.double() for t in case.draw(tensors(like), "params")]
    return params, case.draw(walks(like, **conditions), "steps")


def numbers(block: Block, updates: int) -> dict[str, Tensor]:
    """The scheduled numbers of one update."""
    moment = Moment(updates, updates, updates)
    asked = {name: of.name for name, of in block.inputs.items() if isinstance(of, Scheduled)}
    return {n: torch.tensor(number_at(block, of, moment), dtype=torch.float64) for n, of in asked.items()}


def plain(rate: float) -> SGD:
    """Steps straight down at a constant rate."""
    return SGD(lr=Constant(rate), momentum=0.0, clip=NoClip())


def taken(block: Any, params: Params, steps: list[Step], carry: Any = None) -> tuple[Params, Any]:
    """The parameters after some rows, and the carry; what is handed over stays as it is."""
    params = [t.clone() for t in params]
    carry = block.init(params) if carry is None else copy.deepcopy(carry)
    with torch.no_grad():
        for updates, step in enumerate(steps):
            block.compute(params=params, grads=step.grads, carry=carry, **step.row(), **numbers(block, updates))
    return params, carry


def along(inner: Any, params: Params, grads: list[Params]) -> Params:
    """The parameters after some steps of the optimizer inside alone."""
    params = [t.clone() for t in params]
    carry = inner.init(params)
    with torch.no_grad():
        for updates, grad in enumerate(grads):
            inner.compute(params=params, grads=grad, carry=carry, **numbers(inner, updates))
    return params


def credit(steps: list[Step], at: int, decay: float) -> Params:
    """The trace at one row, as a sum over the rows of its episode up to there: Σ_k Π γλ ∇q_{t−k}."""
    found, factor = [g.clone() for g in steps[at].grads], 1.0
    for k in range(at, 0, -1):
        if steps[k].first:
            break
        factor *= steps[k - 1].discount * decay
        found = [z + factor * g for z, g in zip(found, steps[k - 1].grads, strict=True)]
    return found


@law("TAB-7", role="optimizers", since="0.1", needs=keeps_traces, covers=("an end", "a cut"), examples=25)
def each_error_is_credited_to_the_rows_before(case: Case) -> None:
    """Each step is along δ times the rows of the episode up to there, each faded by γλ for every step since.

    Added up anew for every row; the discounts are those *into* the states between.

    Formula: Δθ_t = η·δ_t·z_t, z_t = Σ_k (Π γλ)·∇q_{t−k}

    Reference: Sutton and Barto (2018), equations 12.5 to 12.7.
    """
    params, steps = drawn(case)
    case.saw("an end", any(step.discount == 0 for step in steps[:-1]))
    case.saw("a cut", any(b.first and a.discount for a, b in itertools.pairwise(steps)))
    decay = case.draw(st.sampled_from([0.0, 0.5, 1.0]), "decay")
    block = attrs.evolve(case.block, decay=decay)
    grads = [[-step.delta * z for z in credit(steps, t, decay)] for t, step in enumerate(steps)]
    for ours, due in zip(taken(block, params, steps)[0], along(block.inner, params, grads), strict=True):
        close(ours, due, "a parameter", rtol=1e-9)


@law("TAB-7a", role="optimizers", since="0.1", needs=keeps_traces)
def without_a_trace_it_is_the_optimizer_inside(case: Case) -> None:
    """At λ = 0 it is the optimizer inside on −δ∇q, bit for bit.

    SARSA(0) is SARSA.

    Formula: λ = 0 ⇒ Δθ_t = η·δ_t·∇q_t

    Reference: Sutton and Barto (2018), section 12.2.
    """
    params, steps = drawn(case)
    block = attrs.evolve(case.block, decay=0.0)
    grads = [[g * -step.delta for g in step.grads] for step in steps]
    same(taken(block, params, steps)[0], along(block.inner, params, grads), "of λ = 0, the parameters")


@law("TAB-7b", role="optimizers", since="0.1", needs=keeps_traces, covers=("a row before the last",))
def the_last_error_is_credited_before_the_trace_is_gone(case: Case) -> None:
    """The error at the end of an episode is credited to the rows before it; afterwards nothing is left of the trace.

    The last row's discount is 0, and that of the row before is not.

    Formula: Δθ_T = η·δ_T·z_T, z_{T+1} = 0
    """
    like = case.draw(shapes())
    steps = case.draw(walks(like, cuts=False), "steps")
    end = next(k for k, step in enumerate(steps) if step.discount == 0)
    case.saw("a row before the last", end > 0)
    block = attrs.evolve(case.block, decay=0.5, inner=plain(1.0))
    params = [torch.zeros(shape, dtype=torch.float64) for shape in like]
    before, _ = taken(block, params, steps[:end])
    after, carry = taken(block, params, steps[: end + 1])
    for new, old, z in zip(after, before, credit(steps, end, 0.5), strict=True):
        close(new - old, steps[end].delta * z, "the last step of an episode", rtol=1e-9)
    require(not any(bool(z.any()) for z in carry["trace"]), f"after the end the trace is {carry['trace']}")


@law("TAB-7c", role="optimizers", since="0.1", needs=keeps_traces)
def nothing_is_credited_before_a_beginning(case: Case) -> None:
    """Where an episode begins, nothing is left of the one before, though its end was never seen.

    So an episode that was cut leaves no trace.

    Formula: is_first_t ⇒ z_t = ∇q_t
    """
    params, steps = drawn(case)
    block = attrs.evolve(case.block, inner=plain(0.5))
    later = [attrs.evolve(steps[0], first=True, discount=0.5), *steps[1:]]
    earlier = [attrs.evolve(step, discount=1.0) for step in steps]
    _, carry = taken(block, params, earlier)
    same(taken(block, params, later, carry)[0], taken(block, params, later)[0], "after a cut, the parameters")


@law("TAB-7d", role="optimizers", since="0.1", needs=keeps_traces)
def the_trace_knows_no_error(case: Case) -> None:
    """What is remembered of rows does not depend on their errors.

    It is ∇q that is summed up, not δ∇q, which would be another algorithm.

    Formula: ∂z_t/∂δ_u = 0
    """
    params, steps = drawn(case)
    other = [attrs.evolve(step, delta=-3 * step.delta) for step in steps]
    steps, other = steps[:-1] or steps, other[:-1] or other
    _, ours = taken(case.block, params, steps)
    _, theirs = taken(case.block, params, other)
    same(ours["trace"], theirs["trace"], "of other errors, the trace")


@law("TAB-7e", role="optimizers", since="0.1", needs=keeps_traces, covers=("a state twice",), examples=25)
def offline_it_is_monte_carlo(case: Case) -> None:
    """At λ = 1, of a table that holds still, an episode's steps add up to those of every-visit Monte Carlo.

    Formula: λ = 1 ⇒ Σ_t δ_t·z_t = Σ_t (G_t − q(s_t, a_t))·∇q(s_t, a_t)

    Reference: Sutton and Barto (2018), section 12.2.
    """
    pairs, gamma = 3, case.draw(st.sampled_from([0.5, 0.875, 1.0]), "gamma")
    visits = case.draw(st.lists(st.integers(0, pairs - 1), min_size=1, max_size=6), "visits")
    numbers_ = st.integers(-8, 8).map(lambda n: n / 4)
    q = case.draw(st.lists(numbers_, min_size=pairs, max_size=pairs), "q")
    rewards = case.draw(st.lists(numbers_, min_size=len(visits), max_size=len(visits)), "rewards")
    case.saw("a state twice", len(set(visits)) < len(visits))
    values = [*(q[v] for v in visits[1:]), 0.0]
    steps = [
        Step(
            [torch.eye(pairs, dtype=torch.float64)[v]], reward + gamma * after - q[v],
            0.0 if t == len(visits) - 1 else gamma, t == 0,
        )
        for t, (v, reward, after) in enumerate(zip(visits, rewards, values, strict=True))
    ]  # fmt: skip
    due, gain = torch.zeros(pairs, dtype=torch.float64), 0.0
    for v, reward in zip(reversed(visits), reversed(rewards), strict=True):
        gain = reward + gamma * gain
        due[v] += gain - q[v]
    block = attrs.evolve(case.block, decay=1.0, inner=plain(1.0))
    (found,), _ = taken(block, [torch.zeros(pairs, dtype=torch.float64)], steps)
    close(found, due, "of one episode, the sum of the steps", rtol=1e-9)
