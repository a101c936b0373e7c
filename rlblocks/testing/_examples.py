"""The same examples of a law in every process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis.internal.conjecture import providers


@contextmanager
def without_local_constants() -> Iterator[None]:
    """Let hypothesis draw no numbers that it has found in the source of whatever happens to be imported.

    It takes them from all modules that lie in no package folder, so that a law would be asked with other examples in an
    editable install than in another, and in a process that has imported more. There is no setting for it; where a
    version of hypothesis has no such numbers, nothing is done.
    """
    names = vars(providers)
    if not {"_get_local_constants", "CONSTANTS_CACHE", "Constants"} <= names.keys():
        yield
        return
    found, none = names["_get_local_constants"], names["Constants"]()
    names["CONSTANTS_CACHE"].cache.clear()
    names["_get_local_constants"] = lambda: none
    try:
        yield
    finally:
        names["_get_local_constants"] = found
        names["CONSTANTS_CACHE"].cache.clear()
