"""How a recipe is run: options are checked when they are given, choices say why."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlblocks import BuildError
from rlblocks._core.errors import FieldError, RecipeError
from rlblocks.runs import options as module
from rlblocks.runs.options import COMPILE_FROM, CUDA_FROM, Options, choose_compile, choose_device, compiler
from rlblocks.runs.train import options_from


def test_intervals_are_a_tenth_of_the_run_unless_given() -> None:
    """And never 0."""
    assert (Options(steps=1_000).evaluation_interval, Options(steps=1_000).save_interval) == (100, 100)
    assert (Options(steps=5).evaluation_interval, Options(steps=5).save_interval) == (1, 1)
    assert Options(steps=1_000, evaluate_every=7, save_every=9).evaluation_interval == 7
    assert Options(steps=1_000, evaluate_every=7, save_every=9).save_interval == 9


WRONG: dict[str, tuple[Any, str]] = {
    "steps": (0, "Options.steps is 0, but must be a whole number, at least 1 (environment steps)"),
    "seed": (-1, "Options.seed is -1, but must be a whole number, at least 0"),
    "threads": (0, "Options.threads is 0, but must be a whole number, at least 1"),
    "episodes": (-1, "Options.episodes is -1, but must be a whole number, at least 0"),
    "evaluate_every": (
        1.5,
        "Options.evaluate_every is 1.5, but must be a whole number, at least 0 (environment steps)",
    ),
    "save_every": (True, "Options.save_every is True, but must be a whole number, at least 0 (environment steps)"),
    "compile": ("alwys", "Options.compile is 'alwys', but must be one of auto, never, always, numpy"),
    "stop": ("done", "Options.stop is 'done', but must be one of budget, solved"),
    "video": (True, "Options.video is True, but must be one of auto, never"),
    "device": ("", "Options.device is '', but must be a non-empty text"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused_by_name(name: str) -> None:
    """With what the option takes."""
    value, said = WRONG[name]
    with pytest.raises(FieldError) as caught:
        options_from({name: value})

    assert caught.value.what == said


@pytest.mark.parametrize(("given", "meant"), [("step", "steps"), ("sede", "seed"), ("evaluate_evry", "evaluate_every")])
def test_an_unknown_option_has_a_nearest(given: str, meant: str) -> None:
    """What was probably meant."""
    with pytest.raises(RecipeError) as caught:
        options_from({given: 1})

    assert str(caught.value) == f"there is no option {given!r}\n  fix: did you mean {meant!r}?"


def test_without_a_gpu_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says why."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert str(choose_device("auto", 10**9)) == "cpu (there is no CUDA device)"
    assert str(choose_device("cpu", 1)) == "cpu (as asked)"


def test_small_networks_stay_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU is taken where there is one and the network is large enough, or where it was asked for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)

    assert str(choose_device("auto", CUDA_FROM - 1)).startswith("cpu (499,999 parameters are too few")
    assert str(choose_device("auto", CUDA_FROM)) == "cuda (500,000 parameters)"
    assert str(choose_device("cuda:1", 1)) == "cuda:1 (as asked)"
    with pytest.raises(BuildError, match=r"^device 'cuda:2' was asked for, and torch .* sees 2 CUDA devices"):
        choose_device("cuda:2", 1)


REFUSED = {
    "cuda": f"device 'cuda' was asked for, and torch {torch.__version__} sees 0 CUDA devices",
    "cuda:1": f"device 'cuda:1' was asked for, and torch {torch.__version__} sees 0 CUDA devices",
    "gpu": "device 'gpu' is unknown",
    "cpu:x": "device 'cpu:x' is unknown",
    "meta": "device 'meta' is not supported",
}


@pytest.mark.parametrize("device", REFUSED)
def test_a_device_that_is_not_there_is_an_error(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a silent fall-back."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BuildError) as caught:
        choose_device(device, 1)

    assert caught.value.what == REFUSED[device]
    assert caught.value.fix


def test_short_runs_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Auto compiles where the seconds are won back."""
    monkeypatch.setattr(module, "_compile_obstacle", lambda: "")

    assert str(choose_compile("auto", COMPILE_FROM - 1)).endswith("updates are too few to win the compilation back)")
    assert choose_compile("auto", COMPILE_FROM).value == "compiled"
    assert str(choose_compile("always", 1)) == "compiled (as asked)"
    assert str(choose_compile("never", 10**9)) == "eager (as asked)"


def test_without_a_compiler_always_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Auto says why it stays eager; never does not care."""
    monkeypatch.setattr(module.shutil, "which", lambda _: None)

    assert str(choose_compile("auto", 10**9)) == "eager (there is no C++ compiler)"
    assert choose_compile("never", 1).value == "eager"
    with pytest.raises(BuildError) as caught:
        choose_compile("always", 1)
    assert str(caught.value) == "compile=always, but there is no C++ compiler\n  fix: use compile=auto"


def test_an_eager_learn_step_is_left_alone() -> None:
    """The very same function."""
    assert compiler("eager")(len) is len
