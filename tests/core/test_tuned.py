"""Settings that suit a recipe to an environment."""

import pytest

from rlblocks import recipes
from rlblocks._core.clocks import OfRun, Updates
from rlblocks._core.diff import diff
from rlblocks._core.errors import RecipeError
from rlblocks._core.tuned import apply_tuned, entries, tuned
from rlblocks.losses import Huber
from rlblocks.schedules import Linear
from rlblocks.target_updates import Polyak

TEXT = """
schema = 1
[mine]
like = "dqn"
[mine."B-v0"]
source = "own"
[other]
like = "mine"
[dqn."A-v0"]
source = "a table"
steps = 1_000
[dqn."A-v0".set]
capacity = 10
widths = [3, 4]
target = "double_q"
"""


def test_the_settings_of_a_recipe_on_an_environment():
    """Values by path in the order of the file, options of the run, and where they come from."""
    found = tuned("dqn", "A-v0", TEXT)

    assert list(found.settings.items()) == [("capacity", 10), ("widths", (3, 4)), ("target", "double_q")]
    assert dict(found.options) == {"steps": 1000}
    assert found.source == "a table"


def test_a_recipe_takes_the_settings_of_the_one_that_it_is_like():
    """Unless it has its own; what is like nothing has none."""
    assert tuned("other", "A-v0", TEXT).recipe == "dqn"
    assert tuned("other", "B-v0", TEXT).recipe == "mine"
    assert tuned("dqn", "B-v0", TEXT) is None
    assert tuned("unknown", "A-v0", TEXT) is None


def test_settings_are_applied_to_the_recipe_on_that_environment():
    """They are read like overrides; without settings only the environment changes."""
    made, found = apply_tuned(recipes.dqn(), "A-v0", TEXT)
    plain, nothing = apply_tuned(recipes.dqn(), "C-v0", TEXT)

    assert (made.env.id, made.store.capacity, made.get("widths")) == ("A-v0", 10, (3, 4))
    assert found.recipe == "dqn"
    assert [change.path for change in diff(recipes.dqn(), plain)] == ["env.id"]
    assert nothing is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 1\n[dqn", "the tuned settings are not TOML"),
        ("[dqn]", "have schema None, this rlblocks reads 1"),
        ("schema = 2", "have schema 2, this rlblocks reads 1\n  fix: upgrade rlblocks"),
        ("schema = 1\ndqn = 3", "dqn is 3"),
        ('schema = 1\n[dqn]\nlike = "x"', "dqn is like 'x', of which there are no settings"),
        ('schema = 1\n[dqn]\nlike = "dqn"', "dqn is like 'dqn', which is like it again"),
        ('schema = 1\n[dqn."A-v0"]\nsteps = 1', "dqn on A-v0 names no source"),
        ("schema = 1\n[dqn]\nA-v0 = 1", "dqn on A-v0 names no source"),
        ('schema = 1\n[dqn.A-v0]\nsource = "x"\nset = 3', "dqn on A-v0 holds more than values"),
        ('schema = 1\n[dqn.A-v0]\nsource = "x"\n[dqn.A-v0.set]\nstore.capacity = 3', "quote a path with dots"),
    ],
)  # fmt: skip
def test_a_text_of_another_form_is_refused(text, said):
    """The refusal says where and how to mend it."""
    with pytest.raises(RecipeError) as caught:
        tuned("dqn", "A-v0", text)

    assert said in str(caught.value)


def test_a_setting_without_a_place_is_refused():
    """By its path, like an override."""
    with pytest.raises(RecipeError, match="'capacitz=3': recipe 'dqn' has no 'capacitz'"):
        apply_tuned(recipes.dqn(), "A-v0", TEXT.replace("capacity = 10", "capacitz = 3"))


def test_every_shipped_setting_has_a_place_in_every_recipe_that_takes_it():
    """All named recipes on all environments of the file; each recipe has settings for some."""
    for name, make in recipes.RECIPES.items():
        tuned = [(env_id, apply_tuned(make(), env_id)) for env_id in {env_id for _, env_id in entries()}]
        assert [env_id for env_id, (_, found) in tuned if found is not None]
        for env_id, (made, found) in tuned:
            if found is None:
                continue
            assert found.source
            assert type(found.options["steps"]) is int
            assert made.env.id == env_id, name


def test_the_shipped_settings_of_acrobot():
    """The recipe as it is, for 100,000 steps."""
    made, found = apply_tuned(recipes.double_dqn(), "Acrobot-v1")

    assert found.options["steps"] == 100_000
    assert made.set({"env.id": "CartPole-v1"}) == recipes.double_dqn()


def test_the_shipped_settings_of_lunar_lander():
    """Averaging, Huber's loss, and a learning rate that falls over the whole run."""
    made, found = apply_tuned(recipes.dqn(), "LunarLander-v3")

    assert found.options["steps"] == 300_000
    assert made.get("target_updates.q") == Polyak(0.005, every=Updates(1))
    assert made.get("losses") == (Huber(),)
    assert made.get("lr") == Linear(5e-4, 1e-5, over=OfRun(1))
