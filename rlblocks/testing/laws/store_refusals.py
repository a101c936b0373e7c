"""BUF, DRN, HER, PER: what stores refuse when they are built or loaded, and not in the middle of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from gymnasium import spaces
from hypothesis import strategies as st

from rlblocks._core.keys import Spec
from rlblocks.envs.base import Facts
from rlblocks.schedules import Constant
from rlblocks.stores.base import StoreSpec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._drained import LANES, drained
from rlblocks.testing._law import law
from rlblocks.testing._memories import (
    COUNTED,
    KEYS,
    Numbered,
    Subject,
    holds_the_newest,
    is_drained,
    sampled,
    small,
    through_checkpoint,
)
from rlblocks.testing.laws.drained_memories import of_episodes
from rlblocks.testing.laws.hindsight_stores import relabelling
from rlblocks.testing.laws.prioritized_stores import proportional, with_setting
from rlblocks.testing.oracles import like
from rlblocks.testing.streams import COLUMNS, Rows, judged, one_episode, stacked, transition

GOALS = ("desired_goal", "next.achieved_goal")
SEEN = ("observation", "next.observation")


def refuses(act: Any) -> bool:
    """Whether something is refused."""
    try:
        act()
    except Exception:  # noqa: BLE001  any refusal is one
        return True
    return False


def built(block: Any, changed: Mapping[str, Spec | None], environments: int = 1) -> Any:
    """A memory of other columns than those of a stream; None takes one out."""
    counts = block.tags.get("takes") == "counted states"
    columns: dict[str, Any] = {**(COUNTED if counts else COLUMNS), **changed}
    kept = {name: spec for name, spec in columns.items() if spec is not None}
    memory = block.build(StoreSpec(kept, environments, np.random.default_rng(0), judged))
    return Numbered(memory) if counts else memory


def as_columns(rows: Rows, changed: Mapping[str, Spec | None]) -> Rows:
    """Rows of a stream as rows of other columns: a column in another form holds 0."""
    made = {name: column for name, column in rows.items() if changed.get(name, COLUMNS[name]) is not None}
    many = len(rows["action"])
    return made | {n: np.zeros((many, *spec.shape), spec.dtype) for n, spec in changed.items() if spec is not None}


@law("BUF-23", role="stores", since="0.1", needs=sampled, examples=20)
def lacking_columns_are_refused_at_once(case: Case) -> None:
    """What it cannot do without is refused when it is built; without any other column it works.

    A refusal at the first write, or at the end of the first episode, would come when a run is under way.
    """
    name, block = case.draw(st.sampled_from(KEYS), "missing"), small(case.block, 9)
    case.say(f"memory = {block!r}.build(...)  # without the column {name}")
    try:
        memory = built(block, {name: None})
    except Exception as error:  # noqa: BLE001  any refusal is one
        require(name in str(error), f"without {name} it is refused, and the refusal does not name it: {error}")
        return
    try:
        for t in range(5):
            rows = as_columns(stacked([transition(0, 0, t, truncated=t == 4)]), {name: None})  # noqa: PLR2004  the last
            memory.add(rows, np.zeros(1, np.int64))
        held = len(memory)
    except Exception as error:  # noqa: BLE001  any refusal is one
        require(False, f"without {name} it was built, and refused rows without it later: {error}")
    require(held or not holds_the_newest(block), f"without {name} it holds nothing of an episode of five steps")


OTHERS: dict[str, dict[str, Spec | None]] = {
    "a column too few": {"picture": None},
    "numbers for bytes": {"picture": Spec((2, 2))},
    "larger pictures": {"picture": Spec((2, 3), "uint8")},
    "a column too many": {"surplus": Spec()},
}


@law("GEN-21c", role="stores", since="0.1", examples=16)
def saved_misfits_change_nothing(case: Case) -> None:
    """What was saved of other columns is refused, and nothing has changed; so is an episode longer than it takes.

    Of more rows than fit it holds no more than it says, or refuses them. A checkpoint is of the recipe that wrote it.
    """
    name = case.draw(st.sampled_from([*OTHERS, "more rows"]), "saved")
    block, changed, steps = small(case.block, 4), OTHERS.get(name, {}), 8 if name == "more rows" else 3
    limited = name == "more rows" and "longest" in attrs.fields_dict(type(block))
    block = attrs.evolve(block, longest=5) if limited else block
    case.say(f"memory = {block!r}.build(...)  # loads a state with {name}")
    other = built(small(case.block, 9) if name == "more rows" else block, changed)
    for write in one_episode(steps).writes:
        rows, who = write.arguments()
        other.add(as_columns(rows, changed), who)
    saved = through_checkpoint(other.state())
    subject = Subject(block, 1).fill(one_episode(2))
    before = subject.snapshot()
    if refuses(lambda: subject.memory.load(saved)):
        same(subject.snapshot(), before, f"after a state with {name} was refused, the state")
        return
    require(name == "more rows" and not limited, f"a state with {name} was loaded")
    most = np.prod(block.chunk(1)) if is_drained(block) else block.most_rows()
    require(len(subject.memory) <= most, f"it was loaded with {len(subject.memory)} rows, and holds at most {most}")


# --- drained stores


@law("DRN-18", role="stores", since="0.1", needs=drained, examples=10)
def nothing_comes_before_it_is_due(case: Case) -> None:
    """Nothing is handed over before as many steps as it announces; where each ends an episode, just then.

    So much of a run is collected at least before anything is learnt.

    Formula: least_rows(E) = the fewest steps, summed over E environments, after which there is a chunk
    """
    block, environments = small(case.block, case.draw(st.integers(1, 6))), case.draw(st.integers(1, 3), "environments")
    least = block.least_rows(environments)
    case.say(f"{block!r}.least_rows(environments)")
    subject, writes = Subject(block, environments), 0
    while not len(subject.memory) and writes <= 2 * least:
        rows = stacked([transition(e, writes, 0, truncated=True) for e in range(environments)])
        subject.memory.add(rows, np.arange(environments))
        writes += 1
    taken = writes * environments
    require(taken >= least, f"it says that {least} steps are taken at least, and hands over after {taken}")
    known = like(block) in LANES
    require(not known or taken - environments < least, f"it says {least} steps at least, and hands over after {taken}")


@law("DRN-19", role="stores", since="0.1", needs=of_episodes, examples=10)
def only_short_episodes_fit(case: Case) -> None:
    """It serves environments whose episodes are never longer than it takes, up to the very step, and no others.

    Formula: misfit(facts) = "" ⇔ the limit of steps ≤ longest
    """
    longest = case.draw(st.integers(2, 9), "longest")
    block = attrs.evolve(case.block, longest=longest)
    space = spaces.Discrete(2)
    for limit in (None, longest - 1, longest, longest + 1):
        for takes in (True, False):
            said = block.misfit(Facts("it", space, space, max_episode_steps=limit, takes_wrappers=takes))
            fits = limit is not None and limit <= longest
            require(fits == (said == ""), f"of episodes of at most {limit} steps it says {said!r}, with {longest=}")


# --- goals, and priorities


@law("HER-12", role="stores", since="0.1", needs=relabelling, examples=1)
def goals_are_the_end_of_what_is_observed(case: Case) -> None:
    """Observations are vectors that end in a goal, or are nothing but a goal; all else is refused when it is built.

    Also goals that are no vectors, and goals achieved of another length than those desired.
    """
    block = small(case.block, 99)
    pair, one, scalar, matrix = Spec((2,), "float64"), Spec((1,), "float64"), Spec((), "float64"), Spec((2, 2))
    wrong: list[dict[str, Spec]] = [
        {**dict.fromkeys(SEEN, one), **dict.fromkeys(GOALS, pair)},
        dict.fromkeys(SEEN, matrix),
        dict.fromkeys(GOALS, scalar),
        {"next.achieved_goal": pair},
        {"desired_goal": pair},
    ]
    for columns in wrong:
        case.say(f"{block!r}.build(...)  # of { ({name: spec.shape for name, spec in columns.items()}) }")
        require(refuses(lambda columns=columns: built(block, columns)), f"columns like {columns} were taken")
    fits = dict.fromkeys(SEEN, one)
    case.say(f"{block!r}.build(...)  # of observations that are goals")
    memory = built(block, fits)
    for t in range(3):
        rows = as_columns(stacked([transition(0, 0, t, truncated=t == 2)]), fits)  # noqa: PLR2004  the last
        memory.add({**rows, **dict.fromkeys(SEEN, rows["desired_goal"])}, np.zeros(1, np.int64))
    shown = memory.contents()
    for name in SEEN:
        same(shown[name], shown["desired_goal"], f"of observations that are goals, {name}")


@law("PER-16", role="stores", since="0.1", needs=proportional, examples=1)
def exponents_lie_between_zero_and_one(case: Case) -> None:
    """The exponents α and β lie in [0, 1], both ends included, and ε is above 0.

    Formula: 0 ≤ α ≤ 1, 0 ≤ β ≤ 1, ε > 0

    Reference: Schaul et al. (2016), sections 3.3 and 3.4.
    """
    tried: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
        "alpha": ((0.0, 0.5, 1.0), (-0.01, 1.01)),
        "beta": (tuple(map(Constant, (0.0, 0.5, 1.0))), tuple(map(Constant, (-0.01, 1.01)))),
        "epsilon": ((1e-12, 1.0, 2.0), (0.0, -1.0)),
    }
    for name, (right, wrong) in tried.items():
        case.say(f"{case.block!r}  # with other values of {name}")
        for value in right:
            with_setting(case.block, **{name: value})
        for value in wrong:
            changes = {name: value}
            require(refuses(lambda changes=changes: with_setting(case.block, **changes)), f"{name} = {value} was taken")
