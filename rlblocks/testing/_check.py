"""Running laws on a block: one call on one instance, and nothing to set up."""

from __future__ import annotations

import sys
import time
import traceback
import unittest
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import attrs
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisException

from rlblocks._core.block import Block, roles
from rlblocks._core.errors import RecipeError, did_you_mean
from rlblocks.testing._case import Case
from rlblocks.testing._compare import LawBroken
from rlblocks.testing._coverage import Coverage
from rlblocks.testing._examples import without_local_constants
from rlblocks.testing._law import Law, has_laws, laws_for
from rlblocks.testing._limit import TooLong, time_limit

Status = Literal["passed", "failed", "skipped", "waived"]
PROFILES = {"fast": 1, "thorough": 20}  # how many times the examples that a law asks for
SEED = 1  # of the examples: the same ones each time
TURNS, APART = 20, 1_000_003  # how often more examples are drawn while a law has not seen what it is about, and how
KIT = ("rlblocks.testing", "hypothesis")  # how the names of modules begin in which laws run
TOOLS = {"torch", "numpy", *sys.stdlib_module_names}  # what laws call, as blocks do
LIMIT = 120.0  # seconds that a law may take in the fast profile; the thorough one has as many times that as examples


@attrs.frozen
class Result:
    """What became of one law on one block.

    Attributes:
        law: its id.
        status: passed, failed, skipped (it does not apply, `reason` says why) or waived (the caller said so).
        seconds: how long it took.
        reason: why it failed, was skipped or waived, in one line; empty where it passed.
        counterexample: the smallest inputs found on which it fails, as source; empty where it did not fail.
        title: the law in words.
        block: the block that was asked, as it prints.
        formula: the law in symbols; empty where the words say it.
        reference: where it is derived; empty where it is the library's own convention.
    """

    law: str
    status: Status
    seconds: float = 0.0
    reason: str = ""
    counterexample: str = ""
    title: str = ""
    block: str = ""
    formula: str = ""
    reference: str = ""

    def __str__(self) -> str:
        head = f"{self.law} {self.status}: {self.title}"
        lines = [f"{self.block}: {self.reason}"] if self.reason else []
        if self.status == "failed":
            lines += [text for text in (self.formula, self.reference) if text]
        if self.counterexample:
            lines += ["the smallest example found:", *("    " + line for line in self.counterexample.splitlines())]
        return "\n".join([head, *("  " + line for line in lines)])


_NO_BLOCK = "it is an instance of a block, of a role that has laws"


def _ignored(case: Case) -> None:
    """The body of the law that is decided before any input is drawn."""


BLOCKNESS = Law("GEN-0", _NO_BLOCK, (), "0.1", _ignored)


@attrs.frozen(eq=False)
class Check:
    """One law, bound to one block. Called, it raises where the law is broken.

    Attributes:
        law: the law.
        block: the block, or whatever was handed over as one.
        profile: "fast" or "thorough".
        waiver: why the caller does not ask for this law; empty where it is asked.
        limit: the seconds after which it is stopped and counts as broken; 0 waits for ever.
        seed: of the examples.
    """

    law: Law
    block: Any
    profile: str = "fast"
    waiver: str = ""
    limit: float = LIMIT
    seed: int = SEED

    @property
    def id(self) -> str:
        """The id of the law."""
        return self.law.id

    @property
    def title(self) -> str:
        """The law in words."""
        return self.law.title

    def __call__(self) -> None:
        """Raise `LawBroken` where the law is broken, and `unittest.SkipTest`, known to pytest, where it is skipped."""
        result = self.result()
        if result.status in {"skipped", "waived"}:
            raise unittest.SkipTest(f"{result.status}: {result.reason}")
        if result.status == "failed":
            raise LawBroken(str(result))

    def result(self) -> Result:
        """What became of the law; never raises for a broken one."""
        start = time.perf_counter()
        status, reason, example = self._outcome()
        seconds = time.perf_counter() - start
        said = self.law.formula, self.law.reference
        return Result(self.id, status, seconds, reason, example, self.title, _name(self.block), *said)

    def _outcome(self) -> tuple[Status, str, str]:
        if self.waiver:
            return "waived", self.waiver, ""
        if reason := _no_block(self.block):
            return "failed", reason, ""
        if self.law.thorough and self.profile != "thorough":
            return "skipped", "it is asked in the thorough profile alone", ""
        times = PROFILES[self.profile]
        return _asked(self.law, self.block, times, self.limit * times, self.seed)


def _name(block: object) -> str:
    try:
        return repr(block)
    except Exception:  # noqa: BLE001  a block whose repr raises is still told apart by its type
        return f"a {type(block).__name__}"


def _no_block(block: object) -> str:
    """Why there is nothing to check, in one sentence; empty where there is."""
    if isinstance(block, type):
        if issubclass(block, Block):
            return f"{block.__name__} is a class, and laws are about instances: hand over {block.__name__}(...)"
        return f"the class {block.__name__} is no block: derive it from a role and put @block(...) on it"
    if not isinstance(block, Block):
        return f"{_name(block)} of type {type(block).__name__} is no block: derive its class from a role"
    if not type(block).registered_name:
        return f"{type(block).__name__} is not declared as a block: put @block(...) on it"
    if not has_laws(block.role):
        return f"there are no laws for the role {block.role!r}: write some with @law(..., role={block.role!r})"
    return ""


def _asked(law: Law, block: Block, times: int, limit: float, seed: int) -> tuple[Status, str, str]:
    """What becomes of a law, why, and an example; `limit` is in seconds."""
    from rlblocks.testing._adapters import unsupplied

    try:
        why_not = ("" if law.looks else unsupplied(block)) or law.needs(block)
    except Exception as error:  # noqa: BLE001  a block that raises when it is only looked at is broken
        return (
            "failed",
            f"it could not be asked whether this law applies: it raised {_said(error)}",
            f"block = {block!r}",
        )
    if why_not:
        return "skipped", why_not, ""
    reason, example = _broken(law, block, times, limit, seed)
    return ("failed" if reason else "passed"), reason, example


def _broken(law: Law, block: Block, times: int, limit: float, seed: int) -> tuple[str, str]:
    """Why a law is broken, and the smallest example found on which it is; empty where it holds."""
    coverage, last = Coverage(), [""]
    try:
        with time_limit(limit), without_local_constants():
            for turn in range(TURNS):
                _examples(law, block, times, seed + turn * APART, coverage=coverage, last=last)()
                if not coverage.missing(law.covers):
                    break
    except TooLong:
        return f"it was stopped after {limit:g} s", last[0]
    except Flaky:
        return "it gave two different results for the same inputs", last[0]
    except LawBroken as broken:
        return str(broken), last[0]
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a block raises is told in one line, an exit too
        return _raised(error), last[0]
    missing = coverage.missing(law.covers)
    return (f"vacuous: no input had {' or '.join(missing)}" if missing else ""), ""


def _examples(
    law: Law, block: Block, times: int, seed: int, *, coverage: Coverage, last: list[str]
) -> Callable[[], None]:  # fmt: skip
    """Asks a law for as many inputs as it wants; the one that failed last is left in `last`, as source."""
    inputs, phases = law.examples * (1 if law.thorough else times), (Phase.generate, Phase.shrink)

    @seeded(seed)  # and not what hypothesis takes where there is none: a digest of this very source
    @settings(
        derandomize=True, deadline=None, database=None, max_examples=inputs, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet, phases=phases[: 1 + law.smallest],
    )  # fmt: skip
    @given(st.data())
    def examples(data: st.DataObject) -> None:
        case = Case(block, data, coverage)
        try:
            law.body(case)
        except HypothesisException:
            raise
        except (Exception, SystemExit, TooLong):
            last[0] = case.text() or f"block = {block!r}"
            raise

    name = "_hypothesis_internal_database_key"  # else it is a digest of this source, for no database, in every law
    setattr(examples, name, b"")
    return examples


def _raised(error: BaseException) -> str:
    """What to say of an exception: the block raised it, or the law did, which cannot read what the block returned."""
    running = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = all(name.startswith(KIT) or name.partition(".")[0] in TOOLS for name in running)
    return f"this law cannot read what it returned: {_said(error)}" if ours else f"it raised {_said(error)}"


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def laws_of(
    block: object, *, waive: Mapping[str, str] | None = None, only: tuple[str, ...] = (), profile: str = "fast",
    limit: float = LIMIT, seed: int = SEED,
) -> Iterator[Check]:  # fmt: skip
    """Every check of a block: objects with `id`, `title`, `result()`, and callable.

    Args:
        block: an instance of a block.
        waive: the ids of laws that are not asked, each with the reason.
        only: ask these laws alone; empty asks all.
        profile: "fast" (under 10 s a block) or "thorough" (20 times the examples).
        limit: the seconds after which a law of the fast profile is stopped and counts as broken; 0 waits for ever.
        seed: of the examples that are drawn; the same ones are drawn again with the same seed.

    Raises:
        RecipeError: `waive` or `only` name a law that this block does not have, or a waiver gives no reason.
    """
    if profile not in PROFILES:
        raise RecipeError(f"there is no profile {profile!r}", fix=did_you_mean(profile, PROFILES))
    if _no_block(block):
        yield Check(BLOCKNESS, block, profile)
        return
    assert isinstance(block, Block)
    found = list(laws_for(block.role))
    waivers = dict(waive or {})
    for name in (*waivers, *only):
        if name not in {law.id for law in found}:
            known = {law.id for law in found}
            raise RecipeError(f"there is no law {name!r} of {block.role}", fix=did_you_mean(name, known), law=name)
    for name, reason in waivers.items():
        if not reason:
            raise RecipeError(f"the waiver of {name} gives no reason", fix="say why the block may break this law")
    for law in found:
        if not only or law.id in only:
            yield Check(law, block, profile, waivers.get(law.id, ""), limit, seed)


def check_block(
    block: object, *, waive: Mapping[str, str] | None = None, only: tuple[str, ...] = (), profile: str = "fast",
    limit: float = LIMIT, seed: int = SEED,
) -> list[Result]:  # fmt: skip
    """Ask a block for every law of its role. See `laws_of` for the arguments. A broken law is a result, not an error.

    >>> from rlblocks.targets import MaxQ
    >>> [(result.law, result.status) for result in check_block(MaxQ(), only=("TGT-2",))]
    [('TGT-2', 'passed')]
    """
    checks = laws_of(block, waive=waive, only=only, profile=profile, limit=limit, seed=seed)
    return [check.result() for check in checks]


def known_roles() -> list[str]:
    """The roles that have laws."""
    return [name for name in roles() if has_laws(name)]
