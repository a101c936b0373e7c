"""The program that writes the pages."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.pages import ROOT


@pytest.fixture(scope="session")
def generate() -> Iterator[Any]:
    """`docs/generate.py`, with what stands beside it."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018  one fact: there is such a file
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        spec.loader.exec_module(module)
        yield module
