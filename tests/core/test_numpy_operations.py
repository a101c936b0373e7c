"""Each operation gives in numpy what it gives in torch, bit by bit, for one row as for several."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as f

from rlblocks._core.errors import BuildError
from rlblocks._core.numpy_operations import lean
from rlblocks._core.numpy_plan import NumpyFunction, printed_for_numpy

Columns = Mapping[str, Tensor]
LONG_SUMS = {"sum", "sum, along", "mean", "products", "lookup", "units"}  # may be added up in another order
OPERATIONS: dict[str, Callable[[Columns], Tensor]] = {
    "sums": lambda c: c["x"] + c["y"] * 2.0 - c["y"] / (3.0 + c["z"].abs().sqrt().unsqueeze(1)),
    "of other dtypes": lambda c: c["x"] * c["i"].unsqueeze(1) + c["m"],
    "casts": lambda c: (c["z"] * 3.7).long().float() + c["m"].to(torch.uint8).argmax(1),
    "comparisons": lambda c: ((c["x"] > c["y"]) & ~c["m"]) | (c["x"] <= 0.0) | (c["i"].unsqueeze(1) == 1),
    "where": lambda c: torch.where(c["m"], -torch.inf, c["x"]),
    "where, a row": lambda c: torch.where(c["z"] > 0, c["z"], c["w"]) + torch.where(c["z"] > 0, 1.0, c["w"]),
    "masked_fill": lambda c: c["x"].masked_fill(c["m"], -torch.inf),
    "extremes": lambda c: torch.maximum(c["z"], c["w"]) + torch.minimum(c["z"], c["w"]).clamp(-0.5, 0.5).abs(),
    "relu": lambda c: c["x"].relu() + c["z"].relu().neg().unsqueeze(1),
    "sum": lambda c: c["z"].sum() + c["x"].sum(),
    "sum, along": lambda c: c["x"].sum(1) + c["x"].sum(1, keepdim=True).squeeze(1) + c["z"].sum(0),
    "mean": lambda c: c["z"].mean() + c["m"].float().mean(1).unsqueeze(1),
    "cumsum": lambda c: c["m"].cumsum(1) + c["i"].cumsum(0).unsqueeze(1),
    "argmax": lambda c: c["x"].argmax(1) + c["x"].argmax(0).sum() + c["z"].argmax(0),
    "gather": lambda c: c["x"].gather(1, c["i"].unsqueeze(1)).squeeze(1),
    "gather, several": lambda c: c["x"].gather(1, c["x"].argmax(1, keepdim=False).unsqueeze(1).expand(-1, 2)),
    "scatter": lambda c: c["x"].scatter_add(1, c["i"].unsqueeze(1), c["z"].unsqueeze(1)),
    "select": lambda c: c["x"][:, -1] + c["x"].select(0, 0).sum(),
    "slice": lambda c: c["x"][:, 0:1] + c["z"][0:1],
    "shapes": lambda c: c["x"].t().reshape(-1).unsqueeze(0).expand(2, -1) * 2.0,
    "products": lambda c: c["x"] @ c["x"].t() + c["z"] @ c["w"],
    "addcmul": lambda c: torch.addcmul(c["z"], c["w"], c["w"]) + torch.addcmul(c["x"], c["y"], c["y"])[:, 0],
    "squares": lambda c: f.mse_loss(c["z"], c["w"], reduction="none"),
    "lookup": lambda c: f.one_hot(c["i"], 5).float() @ c["k"],
    "units": lambda c: c["x"].t() @ f.one_hot(c["i"], 5).float(),
    "masked_fill_": lambda c: c["x"].clone().masked_fill_(c["m"], -1.5).masked_fill_((c["z"] > 0).unsqueeze(1), 2.0),
    "filled": lambda c: torch.zeros_like(c["x"]).add_(c["x"]) + torch.ones(1, 1).mul_(c["z"].sum()),
}


def drawn(rows: int, width: int, seed: int) -> dict[str, np.ndarray]:
    """Columns: numbers, flags, and places within a row."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, rows, width)).astype(np.float32)
    z, w = rng.standard_normal((2, rows)).astype(np.float32)
    return {"x": x, "y": y, "z": z, "w": w, "m": x > y, "i": rng.integers(0, width, rows),
            "k": rng.standard_normal((5, width)).astype(np.float32)}  # fmt: skip


def printed(operation: Callable[[Columns], Tensor], columns: Mapping[str, np.ndarray]) -> NumpyFunction:
    """A function for columns of these shapes."""
    return printed_for_numpy(lambda chunk, *_: {"out": operation(chunk)}, "test", [], columns, {}, {})[0]


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_what_it_gives_in_torch(name: str, rows: int, width: int) -> None:
    """On other numbers than those that it was recorded with; shape, dtype and every bit, but for long sums."""
    made = printed(OPERATIONS[name], drawn(rows, width, seed=0))
    columns = drawn(rows, width, seed=1)
    theirs = OPERATIONS[name]({key: torch.from_numpy(column) for key, column in columns.items()}).numpy()
    ours = made.call(columns, {}, {})["out"]

    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6 if name in LONG_SUMS else 0.0, err_msg=made.source)


def test_what_is_computed_of_one_row_are_numbers() -> None:
    """No array of one number is made: numbers are ten times as fast."""
    made = printed(OPERATIONS["where, a row"], drawn(1, 4, seed=0))

    assert " if " in made.source
    assert made.source.count("reshape") == 1  # of what is returned


def test_what_is_written_into_stays_an_array() -> None:
    """A number cannot be changed in place."""
    columns = drawn(1, 4, seed=0)
    made = printed(lambda c: c["z"].clone().add_(c["w"]), columns)

    assert made.call(columns, {}, {})["out"] == columns["z"] + columns["w"]
    assert "[0]" not in made.source


def test_options_that_are_not_known_are_refused() -> None:
    """None is dropped without a word."""
    with pytest.raises(BuildError, match=r"no form of aten\.addcmul"):
        printed(lambda c: torch.addcmul(c["z"], c["w"], c["w"], value=0.5), drawn(1, 4, seed=0))
    with pytest.raises(BuildError, match=r"no form of aten\.argmax"):
        printed(lambda c: c["x"].argmax(), drawn(1, 4, seed=0))


def test_random_numbers_of_a_block_of_its_own_are_refused() -> None:
    """They would be the same in every call."""
    with pytest.raises(BuildError, match=r"draws random numbers by aten\.rand"):
        printed(lambda c: c["z"] + torch.rand(1), drawn(1, 4, seed=0))


READ_BEFORE: dict[str, Callable[[Tensor, Columns], Tensor]] = {
    "a row": lambda table, c: f.one_hot(c["i"] * 0, 1).float() @ table,
    "one of two": lambda table, c: torch.where(c["z"] > 9, table[:, 0], table[:, 1]),
    "a place": lambda table, c: table[:, 1] * 1.0,
    "a view": lambda table, c: table[:, 1],
    "a view of a view": lambda table, c: table.t()[1] + 0.0,
}


@pytest.mark.parametrize("name", READ_BEFORE)
def test_what_was_read_before_a_write_is_what_torch_makes_of_it(name: str) -> None:
    """A copy stays as it was, and a view goes with the parameter; the write is none when it is recorded."""
    results = []
    for by_numpy in (True, False):
        table = torch.tensor([[1.0, 2.0]])

        def step(c: Columns, *_: object, table: Tensor = table) -> dict[str, Tensor]:
            before = READ_BEFORE[name](table, c)
            table.add_(c["x"])
            return {"out": before * 1.0}

        columns = drawn(1, 2, seed=0)
        still, moved = columns | {"x": np.zeros((1, 2), np.float32)}, columns | {"x": np.ones((1, 2), np.float32)}
        if by_numpy:
            made, _ = printed_for_numpy(step, "test", [table], still, {}, {})
            results.append(np.array(made.call(moved, {}, {})["out"]))
        else:
            results.append(step({key: torch.from_numpy(column) for key, column in moved.items()})["out"].numpy())

    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("epsilon", [0.1, 0.9])
def test_scheduled_numbers_are_numbers_of_numpy(epsilon: float) -> None:
    """Of Python's, `~` would be true both ways, a number divided by zero an error, and a cast none that there is."""

    def step(chunk: Columns, numbers: Columns) -> dict[str, Tensor]:
        n = numbers["n"]
        return {"out": torch.where(~(n > 0.5), chunk["z"], chunk["w"]) + n.expand(1).float() + (n > 0.5).float()}

    columns = drawn(1, 4, seed=0)
    made, _ = printed_for_numpy(lambda c, n, _: step(c, n), "test", [], columns, {"n": 0.1}, {})
    tensors = {key: torch.from_numpy(column) for key, column in columns.items()}

    ours = made.call(columns, {"n": epsilon}, {})["out"]
    np.testing.assert_array_equal(ours, step(tensors, {"n": torch.tensor(epsilon, dtype=torch.float64)})["out"].numpy())


def test_only_leading_ones_are_left_out() -> None:
    """Broadcasting puts those back, and no others."""
    assert [lean(shape) for shape in ((), (1,), (1, 4), (4, 1), (1, 1, 3, 1))] == [(), (), (4,), (4, 1), (3, 1)]
