"""The program that writes the pages."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture
def patient() -> Iterator[None]:
    """Properties on pages may take their time: how fast this machine is now is no fact about a page."""
    before = settings.get_current_profile_name()
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
    yield
    settings.load_profile(before)
