"""Names that a person may type, known without importing what they name: for completion and for messages."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

OTHER = ("patches",)  # modules beside the recipes that hold none


def _folder() -> Path:
    found = find_spec("rlblocks.recipes")
    assert found is not None
    return Path((found.submodule_search_locations or ["."])[0])


def recipe_names() -> list[str]:
    """The names of the recipes: each is a file.

    >>> "dqn" in recipe_names()
    True
    """
    return sorted(path.stem for path in _folder().glob("[!_]*.py") if path.stem not in OTHER)


def patch_names() -> list[str]:
    """The names of the patches: the functions of one file that are meant for others.

    >>> "double" in patch_names()
    True
    """
    tree = ast.parse((_folder() / "patches.py").read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return sorted(name for name in names if not name.startswith("_"))


def option_names() -> list[str]:
    """The options of a run."""
    import attrs

    from rlblocks.runs.options import Options

    return [*attrs.fields_dict(Options), "seeds", "folder", "patch"]


def run_names() -> list[str]:
    """The runs in the usual place, the latest first."""
    from rlblocks.runs.folder import RUNS, all_runs

    return [str(RUNS / run.name) for run in all_runs()]


def complete_recipe(incomplete: str) -> list[str]:
    """Recipes that begin so."""
    return [name for name in recipe_names() if name.startswith(incomplete)]


def complete_setting(incomplete: str) -> list[str]:
    """Options of a run that begin so, and patches after `patch=`."""
    option, equals, begun = incomplete.partition("=")
    if equals:
        *before, last = begun.split(",")
        given = [name for name in patch_names() if option == "patch" and name.startswith(last) and name not in before]
        return [f"{option}={','.join([*before, name])}" for name in given]
    return [f"{name}=" for name in option_names() if name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[str]:
    """Runs that begin so."""
    return [name for name in run_names() if name.startswith(incomplete)]
