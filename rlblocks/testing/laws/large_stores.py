"""PER: what stores obey that draw few rows of many by priority, where a search does not look at every row."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import strategies as st

from rlblocks.testing._binomial import frequencies
from rlblocks.testing._case import Case
from rlblocks.testing._law import law
from rlblocks.testing._memories import setting
from rlblocks.testing.laws.prioritized_stores import give, plain_rows, steps_of, subject_of

MANY, FEW, DRAWS = 100, 2, 2_000  # rows that are held, drawn at once, and drawn in all


@law("PER-4b", role="stores", since="0.1", needs=plain_rows, examples=4)
def one_of_many_is_found(case: Case) -> None:
    """One row of many that has half of the sum is half of what is drawn, two at a time.

    Wherever it stands: a tree is searched to its leaves there.

    Formula: pᵢ^α = Σ_{k ≠ i} pₖ^α ⇒ P(i) = ½

    Reference: Schaul et al. (2016), appendix B.2.1.
    """
    place = case.draw(st.integers(0, MANY - 1), "place")
    subject = subject_of(case, MANY, alpha=0.5)
    small, epsilon = 0.25, setting(subject.block, "epsilon")
    errors = np.full(MANY, small)
    errors[place] = (MANY - 1) ** 2 * (small + epsilon) - epsilon  # its root is the sum of the others'
    give(subject, errors)
    drawn: Counter[str] = Counter()
    for _ in range(DRAWS // FEW):
        drawn.update("it" if step == place else "another" for step in steps_of(subject.sample(FEW)).tolist())
    frequencies(drawn, {"it": 0.5, "another": 0.5}, f"of {MANY} rows, with half of the sum at {place}")
