"""PER: what stores obey that draw rows by priority, and write the weights that undo the bias."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.testing._binomial import frequencies
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._memories import KEYS, Subject, numbers, setting, small
from rlblocks.testing.oracles import like
from rlblocks.testing.strategies import LAST
from rlblocks.testing.streams import one_episode

DRAWS = 16_000
OFTEN, BATCHES = 32, 100  # how many times the rows stand in a batch, on average, and how many batches are drawn at most


def prioritized(block: Block) -> str:
    """Whether a store is fed priorities and writes weights."""
    return (
        ""
        if "priority" in block.inputs and "weight" in block.outputs
        else "it is not fed priorities, or writes no weights"
    )


def proportional(block: Block) -> str:
    """Whether priorities are (|δ| + ε)^α, as its fields say."""
    if why := prioritized(block):
        return why
    named = all(setting(block, name) is not None for name in ("alpha", "epsilon", "capacity"))
    return "" if named else "it has no fields named alpha, epsilon and capacity"


def plain_rows(block: Block) -> str:
    """Proportional, and a row is a step that can be drawn as soon as it is written."""
    holds = "flush" in block.tags or like(block) in ("n_step", "with_next")
    return proportional(block) or ("it joins rows, or holds them back: the store inside is asked" if holds else "")


def with_setting(block: Any, **changes: Any) -> Any:
    """The store, or the one inside it, with other fields."""
    if set(changes) <= set(attrs.fields_dict(type(block))):
        return attrs.evolve(block, **changes)
    return attrs.evolve(block, inner=with_setting(block.inner, **changes))


def subject_of(case: Case, rows: int, room: int = 0, **changes: Any) -> Subject:
    """A memory with so many rows, all of one long episode, and room for a few more."""
    block = with_setting(small(case.block, rows + room), **changes)
    case.say("from rlblocks.stores import StoreSpec\nfrom rlblocks.testing.streams import COLUMNS, one_episode")
    case.say(f"memory = {block!r}.build(StoreSpec(COLUMNS, 1, np.random.default_rng(0)))")
    case.say(f"for write in one_episode({rows}).writes:\n    memory.add(*write.arguments())")
    return Subject(block, 1).fill(one_episode(rows))


def give(subject: Subject, errors: NDArray[Any]) -> None:
    """Feed the error of every row, by its step: rows are sampled until each was drawn."""
    left = set(range(len(errors)))
    for _ in range(BATCHES):
        drawn = steps_of(subject.sample(OFTEN * len(errors)))
        subject.feed(errors[drawn])
        left -= set(drawn.tolist())
        if not left:
            return
    require(False, f"in {BATCHES} batches of {OFTEN * len(errors)} rows it never handed over the steps {sorted(left)}")


def steps_of(rows: Any) -> NDArray[np.int64]:
    """The step t of every row."""
    return np.asarray(rows["observation"][:, 2]).astype(np.int64)


def chances(block: Any, errors: NDArray[Any]) -> NDArray[np.float64]:
    """P(i) = (|δ_i| + ε)^α / Σ."""
    powers = (errors.astype(np.float64) + setting(block, "epsilon")) ** setting(block, "alpha")
    return np.asarray(powers / powers.sum())


errors_of = st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0]), min_size=2, max_size=9).map(np.array)


@law("PER-3", role="stores", since="0.1", needs=plain_rows, examples=8)
def extreme_draws_find_rows(case: Case) -> None:
    """Whatever is drawn, a row is handed over that is held.

    The least and the greatest numbers that a generator can give, half full and full, every capacity.

    Formula: u ∈ {0, 2⁻⁵³, ½, 1 − 2⁻⁵³} ⇒ 0 ≤ row < N
    """
    capacity = case.draw(st.integers(1, 33), "capacity")
    held = case.draw(st.integers(1, capacity), "held")
    for u in (0.0, 2.0**-53, 0.5, 1 - 2.0**-53, LAST):
        subject = Subject(small(case.block, capacity), 1, generator=_Script(u)).fill(one_episode(held))
        found = int(steps_of(subject.sample(1))[0])
        require(0 <= found < held, f"of {held} rows in {capacity} places the draw {u!r} found row {found}")


def _numbers(subject: Subject, beta: float) -> dict[str, float]:
    """The number that the store asks for when it is sampled, at this value."""
    return dict.fromkeys(numbers(subject.block), beta)


class _Script:
    """A generator whose uniform numbers are given."""

    def __init__(self, u: float) -> None:
        self._u = u

    def random(self, size: int) -> NDArray[np.float64]:
        """So many times the same number."""
        return np.full(size, self._u)


@law("PER-4", role="stores", since="0.1", needs=plain_rows, examples=8)
def rows_are_drawn_by_priority(case: Case) -> None:
    """A row is drawn with the probability that its priority has among all.

    Exact binomial tails over 16,000 draws: α counts once, for every way in which a priority can arrive.

    Formula: P(i) = pᵢ^α / Σₖ pₖ^α, pᵢ = |δᵢ| + ε

    Reference: Schaul et al. (2016), equation 1 and section 3.3.
    """
    errors = case.draw(errors_of, "errors")
    subject = subject_of(case, len(errors))
    give(subject, errors)
    drawn = Counter(map(str, steps_of(subject.sample(DRAWS)).tolist()))
    due = {str(i): float(p) for i, p in enumerate(chances(subject.block, errors))}
    frequencies(drawn, due, f"with the errors {errors.tolist()}")


@law("PER-5", role="stores", since="0.1", needs=plain_rows)
def weights_undo_the_bias(case: Case) -> None:
    """The weights undo the bias of the draw, divided by the greatest of them.

    With P at the time of the draw; the greatest is that of the batch, as the tag `weight_scope` says.

    Formula: wᵢ = (N·P(i))^−β / maxⱼ (N·P(j))^−β, j over the batch

    Reference: Schaul et al. (2016), section 3.4.
    """
    errors, beta = case.draw(errors_of, "errors"), case.draw(st.sampled_from([0.0, 0.4, 1.0]), "beta")
    subject = subject_of(case, len(errors))
    give(subject, errors)
    rows = subject.memory.sample(7, KEYS, **_numbers(subject, beta))
    p = chances(subject.block, errors)
    powers = (len(errors) * p) ** -beta
    scope = powers[steps_of(rows)] if subject.block.tags.get("weight_scope", "batch") == "batch" else powers
    require(rows["weight"].dtype == np.float32, f"the weights are {rows['weight'].dtype}, not float32")
    close(rows["weight"], (powers[steps_of(rows)] / scope.max()).astype(np.float32), "weight")
    require(
        bool((rows["weight"] > 0).all() and (rows["weight"] <= 1).all()),
        f"the weights {rows['weight'].tolist()} leave (0, 1]",
    )


@law("PER-6", role="stores", since="0.1", needs=plain_rows, examples=6)
def exponents_of_zero_switch_off(case: Case) -> None:
    """At α = 0 rows are drawn alike, at α = 0 or β = 0 the weights are 1.

    Whatever the errors are.

    Formula: α = 0 ⇒ P(i) = 1/N and w = 1; β = 0 ⇒ w = 1

    Reference: Schaul et al. (2016), sections 3.3 and 3.4.
    """
    errors = case.draw(errors_of, "errors")
    alike = subject_of(case, len(errors), alpha=0.0)
    give(alike, errors)
    rows = alike.memory.sample(DRAWS, KEYS, **_numbers(alike, 1.0))
    frequencies(
        Counter(map(str, steps_of(rows).tolist())), {str(i): 1 / len(errors) for i in range(len(errors))}, "at α = 0"
    )
    require(bool((rows["weight"] == 1).all()), f"at α = 0 a weight is {rows['weight'].min()}")
    subject = subject_of(case, len(errors))
    give(subject, errors)
    weights = subject.memory.sample(5, KEYS, **_numbers(subject, 0.0))["weight"]
    require(bool((weights == 1).all()), f"at β = 0 the weights are {weights.tolist()}")


@law("PER-7", role="stores", since="0.1", needs=plain_rows, examples=8)
def new_rows_are_seen_soon(case: Case) -> None:
    """A new row has the greatest priority so far, so that it is seen soon.

    Its probability is that of the greatest error fed, ε included once, and 1/N where nothing was fed.

    Formula: p_new = max(1, the greatest p that was fed)

    Reference: Schaul et al. (2016), algorithm 1.
    """
    errors = case.draw(errors_of, "errors")
    subject = subject_of(case, len(errors), room=1)
    give(subject, errors)
    subject.fill(one_episode(1, start=len(errors)))
    greatest = max(float(errors.max()), 1.0 - setting(subject.block, "epsilon"))
    drawn = Counter(map(str, steps_of(subject.sample(DRAWS)).tolist()))
    due = chances(subject.block, np.append(errors, greatest))
    frequencies(
        drawn, {str(i): float(p) for i, p in enumerate(due)}, f"with the errors {errors.tolist()} and a new row"
    )


@law("PER-10", role="stores", since="0.1", needs=plain_rows, examples=8)
def duplicates_take_the_greatest(case: Case) -> None:
    """Of several errors of one row in a batch the greatest counts, in any order.

    As the tag `duplicates` says: a batch of one row, drawn many times over, and that row beside another.

    Formula: pᵢ = max of the |δ| that the batch holds of row i, + ε

    Reference: Convention of the library.
    """
    if case.block.tags.get("duplicates") != "largest":
        return
    errors, order = np.array([0.5, 4.0, 1.0, 2.0]), case.draw(st.permutations(range(4)), "order")
    subject = subject_of(case, 2)
    given = errors[list(order)]
    for _ in range(BATCHES):
        drawn = steps_of(subject.sample(4))
        if both := len(set(drawn.tolist())) == 2:  # noqa: PLR2004  both rows stand in the batch
            break
    require(both, f"in none of {BATCHES} batches of 4 rows stood both rows that it holds")
    subject.feed(given)
    due = chances(subject.block, np.array([given[drawn == row].max() for row in (0, 1)]))
    found = Counter(map(str, steps_of(subject.sample(DRAWS)).tolist()))
    frequencies(
        found, {str(i): float(p) for i, p in enumerate(due)}, f"with {given.tolist()} for the rows {drawn.tolist()}"
    )


@law("PER-11", role="stores", since="0.1", needs=plain_rows, examples=8)
def overwritten_rows_drop_their_errors(case: Case) -> None:
    """An error whose row was overwritten in the meantime does not reach the new row.

    The new row keeps the priority of a new row.
    """
    count = case.draw(st.integers(2, 6), "count")
    subject = subject_of(case, count)
    give(subject, np.ones(count))
    drawn = steps_of(subject.sample(4 * count))
    subject.fill(one_episode(1, start=count))  # it takes the place of step 0
    subject.feed(np.where(drawn == 0, 0.0, 1.0))
    found = Counter(map(str, steps_of(subject.sample(DRAWS)).tolist()))
    due = chances(subject.block, np.ones(count))
    frequencies(found, {str(i + 1): float(p) for i, p in enumerate(due)}, "with the same error for all")


@law("PER-13", role="stores", since="0.1", needs=plain_rows, examples=12)
def batches_are_stratified(case: Case) -> None:
    """A batch is drawn from equal parts of the sum, one row from each.

    So a row of probability P stands at least ⌊B·P⌋ − 1 and at most ⌈B·P⌉ + 1 times among B rows.

    Formula: uⱼ ~ U[j·Σ/B, (j + 1)·Σ/B), j = 0, …, B − 1; so |count(i) − B·P(i)| ≤ 2

    Reference: Schaul et al. (2016), appendix B.2.1.
    """
    if like(case.block) != "prioritized_replay":
        return
    errors, batch = case.draw(errors_of, "errors"), case.draw(st.sampled_from([16, 256]), "batch")
    subject = subject_of(case, len(errors))
    give(subject, errors)
    found = np.bincount(steps_of(subject.sample(batch)), minlength=len(errors))
    due = batch * chances(subject.block, errors)
    good = bool((np.abs(found - due) <= 2).all())  # noqa: PLR2004  a part of the sum may be cut at either end
    require(good, f"of {batch} rows they stood {found.tolist()} times, and {due.round(1).tolist()} were due")


@law("PER-14", role="stores", since="0.1", needs=plain_rows, examples=8)
def priorities_can_fall(case: Case) -> None:
    """Priorities that rose and fell again leave no trace.

    After errors of 10⁸ for all rows, small ones rule alone: sums are recomputed, not moved by differences.

    Formula: Σ at a node = Σ of its children, after any updates
    """
    errors = case.draw(errors_of, "errors")
    subject = subject_of(case, len(errors))
    give(subject, np.full(len(errors), 1e8))
    give(subject, errors * 1e-4)
    drawn = Counter(map(str, steps_of(subject.sample(DRAWS)).tolist()))
    due = {str(i): float(p) for i, p in enumerate(chances(subject.block, errors * 1e-4))}
    frequencies(drawn, due, f"with the errors {(errors * 1e-4).tolist()} after errors of 10⁸")
