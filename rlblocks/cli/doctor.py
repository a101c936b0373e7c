"""`rlblocks doctor`: what is installed, what is missing, and whether training works."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rlblocks.cli._screen import Screen
from rlblocks.cli.explain import size

if TYPE_CHECKING:
    from collections.abc import Iterator

EXTRAS = {
    "box2d": ("Box2D", "LunarLander, BipedalWalker, CarRacing"),
    "atari": ("ale_py", "Atari games"),
    "mujoco": ("mujoco", "MuJoCo robots"),
    "tensorboard": ("tensorboard", "--tensorboard"),
    "video": ("imageio_ffmpeg", "videos as mp4 (otherwise animated WebP)"),
}
VERSIONS = ("rlblocks", "torch", "gymnasium", "numpy", "tensordict")
SMOKE = 300  # environment steps
LITTLE = 1e9  # bytes of disk that a long run may need
Row = tuple[str, str]


def doctor() -> None:
    """Say what is installed, what is missing and how to get it, and train for a moment."""
    screen = Screen.of()
    for title, rows in (
        ("versions", versions()), ("machine", machine()), ("extras", extras()), ("plug-ins", plugins()),
    ):  # fmt: skip
        screen.write(title, "bold")
        screen.rows(rows)
    screen.write("training", "bold")
    fault, said = smoke_test()
    screen.rows([("smoke test", said)], style="bold red" if fault else "green")
    if fault:
        raise typer.Exit(1)


def versions() -> Iterator[Row]:
    """Python, this library, and what its numbers depend on."""
    yield "python", f"{platform.python_version()} ({sys.executable})"
    for package in VERSIONS:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            yield package, "not installed"


def machine() -> Iterator[Row]:
    """Where runs run."""
    import torch

    from rlblocks.runs.options import choose_device
    from rlblocks.runs.video import video_format

    yield "system", f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    yield "device", ", ".join(gpus) or f"cpu: {choose_device('auto', 0).why}"
    compilers = (os.environ.get("CXX", "g++"), "c++", "clang++", "cl")
    compiler = next((found for name in compilers if (found := shutil.which(name))), "")
    yield "C++ compiler", compiler or "none: learn steps are not compiled; long runs are slower"
    chosen = video_format(Path("episode"))
    yield "videos", f"{chosen.suffix.removeprefix('.')}: {chosen.why}"
    shown = next((name for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)), "")
    local = sys.platform in ("darwin", "win32")
    yield "display", "yes" if shown or local else "none: rlblocks play writes a video; --window needs a display"
    free = shutil.disk_usage(Path.cwd()).free
    yield "disk", f"{size(free)} free here" + (": little for replay checkpoints" if free < LITTLE else "")


def extras() -> Iterator[Row]:
    """What is optional."""
    for extra, (module, what) in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        yield extra, f"installed: {what}" if there else f"pip install 'rlblocks[{extra}]'  for {what}"


def plugins() -> Iterator[Row]:
    """Packages that offer blocks."""
    found = list(importlib.metadata.entry_points(group="rlblocks.blocks"))
    for entry in found:
        try:
            entry.load()
        except Exception as error:  # noqa: BLE001  a foreign package may raise anything
            yield entry.name, f"does not import: {type(error).__name__}: {error}"
        else:
            package = entry.dist.name if entry.dist else "unknown"
            yield entry.name, f"{re.sub(r'[:].*', '', entry.value)}, from {package}"
    if not found:
        yield "none", "rlblocks new block my_target --role targets makes one"


def smoke_test() -> tuple[bool, str]:
    """Whether a short training failed, and what is to be said of it."""
    from rlblocks.recipes import dqn
    from rlblocks.runs.train import train

    start = time.perf_counter()
    try:
        recipe = dqn().set({"cadence.warmup": 100, "cadence.batch": 32})
        train(recipe, folder=None, view="quiet", steps=SMOKE, episodes=1, evaluate_every=SMOKE, compile="never")
    except Exception as error:  # noqa: BLE001  whatever is wrong with this installation is to be told
        return True, f"{type(error).__name__}: {error}"
    return False, f"{SMOKE} steps of dqn on CartPole-v1 in {time.perf_counter() - start:.1f} s"
