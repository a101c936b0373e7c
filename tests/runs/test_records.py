"""The metrics file: every record comes back bit for bit, whatever cut the file."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import RunError
from rlblocks.runs.folder import MetricsFile, cut_back, read_metrics

pytestmark = pytest.mark.usefixtures("no_waiting")
QUICK = settings(max_examples=40, deadline=None, derandomize=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(st.text(), values, max_size=4)


def fresh(factory):
    return factory.mktemp("metrics") / "metrics.jsonl"


def exactly(records):
    """As texts that differ when a bit of a float does."""
    return repr(records)


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@QUICK
@given(st.lists(records, max_size=5))
def test_every_record_comes_back(tmp_path_factory, written):
    """Floats bit for bit, NaN and infinities included, one line each."""
    path = fresh(tmp_path_factory)
    with MetricsFile(path) as file:
        for record in written:
            file.append(record)
    assert exactly(read_metrics(path)) == exactly(written)
    assert path.read_bytes().count(b"\n") == len(written)


@QUICK
@given(st.lists(records, min_size=1, max_size=5), st.data())
def test_a_file_cut_anywhere_keeps_its_whole_lines(tmp_path_factory, written, data):
    """Cut at any byte, the whole lines are read, and the next writer goes on after them."""
    path = fresh(tmp_path_factory)
    with MetricsFile(path) as file:
        ends = []
        for record in written:
            file.append(record)
            ends.append(file.position())
    at = data.draw(st.integers(0, ends[-1]))
    path.write_bytes(path.read_bytes()[:at])
    whole = sum(end <= at for end in ends)
    assert exactly(read_metrics(path)[:whole]) == exactly(written[:whole])
    assert len(read_metrics(path)) <= whole + 1  # the last one may lack nothing but its line break
    with MetricsFile(path) as file:
        file.append({"next": 1})
    assert exactly(read_metrics(path)) == exactly([*written[:whole], {"next": 1}])


@QUICK
@given(st.lists(records, min_size=1, max_size=5), st.data())
def test_cutting_back_to_a_checkpoint_undoes_what_came_after(tmp_path_factory, written, data):
    """Run on, cut back to the remembered position, run on again: as if never cut."""
    path = fresh(tmp_path_factory)
    with MetricsFile(path) as file:
        positions = [file.position()]
        for record in written:
            file.append(record)
            positions.append(file.position())
    whole = path.read_bytes()
    k = data.draw(st.integers(0, len(written)))
    assert cut_back(path, positions[k]) == positions[k]
    assert exactly(read_metrics(path)) == exactly(written[:k])
    with MetricsFile(path) as file:
        assert file.position() == positions[k]
        for record in written[k:]:
            file.append(record)
    assert path.read_bytes() == whole


def test_cutting_back_further_than_there_is(tmp_path):
    """The result is below the position where lines are missing, and always the end of a line."""
    path = tmp_path / "metrics.jsonl"
    assert cut_back(path, 100) == 0
    path.write_bytes(b'{"a": 1}\n{"b": 2}\n{"c"')
    assert cut_back(path, 100) == 18
    assert cut_back(path, 12) == 9
    assert cut_back(path, -5) == 0
    assert path.read_bytes() == b""


def test_a_long_line_is_found_whole(tmp_path):
    """Lines longer than the blocks in which the end is searched."""
    path = tmp_path / "metrics.jsonl"
    with MetricsFile(path) as file:
        file.append({"x": 1})
        end = file.position()
        file.append({"x": "y" * 300_000})
    assert cut_back(path, 299_000) == end


def test_the_file_is_handed_over_at_a_bounded_rate(tmp_path):
    """Not at every record, but at the first one a second after the last time, and at the end."""
    clock, path = Clock(), tmp_path / "metrics.jsonl"
    file = MetricsFile(path, clock)
    file.append({"step": 1})
    assert read_metrics(path) == []
    clock.now = 1.0
    file.append({"step": 2})
    assert len(read_metrics(path)) == 2
    file.append({"step": 3})
    assert len(read_metrics(path)) == 2
    file.flush()
    assert len(read_metrics(path)) == 3
    file.append({"step": 4})
    file.close()
    file.close()
    assert [record["step"] for record in read_metrics(path)] == [1, 2, 3, 4]


def test_numbers_of_numpy_and_torch_are_numbers(tmp_path):
    """They are written with the value that they have, not with a rounded one."""
    with MetricsFile(tmp_path / "m") as file:
        file.append(
            {"a": np.float32(0.1), "b": np.int64(3), "c": np.bool_(True), "d": torch.tensor(0.1), "e": np.float64(1)}
        )
    (record,) = read_metrics(tmp_path / "m")
    tenth = float(np.float32(0.1))
    assert exactly(record) == exactly({"a": tenth, "b": 3, "c": True, "d": tenth, "e": 1.0})


def test_what_is_no_number_is_refused(tmp_path):
    """By what it is; the file stays readable."""
    with MetricsFile(tmp_path / "m") as file:
        for value in (object(), torch.zeros(2), {1, 2}, 1j):
            with pytest.raises(RunError, match="a record of metrics holds"):
                file.append({"x": value})
        file.append({"x": math.nan})
    assert len(read_metrics(tmp_path / "m")) == 1


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    """It is not passed over: something else has written into the file."""
    for broken in (b"garbage", b"3", b"[]", b"\xff\xfe", b""):
        (tmp_path / "m").write_bytes(b'{"a": 1}\n' + broken + b'\n{"b": 2}\n')
        with pytest.raises(RunError, match="line 2 of") as caught:
            read_metrics(tmp_path / "m")
        assert caught.value.fix


def test_zeros_at_the_end_are_a_cut(tmp_path):
    """What a file system may leave after a power failure."""
    (tmp_path / "m").write_bytes(b'{"a": 1}\n' + b"\0" * 100)
    assert read_metrics(tmp_path / "m") == [{"a": 1}]


def test_no_file_has_no_records(tmp_path):
    """A run that has not begun to write."""
    assert read_metrics(tmp_path / "absent") == []


def test_a_file_that_cannot_be_written_says_so(tmp_path):
    """One sentence and a fix, when opening and when the disk is full."""
    with pytest.raises(RunError, match="could not be written: ") as caught:
        MetricsFile(tmp_path / "absent" / "m")
    assert caught.value.fix
    full = MetricsFile(tmp_path / "m")
    real, full._file = full._file, open("/dev/full", "ab", buffering=1 << 16)  # noqa: PTH123, SIM115
    real.close()
    full.append({"x": 1})
    for act in (full.flush, full.position, full.close):
        with pytest.raises(RunError, match="no space left on device"):
            act()
