"""`rlblocks check`: ask blocks for the laws of their roles."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from rlblocks._core.errors import RecipeError, did_you_mean
from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rlblocks._core.block import Block
    from rlblocks.cli._blocks import Meant
    from rlblocks.testing import Check, Result

MARKS = {
    "passed": ("ok", "green"),
    "failed": ("BROKEN", "bold red"),
    "skipped": ("-", "dim"),
    "waived": ("waived", "yellow"),
}
COLUMN = 8  # of the mark
CLEAR = "\r\x1b[K"


def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="BLOCKS", show_default=False,
            help="MODULE:BLOCK, a registered block, or all of a module, a package or a plug-in.",
        ),
    ],
    *,
    law: Annotated[list[str] | None, typer.Option("--law", help="Ask only this law; may be repeated.")] = None,
    waive: Annotated[
        list[str] | None,
        typer.Option("--waive", metavar='LAW="REASON"', help="Do not ask this law, and say why; may be repeated."),
    ] = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Twenty times the examples.")] = False,
    limit: Annotated[float, typer.Option("--limit", min=0.0, help="Seconds for a law; 0 waits for ever.")] = 120.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the examples; another one draws others.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write every result as JSON.")] = False,
) -> None:  # fmt: skip
    """Ask blocks for every law of their roles; the exit code is 1 where one is broken."""
    from rlblocks.cli._blocks import blocks_meant

    meant = blocks_meant(name)
    how = {"profile": "thorough" if thorough else "fast", "limit": limit, "seed": seed}
    asked = _asked(meant.blocks, law or [], waivers_of(waive or []), how)
    results = _as_json(asked) if as_json else _as_table(Screen.of(), asked, meant)
    if any(result.status == "failed" for result in results):
        raise typer.Exit(1)
    if meant.unmade:
        raise typer.Exit(2)


def waivers_of(texts: list[str]) -> dict[str, str]:
    """The reasons by law.

    Raises:
        RecipeError: a text has no reason.

    >>> waivers_of(["TGT-5=it takes its values from elsewhere"])
    {'TGT-5': 'it takes its values from elsewhere'}
    """
    found = {}
    for text in texts:
        name, _, reason = text.partition("=")
        if not reason.strip():
            raise RecipeError(f"--waive {text} gives no reason", fix=f'write --waive {name}="why it may be broken"')
        found[name.strip()] = reason.strip()
    return found


def _asked(
    blocks: tuple[Block, ...], only: list[str], waive: dict[str, str], how: dict[str, Any]
) -> list[tuple[Block, list[Check]]]:
    """The laws to be asked of each block: those that it has, among those that are named.

    Raises:
        RecipeError: a law is named that none of the blocks has.
    """
    from rlblocks.testing import laws_for, laws_of

    own = {block: {found.id for found in laws_for(block.role)} for block in blocks}
    known = set().union(*own.values())
    for name in (*only, *waive):
        if blocks and name not in known:
            raise RecipeError(f"there is no law {name!r} of what is checked", fix=did_you_mean(name, known), law=name)
    return [
        (block, list(laws_of(
            block, only=tuple(name for name in only if name in ids),
            waive={name: why for name, why in waive.items() if name in ids}, **how,
        )))
        for block, ids in own.items() if not only or ids.intersection(only)
    ]  # fmt: skip


def _as_json(asked: list[tuple[Block, list[Check]]]) -> list[Result]:
    from rlblocks.testing import KIT_VERSION

    said: list[dict[str, Any]] = []
    results = []
    for block, check in ((block, check) for block, checks in asked for check in checks):
        results.append(_result(check))
        facts = {"kit": KIT_VERSION, "since": check.law.since, "role": block.role}
        said.append({**facts, **attrs.asdict(results[-1])})
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    return results


def _as_table(screen: Screen, asked: list[tuple[Block, list[Check]]], meant: Meant) -> list[Result]:
    results = []
    for block, checks in asked:
        screen.write(f"{block!r}, of role {block.role}", "bold")
        results += list(_shown(screen, checks))
        _say_skipped(screen, results[-len(checks) :])
        screen.write(_verdict(results[-len(checks) :]), "bold")
    for name, why in meant.unmade:
        screen.write(f"{name} was not asked: {why}", "red")
    if len(asked) > 1:
        broken = {result.block for result in results if result.status == "failed"}
        screen.write(f"\n{len(asked)} blocks, {len(broken)} with a broken law: {_verdict(results)}", "bold")
    return results


def _shown(screen: Screen, checks: list[Check]) -> Iterator[Result]:
    for number, asked in enumerate(checks, 1):
        if screen.width:
            waiting = f"  {asked.id} … ({number} of {len(checks)})"
            screen.stream.write(screen.paint(waiting, "dim"))
            screen.stream.flush()
        result = _result(asked)
        if screen.width:
            screen.stream.write(CLEAR)
        if result.status != "skipped":
            _show(screen, result)
        yield result


def _say_skipped(screen: Screen, results: list[Result]) -> None:
    """Laws that do not apply, by why not: they are many, and say more about the role than about the block."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.status == "skipped":
            reasons.setdefault(result.reason, []).append(result.law)
    for reason, names in reasons.items():
        screen.write(screen.paint(f"  {MARKS['skipped'][0].ljust(COLUMN)}{', '.join(names)}: {reason}", "dim"))


def _result(asked: Check) -> Result:
    """What becomes of a law; a block that prints does not write into what is shown."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return asked.result()


def _verdict(results: list[Result]) -> str:
    counts = {status: sum(result.status == status for result in results) for status in MARKS}
    seconds = sum(result.seconds for result in results)
    return f"{', '.join(f'{count} {status}' for status, count in counts.items() if count)} in {seconds:.1f} s"


def _show(screen: Screen, result: Result) -> None:
    mark, style = MARKS[result.status]
    said = f": {result.reason}" if result.status == "waived" else ""
    screen.write(f"  {screen.paint(mark.ljust(COLUMN), style)}{result.law:<8}{result.title}{said}")
    if result.status == "failed":
        indent = " " * (COLUMN + 2)
        for line in (result.reason, result.formula, result.reference):
            if line:
                screen.write(f"{indent}{line}")
        if result.counterexample:
            screen.write(f"{indent}the smallest example found:")
        for line in result.counterexample.splitlines():
            screen.write(f"{indent}    {line}")
