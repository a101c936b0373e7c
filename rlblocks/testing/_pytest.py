"""Laws as parametrised tests of pytest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rlblocks.testing._check import Check, laws_of


def parametrize_laws(
    blocks: Iterable[object], *, waive: Mapping[str, Mapping[str, str]] | None = None, profile: str = "fast"
) -> Callable[..., Any]:
    """A decorator that makes one test of every law of every block, with ids such as `double_q-TGT-5`.

    The test takes the argument `law` and calls it:

        @parametrize_laws([DoubleQ(), MySoftQ(0.1)])
        def test_laws(law):
            law()

    Args:
        blocks: instances of blocks, of any roles.
        waive: by registry name of a block, the laws that are not asked of it, each with the reason.
        profile: see `laws_of`.
    """
    import pytest

    return pytest.mark.parametrize("law", [
        pytest.param(check, id=name) for name, check in _named(blocks, waive or {}, profile)
    ])  # fmt: skip


def _named(
    blocks: Iterable[object], waive: Mapping[str, Mapping[str, str]], profile: str
) -> Iterable[tuple[str, Check]]:
    seen: Counter[str] = Counter()
    for block in blocks:
        kind = block if isinstance(block, type) else type(block)
        name = getattr(kind, "registered_name", "") or kind.__name__
        seen[name] += 1
        label = name if seen[name] == 1 else f"{name}.{seen[name]}"
        for check in laws_of(block, waive=waive.get(name), profile=profile):
            yield f"{label}-{check.id}", check
