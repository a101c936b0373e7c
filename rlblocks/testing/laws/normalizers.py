"""NRM: what every normalizer obeys of its statistics: all real steps count, once, however they are handed over."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks.normalizers.base import Steps
from rlblocks.testing import normalizer_oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._normalizing import after_spread, alike, drawn, probes, serves
from rlblocks.testing.steps import cut, environment, joined, spread, with_dummies, without_dummies
from rlblocks.testing.strategies import chunks, orders

ENDS = ("a termination", "a truncation", "both flags", "an end inside", "an episode of one step")
EVERYTHING = (*ENDS, "a last row that goes on", "several environments", "a dummy step", "several chunks")


def in_chunks(case: Case, made: Steps) -> list[Steps]:
    """The steps, cut into chunks of time."""
    sizes = case.draw(chunks(len(made.real)), "chunks")
    case.saw("several chunks", len(sizes) > 1)
    return cut(made, sizes)


@law("NRM-1", role="normalizers", since="0.1", needs=normalizer_oracles.unknown, covers=EVERYTHING, examples=60)
def equals_its_equation(case: Case) -> None:
    """After any steps, in any chunks, it equals its equation over all of them at once.

    The oracle is a list of everything that was seen, and two passes over it in float64.

    Formula: observation: clip((x − μ)/√(σ² + ε), ±c); reward: clip(r/√(Var(R) + ε), ±c), R ← γR + r within an episode

    Reference: Engstrom et al. (2020).
    """
    subject, made = drawn(case)
    subject.absorb(*in_chunks(case, made))
    x = probes(case, subject)
    close(subject(x), normalizer_oracles.normalized(case.block, made)(x.numpy()), "the result")


@law("NRM-1a", role="normalizers", since="0.1", covers=EVERYTHING)
def chunks_do_not_matter(case: Case) -> None:
    """Steps in several chunks give what they give in one.

    However they are cut, in the middle of episodes too.

    Formula: known(x ∥ y) = known(x) then known(y)

    Reference: Chan, Golub and LeVeque (1983).
    """
    subject, made = drawn(case)
    x = probes(case, subject)
    whole, parts = after_spread(subject, made), after_spread(subject, *in_chunks(case, made))
    close(parts(x), whole(x), "of several chunks the result")


@law("NRM-2", role="normalizers", since="0.1", needs=alike, examples=20)
def episodes_can_be_reordered(case: Case) -> None:
    """Two chunks, after each of which every episode has ended, can be absorbed in either order.

    No step weighs more because it came later.

    Formula: known(x ∥ y) = known(y ∥ x)
    """
    subject, first = drawn(case, closed=True)
    _, second = drawn(case, subject.column.key, subject.environments, closed=True)
    if second.observation.shape[2:] != first.observation.shape[2:]:
        return
    x = probes(case, subject)
    close(after_spread(subject, second, first)(x), after_spread(subject, first, second)(x), "in the other order")


@law("NRM-2a", role="normalizers", since="0.1", needs=alike, covers=("several environments",), examples=20)
def environments_can_be_permuted(case: Case) -> None:
    """Environments in another order give the same.

    None of them counts for more, and none for all.

    Formula: known(x[:, σ]) = known(x)
    """
    subject, made = drawn(case, batch=case.draw(st.sampled_from((2, 3))))
    order = case.draw(orders(subject.environments), "order")
    x = probes(case, subject)
    permuted = Steps(*(column[:, order] for column in made))
    close(after_spread(subject, permuted)(x), after_spread(subject, made)(x), "of permuted environments the result")


@law("NRM-3", role="normalizers", since="0.1", needs=normalizer_oracles.unknown, examples=25)
def large_means_cost_no_precision(case: Case) -> None:
    """Next to a mean of 10⁶ it is as exact as next to 0, after one chunk or after many.

    Every row is an end, so that the return too is one reward; deviations are a few sixteenths, as fine as float32 is
    there. Means of squares would be off by far.

    Formula: σ² = (1/n)·Σ (x − μ)², and not E[x²] − E[x]²

    Reference: Chan, Golub and LeVeque (1983); Welford (1962).
    """
    subject, made = drawn(case, dummies=False)
    every, far = np.ones_like(made.terminated), 1e6

    def near(column: NDArray[Any], middle: float) -> NDArray[Any]:
        found: NDArray[Any] = np.round(column / 8) / 16 + column.dtype.type(middle)
        return found

    moved = made._replace(
        observation=near(made.observation, far), next_observation=near(made.next_observation, far),
        reward=near(made.reward, far), terminated=every, truncated=~every, discount=0.0 * made.discount,
    )  # fmt: skip
    subject.absorb(*in_chunks(case, moved))
    x = near(probes(case, subject).numpy(), far if subject.column.key == "observation" else 0.0)
    close(subject(torch.from_numpy(x)), normalizer_oracles.normalized(case.block, moved)(x), "next to 10⁶ the result")


@law("NRM-4", role="normalizers", since="0.1", needs=alike, examples=20)
def variances_are_of_the_population(case: Case) -> None:
    """The same episodes once more change nothing.

    A variance divides by the number of rows: one less would show.

    Formula: known(x ∥ x) = known(x), as σ² = (1/n)·Σ (x − μ)²
    """
    subject, made = drawn(case, closed=True)
    x, start = probes(case, subject), spread(subject.column.observation, subject.environments)
    once, again = after_spread(subject, made), after_spread(subject, made, start, made)
    close(again(x), once(x), "after the same episodes once more the result")


@law("NRM-8", role="normalizers", since="0.1", covers=("an end inside", "several environments"), examples=20)
def both_kinds_of_end_are_ends(case: Case) -> None:
    """Whether an episode was terminated, truncated or both changes nothing.

    Its last observation counts alike, and its return ends alike, bit for bit.
    """
    subject, made = drawn(case)
    x, end, no = probes(case, subject), made.terminated | made.truncated, np.zeros_like(made.terminated)
    due = subject.fresh().absorb(made)(x)
    for terminated, truncated in ((end, no), (no, end), (end, end)):
        other = made._replace(
            terminated=terminated, truncated=truncated, discount=np.where(end, ~terminated, made.discount)
        )
        same(subject.fresh().absorb(other)(x), due, "with ends of another kind the result")


@law("NRM-10", role="normalizers", since="0.1", needs=serves("observation"), covers=("an end inside",), examples=20)
def last_observations_count_once(case: Case) -> None:
    """The last observation of an episode counts once, and no other successor does.

    A successor inside an episode is acted on later, and then it counts.

    Formula: seen = {s_t : t} ∪ {s_T : T an end}
    """
    subject, made = drawn(case, "observation")
    x, end = probes(case, subject), (made.terminated | made.truncated) & made.real
    wide = end.reshape(*end.shape, *[1] * (made.observation.ndim - 2))
    due = after_spread(subject, made)(x)
    poisoned = made._replace(next_observation=np.where(wide, made.next_observation, np.float32("nan")))
    same(after_spread(subject, poisoned)(x), due, "with NaN as successors inside episodes the result")
    if end.any():
        far = made._replace(next_observation=np.where(wide, np.float32(1e4), made.next_observation))
        require(not torch.equal(after_spread(subject, far)(x), due), "last observations change nothing")


@law("NRM-14", role="normalizers", since="0.1", covers=("a dummy step", "several environments"), examples=30)
def dummy_steps_do_not_count(case: Case) -> None:
    """Steps that are not real count nowhere, whatever they hold.

    NaN, ∞ or 0 in them give the same, bit for bit, and so does one environment without them.

    Formula: known(x with steps that are not real) = known(x)
    """
    subject, made = drawn(case)
    x = probes(case, subject)
    due = after_spread(subject, made)(x)
    require(bool(due.isfinite().all()), f"it is {due.tolist()}")
    same(after_spread(subject, with_dummies(made, 0.0))(x), due, "with zeros in steps that are not real the result")
    if subject.environments == 1:
        same(after_spread(subject, without_dummies(made))(x), due, "without the steps that are not real the result")


@law("NRM-14a", role="normalizers", since="0.1", examples=10)
def nothing_real_is_nothing_new(case: Case) -> None:
    """A chunk without a real step changes nothing.

    Also before anything was seen.
    """
    subject, made = drawn(case, dummies=False)
    x, no = probes(case, subject), np.zeros_like(made.real)
    empty = with_dummies(made._replace(real=no, terminated=no, truncated=no), float("nan"))
    same(subject.fresh().absorb(empty)(x), subject(x), "before anything was seen the result")
    same(after_spread(subject, empty)(x), after_spread(subject)(x), "the result")


@law("NRM-15", role="normalizers", since="0.1", needs=alike, covers=(*ENDS, "several environments"), examples=30)
def side_by_side_is_one_after_another(case: Case) -> None:
    """Environments side by side give what one gives that goes through all their episodes.

    Episodes of any lengths, ended by any flag; what one environment collected does not reach into another.

    Formula: known(x[:, 1], …, x[:, N]) = known(x[:, 1] ∥ … ∥ x[:, N])
    """
    subject, made = drawn(case, batch=case.draw(st.sampled_from((3, 2, 1))), dummies=False, closed=True)
    x = probes(case, subject)
    alone = subject.fresh(1).absorb(joined([environment(made, index) for index in range(subject.environments)]))
    close(subject.absorb(made)(x), alone(x), "side by side the result")
