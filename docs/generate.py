"""Writes what the pages say of the code: everything between `<!-- generated: NAME -->` and `<!-- end -->`.

python docs/generate.py           # rewrites the pages
python docs/generate.py --check   # says which are stale, and fails where one is
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from _laws_pages import law_counts, laws_by_number, laws_of_role
from _markdown import in_order, ours, paragraphs, table
from rlblocks.recipes import RECIPES

from rlblocks import describe, diff, wire
from rlblocks._core.block import Block, roles
from rlblocks._core.clocks import Clock
from rlblocks._core.declare import Declared, Draw, Fn, Known, Read, Scheduled, Size
from rlblocks._core.diff import Add, Remove
from rlblocks._core.paths import join, walk
from rlblocks.runs.drawing import mermaid
from rlblocks.runs.options import Options

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])
REGION = re.compile(r"(<!-- generated: (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)
LIMITS = {"file": 300, "function": 40, "class": 120, "block": 80}


def main() -> int:
    """Rewrite the pages, or say which are stale."""
    stale = {page: text for page in PAGES if (text := written(page)) != page.read_text(encoding="utf-8")}
    if "--check" not in sys.argv:
        for page, text in stale.items():
            page.write_text(text, encoding="utf-8")
    for page in stale:
        print(page.relative_to(ROOT))
    return int(bool(stale) and "--check" in sys.argv)


def written(page: Path) -> str:
    """A page with every region as it should be."""

    def region(found: re.Match[str]) -> str:
        name, *arguments = found["name"].split()
        return f"{found[1]}\n{REGIONS[name](*arguments).strip()}\n\n{found[3]}"

    return REGION.sub(region, page.read_text(encoding="utf-8"))


# -- tables of recipes and blocks --------------------------------------------------------------------------------------


def recipes() -> str:
    """The named recipes, and what makes each of its nearest neighbour above it."""
    rows: list[tuple[str, ...]] = []
    for name, make in RECIPES.items():
        above = [
            other for other in list(RECIPES)[: len(rows)] if set(RECIPES[other]().objectives) <= set(make().objectives)
        ]
        near = min(above, key=lambda other: len(diff(RECIPES[other](), make())), default="")
        changes = [f"`{shortly(change)}`" for change in diff(RECIPES[near](), make().named(near))] if near else []
        said = f"{near}, with {'<br>'.join(changes)}" if near else ""
        rows.append((f"[{name}](docs/recipes/{name}.md)", paragraphs(make)[0], said))
    return table(("recipe", "what", "as a change"), rows)


def shortly(change: Any) -> str:
    """A change with blocks by their names."""
    old, new = (called(getattr(change, side, None)) for side in ("old", "new"))
    match change:
        case Add():
            return f"+ {change.path}: {new}"
        case Remove():
            return f"- {change.path}: {old}"
    return f"{change.path}: {old} → {new}"


def called(value: object) -> str:
    """A block by its class, anything else, clocks among it, as it is."""
    if isinstance(value, Mapping):
        return ", ".join(value)
    return type(value).__name__ if attrs.has(type(value)) and not isinstance(value, Clock) else str(value)


def blocks() -> str:
    """Every role with its blocks."""
    rows = [(f"`{role}`", ", ".join(kind.__name__ for kind in ours(role).values())) for role in in_order()]
    return table(("role", "blocks"), rows)


def options() -> str:
    """The options of a run, as their class documents them."""
    text = inspect.getdoc(Options) or ""
    said = dict(re.findall(r"^    (\w+): (.*)$", text, re.MULTILINE))
    fields = attrs.fields_dict(Options)
    return table(("option", "default", "what"), [(f"`{n}`", f"`{a.default!r}`", said[n]) for n, a in fields.items()])


def asked(declared: Declared) -> str:
    """One declared input in words."""
    match declared:
        case Read(key=key, raw=raw):
            return f"`{key}`" + (" in its form" if raw else "")
        case Draw(kind=kind, over=over):
            return f"{kind} numbers{f', one a {over}' if over else ''}"
        case Scheduled(name=name):
            return f"`{name}` at present"
        case Fn(key=key):
            return f"function `{key}`"
        case Size(dim=dim):
            return f"number of {dim}s"
        case Known(key=key):
            return f"what is known of `{key}`"


def shown(kind: type[Block]) -> Block | type[Block]:
    """Who tells what a block reads and writes: where its fields decide, one with the fields as by default."""
    wraps = any(a.metadata.get("role") == kind.role for a in attrs.fields(kind))  # type: ignore[arg-type]
    return kind() if isinstance(kind.inputs, property) and not wraps else kind


def reads(kind: type[Block]) -> str:
    """What a block reads; a wrapper reads what it wraps."""
    known = shown(kind).inputs
    if not isinstance(known, Mapping):
        return "what it wraps reads"
    return ", ".join(dict.fromkeys(asked(declared) for declared in known.values()))


def writes(kind: type[Block]) -> str:
    """What a block writes."""
    known = shown(kind).outputs
    if not isinstance(known, tuple):
        return "what it wraps writes"
    return ", ".join(f"`{key}`" for key in known)


def role_tables() -> str:
    """A section for each role: what it is, its blocks, what they read and write."""
    parts = []
    for name in in_order():
        kind = roles()[name]
        head = ("block", "name in files", "what it computes", "reads", "writes")
        rows = [row_of(key, block) for key, block in ours(name).items()]
        if not any(row[3] or row[4] for row in rows):
            head, rows = head[:3], [row[:3] for row in rows]
        parts += [f"## {name}", f"`{kind.__module__}.{kind.__name__}`: " + paragraphs(kind)[0], table(head, rows)]
    return "\n\n".join(parts)


def row_of(key: str, kind: type[Block]) -> tuple[str, ...]:
    """The row of one block."""
    return f"`{signature(kind)}`", f"`{key}`", paragraphs(kind)[0], reads(kind), writes(kind)


def signature(kind: type[Block]) -> str:
    """A block with its fields, as one makes it."""
    shown = [a.name if a.default is attrs.NOTHING else f"{a.name}={default(a)}" for a in attrs.fields(kind)]
    return f"{kind.__name__}({', '.join(shown)})"


def default(attribute: attrs.Attribute[object]) -> str:
    """The default of a field; `…` where it is made."""
    value = attribute.default
    made = value.factory() if isinstance(value, attrs.Factory) and not value.takes_self else value  # type: ignore[arg-type, attr-defined]
    return repr(made)


# -- pages of recipes --------------------------------------------------------------------------------------------------


def paper(name: str) -> str:
    """What a recipe says of itself: what it is, the paper, and the differences from it."""
    return "\n\n".join(paragraphs(RECIPES[name]))


def lineage(name: str, neighbour: str = "dqn") -> str:
    """How a recipe differs from its neighbour."""
    return f"```text\n{describe(diff(RECIPES[neighbour](), RECIPES[name]()))}\n```"


def slots(name: str) -> str:
    """Every slot of a recipe: its block, what that reads and writes."""
    rows: list[tuple[str, ...]] = []
    taken: list[tuple[object, ...]] = []
    for steps, node in walk(RECIPES[name]()):
        if isinstance(node, Block) and not any(steps[: len(t)] == t for t in taken):
            taken.append(steps)
            rows.append((f"`{join(steps)}`", f"`{node!r}`", reads_of(node), ", ".join(f"`{k}`" for k in node.outputs)))
    return table(("slot", "block", "reads", "writes"), rows)


def reads_of(node: Block) -> str:
    """What an instance reads, a wrapper what it wraps."""
    return ", ".join(dict.fromkeys(asked(declared) for declared in node.inputs.values()))


def picture(name: str) -> str:
    """A recipe as a picture in Mermaid."""
    return f"```mermaid\n{mermaid(wire(RECIPES[name]())).strip()}\n```"


# -- violations --------------------------------------------------------------------------------------------------------


def violations() -> str:
    """Where the code is larger than the house allows, or says `super()` or `hasattr`."""
    files = [path for folder in ("rlblocks", "recipes") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [row for path in files for row in of_file(path)]
    return table(("where", "what", "limit"), found) if found else "None."


def of_file(path: Path) -> Iterator[tuple[str, str, str]]:
    """The violations of one file."""
    where, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    parts = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    sizes = [("file", where, len(text.splitlines()))]
    sizes += [(kind_of(node), f"{where}: {node.name}", node.end_lineno - node.lineno + 1) for node in parts]
    for kind, name, lines in sizes:
        if lines > LIMITS[kind]:
            yield f"`{name}`", f"a {kind} of {lines} lines", str(LIMITS[kind])
    called = [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for name in ("super", "hasattr"):
        if name in called:
            yield f"`{where}`", f"calls `{name}`", "never"


def kind_of(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Function, class or block."""
    if isinstance(node, ast.FunctionDef):
        return "function"
    return "block" if any("block(" in ast.unparse(decorator) for decorator in node.decorator_list) else "class"


REGIONS: dict[str, Callable[..., str]] = {
    "recipes": recipes, "blocks": blocks, "options": options, "roles": role_tables, "paper": paper, "lineage": lineage,
    "slots": slots, "picture": picture, "violations": violations, "laws": laws_of_role, "law-counts": law_counts,
    "laws-by-number": laws_by_number,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
