"""The machine and the versions that a run was made with, and what a change of them means for its numbers.

The record holds no path and no name of the machine: run folders are handed on.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a change of each does to the numbers of a run that is resumed.
CONSEQUENCES = {
    "threads": "sums are split among them, so they round otherwise",
    "interop_threads": "operations may run in another order",
    "cpu_capability": "vector instructions of another width add in another order",
    "cpu": "its matrix routines may add in another order",
    "device": "another device rounds otherwise",
    "accelerator": "another device rounds otherwise",
    "deterministic": "operations with several ways to add may take another",
    "matmul_precision": "matrix products round otherwise",
}
TOOLS = re.compile(r"extra == ['\"](dev|test)['\"]")  # requirements that no run needs
VERSIONS_THAT_COUNT = ("torch", "numpy", "gymnasium")


def version_of(package: str) -> str:
    """The version of an installed package, or "unknown"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def machine_record(device: str = "cpu") -> dict[str, Any]:
    """What this process runs on: plain values that go into JSON.

    What only torch knows (threads, vector instructions) is there once torch is loaded.

    >>> sorted(machine_record())[:4]
    ['accelerator', 'commit', 'cores', 'cpu']
    """
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 0,
        "device": device,
        **_known_to_torch(device),
        "versions": _versions(),
        "commit": _commit(),
    }


def compare_machines(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """A sentence for each difference that can change the last bits of a result; what one record lacks is passed over.

    >>> compare_machines({"threads": 1, "cores": 2}, {"threads": 4, "cores": 8})
    ['threads: 1 before, 4 now: sums are split among them, so they round otherwise']
    """
    found = [
        f"{key}: {old[key]} before, {new[key]} now: {why}"
        for key, why in CONSEQUENCES.items()
        if key in old and key in new and old[key] != new[key]
    ]
    before, now = old.get("versions", {}), new.get("versions", {})
    return found + [
        f"{name}: version {before[name]} before, {now[name]} now: results may differ in more than the last bits"
        for name in VERSIONS_THAT_COUNT
        if name in before and name in now and before[name] != now[name]
    ]


def _known_to_torch(device: str) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {"accelerator": ""}
    gpu = device.startswith("cuda") and torch.cuda.is_available()
    return {
        "accelerator": torch.cuda.get_device_name(device) if gpu else "",
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matmul_precision": torch.get_float32_matmul_precision(),
    }


def _versions() -> dict[str, str]:
    """This library and what it requires to run, as far as installed."""
    try:
        required = importlib.metadata.requires("rlblocks") or []
    except importlib.metadata.PackageNotFoundError:
        required = []
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in required if not TOOLS.search(line)}
    found = {name: version_of(name) for name in sorted({"rlblocks", *names}, key=str.lower)}
    return {name: version for name, version in found.items() if version != "unknown"}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _commit() -> str:
    """The commit of the checkout in which the process runs, "-dirty" added where it was edited; empty outside one."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603  constant
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()
