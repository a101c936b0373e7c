"""The public strategies give what they promise: shapes, and every case in which faults hide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from rlblocks.stores import PrioritizedReplay
from rlblocks.stores.base import StoreSpec
from rlblocks.testing import (
    Scripted,
    finite_mdps,
    masks,
    q_values,
    schedules,
    scripted_generators,
    streams,
    supports,
    trajectories,
)
from rlblocks.testing import streams as _streams_are_a_function
from rlblocks.testing._check import SEED
from rlblocks.testing._examples import without_local_constants
from rlblocks.testing.scripted import GREATEST
from rlblocks.testing.streams import COLUMNS, stacked, transition
from rlblocks.testing.trajectories import facts


def drawn(strategy: st.SearchStrategy[Any], count: int = 100) -> list[Any]:
    """So many examples, the same ones each time, in every process."""
    found: list[Any] = []

    @seed(SEED)
    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    with without_local_constants():
        collect()
    return found


def counted(examples: Iterable[Any], what: Callable[[Any], list[str]]) -> Counter[str]:
    """In how many examples there is each thing."""
    return Counter(name for example in examples for name in set(what(example)))


def test_trajectories_have_ends_of_each_kind_inside() -> None:
    """In two fifths of them at least; both flags, padding and a last row that goes on in a tenth."""
    found = drawn(trajectories())
    seen = counted(found, facts)

    assert min(seen["an interior termination"], seen["an interior truncation"]) >= len(found) * 2 / 5
    rare = ("both flags at once", "padding", "a last row that goes on", "several environments", "discounts that differ")
    assert min(seen[name] for name in rare) >= len(found) / 10
    assert all(t["reward"].shape[0] != t["reward"].shape[1] for t in found)


def test_values_go_on_inside_an_episode_and_not_at_its_end() -> None:
    """And a discount is 0 where a row is terminated, and nowhere else."""
    apart = 0
    for t in drawn(trajectories(padding="none")):
        end = t["terminated"] | t["truncated"]
        assert torch.equal(t["next_value"][:-1][~end[:-1]], t["value"][1:][~end[:-1]])
        assert torch.equal(t["discount"] == 0, t["terminated"])
        apart += bool((t["next_value"][:-1] != t["value"][1:])[end[:-1]].any())
    assert apart > 20


def test_streams_have_every_kind_of_end() -> None:
    """Both flags, ends inside, episodes of one step, several environments, out of phase."""
    seen = counted(drawn(streams()), lambda stream: stream.facts())
    due = (
        "a termination", "a truncation", "both flags", "an end inside", "an episode of one step",
        "several environments", "environments out of phase",
    )  # fmt: skip

    assert min(seen[name] for name in due) >= 10


def test_a_stamp_says_where_a_row_belongs() -> None:
    """No two rows of a stream agree in any of the columns that are stamped, and each next row follows."""
    for stream in drawn(streams(), 30):
        rows = stream.rows()
        for key in ("observation", "action", "log_prob", "next.achieved_goal"):
            assert len({row[key].tobytes() for row in rows}) == len(rows)
        last: dict[int, Any] = {}
        for row in rows:
            who, episode, t = row["observation"].tolist()
            before = last.get(int(who))
            assert before is None or (episode, t) in {(before[0], before[1] + 1), (before[0] + 1, 0)}
            last[int(who)] = (episode, t)


def test_values_of_actions_have_no_ties() -> None:
    """Within a row, also under a form; sizes are as asked for."""
    for q in drawn(q_values(3, 4)):
        assert q.shape == (3, 4)
        assert all(len(set(row)) == 4 for row in q.tolist())
    assert {q.shape for q in drawn(q_values(2, 3, 8), 10)} == {(2, 3, 8)}


def test_masks_leave_an_action() -> None:
    """In every row; rows with one, with some and with all are there."""
    found = drawn(masks(3, 4))
    legal = Counter(int(row.sum()) for mask in found for row in mask)

    assert set(legal) == {1, 2, 3, 4}
    assert all(mask.shape == (3, 4) and mask.dtype == torch.bool for mask in found)


def test_supports_are_even_and_off_centre() -> None:
    """Ascending in equal steps, from two atoms on, and not symmetric."""
    found = drawn(supports())
    for atoms in found:
        steps = atoms[1:] - atoms[:-1]
        assert bool((steps == steps[0]).all())
        assert steps[0] > 0
    assert {len(atoms) for atoms in found} >= {2, 51}
    assert sum(bool(atoms[0] != -atoms[-1]) for atoms in found) > len(found) / 2


def test_decision_problems_are_sound() -> None:
    """Probabilities add up to 1, rewards differ by action, certain and uncertain moves and ends are there."""
    found = drawn(finite_mdps())
    for mdp in found:
        assert np.allclose(mdp.transitions.sum(-1), 1)
        assert not mdp.terminal[0]
        assert mdp.rewards.shape[0] != mdp.rewards.shape[1]
    assert any(mdp.terminal.any() for mdp in found)
    assert any((mdp.transitions.max(-1) < 1).any() for mdp in found)
    assert any((mdp.transitions.max(-1) == 1).all(-1).any() for mdp in found)


def test_schedules_are_of_every_kind() -> None:
    """Constant and falling and rising, over one unit and over many, of pieces."""
    found = drawn(schedules(), 200)
    ends = [schedule.span() for schedule in found]

    assert len({type(schedule).__name__ for schedule in found}) == 5
    assert any(span[0] > span[-1] for span in ends)
    assert any(span[0] < span[-1] for span in ends)
    assert any(getattr(getattr(schedule, "over", None), "count", 0) == 1 for schedule in found)


def test_scripted_numbers_are_the_ends_of_their_range() -> None:
    """0 and the greatest number below 1 are drawn, and stay below 1 in float32; boundaries are met from both sides."""
    found = drawn(scripted_generators(boundaries=(0.25,)), 200)
    numbers = {u for scripted in found for u in scripted.uniforms}

    assert {0.0, GREATEST, 0.25, np.nextafter(0.25, 0), np.nextafter(0.25, 1)} <= numbers
    assert Scripted((GREATEST,)).random(2, dtype=np.float32).max() < 1
    assert Scripted((GREATEST,)).integers(0, 7, 2).tolist() == [6, 6]
    assert Scripted((0.0, GREATEST)).standard_normal(2).tolist()[0] == -8.0
    assert sorted(Scripted((0.5, 0.25, 0.75)).permutation(3).tolist()) == [0, 1, 2]


@settings(max_examples=30, derandomize=True, database=None, deadline=None)
@given(scripted_generators(boundaries=(1 / 3, 2 / 3)))
def test_a_store_can_be_asked_with_a_scripted_generator(scripted: Scripted) -> None:
    """Whatever is drawn, a prioritized store hands over rows that were written (PER-3)."""
    memory: Any = PrioritizedReplay(5).build(StoreSpec(COLUMNS, 1, scripted))  # type: ignore[arg-type]
    for t in range(3):
        memory.add(stacked([transition(0, 0, t)]), np.array([0]))
    sampled = memory.sample(4, ["observation"], beta=0.5)

    assert set(sampled["observation"][:, 2].tolist()) <= {0.0, 1.0, 2.0}


def test_names_are_those_of_the_strategies() -> None:
    """And not of the modules in which they stand."""
    assert callable(_streams_are_a_function)
    assert callable(trajectories)
    assert callable(finite_mdps)
