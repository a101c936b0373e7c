"""HER: what a store obeys that adds copies with goals achieved later: exact, of one episode, never from the past."""

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
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import Subject, relabels, small, tell
from rlblocks.testing.laws.stores import last
from rlblocks.testing.streams import (
    COLUMNS,
    ENDS,
    STAMPED,
    Rows,
    Stream,
    Write,
    judged,
    one_episode,
    streams,
    transition,
)

LARGE = 4_000
GOALS = ("desired_goal", "observation", "next.observation")
JUDGED = ("reward", "terminated", "discount")
Columns = dict[str, NDArray[Any]]


def relabelling(block: Block) -> str:
    """Whether a store adds copies with other goals: by its name or the tag `like`."""
    return "" if relabels(block) else "it relabels no goals"


@attrs.frozen(eq=False)
class Found:
    """What a store holds after a stream.

    Attributes:
        given: the rows that it was given, by the code of their action.
        steps: those held as they came, by column.
        copies: those held with another goal, by column.
    """

    given: dict[int, Rows]
    steps: Columns
    copies: Columns

    def pairs(self) -> list[tuple[Rows, Rows]]:
        """Every copy beside the row that it is a copy of."""
        made = [{key: column[i] for key, column in self.copies.items()} for i in range(len(self.copies["action"]))]
        return [(copy, self.given[int(copy["action"])]) for copy in made]


def held(subject: Subject, stream: Stream) -> Found:
    """What a memory holds, told apart by the goals: a stamp is one that was achieved."""
    none = {key: np.empty((0, *spec.shape), spec.dtype) for key, spec in COLUMNS.items()}
    rows = subject.memory.contents() if len(subject.memory) else none
    copied = rows["desired_goal"][:, 0] >= STAMPED
    steps, copies = ({key: column[which] for key, column in rows.items()} for which in (~copied, copied))
    return Found({int(row["action"]): row for row in stream.rows()}, steps, copies)


def filled(case: Case) -> tuple[Found, Stream, int]:
    """A store that holds everything of a stream, as part of the example, and how many copies it makes of a step."""
    block, stream = attrs.evolve(small(case.block, LARGE), goals=case.draw(st.integers(1, 4))), case.draw(streams())
    tell(case, block, stream)
    return held(Subject(block, stream.environments).fill(stream), stream), stream, block.goals


def ended(stream: Stream) -> dict[tuple[int, int], int]:
    """How many steps each episode has that is over, by environment and episode."""
    return {
        (int(row["observation"][0]), int(row["observation"][1])): int(row["observation"][2]) + 1
        for row in stream.rows() if row["terminated"] or row["truncated"]
    }  # fmt: skip


def stamp(row: Any) -> tuple[int, int, int]:
    """Environment, episode and step of a row."""
    environment, episode, t = (int(x) for x in row["observation"])
    return environment, episode, t


@law("HER-1", role="stores", since="0.1", needs=relabelling, covers=(*ENDS, "environments out of phase"), examples=20)
def every_step_stays_as_it_was(case: Case) -> None:
    """Every row that it was given is there once, unchanged and in order.

    Its own goal, reward and flags included, whatever copies are made of it.
    """
    found, stream, _ = filled(case)
    same(found.steps, last(stream.rows(), LARGE), "the rows that are no copies")


@law("HER-2", role="stores", since="0.1", needs=relabelling, covers=("an end inside", "a step that waits"), examples=20)
def ended_steps_have_their_copies(case: Case) -> None:
    """Of every step of an episode that is over there are k copies, and none of a step whose episode goes on.

    However the episode ended, and whatever the other environments do.

    Formula: copies(t) = k where the episode is over, and 0 where it goes on

    Reference: Andrychowicz et al. (2017), algorithm 1.
    """
    found, stream, goals = filled(case)
    over, counts = ended(stream), Counter(int(code) for code in found.copies["action"])
    for code, row in found.given.items():
        due = goals if stamp(row)[:2] in over else 0
        case.saw("a step that waits", not due)
        require(counts[code] == due, f"of step {stamp(row)} there are {counts[code]} copies, and {due} are due")


@law("HER-3", role="stores", since="0.1", needs=relabelling, covers=(*ENDS, "several environments"), examples=20)
def goals_were_achieved_later(case: Case) -> None:
    """The goal of a copy was achieved in the same episode, by its own step or by a later one.

    Not in another environment, not in another episode, and not in the past.

    Formula: g′ = achieved(s_{i+1}) with t ≤ i < T of the same episode

    Reference: Andrychowicz et al. (2017), section 4.5: the strategy `future`.
    """
    found, stream, _ = filled(case)
    over = ended(stream)
    achieved = {float(row["next.achieved_goal"][0]): stamp(row) for row in found.given.values()}
    for copy, row in found.pairs():
        who, episode, t = stamp(row)
        goal = float(copy["desired_goal"][0])
        require(goal in achieved, f"a copy of step {stamp(row)} has the goal {goal:g}, which nobody achieved")
        require(achieved[goal][:2] == (who, episode), f"a copy of step {stamp(row)} has the goal of {achieved[goal]}")
        require(
            t <= achieved[goal][2] < over[who, episode], f"a copy of step {stamp(row)} has the goal of {achieved[goal]}"
        )


@law(
    "HER-4", role="stores", since="0.1", needs=relabelling, covers=("an end inside", "a goal not reached"), examples=20
)
def rewards_are_what_would_have_been_paid(case: Case) -> None:
    """The reward of a copy is, bit for bit, what the environment pays for its own achieved goal and the new one.

    Formula: r′ = r(achieved(s_{t+1}), g′)

    Reference: Andrychowicz et al. (2017), algorithm 1.
    """
    found, _, _ = filled(case)
    if not len(found.copies["action"]):
        return
    due, _ = judged(found.copies["next.achieved_goal"], found.copies["desired_goal"])
    case.saw("a goal not reached", (due != 0).any())
    same(found.copies["reward"], due, "the rewards of copies")


@law("HER-5", role="stores", since="0.1", needs=relabelling, covers=("an end inside",), examples=15)
def observations_tell_the_new_goal(case: Case) -> None:
    """A copy's observation ends in its new goal, and nothing else of it has changed."""
    for copy, row in filled(case)[0].pairs():
        due = np.append(row["observation"][:-1], copy["desired_goal"]).astype(np.float32)
        same(copy["observation"], due, f"of a copy of step {stamp(row)}, the observation")


@law("HER-6", role="stores", since="0.1", needs=relabelling, covers=("an end inside",), examples=15)
def next_observations_tell_the_new_goal(case: Case) -> None:
    """A copy's next observation ends in its new goal too, and nothing else of it has changed."""
    for copy, row in filled(case)[0].pairs():
        due = np.append(row["next.observation"][:-1], copy["desired_goal"]).astype(np.float32)
        same(copy["next.observation"], due, f"of a copy of step {stamp(row)}, the next observation")


@law(
    "HER-7", role="stores", since="0.1", needs=relabelling,
    covers=("a termination", "a truncation", "both flags", "an end by the new goal"), examples=20,
)  # fmt: skip
def copies_end_where_the_goal_ends_them(case: Case) -> None:
    """A copy is terminated where its new goal ends it or its step was; its discount is 0 there and else the step's.

    Truncations stay, apart from that.

    Formula: terminated′ = terminated or ends(achieved, g′); discount′ = discount·(1 − terminated′)
    """
    for copy, row in filled(case)[0].pairs():
        by_goal = bool(judged(copy["next.achieved_goal"][None], copy["desired_goal"][None])[1][0])
        due = bool(row["terminated"]) or by_goal
        case.saw("an end by the new goal", by_goal and not row["terminated"])
        require(bool(copy["terminated"]) == due, f"a copy of step {stamp(row)} has terminated = {copy['terminated']}")
        wanted = 0.0 if due else float(row["discount"])
        require(copy["discount"] == wanted, f"a copy of step {stamp(row)} has the discount {copy['discount']}")
        require(
            copy["truncated"] == row["truncated"], f"a copy of step {stamp(row)} has truncated = {copy['truncated']}"
        )


@law("HER-8", role="stores", since="0.1", needs=relabelling, covers=("an end inside",), examples=15)
def the_rest_is_the_steps(case: Case) -> None:
    """Everything else of a copy is the step's: action, achieved goal, and what the explorer wrote besides."""
    for copy, row in filled(case)[0].pairs():
        for key in copy.keys() - {*GOALS, *JUDGED, "truncated"}:
            same(copy[key], row[key], f"of a copy of step {stamp(row)}, {key}")


@law("HER-9", role="stores", since="0.1", needs=relabelling, examples=1)
def later_goals_are_equally_likely(case: Case) -> None:
    """The step that achieved a copy's goal is any from its own on with the same chance, drawn for each copy alone.

    So two copies of a first of three steps agree in a third of all cases.

    Formula: P(i) = 1/(T − t) for i = t, …, T − 1

    Reference: Andrychowicz et al. (2017), section 4.5.
    """
    block, seed, episodes = attrs.evolve(small(case.block, LARGE), goals=2), case.draw(st.integers(0, 255), "seed"), 200
    writes = [
        Write((transition(0, e, t, truncated=t == 2),), (0,), ("",))  # noqa: PLR2004  the last of three
        for e in range(episodes) for t in range(3)
    ]  # fmt: skip
    stream = Stream(1, tuple(writes))
    copies = held(Subject(block, 1, seed).fill(stream), stream).copies
    case.say(f"memory = {block!r}.build(...)  # given {episodes} episodes of three steps")
    later = (copies["desired_goal"] - copies["next.achieved_goal"])[:, 0].astype(int)
    step = (copies["next.achieved_goal"][:, 0] % 1000 - STAMPED % 1000) % 1000
    for t, chances in enumerate(((1 / 3, 1 / 3, 1 / 3), (1 / 2, 1 / 2))):
        mine = later[step == t]
        require(len(mine) == 2 * episodes, f"of {episodes} steps {t} there are {len(mine)} copies")
        shares = {f"{k} steps later": p for k, p in enumerate(chances)}
        frequencies(Counter(f"{k} steps later" for k in mine.tolist()), shares, f"goals of step {t}")
    first = later[step == 0].reshape(-1, 2)
    agree = Counter("the same" if a == b else "two" for a, b in first.tolist())
    frequencies(agree, {"the same": 1 / 3, "two": 2 / 3}, "goals of two copies of one step")


@law("HER-10", role="stores", since="0.1", needs=relabelling, covers=("steps that wait",), examples=12)
def what_is_cut_has_no_copies(case: Case) -> None:
    """Where the episodes under way end unseen, their steps stay without copies, and later episodes are as ever.

    A resumed run asks for that where its environments begin new episodes.
    """
    block, steps, more = small(case.block, LARGE), case.draw(st.integers(0, 4)), case.draw(st.integers(1, 4))
    before = one_episode(steps)
    over = [transition(0, 1, t, truncated=t == more - 1) for t in range(more)]
    after = Stream(1, tuple(Write((row,), (0,), ("",)) for row in over))
    case.say(f"memory = {block!r}.build(...)  # given {steps} steps, cut, and given an episode of {more}")
    case.saw("steps that wait", steps > 0)
    subject = Subject(block, 1).fill(before)
    subject.memory.cut()
    subject.fill(after)
    whole = Stream(1, before.writes + after.writes)
    found = held(subject, whole)
    same(found.steps, last(whole.rows(), LARGE), "the rows that are no copies")
    counts = Counter(stamp(row)[1:] for _, row in found.pairs())
    require(counts == {(1, t): block.goals for t in range(more)}, f"there are copies of the steps {sorted(counts)}")


@law("HER-11", role="stores", since="0.1", needs=relabelling, examples=6)
def other_rewards_are_refused(case: Case) -> None:
    """Where the environment pays something else than its goals say, copies are refused with a way out, not biased."""
    block, t = small(case.block, LARGE), case.draw(st.integers(0, 2), "t")
    case.say(f"memory = {block!r}.build(...)  # given an episode that pays 1 more than its goals in step t")
    rows = [transition(0, 0, k, truncated=k == 2) for k in range(3)]  # noqa: PLR2004  the last of three
    rows[t]["reward"] = rows[t]["reward"] + 1
    try:
        Subject(block, 1).fill(Stream(1, tuple(Write((row,), (0,), ("",)) for row in rows)))
    except Exception as error:  # noqa: BLE001  any refusal is one
        require(bool(getattr(error, "fix", "")), f"the refusal says nothing of what to do: {error}")
    else:
        require(False, "copies were made of steps that were paid by another rule")
