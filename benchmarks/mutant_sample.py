"""Which mutants to ask where not all can be: a random sample of those that nobody asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from mutant_page import ROOT, records_of
from mutations import mutants

LEAST = 4  # mutants of each file that has so many, however small its share is


def population(path: Path, number: int = 1) -> list[str]:
    """The mutants of a file that were not asked when this sample was drawn: not yet, or in this sample or a later one.

    Samples are numbered from 1, by their seed.
    """
    asked = records_of(path)
    return [m.key for m in mutants(path) if m.key not in asked or asked[m.key].get("drawn", 0) >= number]


def sample(paths: Iterable[Path], count: int, seed: int) -> dict[Path, set[str]]:
    """About so many mutants of some files, in proportion to how many each has, in an order that the seed decides.

    A larger sample contains every smaller one of the same seed, so that one that was broken off can be gone on with.
    """
    every = {path: population(path, seed) for path in paths}
    share = count / max(1, sum(map(len, every.values())))
    return {
        path: set(_shuffled(path, keys, seed)[: max(LEAST, round(share * len(keys)))]) for path, keys in every.items()
    }


def _shuffled(path: Path, keys: Sequence[str], seed: int) -> list[str]:
    """Keys in a random order that does not depend on which others there are."""
    name = path.relative_to(ROOT)
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed} {name} {key}".encode()).digest())
