"""Links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, name_of

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchor(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def headings_of(file: Path) -> list[str]:
    """The headings of a page; none of anything else."""
    text = file.read_text(encoding="utf-8") if file.suffix == ".md" and file.exists() else ""
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("page", [pytest.param(page, id=name_of(page)) for page in PAGES])
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Files are there, and so are the headings; addresses of the web are not asked."""
    text, broken = FENCED.sub("", page.read_text(encoding="utf-8")), []
    for link in LINK.findall(text):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        file = (page.parent / path).resolve() if path else page
        headings = map(anchor, headings_of(file))
        if not file.exists() or (heading and heading not in headings):
            broken.append(link)

    assert broken == []


MAPS = [(Path("docs/index.md"), {"docs", "recipes"}), (Path("docs/laws/index.md"), {"laws"})]


@pytest.mark.parametrize(("index", "folders"), [pytest.param(*both, id=both[0].as_posix()) for both in MAPS])
def test_every_page_is_on_the_map(index: Path, folders: set[str]) -> None:
    """The index links to every page of the documentation, that of the laws to every page of theirs; no page twice."""
    index = ROOT / index
    linked = [(index.parent / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))]
    pages = [page for page in PAGES if page.parent.name in folders and page != index]

    assert [name_of(page) for page in pages if linked.count(page) != 1] == []
