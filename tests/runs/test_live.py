"""What a person, a log and a program see of a run."""

import io
import itertools
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

from rlblocks._core.errors import RecipeError
from rlblocks.runs._progress import Progress
from rlblocks.runs._report import losses_first
from rlblocks.runs.events import EpisodeEnded, Evaluated, Finished, Learned, Saved, Started, Tick
from rlblocks.runs.live import Outlet, Ration, live_view

FOLDER = Path("runs/dqn-1")
STARTED = Started(
    "dqn on CartPole-v1", FOLDER, 50_000, 0,
    {"version": "rlblocks 0.1.0", "device": "cpu (no GPU was found)", "seed": "0"},
    (("env", "Gym('CartPole-v1')"), ("objectives.q", "Objective(target=MaxQ(), losses=(Huber(),))")),
)  # fmt: skip
EVALUATED = Evaluated(20_000, 19_000, (480.0, 500.0), (480, 500), best=True, seconds=9.0)
FINISHED = Finished(41_000, 40_000, "solved", "solved at 41,000 steps; mean 487.3 ± 12", FOLDER, 21.5)
BANNER = """\
dqn on CartPole-v1
  version  rlblocks 0.1.0
  device   cpu (no GPU was found)
  seed     0
  steps    50,000
  folder   runs/dqn-1
  recipe
    env           Gym('CartPole-v1')
    objectives.q  Objective(target=MaxQ(), losses=(Huber(),))
"""
LINES = """\
  4 %  2,000 / 50,000 steps
 41 %  20,500 / 50,000 steps  ETA 0:16  1,850 steps/s  1,850 updates/s  return 30  loss 0.0123  evaluation 490 ± 10
"""
VERDICT = """\
solved at 41,000 steps; mean 487.3 ± 12
  folder  runs/dqn-1
  next
    rlblocks play runs/dqn-1    watch it
    rlblocks plot runs/dqn-1    see its curves
    rlblocks resume runs/dqn-1  go on from its last checkpoint
"""
PANEL = """\
╭─ dqn on CartPole-v1 ─────────────────────────────────────╮
│ ━━━━━━━━━━━━━━━━━━━━──────────────────────────────  41 % │
│           ▁▁▁▁▁▁▁▁▁▁█                                    │
│ steps       20,500 of 50,000 · ETA 0:16 · 0:12 so far    │
│ speed       1,850 steps/s · 1,850 updates/s              │
│ return      30 over the last 2 episodes · curve 10 to 50 │
│ learning    loss 0.0123 · epsilon 0.05                   │
│ evaluation  490 ± 10 over 2 episodes at 20,000 · best    │
│ checkpoint  last at 20,000 · 0:02 ago                    │
╰──────────────────────────────────────────────────────────╯
"""
NARROW = """\
+- dqn on CartPo... ---+
| #####---------  41 % |
| ======               |
| steps       20,50... |
| speed       1,850... |
| return      10 ov... |
| learning    -        |
| evaluation  -        |
| checkpoint  -        |
+----------------------+
"""


class Stream(io.StringIO):
    """A stream in memory that says what it is."""

    def __init__(self, encoding="utf-8", tty=False):
        super().__init__()
        self.called, self.tty = encoding, tty

    @property
    def encoding(self):
        return self.called

    def isatty(self):
        return self.tty


class Clock:
    """Seconds that pass only when the test says so, or by `cost` whenever one looks."""

    def __init__(self, cost=0.0):
        self.now, self.cost = 100.0, cost

    def __call__(self):
        self.now += self.cost
        return self.now


@pytest.fixture(autouse=True)
def terminal(monkeypatch, tmp_path):
    """A terminal of 60 columns and no folder of our own."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("TERM", "xterm-256color"), ("COLUMNS", "60"), ("LINES", "40"), ("HOME", "/nowhere")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


def told(view, clock, *, finish=True):
    """Half a run, ten seconds apart."""
    view.on(STARTED)
    clock.now += 2
    view.on(Tick(2_000, 1_000, 0, 2.0))
    view.on(EpisodeEnded(10_000, 9_000, 1, 10.0, 10, 0, 3.0))
    view.on(EpisodeEnded(20_000, 19_000, 2, 50.0, 50, 0, 8.0))
    view.on(Learned(20_000, 19_000, {"epsilon": 0.05, "q.loss": 0.0123}, 8.5))
    view.on(EVALUATED)
    view.on(Saved(20_000, FOLDER / "last", "last", 10.0))
    clock.now += 10
    view.on(Tick(20_500, 19_500, 2, 12.0))
    if finish:
        view.on(FINISHED)


def test_plain_lines_are_these():
    """Banner, a line per ten seconds and verdict as text, without a control character."""
    stream, clock = Stream(), Clock()

    told(live_view(stream, "auto", clock), clock)

    assert stream.getvalue() == BANNER + LINES + VERDICT
    assert all(line.isprintable() for line in stream.getvalue().splitlines())


def test_of_several_losses_their_sum_comes_first():
    """Then what they tell besides, then the terms, then numbers; an objective is named where there are several."""
    progress = Progress(learned={
        "lr": 0.1, "policy.loss": 1.5, "policy.loss.entropy": -0.5, "policy.entropy": 0.5,
        "objectives.policy.clip": 0.2,
    })  # fmt: skip

    assert [name for name, _ in losses_first(progress)] == [
        "loss", "entropy", "loss.entropy", "lr", "objectives.policy.clip",
    ]  # fmt: skip
    progress.learned = {"actor.loss": 1.0, "critic.loss": 2.0}
    assert [name for name, _ in losses_first(progress)] == ["actor.loss", "critic.loss"]


def test_the_speed_is_that_of_whole_bursts():
    """Collecting and learning in turn: one burst of learning does not make the rest of the run look endless."""
    progress, clock, steps = Progress(budget=100_000), 0.0, 0
    for chunk in range(20):
        for _ in range(10):
            clock, steps = clock + 0.5, steps + 200
            progress.note(Tick(steps, 500 * chunk, 0, clock))
        for part in range(50):
            clock += 0.4
            progress.note(Tick(steps, 500 * chunk + 10 * part, 0, clock))

    assert progress.speeds()[0] == pytest.approx(2_000 / 25, rel=0.2)
    assert len(progress.marks) < 200


@pytest.mark.parametrize("tty", [False, True])
def test_episodes_that_were_cut_are_a_sentence(tty):
    """Once a run; above the panel where there is one."""
    stream, clock = Stream(tty=tty), Clock()
    view = live_view(stream, "auto", clock)
    view.on(STARTED)
    view.on(attrs.evolve(EVALUATED, cut=1))
    view.on(attrs.evolve(EVALUATED, cut=2))
    view.on(FINISHED)

    said = "1 of 2 greedy episodes had not ended after 500 steps and was cut there; evaluation_steps=... sets"
    assert stream.getvalue().count(said) == 1
    assert stream.getvalue().index(said) < stream.getvalue().index("solved at")


def test_a_stream_of_few_characters_gets_plainer_ones():
    """Every line can be encoded, and says the same."""
    stream, clock = Stream("ascii"), Clock()

    told(live_view(stream, "plain", clock), clock)

    assert stream.getvalue() == (BANNER + LINES + VERDICT).replace("±", "+-")


def test_plain_lines_come_every_ten_seconds():
    """Four ticks a second for a minute and a bit: the first line after a second, then one per ten."""
    stream, clock = Stream(), Clock()
    view = live_view(stream, "plain", clock)
    view.on(STARTED)
    told_at = []
    for quarter in range(1, 4 * 62):
        clock.now = 100.0 + quarter / 4
        before = stream.tell()
        view.on(Tick(quarter, 0, 0, quarter / 4))
        if stream.tell() > before:
            told_at.append(quarter / 4)

    assert told_at == [1, 11, 21, 31, 41, 51, 61]


def test_every_event_is_a_line_of_json():
    """A program reads one strict object per line, in order, and nothing else."""
    stream, clock = Stream(), Clock()

    told(live_view(stream, "json", clock), clock)

    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [record["kind"] for record in records] == [
        "started", "tick", "episode", "episode", "learn", "evaluation", "saved", "tick", "finished",
    ]  # fmt: skip
    assert records[0]["recipe"][0] == ["env", "Gym('CartPole-v1')"]
    assert records[-1]["verdict"] == FINISHED.verdict


def test_quiet_says_nothing():
    """Errors are raised, and all else is left out."""
    stream, clock = Stream(tty=True), Clock()

    told(live_view(stream, "quiet", clock), clock)

    assert stream.getvalue() == ""


def test_an_unknown_mode_is_the_users_mistake():
    """With the nearest spelling and all there are."""
    with pytest.raises(RecipeError) as raised:
        live_view(Stream(), "plian")

    assert str(raised.value) == (
        "'plian' is no way to show a run; did you mean 'plain'?\n  fix: write one of auto, quiet, json, plain"
    )


def drawn(view, width):
    """The present panel as text."""
    from rich.console import Console

    from rlblocks.runs._panel import LivePanel

    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(LivePanel(view.progress, view.glyphs))
    return console.file.getvalue()


def test_the_panel_at_sixty_columns_is_this():
    """The curve stands under the bar, and parts that do not fit are left out whole."""
    stream, clock = Stream(tty=True), Clock()
    view = live_view(stream, "auto", clock)

    told(view, clock, finish=False)
    panel = drawn(view, 60)
    view.on(FINISHED)

    assert panel == PANEL


def test_a_very_narrow_panel_without_unicode_is_this():
    """Twenty-four columns of ASCII still show bar, percent and the beginning of each row."""
    view = live_view(Stream("ascii", tty=True), "auto", Clock())
    view.progress.note(STARTED)
    for event in (
        Tick(2_000, 1_000, 0, 2.0),
        EpisodeEnded(10, 0, 1, 10.0, 10, 0, 3.0),
        Tick(20_500, 19_500, 2, 12.0),
    ):
        view.progress.note(event)

    assert drawn(view, 24) == NARROW


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_no_line_on_a_terminal_is_wider_than_it(columns, monkeypatch):
    """Banner and panel fit; only what is to be copied out of the verdict is never cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream, clock = Stream(tty=True), Clock()

    told(live_view(stream, "auto", clock), clock, finish=False)

    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue()).replace("\r", "\n").split("\n")
    assert max(map(len, lines)) <= columns
    assert any("%" in line for line in lines)


def test_the_terminal_gets_its_cursor_back_and_the_verdict_whole():
    """After the end the cursor shows, and the commands are there to copy, however narrow the terminal is."""
    stream, clock = Stream(tty=True), Clock()

    told(live_view(stream, "auto", clock), clock)

    said = stream.getvalue()
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h") == 1
    end = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said[said.index("\x1b[?25h") :])
    for line in ("solved at 41,000 steps", "  folder  runs/dqn-1\n", "    rlblocks resume runs/dqn-1"):
        assert line in end


def test_no_color_is_obeyed(monkeypatch):
    """With NO_COLOR no colour is set: only weight and cursor."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream, clock = Stream(tty=True), Clock()

    told(live_view(stream, "auto", clock), clock)

    colours = [
        code for codes in re.findall(r"\x1b\[([0-9;]*)m", stream.getvalue()) for code in codes.split(";")
        if code not in ("", "0", "1", "2", "39", "49")
    ]  # fmt: skip
    assert colours == []


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(term, monkeypatch):
    """No escape code is sent to it."""
    monkeypatch.setenv("TERM", term)
    stream, clock = Stream(tty=True), Clock()

    told(live_view(stream, "auto", clock), clock)

    assert stream.getvalue() == BANNER + LINES + VERDICT


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("budget", ["play", "plot", "evaluate"]), ("solved", ["play", "plot", "resume"]),
        ("interrupted", ["resume", "play", "plot"]), ("failed", ["resume", "play", "plot"]),
    ],
)  # fmt: skip
def test_what_to_type_next_depends_on_how_it_ended(reason, told):
    """A run that was cut short is resumed first, and one that took all its steps not at all."""
    stream = Stream()

    live_view(stream).on(Finished(5, 4, reason, "over", FOLDER, 1.0))

    assert re.findall(r"rlblocks (\w+) runs/dqn-1", stream.getvalue()) == told


def test_nothing_is_offered_that_needs_a_checkpoint_where_there_is_none(tmp_path):
    """A run that broke before it saved anything can be neither resumed nor watched."""
    stream = Stream()
    (tmp_path / "run").mkdir()

    live_view(stream).on(Finished(5, 4, "failed", "failed at 5 steps", tmp_path / "run", 1.0))

    assert "folder" in stream.getvalue()
    assert "rlblocks" not in stream.getvalue()


def test_a_resumed_run_says_where_it_goes_on():
    """The banner has the step and the budget in place of the budget alone, and no folder where there is none."""
    stream = Stream()

    live_view(stream).on(Started("dqn", None, 50_000, 20_000, {}, ()))

    assert stream.getvalue() == "dqn\n  continues  at 20,000 of 50,000 steps\n"


def test_names_cannot_send_escape_codes():
    """Whatever an environment calls itself, it stays text."""
    stream = Stream()

    live_view(stream).on(Started("dqn on \x1b[2J", None, 1, 0, {"a\x1b": "b\nc"}, ()))

    assert stream.getvalue() == "dqn on ?[2J\n  a?     b c\n  steps  1\n"


@pytest.mark.parametrize("cost", [0.0, 0.001, 0.01, 0.5])
def test_drawing_takes_at_most_its_share_of_the_time(cost):
    """However slow a drawing is, there are at most four a second, and they take at most a hundredth of the run."""
    clock = Clock()
    ration = Ration(clock, every=0.25, share=0.01)
    drawings = []

    def draw():
        drawings.append(clock.now)
        clock.now += cost

    begin = clock.now
    while clock.now < begin + 200:
        ration.spend(draw)
        clock.now += 0.25

    gaps = [after - before for before, after in itertools.pairwise(drawings)]
    assert min(gaps) >= 0.25
    assert (len(drawings) - 1) * cost <= 0.01 * (drawings[-1] - begin) + 1e-9
    assert len(drawings) >= (2 if cost == 0.5 else 100)


def test_an_episode_costs_a_few_microseconds():
    """Neither an episode nor a learn step draws anything: the best of ten thousand takes below ten microseconds."""
    view = live_view(Stream(), "plain")
    view.on(STARTED)
    for event in (EpisodeEnded(10, 0, 1, 10.0, 10, 0, 3.0), Learned(10, 0, {"q.loss": 0.1}, 3.0)):
        took = []
        for _ in range(200):
            before = time.perf_counter()
            for _ in range(50):
                view.on(event)
            took.append((time.perf_counter() - before) / 50)

        assert min(took) < 10e-6


class Broken(Stream):
    """A pipe whose reader is gone after the first `lines` writes."""

    def __init__(self, lines, error, tty=False):
        super().__init__(tty=tty)
        self.left, self.error = lines, error

    def write(self, text):
        if not self.left:
            raise self.error
        self.left -= 1
        return super().write(text)


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left"), ValueError("closed file")])
@pytest.mark.parametrize(("mode", "tty"), [("auto", False), ("auto", True), ("json", False)])
@pytest.mark.parametrize("lines", [0, 1, 3])
def test_a_broken_pipe_silences_the_view_and_not_the_run(error, mode, tty, lines):
    """Nothing is raised, and nothing is written after the break."""
    stream, clock = Broken(lines, error, tty), Clock()

    told(live_view(stream, mode, clock), clock)

    assert stream.left == 0


def test_an_outlet_stays_silent():
    """A pipe that broke once is not tried again."""
    stream = Broken(1, BrokenPipeError())
    outlet = Outlet(stream)

    for text in ("a", "b", "c"):
        assert outlet.write(text) == 1
        stream.left += outlet.silent
    outlet.flush()

    assert (stream.getvalue(), outlet.silent) == ("a", True)


SCRIPT = """
import sys
from rlblocks.runs.events import Started, Tick, Finished
from rlblocks.runs.live import live_view
view = live_view(mode=sys.argv[1])
view.on(Started("dqn", None, 10, 0, {}, ()))
for step in range(3000):
    view.on(Tick(step, 0, 0, step / 4))
view.on(Finished(10, 0, "budget", "done", None, 1.0))
sys.stderr.write("the run went on")
sys.exit(3)
"""


def test_a_reader_that_goes_away_does_not_change_how_the_process_ends():
    """`rlblocks run … --json | head -1` ends with the run's own exit code and no word about pipes."""
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "json"], stdout=write, stderr=subprocess.PIPE, text=True
    ) as run:
        os.close(write)
        os.read(read, 10)
        os.close(read)
        said = run.stderr.read()

    assert (run.returncode, said) == (3, "the run went on")


def test_a_process_without_standard_output_runs():
    """A closed standard output is nobody to tell."""
    ended = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" auto >&-', sys.executable, SCRIPT], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (3, "the run went on")


def test_the_view_loads_neither_torch_nor_rich_before_they_are_needed():
    """A plain view of a run costs no import."""
    code = (
        "import sys, rlblocks.runs.live as live; live.live_view(mode='plain')\n"
        "print({'torch', 'rich', 'matplotlib'} & {*sys.modules})"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said == "set()\n"


UNFINISHED = """
from rlblocks.runs.events import Started
from rlblocks.runs.live import live_view
live_view().on(Started("dqn", None, 10, 0, {}, ()))
raise SystemExit(4)
"""


def test_a_run_that_ends_without_a_word_gives_the_cursor_back():
    """On a real terminal device, whatever was raised in between."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    ended = subprocess.run([sys.executable, "-c", UNFINISHED], stdout=follower, stderr=subprocess.DEVNULL, check=False)
    os.close(follower)
    said = os.read(leader, 100_000).decode()
    os.close(leader)

    assert ended.returncode == 4
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")
