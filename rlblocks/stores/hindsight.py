"""Hindsight experience replay, for any store (Andrychowicz et al., 2017)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import BuildError, RunError
from rlblocks.functional.replay import later_steps
from rlblocks.stores._inner import (
    CONSECUTIVE,
    DRAINED,
    SINGLE,
    debts_inside,
    inputs_inside,
    outputs_inside,
    refuse,
    rows_inside,
    specs_inside,
)
from rlblocks.stores._lanes import Lanes
from rlblocks.stores.base import Rows, SampledMemory, Store, StoreSpec, Tree
from rlblocks.stores.uniform_replay import UniformReplay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rlblocks._core.keys import Spec
    from rlblocks.envs.base import Facts

ROOM = 64  # steps for which there is room at first; it doubles as often as an episode needs
ACHIEVED, DESIRED = "next.achieved_goal", "desired_goal"
ENDS_IN_GOAL = ("observation", "next.observation")
NEEDS = (*ENDS_IN_GOAL, "reward", "discount", ACHIEVED, DESIRED)


@block("hindsight")
class Hindsight(Store):
    """Remembers every step, and when its episode ends k copies of it besides, with goals that were achieved later on.

    r' = r(s_t, a_t, g') and (s_t‖g', a_t, r', s_{t+1}‖g') for k goals g' = m(s_{j+1}), j uniform in t … T−1, of one
    episode of T steps: the strategy "future" (Andrychowicz et al., 2017, algorithm 1 and section 4.5), m the map from
    states to the goals that they achieve. r' is what the environment's `compute_reward` pays; every step of an episode
    is held against it, so that a reward that is more than its goals is an error, not a bias.

    A copy's `terminated` is set where the environment's `compute_terminated` says so, and its `discount` is then 0; a
    step after which there really was no next state stays terminated. `truncated` and the other columns are the step's.

    Attributes:
        inner: the store that is handed steps and copies; one that samples.
        goals: k, how many copies of each step, at least 1.

    >>> from rlblocks._core.keys import Spec
    >>> vector, goal, flag = Spec((2,)), Spec((1,)), Spec((), "bool")
    >>> columns = {"observation": vector, "next.observation": vector, "desired_goal": goal, "next.achieved_goal": goal}
    >>> columns |= {"reward": Spec(), "discount": Spec(), "terminated": flag, "truncated": flag}
    >>> judge = lambda achieved, desired: ((achieved == desired)[:, 0] - 1.0, np.zeros(len(desired), bool))
    >>> memory = Hindsight(UniformReplay(9), goals=1).build(StoreSpec(columns, 1, np.random.default_rng(0), judge))
    >>> for t, over in ((1.0, False), (2.0, True)):
    ...     row = {"observation": [[t - 1, 9.0]], "next.observation": [[t, 9.0]], "desired_goal": [[9.0]]}
    ...     row |= {"next.achieved_goal": [[t]], "reward": [-1.0], "discount": [0.9]}
    ...     row |= {"terminated": [False], "truncated": [over]}
    ...     memory.add({key: np.array(value) for key, value in row.items()}, np.array([0]))
    >>> memory.contents()["desired_goal"][:, 0].tolist(), memory.contents()["reward"].tolist()
    ([9.0, 9.0, 2.0, 2.0], [-1.0, -1.0, -1.0, 0.0])

    Differs from the paper: the k goals are drawn once, when an episode ends. They are drawn with replacement, so that
    two copies of a step may be equal.
    """

    equation = "g' = m(s_{j+1}), j ~ U{t, …, T−1}; r' = r(s_t, a_t, g')"
    tags = {"keeps": "relabelled copies too", "takes": "single steps"}

    inner: Store = fields.slot("stores", lambda: UniformReplay(1_000_000))
    goals: int = fields.integer(4, ge=1, unit="copies of a step")

    outputs = property(outputs_inside)  # a wrapper answers for what it wraps
    specs = property(specs_inside)
    debts = property(debts_inside)
    inputs = property(inputs_inside)
    most_rows = rows_inside

    def __attrs_post_init__(self) -> None:
        refuse(self, {
            DRAINED: ("whose rows are drained once, as they were acted",
                      "use a store that samples, and an algorithm that learns off-policy"),
            CONSECUTIVE: ("which joins consecutive steps, and every copy has a goal of its own",
                          "put the store inside it there: Hindsight(UniformReplay(...))"),
            SINGLE: ("which would relabel what is relabelled",
                     f"write one of them, with more goals: goals={self.goals * 2}"),
        })  # fmt: skip

    def build(self, spec: StoreSpec) -> SampledMemory:
        """Make the memory inside, and room for the episodes under way.

        Raises:
            BuildError: nothing writes the goals, or observations are no vectors that end in one.
        """
        _require_goals(spec.columns)
        lanes = Lanes("Hindsight", spec, ROOM, sys.maxsize, self.row_bytes(spec.columns))
        return HindsightMemory(cast("SampledMemory", self.inner.build(spec)), lanes, self.goals, spec)

    def misfit(self, facts: Facts) -> str:
        """See `Store.misfit`: there must be goals."""
        if facts.goals is not None:
            return self.inner.misfit(facts)
        around = "use Gym(...) with a goal environment in the wrapper Goal()"
        fix = "use a goal environment in the wrapper Goal()" if facts.takes_wrappers else around
        return f"changes goals, and {facts.name} tells none; {fix}, or use the store {type(self.inner).__name__} alone"

    def row_bytes(self, columns: Mapping[str, Spec]) -> int:
        """As the store inside: the episodes under way do not count."""
        return self.inner.row_bytes(columns)


def _require_goals(columns: Mapping[str, Spec]) -> None:
    """Refuse columns without goals, and observations that are no vectors that end in one."""
    missing = [name for name in NEEDS if name not in columns]
    if missing:
        raise BuildError(
            f"Hindsight changes goals, but nothing writes {', '.join(missing)}",
            fix="wrap a goal environment in Goal(), as in wrappers=(Goal(),)", missing=missing,
        )  # fmt: skip
    goal, seen = columns[DESIRED].shape, columns["observation"].shape
    if columns[ACHIEVED].shape != goal or len(goal) != 1 or len(seen) != 1 or seen < goal:
        raise BuildError(
            f"Hindsight changes vectors of goals at the end of vectors, but goals are {list(goal)}, goals achieved "
            f"{list(columns[ACHIEVED].shape)} and observations {list(seen)}",
            fix="let Goal() join observations and goals", goal=goal, observation=seen,
        )  # fmt: skip


class HindsightMemory:
    """A memory, and beside it the steps of the episodes that have not ended.

    Attributes:
        inner: the memory of steps and copies.
        lanes: the steps of the present episode of each environment.
    """

    def __init__(self, inner: SampledMemory, lanes: Lanes, goals: int, spec: StoreSpec) -> None:
        self.inner, self.lanes = inner, lanes
        self._goals, self._generator, self._judge = goals, spec.generator, spec.judge

    def __len__(self) -> int:
        return len(self.inner)

    def add(self, rows: Rows, environments: NDArray[np.int64]) -> None:
        """Remember one step of each environment, and copies of the steps of episodes that have ended with it.

        Raises:
            RunError: the rows are not those that it was built for, and nothing was written; or the environment does
                not pay what its `compute_reward` says.
        """
        self.lanes.add(rows, environments)
        self.inner.add(rows, environments)
        over = rows["terminated"] | rows["truncated"]
        for environment in environments[over].tolist():
            episode = self.lanes.lane(environment)
            self.lanes.clear(environment)
            copies = self._relabelled(episode, environment)
            self.inner.add(copies, np.full(len(copies["reward"]), environment, np.int64))

    def _relabelled(self, episode: Rows, environment: int) -> dict[str, NDArray[Any]]:
        """The copies of an episode's steps, step by step: k of each, with goals that it achieved from there on."""
        length = len(episode["reward"])
        step = np.repeat(np.arange(length), self._goals)
        goal = episode[ACHIEVED][later_steps(self._generator.random((length, self._goals))).ravel()]
        achieved, desired = (
            np.concatenate(pair) for pair in ((episode[ACHIEVED], episode[ACHIEVED][step]), (episode[DESIRED], goal))
        )
        reward, terminated = self._judge(achieved, desired)
        self._require_paid(episode["reward"], reward[:length], environment)
        copies = {name: column[step] for name, column in episode.items()}
        for name in ENDS_IN_GOAL:
            copies[name][:, -goal.shape[1] :] = goal
        copies |= {DESIRED: goal, "reward": reward[length:]}
        copies["terminated"] |= terminated[length:]
        copies["discount"][copies["terminated"]] = 0.0
        return copies

    def _require_paid(self, paid: NDArray[Any], due: NDArray[np.float64], environment: int) -> None:
        """Refuse rewards that are more than the goals: copies would be paid by another rule than the steps were."""
        wrong = np.flatnonzero(~np.isclose(paid, due, rtol=1e-5, atol=1e-6))
        if wrong.size:
            step = int(wrong[0])
            raise RunError(
                f"step {step + 1} of an episode of environment {environment} paid {float(paid[step]):g}, but its "
                f"compute_reward says {float(due[step]):g}, so that Hindsight would pay copies by another rule",
                fix="let compute_reward(achieved_goal, desired_goal, info) be the whole reward, also with an empty "
                "info, and take out wrappers that change rewards",
                environment=environment, step=step + 1, paid=float(paid[step]), due=float(due[step]),
            )  # fmt: skip

    def sample(self, batch: int, keys: Sequence[str], **numbers: float) -> dict[str, NDArray[Any]]:
        """Steps and copies, as the memory inside picks them."""
        return self.inner.sample(batch, keys, **numbers)

    def feed(self, **fed: NDArray[Any]) -> None:
        """Hand back to the memory inside."""
        self.inner.feed(**fed)

    def cut(self) -> None:
        """Let go of the episodes under way, of which there will be no copies; their steps stay."""
        self.lanes.clear_all()
        self.inner.cut()

    def contents(self) -> dict[str, NDArray[Any]]:
        """Every step and copy held, oldest first."""
        return self.inner.contents()

    def state(self) -> Tree:
        """The memory inside, and the episodes under way."""
        return {"inner": self.inner.state(), "lanes": self.lanes.state()}

    def load(self, state: Tree) -> None:
        """Become what `state()` described.

        Raises:
            CheckpointError: it describes other columns or another number of environments. Nothing was changed.
        """
        self.lanes.require(state["lanes"])
        self.inner.load(state["inner"])
        self.lanes.load(state["lanes"])
