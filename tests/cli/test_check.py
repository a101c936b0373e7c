"""Asking blocks for their laws from the command line."""

import json
import sys
import textwrap

import pytest

from rlblocks.testing import KIT_VERSION, Check, unlisted

HEAD = """
    import random
    from rlblocks import block, fields, functional, read
    from rlblocks.targets import Target

    VALUES = read("next.q@target", dims=("batch", "action"))
    INPUTS = {"reward": read("reward"), "discount": read("discount"), "q": VALUES}
"""
TARGET = """
    @block("lab/{name}")
    class {title}(Target):
        '''y = r + γ·maxₐ q⁻(s′, a).'''

        inputs = INPUTS
        {fields}

        def compute(self, *, reward, discount, q):
            {line}
            return functional.one_step_backup(reward, discount, q.amax(1)).detach()
"""


@pytest.fixture
def lab(console, monkeypatch):
    """Writes a module of targets, each with a line of its own, which is importable and forgotten afterwards."""

    def write(name, fields="", **lines):
        text = HEAD + "".join(
            TARGET.format(name=f"{name.rpartition(chr(47))[2]}_{title.lower()}", title=title, line=line, fields=fields)
            for title, line in lines.items()
        )
        (console.folder / f"{name}.py").write_text(textwrap.dedent(text))

    monkeypatch.syspath_prepend(str(console.folder))
    with unlisted():
        yield write
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(console.folder)):
            del sys.modules[name]


def test_a_broken_law_is_told_with_code_that_runs(console, lab):
    """The law in words, why, and the smallest example, which begins with the imports that it needs."""
    lab("moving", Mover="random.random()")

    said = console("check moving:Mover --law GEN-3")

    assert said.code == 1
    assert "BROKEN  GEN-3   global generators are neither read nor moved" in said.out
    assert "the global generator of random was moved" in said.out
    code = textwrap.dedent(said.out.partition("the smallest example found:\n")[2].rpartition("\n1 failed")[0])
    exec(compile(code, "example", "exec"), {})


def test_a_block_that_hangs_is_stopped(console, lab):
    """Its law counts as broken, and the next one is asked."""
    lab("hanging", Hang="while True: pass")

    said = console("check hanging:Hang --law TGT-2 --law TGT-4 --limit 0.3")

    assert said.code == 1
    assert said.out.count("it was stopped after 0.3 s") == 2


def test_a_block_that_exits_breaks_its_laws(console, lab):
    """An exit code of 0 that the block chose would say that no law is broken."""
    lab("leaving", Leaver="raise SystemExit(0)")

    said = console("check leaving:Leaver --law TGT-2")

    assert said.code == 1
    assert "BROKEN  TGT-2 " in said.out
    assert "it raised SystemExit: 0" in said.out
    assert "1 failed" in said.out


def test_a_module_that_exits_does_not_import(console, lab):
    """What a module does at its import decides no verdict."""
    (console.folder / "gone.py").write_text("import sys\nsys.exit(0)\n")

    said = console("check gone.py")

    assert said.code == 2
    assert "error: the module 'gone.py' does not import: SystemExit: 0" in said.err


def test_a_malformed_block_brings_its_own_fix(console, lab):
    """An error of ours in a module says itself what to do."""
    lab("malformed", Malformed="pass")
    text = (console.folder / "malformed.py").read_text()
    (console.folder / "malformed.py").write_text(text.replace("discount, q):", "discount):"))

    said = console("check malformed")

    assert said.code == 2
    assert "does not import: BlockError: Malformed.compute and its inputs disagree" in said.err
    assert "fix: make the keyword-only parameters of compute exactly the keys of inputs" in said.err


def test_examples_have_a_seed(console, monkeypatch):
    """The option reaches every law, and is 1 where nothing is said."""
    asked = []
    result = Check.result
    monkeypatch.setattr(Check, "result", lambda self: asked.append(self.seed) or result(self))

    assert console("check max_q --law TGT-2 --seed 5").code == 0
    assert console("check max_q --law TGT-2").code == 0
    assert asked == [5, 1]


def test_a_block_that_prints_breaks_a_law_and_not_the_screen(console, lab):
    """What it prints is told once, by its law."""
    lab("loud", Loud="print('hello')")

    said = console("check loud:Loud --law TGT-2 --law GEN-3a")

    assert "the call printed 'hello" in said.out
    assert said.out.count("hello") == 1
    assert said.code == 1


def test_a_whole_module_is_asked(console, lab):
    """Every block in it, and the verdict over all."""
    lab("several", Good="pass", Mover="random.random()")

    said = console("check several --law GEN-3")

    assert said.code == 1
    assert "Good(), of role targets" in said.out
    assert "2 blocks, 1 with a broken law: 1 passed, 1 failed" in said.out


def test_what_cannot_be_made_is_told_and_the_rest_is_asked(console, lab):
    """The exit code says that somebody must do something."""
    lab("needing", fields="x: float = fields.number()", Needs="pass")

    said = console("check needing --law GEN-3")

    assert said.code == 2
    assert "Needs was not asked: Needs cannot be made without x; make one in its module" in said.out


def test_an_instance_in_the_module_is_asked_where_the_class_needs_arguments(console, lab):
    """A module says by an example how a block is made."""
    lab("offering", fields="x: float = fields.number()", Offered="pass")
    with (console.folder / "offering.py").open("a") as file:
        file.write("example = Offered(x=1.0)\n")

    said = console("check offering --law GEN-3")

    assert said.code == 0, said
    assert "Offered(x=1.0), of role targets" in said.out


def test_a_package_is_asked_with_all_its_modules(console, lab):
    """One that does not import is told by name."""
    (console.folder / "pack").mkdir()
    (console.folder / "pack" / "__init__.py").write_text("")
    lab("pack/good", Good="pass")
    (console.folder / "pack" / "bad.py").write_text("import nothere_at_all\n")

    said = console("check pack --law GEN-3")

    assert said.code == 2
    assert "Good(), of role targets" in said.out
    assert "pack.bad was not asked: the module 'pack.bad' does not import" in said.out
    assert "pip install nothere_at_all" in said.out


def test_results_as_json(console):
    """One document, with what a program needs of each law."""
    said = console("check max_q --law TGT-2 --law TGT-99b --json")
    assert said.code == 2

    said = console("check max_q --law TGT-2 --json")

    (result,) = json.loads(said.out)
    assert said.code == 0
    assert (result["law"], result["status"], result["role"], result["block"]) == (
        "TGT-2", "passed", "targets", "MaxQ()"
    )  # fmt: skip
    assert (result["kit"], result["since"]) == (KIT_VERSION, "0.1")


def test_a_law_is_waived_with_a_reason_only(console):
    """By the caller, never by the block."""
    said = console('check max_q --law TGT-2 --waive TGT-2="it ends nowhere"')
    assert (said.code, "waived  TGT-2" in said.out, "it ends nowhere" in said.out) == (0, True, True)

    said = console("check max_q --waive TGT-2")
    assert (said.code, "gives no reason" in said.err) == (2, True)


def test_laws_are_listed(console):
    """All roles, one role, one law."""
    assert "targets" in console("laws").out
    assert "TGT-2a   a row that was truncated" in console("laws targets").out
    assert console("laws target").out == console("laws targets").out
    assert "so that a time limit is no end" in console("laws TGT-2a").out
    said = console("laws TGT-2z")
    assert (said.code, "did you mean" in said.err) == (2, True)
