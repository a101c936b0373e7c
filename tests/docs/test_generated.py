"""What the pages say of the code is what the code says."""

from __future__ import annotations

from typing import Any

from rlblocks.recipes import RECIPES

from rlblocks._core.block import Block, roles
from rlblocks.stores import NStep
from rlblocks.transforms import Normalise
from tests.docs.pages import ROOT, name_of


def test_no_page_is_stale(generate: Any) -> None:
    """After a change, `python docs/generate.py` brings the pages up to date."""
    stale = [name_of(page) for page in generate.PAGES if generate.written(page) != page.read_text(encoding="utf-8")]

    assert stale == []


def test_reads_that_depend_on_fields_are_those_of_the_defaults(generate: Any) -> None:
    """A transform reads and writes its key; only a wrapper reads what it wraps."""
    assert (generate.reads(Normalise), generate.writes(Normalise)) == ("`advantage`, `weight`", "`advantage`")
    assert (generate.reads(NStep), generate.writes(NStep)) == ("what it wraps reads", "what it wraps writes")


def test_a_stale_page_is_found_out(generate: Any, tmp_path: Any) -> None:
    """A region that says anything else is written anew, and what stands around it is left alone."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: options -->\n| old |\n<!-- end -->\nafter\n", encoding="utf-8")

    text = generate.written(page)

    assert text.startswith("before\n<!-- generated: options -->\n\n| option |")
    assert text.endswith("\n\n<!-- end -->\nafter\n")
    assert "| old |" not in text


def test_every_role_and_every_recipe_has_its_place(generate: Any) -> None:
    """A new role is in the reference, and a new recipe has a page of its own."""
    reference = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")

    assert [name for name in roles() if f"\n## {name}\n" not in reference] == []
    assert [name for name in RECIPES if not (ROOT / "docs" / "recipes" / f"{name}.md").exists()] == []
    assert all(issubclass(kind, Block) for role in roles() for kind in generate.ours(role).values())
