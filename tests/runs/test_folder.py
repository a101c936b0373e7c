"""Run folders: each its own, and found again by whatever somebody types."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import RunError
from rlblocks.runs.folder import BEST, LAST, METRICS, RECIPE, all_runs, find_run, is_run, latest_run, new_run_folder

QUICK = settings(max_examples=100, deadline=None, derandomize=True)


def run_at(root, name, when=0):
    """A run folder with the files that every run has."""
    folder = root / name
    (folder / LAST).mkdir(parents=True)
    (folder / LAST / "manifest.json").write_text("{}")
    (folder / RECIPE).write_text("")
    (folder / METRICS).write_text("")
    for place in (folder, folder / METRICS, folder / "checkpoints"):
        os.utime(place, (when, when))
    return folder


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Four runs in `runs`, the first one the latest, in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    names = ["dqn-CartPole-v1-20260103-120000", "ppo-CartPole-v1", "dqn-CartPole-v1-20260102-120000", "with space ü"]
    for age, name in enumerate(names):
        run_at(tmp_path / "runs", name, when=1_000_000 - age)
    return tmp_path / "runs"


def test_runs_of_one_second_get_folders_of_their_own(tmp_path):
    """Sixty-four at once from eight threads: all differ, all exist, all carry the name."""
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: new_run_folder(tmp_path / "runs", "dqn-CartPole-v1"), range(64)))
    assert len(set(folders)) == 64
    assert all(folder.is_dir() and folder.name.startswith("dqn-CartPole-v1-") for folder in folders)


@QUICK
@given(st.text(max_size=300))
def test_any_name_makes_one_plain_folder(tmp_path_factory, name):
    """Whatever the name, the folder lies directly in the root, is not hidden, and its name fits a file system."""
    root = tmp_path_factory.getbasetemp() / "named"
    folder = new_run_folder(root, name)
    assert folder.parent == root
    assert folder.is_dir()
    assert not folder.name.startswith((".", "-"))
    assert len(folder.name.encode()) < 255


def test_where_no_folder_can_be_made_it_says_so(tmp_path):
    """The root is a file, or lies below one."""
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(RunError, match="no run folder can be made in") as caught:
            new_run_folder(root, "dqn")
        assert caught.value.fix


def test_the_latest_run_is_the_one_last_written_to(root):
    """Going on with an old run makes it the latest again."""
    assert latest_run(root).name == "dqn-CartPole-v1-20260103-120000"
    os.utime(root / "ppo-CartPole-v1" / METRICS, (2_000_000, 2_000_000))
    assert latest_run(root).name == "ppo-CartPole-v1"
    assert all_runs(root)[0].name == "ppo-CartPole-v1"
    assert len(all_runs(root)) == 4


def test_without_runs_the_error_says_how_to_start_one(tmp_path):
    """An empty root, and one that is not there."""
    for root in (tmp_path, tmp_path / "absent"):
        with pytest.raises(RunError, match="there are no runs") as caught:
            latest_run(root)
        assert "rlblocks run" in caught.value.fix


@pytest.mark.parametrize(
    "text",
    [
        "runs/ppo-CartPole-v1", "runs/ppo-CartPole-v1/", "./runs/ppo-CartPole-v1", "ppo-CartPole-v1", "ppo", "p",
        "runs/ppo-CartPole-v1/checkpoints/last", "runs/ppo-CartPole-v1/checkpoints/last/manifest.json", "runs/ppo-C",
        "runs/ppo-CartPole-v1/recipe.toml", "ppo-CartPole-v1/checkpoints/last/", "{root}/ppo-CartPole-v1", "~/runs/ppo",
        "~/runs/ppo-CartPole-v1/checkpoints",
    ],
)  # fmt: skip
def test_a_run_is_found_by_whatever_leads_to_it(root, monkeypatch, text):
    """Path, path inside it, name, beginning of its name, `~`, trailing slash."""
    monkeypatch.setenv("HOME", str(root.parent))
    found = find_run(text.format(root=root))
    assert found.resolve() == root / "ppo-CartPole-v1"


def test_a_run_is_found_from_inside(root, monkeypatch):
    """`.` means the run folder one stands in."""
    monkeypatch.chdir(root / "ppo-CartPole-v1")
    assert find_run(".").resolve() == root / "ppo-CartPole-v1"
    assert find_run("checkpoints/last").resolve() == root / "ppo-CartPole-v1"


def test_names_with_spaces_and_unicode_are_names(root):
    """Nothing is split or quoted."""
    assert find_run("with space ü") == find_run("with") == find_run("runs/with space ü/").relative_to(".")


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("dqn", "2 runs in runs begin with 'dqn'", "dqn-CartPole-v1-20260103-120000, dqn-CartPole-v1-20260102-120000"),
        ("dqn-Cartpoel", "there is no run", "did you mean 'dqn-CartPole-v1-20260103-120000'?"),
        ("pop-CartPole-v1", "there is no run", "did you mean 'ppo-CartPole-v1'?"),
        ("runs/ppo-CartPole-v1/checkpoints/lost", "there is no run", "did you mean 'last'?"),
        ("zzzz", "there is no run", "there are: dqn-CartPole-v1-20260103-120000, ppo-CartPole-v1,"),
        ("", "there is no run", "there are:"),
        (" ", "there is no run", "there are:"),
        ("x\0y", "there is no run", "there are:"),
        ("a" * 5000, "there is no run", "there are:"),
        ("~nobody-of-that-name/x", "there is no run", "start one"),
    ],
)
def test_what_is_not_found_gets_the_nearest(root, text, what, fix):
    """With the names there are, the latest first."""
    with pytest.raises(RunError) as caught:
        find_run(text)
    assert what in caught.value.what
    assert fix in caught.value.fix


@QUICK
@given(st.text(max_size=40))
def test_any_text_finds_a_run_or_says_so(tmp_path_factory, text):
    """No text that somebody may type gives another error."""
    root = tmp_path_factory.getbasetemp() / "typed"
    if not root.exists():
        run_at(root, "dqn-CartPole-v1")
    try:
        found = find_run(text, root)
    except RunError as error:
        problem = error
    else:
        problem = None
    assert problem.fix if problem else is_run(found)


def test_best_and_last_lie_beside_each_other():
    """The two checkpoints of a run."""
    assert (LAST, BEST) == ("checkpoints/last", "checkpoints/best")
