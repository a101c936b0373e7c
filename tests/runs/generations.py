"""Checkpoints in which everything says which generation it is of, and what is done to them."""

import os
import pickle
import zipfile

import attrs
import numpy as np
import torch

from rlblocks.runs import manifest
from rlblocks.runs.checkpoint import load, save


def tree_of(number):
    """A small tree in which everything says which generation it is of."""
    return {
        "networks": {"q.weight": torch.full((3, 2), float(number))},
        "store": {"reward": np.full(5, number, "float32"), "size": number},
        "counters": {"env_steps": number, "best": float("-inf")},
    }


def generation(path):
    """The one generation that all parts of a checkpoint agree on."""
    tree, meta = load(path)
    found = {
        meta["number"], tree["counters"]["env_steps"], tree["store"]["size"],
        *tree["networks"]["q.weight"].flatten().tolist(), *tree["store"]["reward"].tolist(),
    }  # fmt: skip
    assert len(found) == 1
    return found.pop()


def write(path, number):
    save(path, tree_of(number), meta={"number": number})


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def reseal(path, **changes):
    """Change a manifest as somebody would who knows how it is sealed."""
    changed = attrs.evolve(manifest.read_manifest(path), **changes)
    (path / "manifest.json").unlink()
    manifest.write_manifest(path, changed)


def flip(path, position, bits=1):
    content = bytearray(path.read_bytes())
    content[position] ^= bits
    path.write_bytes(content)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (os.mkdir, (str(self.mark),))


def zipped(path, *members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content)


def bomb(mark):
    return pickle.dumps(Bomb(mark))
