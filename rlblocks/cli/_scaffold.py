"""A package with one block in it, which begins as a copy of the simplest block of its role and obeys its laws."""

from __future__ import annotations

import importlib.util
import inspect
import keyword
import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from rlblocks._core.errors import RecipeError, did_you_mean

if TYPE_CHECKING:
    from rlblocks._core.block import Block

SKELETONS = Path(__file__).parent / "skeletons"  # texts of roles whose built-in blocks need parts that are not public
EXAMPLES = {  # by role, the block that a new one of the other roles begins as
    "aggregates": ("Average", "Average()"),
    "cadences": ("LearnEvery", "LearnEvery()"),
    "early_stops": ("KLStop", "KLStop()"),
    "explorers": ("Greedy", "Greedy()"),
    "losses": ("SquaredError", "SquaredError()"),
    "optimizers": ("SGD", "SGD()"),
    "returns": ("TDLambda", "TDLambda(0.9)"),
    "schedules": ("Linear", "Linear(1.0, 0.1)"),
    "target_updates": ("HardCopy", "HardCopy()"),
    "targets": ("MaxQ", "MaxQ()"),
    "transforms": ("Normalise", "Normalise()"),
    "value_forms": ("Scalar", "Scalar()"),
}
PUBLIC = (  # what the library imports from its own inside, and where others find it
    (r"from rlblocks\._core import fields", "from rlblocks import fields"),
    (r"from rlblocks\._core\.(?:block|clocks|declare) import", "from rlblocks import"),
)
PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{project}"
version = "0.1.0"
description = "Blocks for rlblocks."
requires-python = ">=3.11"
dependencies = ["rlblocks"]

[project.optional-dependencies]
test = ["pytest>=8.3"]

# rlblocks imports this package when it looks for blocks, so a recipe and the command line can name them.
[project.entry-points."rlblocks.blocks"]
{package} = "{package}"

[tool.setuptools]
package-dir = {{ "" = "src" }}
packages = ["{package}"]

[tool.pytest.ini_options]
pythonpath = ["src"]
"""
README = """\
# {project}

Blocks for rlblocks.

    pip install -e '.[test]'
    pytest
    rlblocks check {package}
    rlblocks describe {package}/{name}
"""
TEST = '''\
"""The laws of the role {role}, asked of `{kind}`."""

from {package}.{name} import {kind}
from rlblocks.testing import Check, parametrize_laws


@parametrize_laws([{example}])
def test_laws(law: Check) -> None:
    """{kind} obeys the laws of its role."""
    law()
'''


@attrs.frozen
class Scaffold:
    """What is to be written.

    Attributes:
        package: the package's name, which is the namespace of its blocks.
        name: the block's registry name within it.
        kind: the name of its class.
        role: its role.
    """

    package: str
    name: str
    kind: str
    role: str

    def files(self) -> dict[str, str]:
        """The text of every file, by its path within the project's folder."""
        facts = {**attrs.asdict(self), "project": self.package.replace("_", "-")}
        example, made = EXAMPLES.get(self.role, ("KIND", "KIND()"))
        return {
            "pyproject.toml": PROJECT.format(**facts),
            "README.md": README.format(**facts),
            f"src/{self.package}/__init__.py": f'"""Blocks for rlblocks."""\n\n{self.line()}\n',
            f"src/{self.package}/{self.name}.py": self.source(),
            f"tests/test_{self.name}.py": TEST.format(**facts, example=made.replace(example, self.kind)),
        }

    def line(self) -> str:
        """The import that registers the block when its package is imported."""
        return f"from {self.package}.{self.name} import {self.kind} as {self.kind}"

    def source(self) -> str:
        """The source of the example under the new block's name."""
        from rlblocks._core.block import blocks_of

        if self.role not in EXAMPLES:
            text = (SKELETONS / f"{self.role}.txt").read_text(encoding="utf-8")
            return text.replace("KIND", self.kind).replace("NAME", f"{self.package}/{self.name}")
        known, made = EXAMPLES[self.role]
        block = next(kind for kind in blocks_of(self.role).values() if kind.__name__ == known)
        text = inspect.getsource(inspect.getmodule(block) or block)
        text = text[text.index("from __future__") :]
        for pattern, public in PUBLIC:
            text = re.sub(pattern, public, text)
        text = text.replace(f'@block("{block.registered_name}")', f'@block("{self.package}/{self.name}")')
        text = re.sub(rf"\b{known}\b", self.kind, text)
        head = f'"""{self.kind} begins as {known}: change its equation, its inputs and `compute`; the laws stay."""\n\n'
        return head + merged(text) + self.example(block, made.replace(known, self.kind))

    @staticmethod
    def example(block: type[Block], made: str) -> str:
        """An instance in the module, for `rlblocks check` to ask, of a block that cannot be made without arguments."""
        try:
            block()
        except TypeError:
            return f"\n\nexample = {made}  # what `rlblocks check` asks, since the class says no defaults\n"
        return ""


def merged(text: str) -> str:
    """The source with its imports from `rlblocks` itself on one line.

    >>> merged("from rlblocks import block\\nfrom rlblocks import read\\n")
    'from rlblocks import block, read\\n'
    """  # noqa: D301  the backslashes belong to the example
    pattern = re.compile(r"^from rlblocks import (.*)\n", re.MULTILINE)
    names = sorted({name.strip() for found in pattern.findall(text) for name in found.split(",")})
    first = pattern.search(text)
    if first is None:
        return text
    return text[: first.start()] + f"from rlblocks import {', '.join(names)}\n" + pattern.sub("", text[first.start() :])


def scaffold_of(name: str, role: str) -> Scaffold:
    """What `[PACKAGE/]NAME` and a role stand for.

    Raises:
        RecipeError: the name is none, or there is no scaffold for the role.
    """
    from rlblocks._core.block import roles, snake

    if role not in roles():
        raise RecipeError(f"there is no role {role!r}", fix=did_you_mean(role, roles()))
    if role not in EXAMPLES and not (SKELETONS / f"{role}.txt").exists():
        raise RecipeError(
            f"there is no scaffold for the role {role!r}", fix="derive a class from it, and put @block on the class"
        )
    package, _, word = name.rpartition("/")
    package, word = package or "my_blocks", snake(word.replace("-", "_"))
    for part in (package, word):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", part) or keyword.iskeyword(part):
            raise RecipeError(
                f"{part!r} is no name", fix="write it in snake case, with your package in front: lab/soft_q"
            )
    return Scaffold(package, word, "".join(part[:1].upper() + part[1:] for part in word.split("_")), role)


def _taken(package: str) -> str:
    """Where Python finds a package or module of that name; empty where it finds none."""
    spec = importlib.util.find_spec(package)
    return "" if spec is None else spec.origin or ""


def write(scaffold: Scaffold, into: Path) -> list[Path]:
    """Write the files. A package that is there gets the block and its test; nothing is overwritten.

    Raises:
        RecipeError: the block is there already, the folder cannot be written to, or another package has the name.
    """
    if not (into / scaffold.package).exists() and (where := _taken(scaffold.package)):
        raise RecipeError(
            f"the name {scaffold.package!r} is taken by the package at {where}, which an installed one would hide",
            fix="go to the folder of that package if it is yours, or name another one, as in my_blocks/name",
        )
    written = []
    try:
        for relative, text in scaffold.files().items():
            path = into / scaffold.package / relative
            if path.name == "__init__.py" and path.exists():
                path.write_text(f"{path.read_text(encoding='utf-8').rstrip()}\n{scaffold.line()}\n", encoding="utf-8")
            elif not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            elif path.stem.endswith(scaffold.name):
                raise RecipeError(f"{path} is there already", fix="give the block another name")
            else:
                continue
            written.append(path)
    except OSError as error:
        raise RecipeError(
            f"{error.filename} could not be written: {error.strerror}", fix="go to a folder of yours"
        ) from None
    return written
