"""What other libraries call the options of a run and the places of a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Collection

    from rlblocks._core.recipe import Recipe

_ALSO = {
    "folder": "out output out_dir outdir output_dir dir directory logdir log_dir save_dir save_path",
    "steps": "total_timesteps timesteps n_timesteps total_steps frames n_frames total_frames",
    "evaluate_every": "eval_every eval_freq eval_interval evaluation_interval",
    "episodes": "eval_episodes n_eval_episodes evaluation_episodes",
    "save_every": "save_freq save_interval checkpoint_every checkpoint_freq",
    "device": "gpu cuda",
    "lr": "learning_rate step_size",
    "capacity": "buffer_size buffer_capacity buffer replay_size memory_size",
    "warmup": "learning_starts start_steps warmup_steps",
    "gamma": "discount discount_factor",
    "env": "environment env_id env_name gym_id",
    "env.n": "n_envs num_envs n_environments num_environments envs",
    "cadence.every": "train_freq train_every update_every",
    "updates": "gradient_steps updates_per_step",
    "lam": "lamda lambda gae_lambda td_lambda",
    "widths": "hidden hidden_sizes hidden_dims hidden_units net_arch",
}
# Not `polyak`: it is the share of a target that is kept, and `tau` the one that moves.
ELSEWHERE = {name: ours for ours, names in _ALSO.items() for name in names.split()}

OFF = ("false", "no", "off", "none", "-1")


def called(name: str, value: str) -> str:
    """The setting that a name elsewhere means; the same name where it means none.

    >>> called("out", "/tmp/x"), called("gpu", "0"), called("cuda", "false"), called("gamma", "0.9")
    ('folder=/tmp/x', 'device=cuda', 'device=cpu', 'gamma=0.9')
    """
    theirs = name.lower().replace("-", "_")
    ours = ELSEWHERE.get(theirs, name)
    if theirs in ("gpu", "cuda"):  # gpu=0 is the first one, cuda=0 is none
        return "device=cpu" if value.lower() in OFF or (theirs, value) == ("cuda", "0") else "device=cuda"
    if theirs == "envs" and value[:1].isalpha():
        return f"env={value}"
    return f"{ours}={value}"


def is_known(name: str) -> bool:
    """Whether it is a name of ours or elsewhere for something that a recipe may have: it is no slip then."""
    return name in _ALSO or name.lower().replace("-", "_") in ELSEWHERE


def translated(name: str, value: str, recipe: Recipe, options: Collection[str]) -> str:
    """How to write a setting that is called otherwise elsewhere; empty where it is not, or has no place here.

    >>> from rlblocks.recipes import dqn, sac
    >>> translated("learning_rate", "1e-3", dqn(), ["steps"]), translated("gae_lambda", "0.9", dqn(), ["steps"])
    ('write lr=1e-3', '')
    """
    from rlblocks._core import paths

    meant = called(name, value)
    ours = meant.partition("=")[0]
    if ours == name:
        return ""
    if ours not in options:
        try:
            paths.resolve(recipe, ours)
        except RecipeError as error:
            places = str(error.facts.get("places", ""))
            return f"write {places.replace(', ', f'={value} or ')}={value}" if places else ""
    return f"write {meant}"
