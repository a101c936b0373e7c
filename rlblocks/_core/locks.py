"""The named recipes as files under review: a changed default shows as a changed experiment.

`python -m rlblocks._core.locks` writes them.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from rlblocks._core.files import dumps


def expected() -> dict[str, str]:
    """What the lock files must hold, by file name."""
    from rlblocks import recipes

    return {f"{name}.toml": dumps(make()) for name, make in recipes.RECIPES.items()}


def folder() -> Path:
    """Where the lock files are."""
    return Path(str(resources.files("rlblocks.recipes"))) / "lock"


def stale() -> list[str]:
    """The names of lock files that are missing, differ, or belong to no recipe."""
    wanted = expected()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder().glob("*.toml")}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def main() -> None:
    """Write the lock files, and remove those that belong to no recipe."""
    wanted = expected()
    folder().mkdir(exist_ok=True)
    for name in stale():
        path = folder() / name
        if name in wanted:
            path.write_text(wanted[name], encoding="utf-8", newline="\n")
        else:
            path.unlink()


if __name__ == "__main__":
    main()
