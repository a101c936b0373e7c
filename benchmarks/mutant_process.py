"""A process in which one file has a fault."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mutant_page import ROOT
from mutations import Mutant


class Hook(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports one file with a fault in it."""

    def __init__(self, path: Path, code: types.CodeType) -> None:
        self.path, self.code, self.name = path, code, module_of(path)

    def find_spec(self, fullname: str, path: object, target: object = None) -> Any:  # noqa: ARG002  the finders' signature
        """Only this module."""
        package = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=self, submodule_search_locations=package
        )

    def get_code(self, _: str) -> types.CodeType:
        """With the fault."""
        return self.code

    def get_filename(self, _: str) -> str:
        """Where the original is."""
        return str(self.path)

    def get_data(self, path: str) -> bytes:
        """The original."""
        return Path(path).read_bytes()


def module_of(path: Path) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of all that a module defines."""
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield part
            yield from codes(part)


def exchanged(path: Path, function: str, code: types.CodeType) -> bool:
    """Give a function the code of the mutant in place; whether that was possible."""
    found: Any = sys.modules.get(module_of(path))
    for part in function.split("."):
        found = vars(found).get(part) if found is not None else None
        found = getattr(found, "__func__", getattr(found, "fget", found))
    new = [part for part in codes(code) if part.co_qualname == function]
    if not isinstance(found, types.FunctionType) or len(new) != 1:
        return False
    if found.__code__.co_freevars != new[0].co_freevars or found.__code__.co_filename != str(path):
        return False
    found.__code__ = new[0]
    return True


def put_in(path: Path, mutant: Mutant, later: bool) -> None:
    """Let this process be one in which the file has the fault; raises what importing it raises."""
    code = compile(mutant.tree, str(path), "exec", dont_inherit=True)
    if later and exchanged(path, mutant.function, code):
        return
    for name in [name for name in sys.modules if name.partition(".")[0] in {"rlblocks", "tests"}]:
        del sys.modules[name]
    sys.meta_path.insert(0, Hook(path, code))
