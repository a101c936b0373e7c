"""A vector environment that was handed over, driven in the autoreset mode that it declares.

All three modes give the same real transitions. With `F` the final observation of an episode and `R` the reset one:

    NEXT_STEP   the ending step returns F; the step after it ignores its action and returns R: a dummy, `real` is False
    SAME_STEP   the ending step returns R, and F in info["final_obs"]
    DISABLED    the ending step returns F; the pool resets those that ended, which returns R
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rlblocks._core.errors import BuildError, EnvironmentFault, RunError
from rlblocks.envs._actions import actions_of
from rlblocks.envs._batch import Batch
from rlblocks.envs._choices import choices_of
from rlblocks.envs._contract import Wrong, contract_of, raised, wrong_reset, wrong_step
from rlblocks.envs._making import close, observation_space, step_limit
from rlblocks.envs._masks import where_rows
from rlblocks.envs._replay import kept_in, same_number
from rlblocks.envs._seeding import episode_seed
from rlblocks.envs.base import Facts, Judged, Step, Tree, no_goals

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Begun = tuple[NDArray[Any], NDArray[np.bool_]]  # observations, and which actions are legal there

Vector = VectorEnv[Any, Any, Any]


def vector_facts(env: Vector, *, masked: bool = False) -> Facts:
    """What is known of each environment of a vector environment; whether actions are masked, only a reset can tell.

    Raises:
        BuildError: its observations are of a space that is not handled.
    """
    name = vector_name(env)
    return Facts(
        name=name,
        observation_space=observation_space(env.single_observation_space, name),
        first=int(getattr(env.single_observation_space, "start", 0)),
        action_space=env.single_action_space,
        reward_threshold=env.spec.reward_threshold if env.spec else None,
        max_episode_steps=_step_limit(env),
        renders="rgb_array" in (env.metadata.get("render_modes") or ()),
        fps=int(env.metadata.get("render_fps") or 30),
        n=env.num_envs,
        takes_wrappers=False,
        masked=masked,
    )


def _step_limit(env: Vector) -> int | None:
    """The time limit of its episodes: the widest of those around its environments, where these can be looked at."""
    if env.spec and env.spec.max_episode_steps:
        return int(env.spec.max_episode_steps)
    inside = env.unwrapped
    limits = [step_limit(one) for one in inside.envs] if isinstance(inside, SyncVectorEnv) else [None]
    return None if None in limits else max(limit for limit in limits if limit is not None)


def vector_name(env: Vector) -> str:
    """What messages call a vector environment."""
    return env.spec.id if env.spec else type(env.unwrapped).__name__


def declared_mode(env: Vector) -> AutoresetMode:
    """The autoreset mode that a vector environment declares.

    Raises:
        BuildError: it declares none, so nobody can tell which of its transitions are real.
    """
    declared = env.metadata.get("autoreset_mode")
    try:
        return AutoresetMode(declared)
    except ValueError:
        said = "declares no autoreset mode" if declared is None else f"declares the autoreset mode {declared!r}"
        raise BuildError(
            f"the vector environment {vector_name(env)} {said}, so its real transitions cannot be told from others",
            fix='set its metadata["autoreset_mode"] to gymnasium.vector.AutoresetMode.NEXT_STEP, SAME_STEP or DISABLED',
        ) from None


class Kept(Protocol):
    """What a vector environment has besides where all that happens next is written down."""

    def state(self) -> Tree:
        """All that it remembers."""
        ...

    def load(self, state: Tree) -> None:
        """Become what `state()` described."""
        ...


class VectorPool:
    """The environments of a vector environment. See `Pool` for what its methods promise.

    One that resets only what it is told to (DISABLED) may be handed over as `kept` too: a resume then goes on exactly.
    """

    def __init__(self, env: Vector, seed: int, *, masked: bool = False, kept: Kept | None = None) -> None:
        self._env, self._seed, self._mode, self._kept = env, seed, declared_mode(env), kept
        self._facts = vector_facts(env, masked=masked)
        self._actions = actions_of(env.single_action_space, self._facts.name)
        self._batch = Batch(contract_of(env.single_observation_space, choices_of(self._facts)), env.num_envs)
        self._resets, self._steps = 0, 0
        self._now: NDArray[Any] = np.zeros(0)  # what is to be acted on
        self._over = np.zeros(self.n, bool)  # NEXT_STEP: an episode ended in the last step, so the next one is a dummy
        self._legal = np.array([self._batch.contract.choices.all_legal()] * self.n)
        self._total, self._length = np.zeros(self.n), np.zeros(self.n, np.int64)

    @property
    def n(self) -> int:
        """How many environments there are."""
        return self._batch.n

    @property
    def facts(self) -> Facts:
        """What is known of each."""
        return self._facts

    @property
    def inexact(self) -> str:
        """Why a resume cannot be bit-exact; empty where it is."""
        why = f"the vector environment {self._facts.name} resets its own episodes: a resume starts new ones"
        return "" if self._kept else why

    @property
    def action_mask(self) -> NDArray[np.bool_] | None:
        """Which actions are legal now; None where they are not masked."""
        return self._legal.copy() if self._facts.masked else None

    def reset(self) -> NDArray[Any]:
        """Start every environment; the vector environment derives their seeds from one."""
        seed, everyone = episode_seed(self._seed, 0, self._resets), np.ones(self.n, bool)
        begun: Begun = self._call("reset", None, lambda: self._reset_to(self._env.reset(seed=seed), everyone))
        self._now, self._legal = begun
        self._resets += 1
        self._over[:], self._total[:], self._length[:] = False, 0.0, 0
        return self._now.copy()

    def step(self, actions: NDArray[Any]) -> Step:
        """Apply one action to each environment; it is ignored where NEXT_STEP mode is about to reset."""
        if self._resets == 0:
            raise RunError("the environments are not running", fix="call reset, or load a state, before step")
        given = self._actions.batch(self._actions.executed(self._actions.stored(actions, self.n)))
        step: Step = self._call("step", actions, lambda: self._taken(self._env.step(given)))
        ended = step.terminated | step.truncated
        self._steps, self._now = self._steps + 1, step.observation.copy()
        self._total, self._length = np.where(ended, 0.0, self._total + step.reward), self._length + step.real
        self._length[ended] = 0
        self._over = ended if self._mode is AutoresetMode.NEXT_STEP else self._over
        if step.action_mask is not None:
            self._legal = step.action_mask.copy()
        return step

    def _taken(self, result: Any) -> Step:
        """What a step gave, checked, with true next observations."""
        if not isinstance(result, tuple) or len(result) != 5:  # noqa: PLR2004  the five of a step
            raise wrong_step(result)
        observation = next_observation = self._batch.observations(result[0])
        terminated = self._batch.flags(result[2], "terminated")
        truncated = self._batch.flags(result[3], "truncated")
        ended, real = terminated | truncated, ~self._over
        reward = self._batch.rewards(result[1], real)
        if (ended & self._over).any():
            what = "an episode ended with length 0, in the step that was to reset it"
            fix = "let the step that resets return False for both flags"
            raise Wrong(what, fix, index=int(np.argmax(ended & self._over)))
        legal = next_legal = self._batch.masks(result[4], terminated, truncated)
        if ended.any() and self._mode is AutoresetMode.SAME_STEP:
            next_observation = self._batch.with_final(observation, ended, result[4])
            legal, next_legal = self._batch.masks_with_final(result[4], terminated, truncated)
        if ended.any() and self._mode is AutoresetMode.DISABLED:
            begun, legal_at_reset = self._reset_to(self._env.reset(options={"reset_mask": ended.copy()}), ended)
            observation = where_rows(ended, begun, observation)
            legal = where_rows(ended, legal_at_reset, legal)
        total, length = self._total + reward, self._length + real
        episodes = tuple((int(i), float(total[i]), int(length[i])) for i in np.flatnonzero(ended))
        masks = (legal, next_legal) if self._facts.masked else ()
        return Step(next_observation, observation, reward, terminated, truncated, real, episodes, *masks)

    def _reset_to(self, result: Any, begun: NDArray[np.bool_]) -> Begun:
        """The observations, and which actions are legal where an episode has begun."""
        if not isinstance(result, tuple) or len(result) != 2:  # noqa: PLR2004  observation and info
            raise wrong_reset(result)
        return self._batch.observations(result[0]), self._batch.masks(result[1], ~begun, ~begun)

    def _call(self, method: str, actions: NDArray[Any] | None, ask: Callable[[], Any]) -> Any:
        """Ask the vector environment for something, and turn whatever goes wrong into a fault."""
        try:
            return ask()
        except Wrong as wrong:
            raise self._fault(wrong, actions) from None
        except Exception as error:
            raise self._fault(raised(method, error), actions) from error

    def _fault(self, wrong: Wrong, actions: NDArray[Any] | None) -> EnvironmentFault:
        seed = episode_seed(self._seed, 0, self._resets if actions is None else self._resets - 1)
        return vector_fault(self._facts.name, wrong, actions, 0 if actions is None else self._steps + 1, seed)

    def judge(self, achieved: NDArray[Any], desired: NDArray[Any]) -> Judged:
        """Nothing: the goals of a vector environment that was handed over are not looked at."""
        return no_goals(achieved, desired)

    def under_way(self) -> tuple[tuple[int, float, int], ...]:
        """What is known of the present episode of each environment."""
        return tuple((i, float(self._total[i]), int(self._length[i])) for i in range(self.n))

    def render(self) -> NDArray[np.uint8] | None:
        """The picture of environment 0, or None where it does not draw."""
        if self._env.render_mode != "rgb_array":
            return None
        frames = self._env.render()
        return np.asarray(frames[0], dtype=np.uint8) if frames is not None else None

    def state(self) -> Tree:
        """How often it was reset, which is enough for new episodes; of one that is kept, where its episodes are."""
        counts = {"seed": self._seed, "environments": self.n, "resets": self._resets, "steps": self._steps}
        if self._kept is None:
            return counts
        places = {"now": self._now, "legal": self._legal, "total": self._total, "length": self._length}
        return {**counts, "kept": self._kept.state(), **{name: value.copy() for name, value in places.items()}}

    def load(self, state: Tree) -> NDArray[Any]:
        """Go on in the same episodes where they are kept, else start new ones with a seed that was not used before.

        Raises:
            CheckpointError: another number of environments was saved, or one that is kept without its episodes.
        """
        same_number(int(state["environments"]), self.n)
        self._seed, self._resets, self._steps = int(state["seed"]), int(state["resets"]), int(state["steps"])
        if self._kept is None:
            return self.reset()
        self._kept.load(kept_in(state, self._facts.name))
        places = (np.array(state[name]) for name in ("now", "legal", "total", "length"))
        self._now, self._legal, self._total, self._length = places
        return self._now.copy()

    def close(self) -> None:
        """Close the vector environment."""
        close(self._env)


def vector_fault(name: str, wrong: Wrong, actions: NDArray[Any] | None, step: int, seed: int) -> EnvironmentFault:
    """The error that says which row where there is one, when, after which action, and how to mend it."""
    row = wrong.index
    action = None if actions is None else actions.tolist() if row is None else actions[row].tolist()
    who = f"vector environment {name!r}" + ("" if row is None else f" #{row}")
    when = "at its reset" if actions is None else f"step {step}"
    after = "" if actions is None else f", last action {action}"
    return EnvironmentFault(
        f"{who}, {when}: {wrong.what} (seed {seed}{after})", fix=wrong.fix,
        environment=name, index=row, step=step, seed=seed, action=action,
    )  # fmt: skip
