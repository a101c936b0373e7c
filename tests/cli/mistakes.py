"""The mistakes that people make, each as a command line and what stands in the folder."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import attrs


def nothing(folder: Path) -> None:
    """An empty folder."""


def cut_recipe(folder: Path) -> None:
    """The first third of a recipe file."""
    from rlblocks.recipes import dqn

    from rlblocks._core.files import dumps

    text = dumps(dqn())
    (folder / "cut.toml").write_text(text[: len(text) // 3], encoding="utf-8")


def other_algorithm(folder: Path) -> None:
    """A TOML file of something else."""
    (folder / "ppo.toml").write_text("[ppo]\nclip_range = 0.2\nn_epochs = 4\n", encoding="utf-8")


def other_field(folder: Path) -> None:
    """A recipe with a field of another algorithm."""
    from rlblocks.recipes import dqn

    from rlblocks._core.files import dumps

    (folder / "odd.toml").write_text("clip_range = 0.2\n" + dumps(dqn()), encoding="utf-8")


def other_library(folder: Path) -> None:
    """A model of another library."""
    with zipfile.ZipFile(folder / "model.zip", "w") as file:
        file.writestr("_stable_baselines3_version", "2.4.0")
        file.writestr("data", "{}")


def other_settings(folder: Path) -> None:
    """A YAML file with settings of another library."""
    (folder / "dqn.yml").write_text("CartPole-v1:\n  n_timesteps: !!float 5e4\n", encoding="utf-8")


@attrs.frozen
class Mistake:
    """A command line that cannot do what it says."""

    line: str
    prepare: Callable[[Path], None] = nothing


MISTAKES = {
    "no_verb": Mistake("rnu dqn"),
    "no_recipe_named": Mistake("run"),
    "misspelt_recipe": Mistake("run dqnn"),
    "misspelt_option": Mistake("run dqn sede=3"),
    "option_with_dashes": Mistake("run dqn --steps 5000"),
    "misspelt_flag": Mistake("run dqn --queit"),
    "misspelt_path": Mistake("run dqn store.capactiy=5"),
    "misspelt_short_path": Mistake("run dqn capactiy=5"),
    "misspelt_block": Mistake("run dqn target=doble_q"),
    "block_of_another_role": Mistake("run dqn target=huber"),
    "misspelt_patch": Mistake("run dqn patch=n_step,dobule"),
    "wrong_type": Mistake("run dqn store.capacity=many"),
    "wrong_type_of_option": Mistake("run dqn steps=many"),
    "steps_in_thousands": Mistake("run dqn steps=2k"),
    "block_as_in_python": Mistake("run dqn target=DoubleQ()"),
    "block_and_fields_as_in_python": Mistake("run dqn explorer=EpsilonGreedy(epsilon=0.1)"),
    "wrong_choice": Mistake("run dqn stop=sovled"),
    "no_equals_sign": Mistake("run dqn CartPole-v1"),
    "no_value": Mistake("run dqn lr="),
    "gamma_99": Mistake("run dqn gamma=99"),
    "gamma_nan": Mistake("run dqn gamma=nan"),
    "negative_learning_rate": Mistake("run dqn lr=-1e-3"),
    "no_gpu": Mistake("run dqn device=cuda"),
    "no_such_device": Mistake("run dqn device=tpu"),
    "continuous_actions": Mistake("run dqn env=Pendulum-v1"),
    "family_not_installed": Mistake("run dqn env=ALE/Breakout-v5"),
    "no_such_environment": Mistake("run dqn env=Cartpole-v1"),
    "older_environment": Mistake("run dqn env=CartPole-v2"),
    "wrong_key": Mistake("run dqn networks.q.reads=observatoin"),
    "body_does_not_fit": Mistake("run dqn networks.q.body=nature_cnn"),
    "never_learns": Mistake("run dqn steps=100"),
    "seeds_twice": Mistake("run dqn seeds=0..3,2"),
    "no_seeds": Mistake("run dqn seeds=0..x"),
    "seed_and_seeds": Mistake("run dqn seed=3 seeds=0..3"),
    "two_views": Mistake("run dqn --quiet --json"),
    "file_that_is_not_there": Mistake("run nothere.toml"),
    "file_cut_short": Mistake("run cut.toml", cut_recipe),
    "file_of_another_algorithm": Mistake("run ppo.toml", other_algorithm),
    "field_of_another_algorithm": Mistake("run odd.toml", other_field),
    "model_of_another_library": Mistake("run model.zip", other_library),
    "settings_of_another_library": Mistake("run dqn.yml", other_settings),
    "no_such_run": Mistake("resume dqn-CartPole"),
    "run_of_another_library": Mistake("play model.zip", other_library),
    "no_such_role": Mistake("list tragets"),
    "nothing_of_that_name": Mistake("describe dubble_q"),
    "diff_of_nothing": Mistake("diff dqn doubel_dqn"),
    "no_such_module": Mistake("check nothere:Block"),
    "no_such_block": Mistake("check rlblocks.targets:DoubelQ"),
    "no_such_law": Mistake("check max_q --law TGT-99"),
    "no_name": Mistake("new block 1q --role targets"),
    "option_of_another_name": Mistake("run dqn out=/tmp/x"),
    "directory": Mistake("run dqn dir=/tmp/x"),
    "learning_rate": Mistake("run dqn learning_rate=1e-3"),
    "learning_rate_of_three": Mistake("run sac learning_rate=1e-3"),
    "size_of_the_buffer": Mistake("run dqn buffer_size=5000"),
    "number_of_environments": Mistake("run dqn n_envs=4"),
    "graphics_card": Mistake("explain dqn gpu=0"),
    "no_graphics_card": Mistake("run dqn cuda=false"),
    "environment_in_the_plural": Mistake("run dqn envs=CartPole-v1"),
    "updates_of_another_cadence": Mistake("run ppo gradient_steps=2"),
    "share_that_is_kept": Mistake("run sac polyak=0.995"),
    "nothing_like_it": Mistake("run dqn munchausen=0.9"),
    "no_block_like_it": Mistake("run dqn target=munchausen"),
    "plug_in_that_is_not_installed": Mistake("run dqn target=lab/soft_q"),
    "option_and_value_apart": Mistake("run dqn seed 3"),
    "place_and_value_apart": Mistake("run dqn learning_rate 3e-4 seed=3"),
    "blanks_around_the_sign": Mistake("run dqn seed = 3"),
    "blank_after_the_sign": Mistake("run dqn seed= 3"),
    "option_alone": Mistake("run dqn device"),
    "seeds_with_dashes": Mistake("run dqn --seeds 0..2"),
    "other_option_with_dashes": Mistake("run dqn --out /tmp/x"),
    "place_with_dashes": Mistake("explain dqn --lr=1e-3"),
    "describe_nothing_like_it": Mistake("describe munchausen"),
    "check_a_plug_in_that_is_not_installed": Mistake("check lab/soft_q"),
    "no_law_like_it": Mistake("laws munchausen"),
    "no_recipe_like_it": Mistake("run rainbow"),
    "recipe_of_a_plug_in": Mistake("run lab/dqn"),
    "environment_of_a_module_that_is_not_there": Mistake("run dqn env=mine:Foo-v0"),
    "no_such_statistic": Mistake("compare run --statistic maen"),
}  # fmt: skip
