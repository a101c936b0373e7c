"""The loop: clocks fire exactly, rows and counters are right, and the printed learn step compiles to one graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rlblocks.recipes import PATCHES, dqn, huber, n_step, noisy, prioritized

from rlblocks import EnvSteps, Episodes, OfRun, Recipe, RunError, Updates, block, compose, read, wire
from rlblocks._core import loop as loops
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build
from rlblocks.cadences import LearnEvery
from rlblocks.envs import as_environment
from rlblocks.explorers import EpsilonGreedy, Explorer
from rlblocks.schedules import Linear
from rlblocks.stores import UniformReplay
from rlblocks.target_updates import HardCopy, Polyak, SameAsOnline
from tests.core.odd_blocks import unregistered
from tests.core.small_blocks import (
    Doubled,
    FromDoubled,
    NotANumberAt,
    objective,
    parameters,
    ran,
    small,
    two_objectives,
)
from tests.states import CPU, state_of

LENGTH = 5


class Corridor(gymnasium.Env[Any, Any]):
    """Observes (episode, t), pays t, and ends every episode at five: even ones by termination, odd ones by time."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self) -> None:
        self.episode, self.t = -1, 0

    def observe(self) -> Any:
        return np.array([self.episode, self.t], np.float32)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        self.episode, self.t = self.episode + 1, 0
        return self.observe(), {}

    def step(self, action: Any) -> Any:
        self.t += 1
        over = self.t == LENGTH
        return self.observe(), float(self.t), over and self.episode % 2 == 0, over and self.episode % 2 == 1, {}


with unregistered():

    @block("test/first_action")
    class FirstAction(Explorer):
        """Always the first."""

        inputs = {"observation": read("observation")}

        def compute(self, *, observation: Any) -> Any:
            return torch.zeros(observation.shape[0], dtype=torch.int64)

        def evaluation(self) -> Explorer:
            """Itself."""
            return self


def corridor(n: int = 1, **numbers: Any) -> Recipe:
    made = dqn().swap(env=as_environment(Corridor)).set({"env.n": n})
    return small(made, **{"store.capacity": 1_000, **numbers})


def in_vectors(mode: AutoresetMode, n: int = 2) -> Recipe:
    """The same corridor in a vector environment that resets in its own way."""

    def make() -> Any:
        return SyncVectorEnv([Corridor] * n, autoreset_mode=mode)

    return small(dqn().swap(env=as_environment(make), store=UniformReplay(1_000)))


def rows_of(state: State) -> Any:
    return state.memory.contents()


# -- clocks


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("every", [EnvSteps(7), Updates(3), Episodes(4), OfRun(0.1)])
def test_a_target_follows_as_often_as_its_clock_fires(every: Any, n: int, monkeypatch: Any) -> None:
    """⌊t/k⌋ times on each clock, for any number of environments."""
    calls: list[int] = []
    monkeypatch.setattr(HardCopy, "compute", lambda *_, **__: calls.append(1))
    recipe = corridor(n).swap({"target_updates.q": HardCopy(every)}).set({"cadence.updates": 0.5})
    state = state_of(recipe, steps=90)
    calls.clear()
    for _ in Loop(state).steps():
        assert len(calls) == every.fired(state.counters)

    assert len(calls) == every.fired(state.counters) >= 4


def test_a_clock_that_fires_twice_in_a_step_is_followed_twice() -> None:
    """Four environments cross a duration of two twice in one step: θ⁻ moves by 1 − (1 − τ)²."""
    recipe = corridor(4).swap({"target_updates.q": Polyak(0.5, every=EnvSteps(2))})
    state = state_of(recipe, steps=20)
    name, moving = next(iter(state.target["q"].state_dict().items()))
    online = state.online["q"].state_dict()[name]
    moving.zero_()
    next(Loop(state).steps())
    state.pool.close()

    assert state.counters.env_steps == 20
    assert torch.allclose(moving, (1 - 0.5**10) * online)


def test_a_hard_copy_is_the_online_network_at_its_time() -> None:
    """And stays as it was until the next one."""
    state = state_of(corridor().swap({"target_updates.q": HardCopy(Updates(10))}), steps=60)
    seen: dict[int, Any] = {}
    for _ in Loop(state).steps():
        online, target = (next(iter(kind["q"].state_dict().values())) for kind in (state.online, state.target))
        seen[state.counters.updates] = (online.clone(), target.clone())
    state.pool.close()

    for updates, (_, target) in seen.items():
        last = updates // 10 * 10
        assert torch.equal(target, seen[last][0] if last else seen[0][1])


def test_a_loop_made_anew_does_not_fire_again() -> None:
    """What fired before a checkpoint stays in the past."""
    state = ran(corridor().swap({"target_updates.q": HardCopy(EnvSteps(7))}), 60)
    before = {name: value.clone() for name, value in state.target["q"].state_dict().items()}
    for _ in Loop(state).steps():
        pass

    assert all(torch.equal(before[name], value) for name, value in state.target["q"].state_dict().items())


@pytest.mark.parametrize("piece", [1, 3, 256])
def test_handing_back_control_changes_nothing(piece: int, monkeypatch: Any) -> None:
    """A long collect that pauses more often does the same."""
    monkeypatch.setattr(loops, "PIECE", piece)
    state = ran(corridor(2), 60)

    assert (state.counters.warmup_steps, state.counters.updates) == (20, 40)
    assert parameters(state).keys() == _WHOLE.setdefault("parameters", parameters(state)).keys()
    assert all(torch.equal(value, _WHOLE["parameters"][name]) for name, value in parameters(state).items())


_WHOLE: dict[str, Any] = {}


# -- exploration, warm-up and the ratio


def test_exploration_counts_environment_steps_warm_up_included() -> None:
    """ε at step t is the schedule at t, whoever acted before and however many environments there are."""
    epsilon = EpsilonGreedy(Linear(1.0, 0.0, over=EnvSteps(100)))
    state = state_of(corridor(2).swap(explorer=epsilon), steps=60)
    seen: list[tuple[int, float]] = []
    run = Loop(state)
    acting = run._acts["act"]
    call = acting._call.function

    def watched(chunk: Any, numbers: Any, draws: Any) -> Any:
        seen.append((state.counters.env_steps, numbers["explorer.epsilon"].item()))
        return call(chunk, numbers, draws)

    acting._call.function = watched
    for _ in run.steps():
        pass
    state.pool.close()

    assert seen == [(t, pytest.approx(1 - t / 100)) for t in range(20, 60, 2)]


def test_warm_up_acts_uniformly_and_then_no_more() -> None:
    """Every action is taken in the warm-up; an explorer of its own acts afterwards."""
    state = ran(corridor().swap(explorer=FirstAction()), 60)
    actions = rows_of(state)["action"]

    assert 0 < actions[:20].sum() < 20
    assert (actions[20:] == 0).all()
    assert state.counters.warmup_steps == 20


def test_learning_begins_when_the_store_holds_enough() -> None:
    """Rows that wait in an n-step store do not count."""
    state = state_of(n_step(4)(corridor()), steps=60)
    held = [(len(state.memory), state.counters.updates) for _ in Loop(state).steps()]
    state.pool.close()

    assert all(rows >= 20 for rows, updates in held if updates)
    assert min(rows for rows, updates in held if updates) < 25


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize(("every", "updates"), [(1, 0.25), (1, 2), (4, 1), (3, 1.5)])
def test_the_ratio_is_exact(n: int, every: int, updates: float) -> None:
    """⌊updates · ⌊(t − warm-up) / every⌋⌋ learn steps, for any number of environments."""
    cadence = LearnEvery(EnvSteps(every), updates=updates, batch=4, warmup=12)
    counters = ran(corridor(n).swap(cadence=cadence), 40).counters

    assert counters.warmup_steps == 12
    assert 40 <= counters.env_steps < 40 + n
    assert counters.updates == int(updates * ((counters.env_steps - 12) // every))


# -- rows


def test_rows_are_what_happened() -> None:
    """Observation, reward, flags and true successor of each step; a reset observation never follows an end."""
    rows = rows_of(ran(corridor(), 40))
    t = np.arange(40) % LENGTH
    episode = np.arange(40) // LENGTH
    last = t == LENGTH - 1

    assert rows["observation"].tolist() == np.stack([episode, t], 1).tolist()
    assert rows["next.observation"].tolist() == np.stack([episode, t + 1], 1).tolist()
    assert rows["reward"].tolist() == (t + 1.0).tolist()
    assert rows["terminated"].tolist() == (last & (episode % 2 == 0)).tolist()
    assert rows["truncated"].tolist() == (last & (episode % 2 == 1)).tolist()


@pytest.mark.parametrize("gamma", [0.0, 0.9, 1.0])
def test_the_discount_is_zero_only_at_terminations(gamma: float) -> None:
    """γ·(1 − terminated): a truncated row is bootstrapped from."""
    rows = rows_of(ran(corridor(2, gamma=gamma), 40))

    assert rows["discount"] == pytest.approx(gamma * (1 - rows["terminated"]))
    assert (rows["discount"][rows["truncated"]] == np.float32(gamma)).all()


MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED]


@pytest.mark.parametrize("mode", MODES)
def test_every_autoreset_mode_gives_the_same_rows(mode: AutoresetMode) -> None:
    """A dummy step is neither stored nor counted, in the warm-up neither, and the ratio stays exact."""
    state = ran(in_vectors(mode), 60)
    rows, counters = rows_of(state), state.counters

    assert counters.env_steps == len(rows["reward"]) >= 60
    assert counters.updates == counters.env_steps - counters.warmup_steps
    assert counters.warmup_steps >= 20
    ends = rows["terminated"] | rows["truncated"]
    assert counters.episodes == ends.sum() == (rows["reward"] == LENGTH).sum()
    assert (rows["next.observation"][:, 1] == rows["observation"][:, 1] + 1).all()
    assert (rows["next.observation"][:, 0] == rows["observation"][:, 0]).all()


def test_one_environment_may_take_a_dummy_step_alone() -> None:
    """Then there is no row at all in that step."""
    state = ran(in_vectors(AutoresetMode.NEXT_STEP, n=1), 40)

    assert state.counters.env_steps == len(rows_of(state)["reward"]) == 40
    assert state.counters.warmup_steps == 20


# -- episodes


@pytest.mark.parametrize("n", [1, 3])
def test_episodes_are_dated_by_the_step_that_ended_them(n: int) -> None:
    """Environment steps over all environments, environment, return and length; also those within a long warm-up."""
    state = state_of(corridor(n), steps=60)
    run, found = Loop(state), []
    for _ in run.steps():
        found += run.episodes
        run.episodes.clear()
    state.pool.close()

    value = float(sum(range(1, LENGTH + 1)))
    assert found == [(at, i, value, LENGTH) for at in range(LENGTH * n, 61, LENGTH * n) for i in range(n)]
    assert state.counters.episodes == len(found)


# -- learning


def test_priorities_are_fed_the_error_of_their_rows() -> None:
    """What the learn step writes as error arrives at the store, row by row, after every learn step."""
    state = state_of(prioritized(corridor()), steps=40)
    memory, fed = state.memory, []

    class Watched:
        """The memory, and a list of what it was fed."""

        def __len__(self) -> int:
            return len(memory)

        def __getattr__(self, name: str) -> Any:
            return getattr(memory, name)

        def feed(self, **given: Any) -> None:
            fed.append(given)
            memory.feed(**given)

    state.memory = Watched()  # type: ignore[assignment]
    run, errors = Loop(state), []
    for _ in run.steps():
        if state.counters.updates > len(errors):
            errors.append(run.last["q.error"].numpy().copy())
    state.pool.close()

    assert len(fed) == len(errors) == state.counters.updates == 20
    assert all(set(given) == {"priority"} for given in fed)
    assert all((given["priority"] == error).all() for given, error in zip(fed, errors, strict=True))
    assert not (errors[0] == errors[-1]).all()


def test_an_objective_learns_when_it_is_its_turn() -> None:
    """Every second, and every third, learn step; the others move nothing of it."""
    base = two_objectives()
    late = attrs.evolve(base.get("objectives.model"), every=Updates(3))
    state = state_of(
        attrs.evolve(base, objectives={"model": late, "q": objective(trains=("q",))}), steps=40
    )  # fmt: skip
    run, before = Loop(state), parameters(state)
    turns, moved = [], []
    for _ in run.steps():
        now = parameters(state)
        if "model.loss" in run.last and state.counters.updates not in turns:
            turns.append(state.counters.updates)
        if any(not torch.equal(now[k], before[k]) for k in now if k.startswith("model.")):
            moved.append(state.counters.updates)
        before = now
    state.pool.close()

    assert turns == list(range(3, 21, 3))
    assert moved == turns


def test_a_late_objective_has_its_own_time() -> None:
    """Adam's corrections count its own steps: the first one is not taken for the third."""
    base = two_objectives()
    late = attrs.evolve(base.get("objectives.model"), every=Updates(3))
    state = state_of(attrs.evolve(base, objectives={"model": late, "q": objective(trains=("q",))}), steps=40)
    run, seen = Loop(state), {}
    for _ in run.steps():
        if run._sampling is not None:
            numbers = run._sampling._update._call.numbers(
                attrs.evolve(state.counters, updates=state.counters.updates - 1)
            )
            own, usual = (f"objectives.{name}.optimizer.damping" for name in ("model", "q"))
            seen[state.counters.updates] = (numbers[own].item(), numbers[usual].item())
    state.pool.close()

    assert [seen[u][0] for u in (3, 6, 9)] == [seen[u][1] for u in (1, 2, 3)]


def test_prepare_runs_once_for_each_chunk() -> None:
    """One call a sample; its column reaches the learn step."""
    recipe = small(attrs.evolve(dqn(), prepare=(Doubled(),), objectives={"q": objective(target=FromDoubled())}))
    state = state_of(recipe, steps=40)
    run, calls = Loop(state), []

    def counted(call: Any) -> Any:
        def prepare(chunk: Any) -> Any:
            calls.append(set(chunk))
            return call(chunk)

        return prepare

    for _ in run.steps():
        if state.counters.updates == 1 and not calls:
            run._sampling._prepare = counted(run._sampling._prepare)
            calls.append(set())
    state.pool.close()

    assert len(calls) == state.counters.updates
    assert all("doubled" not in keys for keys in calls)


def test_two_objectives_and_a_torso_learn() -> None:
    """Two hundred steps: every parameter of every network moves, copies follow, all stays finite."""
    state = state_of(two_objectives(), steps=200)
    before, copies = parameters(state), {k: v.clone() for k, v in state.target["torso"].state_dict().items()}
    losses = []
    run = Loop(state)
    for _ in run.steps():
        if run.last:
            losses.append(float(run.last["model.loss"]))  # noqa: PERF401
    state.pool.close()
    after = parameters(state)

    assert all(not torch.equal(before[key], after[key]) for key in before)
    assert all(torch.isfinite(value).all() for value in after.values())
    assert all(not torch.equal(copies[key], value) for key, value in state.target["torso"].state_dict().items())
    assert np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])  # every reward is 1, so the model can know it


def test_the_noise_of_online_and_target_is_independent() -> None:
    """Two draws of one call differ, and so do two calls."""
    state = state_of(small(noisy(dqn()).swap(target=PATCHES["double"](dqn()).get("target"))), steps=40)
    run = Loop(state)
    for _ in run.steps():
        pass
    assert run._sampling is not None
    drawn = {name: value.clone() for name, value in run._sampling._update._call.draws().items()}
    again = run._sampling._update._call.draws()
    state.pool.close()

    assert len({tuple(value.tolist()) for value in drawn.values()}) == len(drawn) == 3
    assert all(not torch.equal(drawn[name], again[name]) for name in drawn)


@pytest.mark.parametrize("update", [1, 5])
def test_a_loss_that_is_no_number_stops_the_loop(update: int) -> None:
    """Named, with the update and the first parameter that broke."""
    state = state_of(small(dqn().swap({"losses[0]": NotANumberAt(update)})), steps=60)

    with pytest.raises(RunError) as caught:
        for _ in Loop(state).steps():
            pass
    state.pool.close()

    first = next(iter(dict(state.online["q"].named_parameters())))
    assert caught.value.what == (
        f"q.loss is nan at update {update}; the first parameter that is no number is networks.q.{first}"
    )
    assert state.counters.updates == update - 1


def test_a_network_without_a_copy_is_its_own_target() -> None:
    """`SameAsOnline` keeps one module, and nothing follows."""
    state = ran(corridor().swap({"target_updates.q": SameAsOnline()}), 40)

    assert state.target["q"] is state.online["q"]


# -- compiled


@pytest.fixture
def one_graph() -> Iterator[None]:
    """Gradients are traced into the graph; compiled code and counters are forgotten afterwards."""
    from torch._dynamo import config, reset
    from torch._dynamo.utils import counters

    before = config.trace_autograd_ops
    config.trace_autograd_ops = True
    reset()
    counters.clear()
    try:
        yield
    finally:
        config.trace_autograd_ops = before
        reset()
        counters.clear()


def test_the_learn_step_is_one_graph_and_compiled_once(one_graph: None) -> None:
    """All ideas at once: captured whole, equal to eager within rounding, never compiled again while numbers move."""
    from torch._dynamo.utils import counters

    ideas = [PATCHES[name] for name in ("double", "prioritized", "dueling", "noisy")]
    recipe = compose(*ideas, n_step(3), huber)(dqn())
    recipe = small(recipe, **{"cadence.warmup": 20, "cadence.updates": 1})
    frames: list[int] = []

    def compiled(function: Any) -> Any:
        return torch.compile(function, fullgraph=True, dynamic=False, backend="aot_eager")

    eager, other = (build(wire(recipe), seed=3, budget=44, device=CPU) for _ in range(2))
    for _ in Loop(eager).steps():
        pass
    run = Loop(other, compiled)
    for _ in run.steps():
        if other.counters.updates:
            frames.append(counters["stats"]["unique_graphs"])  # noqa: PERF401
    for state in (eager, other):
        state.pool.close()

    assert other.counters.updates >= 20
    assert set(frames) == {1}
    assert counters["graph_break"] == {}
    ours, theirs = parameters(other), parameters(eager)
    assert all(torch.allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6) for name in theirs)
