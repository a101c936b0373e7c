"""Hindsight replay: what its laws do not say, and what is said where it does not fit. See also HER-1 to HER-11."""

import numpy as np
import pytest

from rlblocks._core.declare import Read, Scheduled
from rlblocks._core.errors import BuildError, CheckpointError, FieldError, RunError
from rlblocks._core.keys import Spec
from rlblocks.envs import Gym, SuppliedVector
from rlblocks.envs.base import no_goals
from rlblocks.functional.replay import later_steps
from rlblocks.stores import Hindsight, NStep, PrioritizedReplay, Rollout, StoreSpec, UniformReplay, WholeEpisodes
from rlblocks.testing.streams import COLUMNS, judged, stacked, transition


def spec_of(environments=1, columns=COLUMNS, judge=judged, seed=0):
    """What a store of goals is built for."""
    return StoreSpec(columns, environments, np.random.default_rng(seed), judge)


def episode(memory, steps, number=0, *, over=True):
    """Give a memory an episode of environment 0."""
    for t in range(steps):
        memory.add(stacked([transition(0, number, t, truncated=over and t == steps - 1)]), np.zeros(1, np.int64))
    return memory


def test_later_steps_are_any_from_the_own_one_on():
    """Of u from 0 to just below 1 they begin with t and end with the last, whatever the length."""
    for length in (1, 2, 3, 49, 50, 1000):
        steps = np.arange(length)
        least, most = (later_steps(np.full((length, 1), u))[:, 0] for u in (0.0, np.nextafter(1.0, 0.0)))

        assert (least == steps).all()
        assert (most == length - 1).all()


def test_steps_can_be_learned_before_the_episode_ends():
    """Their copies come with the end: k of each step, in the order of the steps."""
    memory = Hindsight(UniformReplay(100), goals=3).build(spec_of())

    assert len(episode(memory, 4, over=False)) == 4
    memory.cut()
    assert len(episode(memory, 2, 1)) == 4 + 2 + 3 * 2
    assert memory.contents()["picture"][6:, 1, 0].tolist() == [0, 0, 0, 1, 1, 1]


def test_one_ring_holds_steps_and_copies():
    """The newest rows stay, copies included."""
    memory = episode(Hindsight(UniformReplay(5), goals=1).build(spec_of()), 4)

    assert len(memory) == 5
    assert memory.contents()["desired_goal"][0, 0] == 0.0
    assert (memory.contents()["desired_goal"][1:, 0] > 0).all()


def test_answers_for_the_store_inside():
    """What is handed over, written, owed and asked for is what the store inside says; its schedules are found there."""
    inner = PrioritizedReplay(8)
    block = Hindsight(inner)

    assert (block.hands, block.outputs, block.debts) == (inner.hands, inner.outputs, inner.debts)
    assert block.inputs == {"beta": Scheduled("inner.beta"), "priority": Read("error")}
    assert (block.most_rows(), block.row_bytes(COLUMNS)) == (8, inner.row_bytes(COLUMNS))


def test_samples_and_feeds_the_store_inside():
    """β reaches the prioritized store inside, its weights come out, and errors go back in."""
    memory = episode(Hindsight(PrioritizedReplay(50)).build(spec_of()), 5)
    memory.sample(4, tuple(COLUMNS), beta=1.0)
    memory.feed(priority=np.array([9.0, 1.0, 1.0, 1.0]))

    assert memory.inner.maximum == pytest.approx(9.0)
    assert memory.sample(64, tuple(COLUMNS), beta=1.0)["weight"].min() < 1.0


@pytest.mark.parametrize(
    ("make", "what", "fix"),
    [
        (lambda: NStep(Hindsight()), "cannot take a sum of rewards apart", "without NStep"),
        (lambda: Hindsight(NStep()), "every copy has a goal of its own", "Hindsight(UniformReplay"),
        (lambda: Hindsight(Hindsight()), "relabel what is relabelled", "goals=8"),
        (lambda: Hindsight(Rollout(3)), "drained once", "a store that samples"),
        (lambda: Hindsight(WholeEpisodes()), "drained once", "a store that samples"),
        (lambda: Hindsight(goals=0), "goals", ""),
    ],
    ids=["n-step around it", "n-step inside", "twice", "a rollout", "whole episodes", "no copies"],
)
def test_what_it_cannot_wrap_is_refused(make, what, fix):
    """When it is made, with a way out."""
    with pytest.raises(FieldError, match=what) as error:
        make()
    assert fix in error.value.fix


def test_goals_must_be_written():
    """Without the columns of a goal environment it is refused when it is built, and by the facts before that."""
    columns = {key: spec for key, spec in COLUMNS.items() if "goal" not in key}
    with pytest.raises(BuildError, match=r"nothing writes next\.achieved_goal, desired_goal") as error:
        Hindsight().build(spec_of(columns=columns))
    assert "Goal()" in error.value.fix
    assert "CartPole-v1 tells none; use a goal environment in" in Hindsight().misfit(Gym("CartPole-v1").facts())


def test_vectors_of_others_have_no_goals():
    """What they would have to do is said: to be environments of ours."""
    import gymnasium

    made = SuppliedVector(lambda: gymnasium.make_vec("CartPole-v1", num_envs=2))

    assert "use Gym(...)" in Hindsight().misfit(made.facts())


@pytest.mark.parametrize("changes", [{"desired_goal": Spec((2,))}, {"observation": Spec((2, 3))}])
def test_goals_must_be_vectors_at_the_end_of_vectors(changes):
    """A goal of another shape than those achieved, and an observation that is no vector, are refused in time."""
    with pytest.raises(BuildError, match="changes vectors of goals"):
        Hindsight().build(spec_of(columns={**COLUMNS, **changes}))


def test_a_reward_that_is_more_than_its_goals_is_an_error():
    """It names environment, step and both rewards, and speaks of compute_reward and of wrappers."""

    def stingy(achieved, desired):
        reward, ends = judged(achieved, desired)
        return reward - (np.arange(len(reward)) == 2), ends

    with pytest.raises(RunError, match=r"step 3 of an episode of environment 0 paid 0, but .* says -1") as error:
        episode(Hindsight(UniformReplay(9)).build(spec_of(judge=stingy)), 4)
    assert "wrappers that change rewards" in error.value.fix


def test_without_a_judge_nothing_is_relabelled():
    """A store that was built without an environment says so."""
    with pytest.raises(RunError, match="have none"):
        episode(Hindsight(UniformReplay(9)).build(spec_of(judge=no_goals)), 1)


def test_rewards_in_float32_are_held_against_the_same():
    """A stored reward of 0.1 is not 0.1, and is not refused."""
    columns = {**COLUMNS, "reward": Spec()}
    memory = Hindsight(UniformReplay(9), goals=1).build(spec_of(columns=columns))
    memory.add(stacked([transition(0, 0, 0, 0.1, terminated=True)]), np.zeros(1, np.int64))

    assert len(memory) == 2


def test_copies_of_a_step_differ():
    """The goals of a step are drawn for each copy alone, and another seed draws others."""
    one, two = (episode(Hindsight(UniformReplay(999)).build(spec_of(seed=seed)), 30).contents() for seed in (0, 1))
    goals = one["desired_goal"][30:, 0].reshape(30, 4)

    assert (goals[:20] != goals[:20, :1]).any(axis=1).mean() > 0.8
    assert (one["desired_goal"] != two["desired_goal"]).any()


def test_a_foreign_state_is_refused():
    """A state of another number of environments, or of another capacity."""
    memory = episode(Hindsight(UniformReplay(9)).build(spec_of()), 3)
    for other in (Hindsight(UniformReplay(9)).build(spec_of(2)), Hindsight(UniformReplay(7)).build(spec_of())):
        with pytest.raises(CheckpointError):
            other.load(memory.state())
