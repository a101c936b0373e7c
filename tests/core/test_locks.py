"""The recipes under review."""

from rlblocks import recipes
from rlblocks._core import locks
from rlblocks._core.files import load


def test_lock_files_are_up_to_date():
    """Every named recipe has its file, and no file is left over; else run `python -m rlblocks._core.locks`."""
    assert locks.stale() == []


def test_lock_files_read_back():
    """Each file is the recipe of its name."""
    for name, make in recipes.RECIPES.items():
        assert make() == load(locks.folder() / f"{name}.toml")


def test_main_writes_what_is_missing_and_removes_what_is_left_over(tmp_path, monkeypatch):
    """After it nothing is stale."""
    monkeypatch.setattr(locks, "folder", lambda: tmp_path)
    (tmp_path / "gone.toml").write_text("schema = 1")
    (tmp_path / "dqn.toml").write_text("schema = 1")

    assert "gone.toml" in locks.stale()
    assert "dqn.toml" in locks.stale()

    locks.main()

    assert locks.stale() == []
    assert {f"{name}.toml" for name in recipes.RECIPES} == {path.name for path in tmp_path.iterdir()}
