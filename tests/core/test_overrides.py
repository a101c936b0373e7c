"""Overrides of the command line."""

import random
import string

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import recipes
from rlblocks._core import paths
from rlblocks._core.clocks import EnvSteps, OfRun, Updates
from rlblocks._core.diff import describe, diff
from rlblocks._core.errors import RecipeError
from rlblocks._core.overrides import apply_overrides, apply_settings
from rlblocks._core.recipe import Recipe
from rlblocks.explorers import EpsilonGreedy
from rlblocks.losses import Huber, SquaredError
from rlblocks.normalizers import ObservationNorm
from rlblocks.schedules import Constant, Linear
from rlblocks.stores import NStep, PrioritizedReplay, UniformReplay
from rlblocks.target_updates import HardCopy

some = settings(derandomize=True, deadline=None, max_examples=60)
DQN = recipes.dqn().swap(
    {
        "explorer": EpsilonGreedy(Linear(1.0, 0.05, over=EnvSteps(10_000))),
        "store": UniformReplay(50_000),
        "objectives.q.losses": (SquaredError(),),
        "objectives.q.optimizer.lr": Linear(1e-3, 1e-5, over=OfRun(1.0)),
        "target_updates.q": HardCopy(every=EnvSteps(500)),
    }
)


def changed(*overrides, of=DQN):
    """What some overrides change, as text."""
    return describe(diff(of, apply_overrides(of, overrides)))


def refused(*overrides, of=DQN):
    """What the refusal of some overrides says."""
    with pytest.raises(RecipeError) as caught:
        apply_overrides(of, overrides)
    return str(caught.value)


def outcome(overrides):
    """The recipe with some overrides, or their refusal."""
    try:
        return apply_overrides(DQN, overrides)
    except RecipeError as error:
        return error


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ("target=double_q", "objectives.q.target: MaxQ() -> DoubleQ()"),
        ("store.capacity=60_000", "store.capacity: 50000 -> 60000"),
        ("capacity=1e5", "store.capacity: 50000 -> 100000"),
        ("gamma=0.98", "gamma: 0.99 -> 0.98"),
        ("explorer.epsilon=0.1", f"explorer.epsilon: {DQN.explorer.epsilon!r} -> Constant(amount=0.1)"),
        ("epsilon.end=0", "explorer.epsilon.end: 0.05 -> 0.0"),
        ("networks.q.body.widths=256,256", "networks.q.body.widths: (128, 128) -> (256, 256)"),
        ("widths=(256,256)", "networks.q.body.widths: (128, 128) -> (256, 256)"),
        ("widths=[64]", "networks.q.body.widths: (128, 128) -> (64,)"),
        ("widths=()", "networks.q.body.widths: (128, 128) -> ()"),
        ("reads=observation,action", "networks.q.reads: ('observation',) -> ('observation', 'action')"),
        ("activation=tanh", "networks.q.body.activation: 'relu' -> 'tanh'"),
        ("name=mine", "no difference but the name"),
        ("target_updates.q=polyak tau=0.01",
         "target_updates.q: HardCopy(every=EnvSteps(500)) -> Polyak(tau=0.01, every=Updates(1))"),
        ("target_updates.q.every=1_000", "target_updates.q.every: EnvSteps(500) -> EnvSteps(1000)"),
        ("target_updates.q.every=7 updates", "target_updates.q.every: EnvSteps(500) -> Updates(7)"),
        ("lr.over=0.5", "objectives.q.optimizer.lr.over: OfRun(1.0) -> OfRun(0.5)"),
        ("losses[0]=huber",
         "objectives.q.losses[0]: SquaredError(coefficient=1.0) -> Huber(delta=1.0, coefficient=1.0)"),
        ("losses=squared_error,huber", "+ objectives.q.losses[1]: Huber(delta=1.0, coefficient=1.0)"),
        ("env=LunarLander-v3", "env.id: 'CartPole-v1' -> 'LunarLander-v3'"),
        ("env=ALE/Pong-v5 env.n=8", "env.id: 'CartPole-v1' -> 'ALE/Pong-v5'\nenv.n: 1 -> 8"),
        ("n=8", "env.n: 1 -> 8"),
        ("env.options.continuous=true", "+ env.options.continuous: True"),
        ("env.options.wind=15 env.options.map=a=b", "+ env.options.wind: 15\n+ env.options.map: 'a=b'"),
        ("store=n_step store.n=5",
         "store: UniformReplay(capacity=50000) -> NStep(inner=UniformReplay(capacity=50000), n=5)"),
        ("gamma=0.9 gamma=0.98", "gamma: 0.99 -> 0.98"),
        (" gamma = 0.98 ", "gamma: 0.99 -> 0.98"),
    ],
)  # fmt: skip
def test_an_override_is_read_by_what_its_slot_takes(overrides, expected):
    """Each changes exactly what it names, and nothing changes its type."""
    parts = [overrides] if overrides.startswith((" ", "target_updates.q.every=7")) else overrides.split(" ")

    assert expected == changed(*parts)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ("prepare[0]=td_lambda", "prepare[0]: GAE(lam=0.95) -> TDLambda(lam=0.95)"),
        ("prepare[0]=gae prepare[0].lam=0.5", "prepare[0].lam: 0.95 -> 0.5"),
        ("prepare=gae,normalise", "+ prepare[1]: Normalise(key='advantage', eps=1e-08)"),
        ("objectives.policy.prepare=normalise", "no difference but the name"),
    ],
)
def test_a_block_of_any_role_is_found_by_its_name(overrides, expected):
    """Where blocks of several roles may stand, as in `prepare`."""
    assert changed("name=mine", *overrides.split(), of=recipes.ppo()) == expected


@pytest.mark.parametrize(("override", "near"), [("prepare=gea", "gae"), ("prepare[0]=td_lamda", "td_lambda")])
def test_a_block_that_no_role_has_is_set_right(override, near):
    """By the nearest spelling."""
    name = override.partition("=")[2]

    assert refused(override, of=recipes.ppo()) == (
        f"{override!r}: no block {name!r} in any role\n  fix: did you mean {near!r}?"
    )


def test_a_number_keeps_the_type_of_its_field():
    """A whole number stays an int, a number becomes a float, a bare duration keeps its clock."""
    made = apply_overrides(DQN, ["capacity=60000", "gamma=1", "target_updates.q.every=3", "objectives.q.every=2"])

    assert int is type(made.store.capacity)
    assert float is type(made.gamma)
    assert EnvSteps(3) == made.get("target_updates.q.every")
    assert Updates(2) == made.get("objectives.q.every")


def test_a_block_that_is_named_has_its_defaults():
    """Also where the same block with other settings stood."""
    made = apply_overrides(DQN, ["objectives.q.optimizer=adam"])

    assert type(DQN.get("optimizer"))() == made.get("optimizer")


def test_a_field_without_default_takes_a_later_override():
    """Several overrides together name a block in full, in any order, by any of its paths."""
    fixed = DQN.swap({"explorer.epsilon": Constant(0.1)})

    made = apply_overrides(
        fixed, ["epsilon=linear", "explorer.epsilon.end=0.2", "epsilon.start=0.9", "epsilon.over=5 episodes"]
    )

    assert repr(made.get("explorer.epsilon")) == "Linear(start=0.9, end=0.2, over=Episodes(5))"
    assert "Linear needs 'start', which has no default\n  fix: add epsilon.start=… after it" in refused(
        "epsilon=linear", of=fixed
    )


def test_a_wrapper_wraps_what_stands_there():
    """Naming it again resets its own fields, and does not wrap twice."""
    wrapped = DQN.wrap("store", NStep, n=7)

    assert NStep(UniformReplay(50_000)) == apply_overrides(DQN, ["store=n_step"]).store
    assert NStep(UniformReplay(50_000)) == apply_overrides(wrapped, ["store=n_step"]).store
    assert NStep(PrioritizedReplay(50_000), n=7) == apply_overrides(wrapped, ["store.inner=prioritized_replay"]).store


def test_a_field_without_default_stays_as_it_is_under_the_same_name():
    """Another store keeps the capacity, unless an override says another."""
    assert PrioritizedReplay(50_000) == apply_overrides(DQN, ["store=prioritized_replay"]).store
    assert PrioritizedReplay(7) == apply_overrides(DQN, ["store=prioritized_replay", "store.capacity=7"]).store


def test_settings_may_be_numbers_and_lists():
    """The same for values of a file."""
    made = apply_settings(DQN, {"capacity": 10, "widths": (3, 4), "gamma": 0.5, "env.options.continuous": True})

    assert made.store.capacity == 10
    assert made.get("widths") == (3, 4)
    assert made.env.options["continuous"] is True


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("gamma", "'gamma' is no override\n  fix: write path=value, as in gamma=0.98"),
        ("=3", "'=3' is no override"),
        ("gamma=", "'gamma=' has no value"),
        ("gamme=1", "'gamme=1': recipe 'dqn' has no 'gamme'\n  fix: did you mean 'gamma'?"),
        ("store.capacitz=4", "store holds UniformReplay, which has no 'capacitz'\n  fix: did you mean 'capacity'?"),
        ("stor.capacity=4", "did you mean 'store.capacity'?"),
        ("loss=huber", "recipe 'dqn' has no 'loss'\n  fix: did you mean 'losses'?"),
        ("losses[1]=huber", "objectives.q.losses holds 1 of them, which has no 1"),
        ("gamma=abc", "Recipe.gamma is 'abc', but must be a number, at least 0 and at most 1"),
        ("gamma=nan", "but must be a finite number, at least 0 and at most 1"),
        ("gamma=2", "Recipe.gamma is 2.0, but must be a finite number, at least 0 and at most 1"),
        ("capacity=3.5",
         "slot 'store.capacity': UniformReplay.capacity is '3.5', but must be a whole number, at least 1"),
        ("widths=64,b", "MLP.widths is (64, 'b'), but must be a tuple of whole numbers"),
        ("activation=rel", "is 'rel', but must be one of relu, tanh, elu, silu, gelu\n  fix: did you mean 'relu'"),
        ("target=doubleq", "no block 'doubleq' in role 'targets'\n  fix: did you mean 'double_q'?"),
        ("target=huber", "no block 'huber' in role 'targets'\n  fix: it is registered in 'losses'"),
        ("target=lab/soft_q", "no block 'lab/soft_q' in role 'targets'\n  fix: is the package that registers"),
        ("losses=huber,hubr", "no block 'hubr' in role 'losses'"),
        ("epsilon=2", "EpsilonGreedy.epsilon is Constant(amount=2.0), but must be a schedule whose values"),
        ("epsilon=liner", "no block 'liner' in role 'schedules'\n  fix: did you mean 'linear'?"),
        ("store=n_step(inner=x)", "fix: write its fields as overrides of their own: store=n_step store.…=…"),
        ("networks=q", "networks holds several things\n  fix: change one: networks.q=…"),
        ("networks.q=q", "networks.q holds several things\n  fix: change one: networks.q.reads=…"),
        ("every=1000", "'every' could be any of objectives.q.every, target_updates.q.every, cadence.every"),
        ("cadence.every=1 steps", "'steps' is no clock; did you mean 'env_steps'?"),
        ("cadence.every=1 updates", "LearnEvery.every is Updates(1), but must be a duration on a clock: EnvSteps"),
        ("cadence.every=0.5", "a whole number above 0"),
        ("lr.over=500", "500 is a share of the run here (1.0 of_run now)\n  fix: say what counts: '500 env_steps'"),
        ("objectives..q=1", "is no path"),
        ("env.n=x", "Gym.n is 'x', but must be a whole number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(override, said):
    """A refusal repeats the override and says what the place takes."""
    message = refused("gamma=0.9", override)

    assert repr(override) in message
    assert said in message


def test_an_override_after_a_swap_reaches_the_new_block():
    """They are applied from left to right; the field of a block that is not there yet is refused."""
    assert apply_overrides(DQN, ["losses[0]=huber", "losses[0].delta=0.5"]).get("delta") == 0.5
    assert "has no 'delta'" in refused("losses[0].delta=0.5", "losses[0]=huber")


@given(st.lists(st.text(max_size=30), max_size=3))
@some
def test_any_text_is_an_override_or_refused(texts):
    """Random texts give a recipe or a RecipeError."""
    assert isinstance(outcome(texts), Recipe | RecipeError)


LEAVES = sorted(paths.join(steps) for steps, _ in paths.walk(DQN))


@given(st.sampled_from(LEAVES), st.sampled_from(["1", "0.5", "x", "huber", "linear", "3 updates", "1,2", "true", "()"]))
@some
def test_any_value_anywhere_is_taken_or_refused(path, value):
    """What is taken changes nothing outside its path; what is not is refused by its path."""
    found = outcome([f"{path}={value}"])

    if isinstance(found, Recipe):
        assert all(change.path.startswith(path) for change in diff(DQN, found))
    else:
        assert path in str(found)


def slips(name):
    """Every name that one letter left out, put in, typed wrong or exchanged with its neighbour makes of it."""
    letters = string.ascii_lowercase + "_"
    cuts = [(name[:i], name[i:]) for i in range(len(name) + 1)]
    left_out = {a + b[1:] for a, b in cuts if b}
    put_in = {a + x + b for a, b in cuts for x in letters}
    wrong = {a + x + b[1:] for a, b in cuts if b for x in letters}
    exchanged = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    return (left_out | put_in | wrong | exchanged) - {name, ""}


def test_one_slip_of_the_finger_is_set_right():
    """For at least 95 % of all one-letter slips in the last name of a path, the right name is offered."""
    chance, tried, right = random.Random(0), 0, 0
    for recipe in (DQN, DQN.wrap("store", NStep, n=3).swap({"store.inner": PrioritizedReplay(10)})):
        for steps, _ in paths.walk(recipe):
            if not isinstance(steps[-1], str):
                continue
            name, parent = steps[-1], paths.join(steps[:-1])
            for slip in chance.sample(sorted(slips(name)), 10):
                path = f"{parent}.{slip}" if parent else slip
                try:
                    paths.resolve(recipe, path)
                except RecipeError as error:
                    tried += 1
                    right += f"{name}'?" in error.fix

    assert tried > 500
    assert right / tried >= 0.95


def test_a_recipe_is_not_changed():
    """Overrides make another recipe."""
    before = attrs.evolve(DQN)

    apply_overrides(DQN, ["gamma=0.5", "losses=huber"])

    assert before == DQN
    assert (Huber(),) == apply_overrides(DQN, ["losses=huber"]).get("losses")


def test_a_named_block_may_be_added():
    """Where blocks of one role stand under names, a new name is a new block; wiring says whether it fits."""
    made = apply_overrides(DQN, ["normalizers.observation=observation_norm", "normalizers.observation.clip=5"])

    assert made == DQN.swap({"normalizers": {"observation": ObservationNorm(clip=5.0)}})
