"""CAD: what cadences obey that learn from chunks, each of which is taken out of the store once."""

from __future__ import annotations

import re
from typing import Any

import attrs
from hypothesis import strategies as st

from rlblocks.cadences.base import Collect, Drain
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.laws.cadences import Scene, played


def of_chunks(block: Any) -> str:
    """Whether a cadence learns from chunks."""
    return "" if block.demands == "drained" else "it learns from samples"


def epochs(block: Any) -> str:
    """Whether a cadence takes epochs of minibatches: by its name or the tag `like`."""
    return "" if oracles.like(block) == "rollout_epochs" else "it is not RolloutEpochs"


@law(
    "CAD-10",
    role="cadences",
    since="0.1",
    needs=of_chunks,
    covers=("learning", "several chunks at once", "several environments"),
    examples=30,
)
def chunks_are_taken_at_once(case: Case) -> None:
    """A complete chunk is taken before the next step, and nothing is taken before one is complete.

    Only the store knows when that is, so every environment takes one step at a time.
    """
    scene, trace = played(case)
    rows = 0
    for op, progress in trace:
        require(isinstance(op, Drain) == (rows > 0), f"{op!r} comes when the store has {rows} complete rows")
        if isinstance(op, Collect):
            require(op.steps == scene.environments, f"{op!r} is more than a step of {scene.environments} environments")
        rows = progress.rows
    require(rows == 0, f"at the end {rows} rows were not taken")


@law("CAD-11", role="cadences", since="0.1", needs=of_chunks, covers=("learning", "early stops"), examples=30)
def the_announced_learn_steps_are_taken_from_chunks(case: Case) -> None:
    """The learn steps that it announces are those of the chunks in the budget, and where epochs end early no fewer.

    Without knowing the chunk it announces some number.

    Formula: |announced − taken| ≤ epochs·minibatches
    """
    scene, trace = played(case)
    found, chunk = trace[-1][1].updates, (scene.steps, scene.environments)
    announced, drains = (
        case.block.updates_planned(scene.budget, chunk),
        [op for op, _ in trace if isinstance(op, Drain)],
    )
    most = max([op.epochs * op.minibatches for op in drains], default=0)
    # The last step of all environments may go beyond the budget and complete a chunk.
    require(found - announced <= most, f"it announced {announced} learn steps and took {found}")
    if scene.at_once == 1 and scene.stopped > most:
        require(abs(found - announced) <= most, f"it announced {announced} learn steps and took {found}")
    unknown = case.block.updates_planned(10**6, (0, 0))
    require(isinstance(unknown, int) and unknown > 0, f"without knowing the chunk it announced {unknown!r}")


@law("CAD-12", role="cadences", since="0.1", needs=of_chunks, covers=("learning", "early stops"), examples=20)
def early_stops_do_not_change_what_is_collected(case: Case) -> None:
    """Epochs that end early change nothing but the learn steps: the same steps, and the same chunks.

    A program counts no learn steps; otherwise it would make up for those left out.
    """
    scene, trace = played(case)
    short, full = (attrs.evolve(scene, stopped=stopped).play(case.block) for stopped in (1, 10**9))
    require([op for op, _ in short] == [op for op, _ in full], "with epochs that end early it does something else")
    case.saw("early stops", trace)


@law("CAD-13", role="cadences", since="0.1", needs=epochs, covers=("a misfit", "a fit"), examples=30)
def minibatches_are_of_one_size(case: Case) -> None:
    """A chunk that cannot be cut into minibatches of one size is refused with numbers, and what it proposes fits.

    Any other chunk is taken.

    Formula: misfit ⇔ T·N mod minibatches ≠ 0
    """
    block = attrs.evolve(case.block, minibatches=case.draw(st.integers(1, 9)))
    chunk = case.draw(st.tuples(st.integers(1, 9), st.integers(1, 4)), "chunk")
    case.say(f"{block!r}.misfit(chunk)")
    said, rest = block.misfit(chunk), chunk[0] * chunk[1] % block.minibatches
    case.saw("a misfit" if rest else "a fit")
    require(bool(said) == bool(rest), f"of {chunk[0] * chunk[1]} rows in {block.minibatches} parts it says {said!r}")
    if said:
        what, _, fix = said.partition("; ")
        require(str(block.minibatches) in what, f"it does not say how many minibatches there are: {what}")
        proposed = re.search(r"minibatches=(\d+)", fix)
        require(proposed, f"it proposes no other number of minibatches: {fix}")
        assert proposed is not None
        other = attrs.evolve(block, minibatches=int(proposed[1]))
        require(not other.misfit(chunk), f"it proposes {proposed[0]}, of which it says {other.misfit(chunk)!r}")


@law("CAD-14", role="cadences", since="0.1", needs=epochs, examples=10)
def it_asks_for_its_own_epochs(case: Case) -> None:
    """It asks for the epochs, the minibatches and the early stop of its fields, and announces their product.

    For every chunk, from the first to the last.

    Formula: learn steps = chunks·epochs·minibatches
    """
    block = attrs.evolve(case.block, epochs=case.draw(st.integers(1, 5)), minibatches=case.draw(st.integers(1, 5)))
    case.say(f"block = {block!r}")
    scene = Scene(2, 2 * 3 * 4, steps=3)
    drains = [op for op, _ in scene.play(block) if isinstance(op, Drain)]
    due = Drain(block.epochs, block.minibatches, block.early_stop)
    require(drains == [due] * 4, f"of four chunks it asks for {drains}")
    announced = block.updates_planned(scene.budget, (3, 2))
    require(announced == 4 * block.epochs * block.minibatches, f"of four chunks it announces {announced} learn steps")
