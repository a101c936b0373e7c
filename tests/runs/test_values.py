"""Values on grids: which cell is which, where arrows point, and what is said where there is no grid."""

import numpy as np
import pytest
import torch
from PIL import Image
from rlblocks.recipes import dqn, q_learning
from typer.testing import CliRunner

import rlblocks
from rlblocks._core.errors import RunError
from rlblocks.cli._app import app
from rlblocks.envs import Discretise, Gym
from rlblocks.runs._pictures import style
from rlblocks.runs._value_picture import OVER, draw_grid, number_of, shares_of
from rlblocks.runs.values import Learned, draw_values, grid_of, learned


def run_of(recipe, folder, steps=40):
    """A short run."""
    return rlblocks.train(
        recipe, steps=steps, seed=1, folder=folder, view="quiet", video="never", episodes=0, compile="never"
    )


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def arrows(figure):
    """The direction of each arrow, in columns and rows."""
    found = [text for text in figure.axes[0].texts if getattr(text, "arrow_patch", None) is not None]
    return [tuple(np.sign(np.round(np.subtract(text.xy, text.xyann), 6)).astype(int)) for text in found]


def test_the_lake_is_read_row_by_row_from_above():
    """Start, holes and goal of FrozenLake stand where its map has them; actions are left, down, right, up."""
    grid = grid_of(Gym("FrozenLake-v1"))

    assert grid.marks[0, 0] == "start"
    assert grid.marks[3, 3] == "goal"
    assert {tuple(map(int, at)) for at in np.argwhere(grid.marks == "hole")} == {(1, 1), (1, 3), (2, 3), (3, 0)}
    assert grid.moves == ((0, -1), (1, 0), (0, 1), (-1, 0))


@pytest.mark.parametrize("name", ["FrozenLake-v1", "FrozenLake8x8-v1", "CliffWalking-v1"])
def test_arrows_point_where_actions_lead(name):
    """On ice that does not slip, each action moves from a cell in the middle as its arrow does."""
    import gymnasium

    options = {"is_slippery": False}
    grid = grid_of(Gym(name, options=options))
    table, (_, columns) = gymnasium.make(name, **options).unwrapped.P, grid.marks.shape
    state = columns + 2
    for action, (down, right) in enumerate(grid.moves):
        (_, reached, *_), *_ = table[state][action]
        assert reached - state == down * columns + right


def test_the_cliff_lies_between_start_and_goal():
    """Of 4 × 12 cells."""
    grid = grid_of(Gym("CliffWalking-v1"))

    assert grid.marks.shape == (4, 12)
    assert grid.marks[3].tolist() == ["start", *["cliff"] * 10, "goal"]
    assert not (grid.marks[:3] != "").any()


def test_a_map_of_the_users_own_is_drawn():
    """What was handed to gymnasium.make says where holes are."""
    grid = grid_of(Gym("FrozenLake-v1", options={"desc": ["SFH", "FFG"]}))

    assert grid.marks.tolist() == [["start", "", "hole"], ["", "", "goal"]]


BINS = Discretise((2, 2, 2, 2), low=(-1.0,) * 4, high=(1.0,) * 4)
NO_GRID = [Gym("Taxi-v4"), Gym("CartPole-v1"), Gym("CartPole-v1", wrappers=(BINS,)), Gym("Acrobot-v1")]


@pytest.mark.parametrize("environment", NO_GRID, ids=str)
def test_what_has_no_grid_is_told(environment):
    """By name, with what to do instead; Taxi has a map, whose cells are not its states."""
    with pytest.raises(RunError, match=f"{environment.id} has no grid") as raised:
        grid_of(environment)

    assert "fix: draw the learning curve, as in: rlblocks plot RUN" in str(raised.value)


def lake(values, actions):
    return Learned(grid_of(Gym("FrozenLake-v1")), np.array(values, float), np.array(actions))


def test_a_picture_has_a_number_and_an_arrow_where_something_is_chosen():
    """And none in holes and at the goal."""
    values, actions = np.arange(16).reshape(4, 4), np.full((4, 4), 2)
    actions[0, 0] = 1
    with style():
        figure = draw_grid(lake(values, actions), "title", "subtitle")

    assert arrows(figure) == [(0, 1), *[(1, 0)] * 10]
    assert texts(figure).count("hole") == 4
    assert texts(figure).count("goal") == texts(figure).count("start") == 1
    assert {"0.00", "14.0"} <= set(texts(figure))
    assert not {"5.00", "15.0"} & set(texts(figure))


def test_shades_follow_the_cells_in_which_something_is_chosen():
    """What stands in a hole, where nothing is ever learned, moves no colour."""
    values = np.linspace(0, 1, 16).reshape(4, 4)
    plain = lake(values, np.zeros((4, 4), int))
    wild = lake(np.where(np.isin(plain.grid.marks, list(OVER)), 1e6, values), plain.actions)
    chosen = ~np.isin(plain.grid.marks, list(OVER))

    np.testing.assert_allclose(shares_of(wild)[chosen], shares_of(plain)[chosen])
    assert (shares_of(plain)[chosen].min(), shares_of(plain)[chosen].max()) == (0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -1e30])
def test_odd_values_are_drawn_too(value):
    """All alike, no number, without end: a picture, and the number in words."""
    with style():
        figure = draw_grid(lake(np.full((4, 4), value), np.zeros((4, 4), int)), "title", "subtitle")

    assert texts(figure).count(number_of(value)) == 11


def test_a_run_is_drawn_with_what_it_learned(tmp_path):
    """The greatest number of each row of its table; the picture lies in its folder, and beside it an SVG."""
    run = run_of(q_learning(), tmp_path)
    (table,) = run.agent.networks["q"].parameters()
    with torch.no_grad():
        table.copy_(torch.arange(64.0).reshape(4, 16))
    found = learned(run.agent)

    np.testing.assert_array_equal(found.values.ravel(), np.arange(48.0, 64.0))
    assert (found.actions == 3).all()
    assert draw_values(run.folder) == run.folder / "values.png"
    assert (run.folder / "values.svg").exists()
    with Image.open(run.folder / "values.png") as picture:
        assert picture.size[0] == 1200


def test_the_command_draws_values_where_there_is_a_grid(tmp_path):
    """And the same picture again."""
    folder = run_of(q_learning(), tmp_path).folder
    told = CliRunner().invoke(app, ["plot", str(folder), "--values"])

    assert told.exit_code == 0, told.output
    first = (folder / "values.png").read_bytes()
    assert draw_values(folder, folder / "again.png").read_bytes() == first


def test_several_runs_have_a_picture_each(tmp_path):
    """So that one name for all of them is refused, and nothing is drawn over."""
    told = CliRunner().invoke(app, ["plot", str(tmp_path), str(tmp_path), "--values", "--to", str(tmp_path / "one")])

    assert told.exit_code != 0
    assert not list(tmp_path.iterdir())


def test_a_run_without_a_grid_is_refused(tmp_path):
    """In a sentence that names the environment; nothing is written."""
    recipe = dqn().set({"networks.q.body.widths": (4,), "cadence.warmup": 10, "cadence.batch": 4})
    folder = run_of(recipe, tmp_path).folder

    with pytest.raises(RunError, match="CartPole-v1 has no grid"):
        draw_values(folder)
    assert not (folder / "values.png").exists()
