"""Every snippet of the documentation runs, and prints what the page says that it prints."""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from rlblocks._core import block as core
from rlblocks.cli import main
from rlblocks.runs import train as training
from rlblocks.testing import _law, laws
from tests.docs.pages import PAGES, Fence, fences_of, matches, name_of

STEPS = 1_100  # of a training run: a hundred updates after DQN's warm-up
LONG = {"run", "resume", "play", "plot", "compare", "evaluate", "check", "new"}  # parsed here, run elsewhere


def pages_with(language: str) -> list[Any]:
    return [pytest.param(page, id=name_of(page)) for page in PAGES if any(language in f.words for f in fences_of(page))]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own, short runs, and afterwards no block and no law that a page has declared."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "train", shortened(training.train))
    core.roles()
    known = {role: dict(members) for role, members in core._BLOCKS.items()}
    laws.load()
    monkeypatch.setattr(_law, "_LAWS", list(_law._LAWS))
    yield
    for role, members in core._BLOCKS.items():
        members.clear()
        members.update(known.get(role, {}))


def shortened(train: Any) -> Any:
    """Training as the page asks for it, only shorter, with two episodes an evaluation, and without a word."""

    @wraps(train)
    def short(*args: Any, **options: Any) -> Any:
        steps = min(options.pop("steps", STEPS), STEPS)
        return train(*args, **{"view": "quiet", "video": "never", **options, "episodes": 2, "steps": steps})

    return short


@pytest.mark.parametrize("page", pages_with("python"))
@pytest.mark.usefixtures("elsewhere", "patient")
def test_the_python_of_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From top to bottom, in one module; a `text` block behind it is what it prints, or the error that it raises."""
    module = ModuleType("snippet")
    monkeypatch.setitem(sys.modules, "snippet", module)  # which the compiler imports to look names up
    fences, names = fences_of(page), vars(module)
    for fence, behind in zip(fences, [*fences[1:], None], strict=True):
        if fence.words[:1] == ("python",):
            said = ran(fence, names)
            if behind is not None and behind.words == ("text",):
                assert matches(said, behind.text), f"{behind.place} shows\n{behind.text}\nand printed is\n{said}"


def ran(fence: Fence, names: dict[str, Any]) -> str:
    """What a snippet prints; where the page says that it raises, the message of the error."""
    code = compile("\n" * (fence.line - 1) + fence.text, str(fence.page), "exec")
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            exec(code, names)
    except Exception as error:
        if "raises" not in fence.words:
            raise
        return f"{type(error).__name__}: {error}"
    assert "raises" not in fence.words, f"{fence.place} raised nothing"
    return out.getvalue()


def commands_of(fence: Fence) -> list[tuple[list[str], str]]:
    """The command lines of a console block as words, each with the output shown below it."""
    found = []
    for part in ("\n" + fence.text).split("\n$ ")[1:]:
        line, _, shown = part.partition("\n")
        words = shlex.split(line, comments=True)
        if words[0] == "rlblocks":
            found.append((words[1:], shown))
    return found


@pytest.mark.parametrize("page", pages_with("console"))
@pytest.mark.usefixtures("elsewhere")
def test_the_command_lines_of_a_page_are_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is parsed, its settings fit its recipe; those that only look are run, and print what is shown."""
    for fence in fences_of(page):
        for words, shown in commands_of(fence) if fence.words[:1] == ("console",) else ():
            understood(words, fits=not shown.startswith("error:"))
            if words[0] in LONG or not shown.strip():
                continue
            code = main(words)
            told = capsys.readouterr()
            assert code == (2 if told.err else 0), f"{fence.place}: {words} ended with {code}"
            said = told.err or told.out
            assert matches(said, shown), f"{fence.place} shows\n{shown}\nand {words} prints\n{said}"


def understood(words: list[str], *, fits: bool) -> None:
    """Parse a command line without running it; what it says of a recipe is applied to that recipe, if it should fit."""
    from rlblocks.cli._app import app
    from rlblocks.cli._recipes import prepared
    from rlblocks.cli._settings import settings_of

    group = typer.main.get_command(app)
    context = group.make_context("rlblocks", list(words), resilient_parsing=False)
    name, verb, rest = group.resolve_command(context, words)  # type: ignore[attr-defined]
    parsed = verb.make_context(name, rest, parent=context)
    if fits and {"recipe", "settings"} <= parsed.params.keys() and not str(parsed.params["recipe"]).startswith("runs/"):
        prepared(parsed.params["recipe"], settings_of(parsed.params["settings"] or []))


def test_a_snippet_that_raises_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above can fail: a page that promises an error, or another output, is refused."""
    page = tmp_path / "page.md"
    page.write_text("```python raises\n1 + 1\n```\n\n```python\nprint('a--b')\n```\n\n```text\na ... b\n```\n")
    monkeypatch.setattr("tests.docs.pages.ROOT", tmp_path)
    first, second, shown = fences_of(page)

    with pytest.raises(AssertionError, match=r"page\.md:2 raised nothing"):
        ran(first, {})
    assert not matches(ran(second, {}), shown.text)
    assert matches("a - b\n", shown.text)
