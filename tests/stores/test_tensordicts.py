"""The tensordict face."""

import subprocess
import sys

import numpy as np
import torch
from store_streams import KEYS, row, spec_for, stack

from rlblocks.stores import NStep, Rollout, UniformReplay, as_tensordict


def test_contents_as_a_tensordict():
    """Every row held, oldest first, under nested keys, with the dtypes of the columns."""
    memory = UniformReplay(3).build(spec_for())
    memory.add(stack([row(0, 0, t) for t in range(5)]), np.zeros(5, np.int64))
    found = as_tensordict(memory)

    assert found.batch_size == torch.Size([3])
    assert found["observation"][:, 2].tolist() == [2.0, 3.0, 4.0]
    assert found["next", "observation"][:, 2].tolist() == [3.0, 4.0, 5.0]
    assert found["action"].dtype is torch.int64
    assert found["picture"].shape == (3, 2, 2)
    assert sorted(".".join(k) if isinstance(k, tuple) else k for k in found.keys(True, True)) == sorted(KEYS)


def test_changing_it_does_not_change_the_store():
    """What is looked at is a copy."""
    memory = UniformReplay(3).build(spec_for())
    memory.add(stack([row(0, 0, 0)]), np.zeros(1, np.int64))
    as_tensordict(memory)["reward"].zero_()

    assert memory.contents()["reward"].tolist() == [0.5]


def test_a_wrapped_memory_and_a_chunk():
    """The joined rows of an n-step store, and the rows that a sample handed over, look the same."""
    memory = NStep(UniformReplay(3), 1).build(spec_for())
    memory.add(stack([row(0, 0, 0)]), np.zeros(1, np.int64))
    chunk = as_tensordict(memory.sample(4, KEYS))

    assert as_tensordict(memory)["action"].tolist() * 4 == chunk["action"].tolist()


def test_a_chunk_of_a_drained_store_and_what_it_shows():
    """A chunk is a TensorDict of batch size [T, N], what a drained memory shows one of its rows."""
    memory = Rollout(2).build(spec_for(3))
    assert as_tensordict(memory).batch_size == torch.Size([0])
    for t in range(2):
        memory.add(stack([row(e, 0, t) for e in range(3)]), np.arange(3))
    assert as_tensordict(memory).batch_size == torch.Size([6])
    found = as_tensordict(memory.drain(KEYS), batch_dims=2)

    assert found.batch_size == torch.Size([2, 3])
    assert found["next", "observation"].shape == (2, 3, 3)
    assert found["weight"].tolist() == [[1.0] * 3] * 2


def test_an_empty_memory():
    """Nothing remembered is a TensorDict of no rows."""
    assert as_tensordict(UniformReplay(3).build(spec_for())).batch_size == torch.Size([0])


def test_stores_do_not_load_tensordict():
    """Importing the stores leaves tensordict alone, which takes seconds."""
    code = "import sys, rlblocks.stores; sys.exit('tensordict' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
