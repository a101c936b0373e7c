"""BUF: what stores obey that draw every row alike."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks.testing._binomial import frequencies
from rlblocks.testing._case import Case
from rlblocks.testing._law import law
from rlblocks.testing._memories import Subject, fed, small, tell
from rlblocks.testing.laws.stores import drawing, stamps
from rlblocks.testing.streams import streams

DRAWS = 6_000


def uniform(block: Block) -> str:
    """Whether no row is preferred."""
    return "it asks for priorities" if fed(block) else drawing(block)


@law("BUF-4", role="stores", since="0.1", needs=uniform, covers=("a wrapped memory",), examples=8)
def all_rows_are_equally_likely(case: Case) -> None:
    """Every row held is drawn with the same probability, the oldest and the newest too.

    Exact binomial tails; before and after it wraps, its capacity no multiple of the environments.

    Formula: P(i) = 1/N

    Reference: bounds of the counts: Clopper and Pearson (1934).
    """
    block, stream = small(case.block, case.draw(st.sampled_from([4, 5, 7]))), case.draw(streams())
    tell(case, block, stream)
    subject = Subject(block, stream.environments).fill(stream)
    case.saw("a wrapped memory", len(stream.rows()) > len(subject.memory) > 1)
    if len(subject.memory):
        held = stamps(subject.memory.contents())
        counts = Counter(map(str, stamps(subject.sample(DRAWS))))
        frequencies(counts, {str(code): 1 / len(held) for code in held}, "with equal chances")


@law("BUF-4a", role="stores", since="0.1", needs=uniform, covers=("two rows held",), examples=4)
def rows_of_a_batch_are_independent(case: Case) -> None:
    """The rows of a batch are drawn independently of each other.

    A row may stand twice: every ordered pair of neighbours in a batch is equally likely.

    Formula: P(i, then j) = 1/N²
    """
    block, stream = small(case.block, 3), case.draw(streams())
    tell(case, block, stream)
    subject = Subject(block, stream.environments).fill(stream)
    held = stamps(subject.memory.contents()) if len(subject.memory) else []
    if len(held) > 1 and block.tags.get("replacement", "with") == "with":
        case.saw("two rows held")
        drawn = stamps(subject.sample(2 * DRAWS))
        pairs = Counter(f"{a} before {b}" for a, b in zip(drawn[::2], drawn[1::2], strict=True))
        frequencies(pairs, {f"{a} before {b}": len(held) ** -2 for a in held for b in held}, "pairs of a batch")
