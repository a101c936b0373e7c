"""Stores that do not fit are refused before anything is allocated."""

import pytest
from store_streams import COLUMNS, spec_for

from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.stores import Latest, NStep, PrioritizedReplay, UniformReplay, _room, bytes_of

BLOCKS = [UniformReplay, Latest, PrioritizedReplay, lambda capacity: NStep(UniformReplay(capacity), 3)]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_capacity_that_cannot_fit_is_refused_in_bytes(block):
    """The error says how many bytes there would be, how many there are, and a capacity that fits."""
    store = block(10**15)
    need = 10**15 * store.row_bytes(COLUMNS)
    with pytest.raises(
        BuildError, match=rf"1,000,000,000,000,000 rows needs {need:,} bytes .*\n.*a capacity of at most"
    ):
        store.build(spec_for())


def test_memory_that_runs_out_all_the_same_is_reported_alike(monkeypatch):
    """Where the system promises more than it gives, the allocation's own failure becomes the same error."""
    monkeypatch.setattr(_room, "available_bytes", lambda: 2**63)
    with pytest.raises(BuildError, match="of 10,000,000,000,000,000 rows needs"):
        UniformReplay(10**16).build(spec_for(columns={"reward": Spec()}))


@pytest.mark.parametrize(("room", "fits"), [(999, False), (1_000, True)])
def test_the_limit_is_exact(monkeypatch, room, fits):
    """A store that needs exactly what there is fits, one byte more does not."""
    monkeypatch.setattr(_room, "available_bytes", lambda: room)
    if fits:
        _room.require_room("UniformReplay", 100, 10)
    else:
        with pytest.raises(BuildError, match="at most 99"):
            _room.require_room("UniformReplay", 100, 10)


def test_available_memory_is_the_least_that_the_system_names(monkeypatch, tmp_path):
    """What the kernel could free counts, the limit of a container holds, and a system without figures has no limit."""
    info, limit = tmp_path / "meminfo", tmp_path / "memory.max"
    monkeypatch.setattr(_room, "_MEMINFO", info)
    monkeypatch.setattr(_room, "_CGROUP_LIMIT", limit)
    info.write_text("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 50 kB\n")
    assert _room.available_bytes() == 50 * 1024
    limit.write_text("40000\n")
    assert _room.available_bytes() == 40_000
    limit.write_text("max\n")
    assert _room.available_bytes() == 50 * 1024
    info.unlink()
    assert 50 * 1024 < _room.available_bytes() < 2**63
    monkeypatch.delattr(_room.os, "sysconf")
    assert _room.available_bytes() == 2**63


def test_bytes_of_a_row():
    """Shapes and dtypes are counted, and the priorities of a prioritized store besides."""
    assert bytes_of(COLUMNS) == 12 + 8 + 8 + 1 + 1 + 8 + 12 + 4 + 8
    assert UniformReplay(5).row_bytes(COLUMNS) == Latest(5).row_bytes(COLUMNS) == bytes_of(COLUMNS)
    store = PrioritizedReplay(5)
    memory = store.build(spec_for())
    assert store.row_bytes(COLUMNS) * 5 >= bytes_of(COLUMNS) * 5 + memory.tree.nbytes + memory.priority.nbytes
