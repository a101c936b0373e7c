"""The pages of laws: one for each role, and one that follows the numbers."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from _markdown import in_order, ours, paragraphs, table

from rlblocks._core.block import Block, roles
from rlblocks.testing import Law, known_roles, laws_for

LEFT_OUT = Path(__file__).parent / "laws" / "left-out.toml"
FEW = 3  # roles that are named one by one
SECTIONS = {
    "GEN": "every block", "EXP": "explorers", "SCH": "schedules", "BUF": "replay", "NST": "rows of n steps",
    "PER": "prioritized replay", "DED": "stores that keep each frame once", "SEQ": "stores of sequences",
    "TGT": "targets", "C51": "values as categorical distributions", "QR": "values as quantiles",
    "CON": "continuous control", "TUP": "target updates", "LOS": "losses and transforms", "RET": "returns",
    "NET": "networks", "NRM": "normalizers", "TAB": "tables and traces", "COL": "environments and collecting",
    "CKP": "checkpoints", "AGG": "aggregates", "CAD": "cadences", "CLP": "clips", "DRN": "drained stores",
    "FRM": "forms of values", "HER": "goals in hindsight", "MDL": "models", "NXT": "rows with the next action",
    "OPT": "optimizers", "POL": "policies", "STP": "early stops", "WRP": "wrappers",
}  # fmt: skip


def all_laws() -> list[Law]:
    """Every law once, in the order of its role and number."""
    return list({id(law): law for role in in_order() for law in laws_for(role)}.values())


def sentence(words: str) -> str:
    """Words as a sentence of their own."""
    return words[:1].upper() + words[1:].rstrip(".") + "."


def law_counts() -> str:
    """The roles, and how many laws each has."""
    rows = []
    for role in (role for role in in_order() if role in known_roles()):
        laws = list(laws_for(role))
        shared = sum(law.id.startswith("GEN-") for law in laws)
        rows.append((f"[{role}]({role}.md)", str(len(laws)), str(len(laws) - shared), str(shared)))
    head = ("role", "laws", "of its own", "of every block")
    said = (
        f"{len(all_laws())} laws of {len(rows)} roles; {sum(bool(law.formula) for law in all_laws())} have a formula."
    )
    return f"{said}\n\n{table(head, rows)}"


def laws_of_role(role: str) -> str:
    """All that is known of the laws of a role: its own ones first, then those of every block."""
    laws = sorted(laws_for(role), key=lambda law: law.id.startswith("GEN-"))
    what = paragraphs(roles()[role])[0]
    parts = [f"`{roles()[role].__module__}.{roles()[role].__name__}`: {what}"]
    parts += [f"{len(laws)} laws. `rlblocks laws {role}` lists them, `rlblocks check` asks them."]
    for law in laws:
        parts += [f"### {law.id}", " ".join([sentence(law.title), *law.why.split("\n")]).strip()]
        parts.append("\n".join(f"- {name}: {text}" for name, text in facts_of(law, role)))
    return "\n\n".join(parts)


def facts_of(law: Law, role: str) -> Iterator[tuple[str, str]]:
    """What else is known of a law, each under its name."""
    if law.formula:
        yield "Formula", f"`{law.formula}`"
    if law.reference:
        yield "Reference", law.reference
    yield from conditions_of(law.needs, role)
    if law.covers:
        yield "Its inputs contain, or it counts as vacuous", ", ".join(law.covers)
    if law.thorough:
        yield "Asked", "in the thorough profile alone"
    yield "Since", law.since


def conditions_of(needs: Callable[[Block], str], role: str) -> Iterator[tuple[str, str]]:
    """When a law is skipped: as its condition says, or, where that is silent, as it says of the library's blocks."""
    words = (inspect.getdoc(needs) or "").partition("\n")[0].rstrip(".")
    said = (words[:1].lower() + words[1:]).partition(";")[0]
    if needs.__name__ == "every_block":
        return
    if said.startswith("whether "):
        yield "Depends on", said
    elif said.startswith("why "):
        yield "Skipped, with the reason", said
    elif said:
        yield "Asked of what is", said
    elif reasons := dict.fromkeys(why for block in made(role) if (why := needs(block))):
        yield "Skipped, with the reason", " or ".join(reasons)


def made(role: str) -> Iterator[Block]:
    """The library's blocks of a role that can be made without arguments."""
    for kind in ours(role).values():
        try:
            yield kind()
        except Exception:  # noqa: BLE001, S112  one that needs arguments
            continue


# -- by numbers --------------------------------------------------------------------------------------------------------


def left_out() -> dict[str, dict[str, str]]:
    """The numbers that are no law: what each says, and why it is none."""
    found: dict[str, dict[str, str]] = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8"))["left-out"]
    return found


def laws_by_number() -> str:
    """A table for each section, of laws and of what is none."""
    laws, left = all_laws(), left_out()
    sections = [*SECTIONS, *sorted({law.id.partition("-")[0] for law in laws} - set(SECTIONS))]
    parts = [f"{len({law.id for law in laws})} numbers are laws, and {len(left)} are not."]
    for section in sections:
        rows = [(law.id, sentence(law.title), places(law)) for law in laws if law.id.startswith(f"{section}-")]
        rows += [(name, sentence(of["fact"]), reason(of["reason"])) for name, of in left.items()
                 if name.startswith(f"{section}-")]  # fmt: skip
        if rows:
            rows = sorted(dict.fromkeys(rows), key=lambda row: order_of(row[0]))
            parts += [f"## {section}: {SECTIONS.get(section, section)}", table(("id", "fact", "where"), rows)]
    return "\n\n".join(parts)


def places(law: Law) -> str:
    """The pages of the roles that have it; of many, the first."""
    pages = [f"[{role}]({role}.md#{law.id.lower()})" for role in in_order() if role in law.roles]
    return ", ".join(pages) if len(pages) <= FEW else f"{pages[0]}, and {len(pages) - 1} roles more"


def reason(text: str) -> str:
    """Why a number is no law, and as such to be seen."""
    return f"*no law*: {text}"


def order_of(name: str) -> tuple[int, str]:
    """By number, then by letter."""
    return int(re.findall(r"\d+", name)[-1]), name
