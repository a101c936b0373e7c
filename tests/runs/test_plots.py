"""Pictures of runs: what is on them, that they repeat, and that nothing in a run's numbers stops them."""

import hashlib
import json
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from rlblocks._core.errors import RecipeError, RunError
from rlblocks.runs import plots, statistics
from rlblocks.runs._pictures import COLOURS, draw_groups, draw_run, style
from rlblocks.runs.metrics import metrics_of


def episodes(returns, length=100):
    return [
        {"kind": "episode", "env_steps": length * i, "return": value, "length": length}
        for i, value in enumerate(returns, start=1)
    ]


def evaluations(means, every=500):
    return [
        {"kind": "evaluation", "env_steps": every * i, "returns": [mean - 3, mean + 9]}
        for i, mean in enumerate(means, start=1)
    ]


LEARNING = [*episodes(np.linspace(0, 90, 40).tolist()), *evaluations([10.0, 30.0, 50.0, 70.0])]


@pytest.fixture
def folder(tmp_path):
    """Makes run folders: a recipe, options, a diff and metrics."""

    def make(name, records=LEARNING, *, recipe="dqn", env="CartPole-v1", seed=0, gamma=0.99, change=""):
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        head = f'schema = 1\nname = "{recipe}"\ngamma = {gamma}\n'
        (run / "recipe.toml").write_text(head + f'[env]\nblock = "gym"\nid = "{env}"\n')
        (run / "options.json").write_text(json.dumps({"seed": seed, "steps": 9_000}))
        (run / "diff.txt").write_text(change + "\n")
        (run / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        return run

    return make


def drawn(records, threshold=None):
    with style():
        return draw_run(metrics_of(records), "title", "subtitle", threshold)


def legend(figure):
    (axes,) = figure.axes
    found = axes.get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def test_one_run_becomes_a_png_and_an_svg_in_its_folder(folder):
    """1200 × 672 pixels; the SVG says the same and lies beside it; nothing else is left."""
    run = folder("a")

    path = plots.curve(run)

    assert path == run / "curves.png"
    with Image.open(path) as picture:
        assert picture.size == (1200, 672)
    assert (run / "curves.svg").read_text().startswith("<?xml")
    assert {entry.name for entry in run.iterdir()} == {
        "recipe.toml", "options.json", "diff.txt", "metrics.jsonl", "curves.png", "curves.svg",
    }  # fmt: skip


ELSEWHERE = """
import sys, pathlib, matplotlib as mpl
from rlblocks.runs.plots import curve
mpl.rcParams["font.size"] = 31.0
curve(pathlib.Path(sys.argv[1]), to=pathlib.Path(sys.argv[2]))
print(mpl.rcParams["font.size"], "matplotlib.pyplot" in sys.modules)
"""


def test_the_same_metrics_give_the_same_bytes_in_another_process(folder, tmp_path):
    """No date, version or setting of the user is in the files; neither pyplot nor those settings are touched."""
    run = folder("a")
    plots.curve(run)

    command = [sys.executable, "-c", ELSEWHERE, str(run), str(tmp_path / "again.svg")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert said == "31.0 False\n"
    for suffix in (".png", ".svg"):
        first, second = (run / "curves").with_suffix(suffix), (tmp_path / "again").with_suffix(suffix)
        assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()


def test_one_run_shows_episodes_their_average_evaluations_and_threshold():
    """The legend names what there is, and the axes are called what they measure."""
    figure = drawn(LEARNING, threshold=95.0)

    (axes,) = figure.axes
    assert legend(figure) == ["training episodes", "mean over 200 steps", "evaluation: mean, lowest to highest"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("environment steps", "return of an episode")
    assert [text.get_text() for text in axes.texts] == ["solved at 95"]
    assert [text.get_text() for text in figure.texts] == ["title", "subtitle"]
    low, high = axes.get_ylim()
    assert low < 0
    assert high > 95


def test_an_evaluation_is_a_mean_between_its_extremes():
    """The mark stands at the mean, the line goes from the lowest to the highest return."""
    (axes,) = drawn(evaluations([10.0, 30.0])).axes

    (marks,) = [line for line in axes.lines if line.get_label().startswith("evaluation")]
    (bars,) = [lines for lines in axes.collections if len(lines.get_paths()) == 2]
    assert marks.get_xydata().tolist() == [[500, 13], [1000, 33]]
    assert [path.vertices[:, 1].tolist() for path in bars.get_paths()] == [[7, 19], [27, 39]]


@pytest.mark.parametrize(
    ("records", "labels"),
    [
        ([], []),
        (episodes([7.0]), ["training episodes"]),
        (episodes([None] * 5), []),
        (episodes([-200.0] * 30), ["training episodes", "mean over 150 steps"]),
        (episodes([1e308, -1e308] * 20), ["training episodes", "mean over 200 steps"]),
        (evaluations([1.7e308]), []),
        ([{"kind": "evaluation", "env_steps": 9, "returns": [None, 3.0]}], ["evaluation: mean, lowest to highest"]),
        (episodes([float(i % 7) for i in range(200)]), ["training episodes", "mean over 1,000 steps"]),
        (episodes([1.0] * 700, length=1), ["training episodes", "mean over 35 steps"]),
    ],
    ids=["nothing", "one episode", "no number", "constant", "huge", "huger", "one evaluation", "even", "many"],
)
def test_no_numbers_stop_a_picture(records, labels, tmp_path):
    """Every history can be drawn and saved, and the legend names only what there is."""
    with np.errstate(over="ignore", invalid="ignore"), style():
        figure = draw_run(metrics_of(records), "odd $numbers", "", None)
        plots.save_figure(figure, tmp_path / "odd")

    assert legend(figure) == labels
    assert (tmp_path / "odd.svg").stat().st_size < 300_000


def test_a_few_extreme_episodes_do_not_flatten_the_rest():
    """They are left outside the frame and counted in the legend; two in a hundred are inside."""
    records = episodes([float(i % 7) for i in range(1000)])
    records[500]["return"] = -1e6
    one = drawn(records)
    for record in records[::50]:
        record["return"] = -1e6

    assert legend(one)[0] == "training episodes (1 beyond the frame)"
    assert legend(drawn(records))[0] == "training episodes"


def groups(**runs):
    return {label: [metrics_of(records) for records in members] for label, members in runs.items()}


def test_seeds_are_a_mean_with_an_interval():
    """Two seeds of one recipe: thin lines for each, a band, and the mean of their evaluations."""
    with style():
        figure = draw_groups(groups(dqn=[evaluations([0.0, 10.0]), evaluations([20.0, 50.0])]), "t", "s", None)

    (axes,) = figure.axes
    mean = axes.lines[-1]
    assert legend(figure) == ["dqn (2 seeds)"]
    assert mean.get_xydata().tolist() == [[500, 13], [1000, 33]]
    assert (len(axes.lines), len(axes.collections)) == (3, 1)
    assert axes.get_ylabel() == "evaluation return"


def test_recipes_have_a_colour_each_and_run_out_of_none():
    """Nine recipes differ in colour or dashes; one seed has no band."""
    nine = {f"recipe {i}": [metrics_of(evaluations([float(i), 2.0 * i]))] for i in range(9)}
    with style():
        figure = draw_groups(nine, "t", "s", 4.0)

    (axes,) = figure.axes
    lines = [line for line in axes.lines if not line.get_label().startswith("_")]
    assert [line.get_color() for line in lines] == [COLOURS[i % 7] for i in range(9)]
    assert len({(line.get_color(), str(line._dash_pattern)) for line in lines}) == 9
    assert len(axes.collections) == 0
    assert legend(figure)[0] == "recipe 0 (1 seed)"


def test_training_returns_stand_in_where_a_run_was_not_evaluated():
    """One run without evaluations: all are compared by what training got."""
    with style():
        figure = draw_groups(groups(a=[LEARNING], b=[episodes([1.0, 2.0, 3.0])]), "t", "s", None)

    assert figure.axes[0].get_ylabel() == "training return, averaged"


def test_a_comparison_takes_seeds_of_one_recipe_together(folder, tmp_path):
    """By the whole recipe, not by its name; the labels say what differs."""
    runs = [
        folder("a", seed=1), folder("b", seed=2), folder("c", recipe="double_dqn"),
        folder("d", gamma=0.9, change="gamma: 0.99 -> 0.9\nobjectives.q.target: MaxQ() -> DoubleQ()"),
    ]  # fmt: skip

    path = plots.compare(*runs, to=tmp_path / "deep" / "figure.svg", statistic=statistics.interquartile_mean)

    found = plots.grouped([plots.drawn_of(run) for run in runs])
    assert {label: len(members) for label, members in found.items()} == {
        "dqn": 2, "double_dqn": 1, "dqn, gamma=0.9, target=DoubleQ()": 1,
    }  # fmt: skip
    assert path == tmp_path / "deep" / "figure.png"
    assert path.exists()


def test_a_comparison_over_environments_names_them(folder):
    """The same recipe on two environments is two groups; runs that cannot be told apart by a label are numbered."""
    runs = [folder("a"), folder("b", env="Acrobot-v1"), folder("c", gamma=0.5), folder("d", gamma=0.6)]

    assert list(plots.grouped([plots.drawn_of(run) for run in runs])) == [
        "dqn on CartPole-v1", "dqn on Acrobot-v1", "dqn on CartPole-v1 #2", "dqn on CartPole-v1 #3",
    ]  # fmt: skip


def test_what_is_known_of_a_run_is_read_from_its_folder(folder):
    """Recipe, environment and seed from the folder, the threshold from gymnasium."""
    one = plots.drawn_of(folder("a", [*LEARNING, {"kind": "finished", "env_steps": 5_000, "verdict": "done"}], seed=7))

    assert (one.title, plots._about(one)) == ("dqn on CartPole-v1", "seed 7 · done")
    assert plots._threshold_of({"CartPole-v1"}) == 475
    assert plots._threshold_of({"CartPole-v1", "Acrobot-v1"}) is None
    assert plots._threshold_of({"nobody/Has-this-v0"}) is plots._threshold_of({""}) is None


def test_a_folder_with_metrics_alone_is_enough(tmp_path):
    """Without a readable recipe the folder's name is the title."""
    run = tmp_path / "odd"
    run.mkdir()
    (run / "recipe.toml").write_bytes(b"\xff not toml")
    (run / "metrics.jsonl").write_text(json.dumps(LEARNING[0]) + "\n")

    one = plots.drawn_of(run)

    assert (one.title, plots._about(one)) == ("odd", "100 environment steps")


def test_a_run_that_goes_on_says_how_far_it_is(folder):
    """Steps of the budget, and the last evaluation."""
    one = plots.drawn_of(folder("a"))

    assert plots._about(one) == "seed 0 · 4,000 of 9,000 environment steps · last evaluation 73"


def test_no_run_is_the_users_mistake(tmp_path):
    """With the command that would have been right."""
    with pytest.raises(RecipeError, match="rlblocks plot runs/NAME"):
        plots.curve()
    with pytest.raises(RecipeError, match="rlblocks compare runs/A runs/B"):
        plots.compare(to=tmp_path / "x")


def test_a_place_that_cannot_be_written_to_is_named(folder, tmp_path):
    """A file where a folder should be: one sentence, a fix, and nothing half written."""
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match=r"file/x\.png could not be written: .*\n  fix: "):
        plots.curve(folder("a"), to=tmp_path / "file" / "x")


def test_importing_the_plots_does_not_import_matplotlib():
    """Whoever draws nothing does not wait for it."""
    code = "import sys, rlblocks.runs.plots; print({'matplotlib', 'torch', 'gymnasium'} & {*sys.modules})"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_the_settings_of_the_user_come_back_after_an_error():
    """Even where drawing fails."""
    before = mpl.rcParams["font.size"]

    with pytest.raises(ZeroDivisionError), style():
        _ = 1 / 0

    assert mpl.rcParams["font.size"] == before
