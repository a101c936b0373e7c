"""Trees survive the way through safetensors and JSON bit for bit."""

import contextlib
import json
import math

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlblocks._core.errors import CheckpointError
from rlblocks.runs.tree import CODES, chunks, dtype_name, flatten, no_array, raw, restore

QUICK = settings(max_examples=60, deadline=None, derandomize=True)
NUMPY = [name for name in CODES if name != "bfloat16" and not name.startswith("float8")]


def there_and_back(tree):
    """Through the bytes of both files, as a checkpoint does it."""
    arrays, skeleton = flatten(tree)
    read = safetensors.torch.load(b"".join(bytes(chunk) for chunk in chunks(arrays)))
    return restore(json.loads(json.dumps(skeleton, allow_nan=False)), read.__getitem__)


def same(a, b):
    """Equal in kind, dtype, shape and every bit; and so for all parts."""
    if isinstance(a, torch.Tensor | np.ndarray | np.generic):
        alike = (type(a), dtype_name(a), a.shape) == (type(b), dtype_name(b), b.shape)
        return alike and bytes(raw(np.asarray(a) if isinstance(a, np.generic) else a)) == bytes(
            raw(np.asarray(b) if isinstance(b, np.generic) else b)
        )
    if isinstance(a, dict):
        return type(b) is dict and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return type(b) is float and (a.hex() == b.hex() or (math.isnan(a) and math.isnan(b)))
    return type(a) is type(b) and a == b


def arrays():
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    return st.sampled_from(NUMPY).flatmap(lambda dtype: hnp.arrays(dtype, shapes))


def leaves():
    tensors = arrays().map(torch.from_numpy)
    scalars = st.sampled_from(NUMPY).map(lambda dtype: np.ones((), dtype)[()])
    wide = st.integers(-(1 << 200), 1 << 200)
    return st.none() | st.booleans() | wide | st.floats() | st.text() | arrays() | tensors | scalars


def keys():
    odd = st.sampled_from(
        ["", "a.b", "a", "b", "a/b", "$torch", "$$x", "$", "__metadata__", "../up", "'", "\ud800", "\0"]
    )
    return odd | st.text(max_size=3)


def trees():
    return st.recursive(
        leaves(),
        lambda part: (
            st.dictionaries(keys(), part, max_size=4)
            | st.lists(part, max_size=3)
            | st.lists(part, max_size=3).map(tuple)
        ),
        max_leaves=8,
    )


@QUICK
@given(trees())
def test_every_tree_survives(tree):
    """Kind, dtype, shape, order of keys and every bit come back."""
    assert same(tree, there_and_back(tree))


@QUICK
@given(trees())
def test_what_is_read_is_written_the_same(tree):
    """Writing what was read gives the same bytes: saving and loading is idempotent."""
    once = there_and_back(tree)
    first, second = flatten(tree), flatten(once)
    assert first[1] == second[1]
    assert b"".join(map(bytes, chunks(first[0]))) == b"".join(map(bytes, chunks(second[0])))


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3)])
def test_every_torch_dtype_survives(name, shape):
    """All dtypes that the format has, 0-dim and empty ones included."""
    tensor = torch.arange(math.prod(shape)).reshape(shape).to(getattr(torch, name))
    assert same({"x": tensor}, there_and_back({"x": tensor}))


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_payloads_of_nan_and_signed_zeros_survive(name):
    """Arrays are bits: a NaN keeps its payload and a zero its sign."""
    bits = np.array([0x7FF8_0000_0000_0001, 0x8000_0000_0000_0000, 0xFFF0_0000_0000_0000], "uint64").view(name)
    assert same({"np": bits, "pt": torch.from_numpy(bits)}, there_and_back({"np": bits, "pt": torch.from_numpy(bits)}))


def test_layout_is_not_part_of_the_value():
    """Transposed, strided, reversed, conjugated, expanded and memory-mapped arrays come back equal and contiguous."""
    a = np.arange(12.0).reshape(3, 4)
    t = torch.arange(12.0).reshape(3, 4)
    tree = {
        "T": a.T, "step": a[::2, ::-1], "fortran": np.asfortranarray(a), "pt": t.T, "strided": t[:, 1::2],
        "conj": torch.tensor([1 + 2j]).conj(), "expanded": torch.tensor(3.0).expand(2, 2),
        "one": torch.tensor(3.0).expand(1), "none": torch.tensor(3.0).expand(0), "np": np.broadcast_to(3.0, (1,)),
        "parameter": torch.nn.Parameter(t),
    }  # fmt: skip
    back = there_and_back(tree)
    for key, value in tree.items():
        assert np.array_equal(plain(back[key]), plain(value))
        assert dtype_name(back[key]) == dtype_name(value)


def plain(value):
    return value.detach().resolve_conj().numpy() if isinstance(value, torch.Tensor) else value


def test_arrays_that_share_memory_are_saved_each():
    """Tied weights and views into a flat buffer are no error and come back equal."""
    flat = torch.arange(6.0)
    tree = {"flat": flat, "left": flat[:3], "right": flat[3:].view(3, 1), "again": flat}
    assert same(tree, there_and_back(tree))


def test_generator_states_survive():
    """PCG64's 128-bit integers and torch's byte tensor set a generator to the very same stream."""
    ours, torchs = np.random.default_rng(3), torch.Generator().manual_seed(3)
    ours.random(7)
    back = there_and_back({"numpy": ours.bit_generator.state, "torch": torchs.get_state()})
    other, others = np.random.default_rng(0), torch.Generator()
    other.bit_generator.state = back["numpy"]
    others.set_state(back["torch"])
    assert np.array_equal(ours.random(50), other.random(50))
    assert torch.equal(torch.rand(50, generator=torchs), torch.rand(50, generator=others))


def test_integers_have_no_limit_of_digits():
    """An int of more digits than Python converts to decimal survives."""
    tree = {"big": 7**20_000, "negative": -(7**20_000)}
    assert there_and_back(tree) == tree


def test_numpys_arrays_can_be_read_without_us():
    """The file is plain safetensors, aligned, with a name that says where an array belongs."""
    tree = {"q": {"weight": np.arange(6, dtype="float32").reshape(2, 3), "flag": np.array(True)}}
    content = b"".join(map(bytes, chunks(flatten(tree)[0])))
    read = safetensors.numpy.load(content)
    assert np.array_equal(read["tree.q.weight"], tree["q"]["weight"])
    assert int.from_bytes(content[:8], "little") % 8 == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1: 2}, "key 1"), ({"x": {3, 4}}, "tree.x holds a set"), ([b"bytes"], "tree.0 holds a bytes"),
        ({"x": object()}, "object"), ({"x": np.array(["a"], object)}, "object"), ({"x": np.zeros(2, ">f4")}, ">f4"),
        ({"x": np.array("2020", "datetime64")}, "datetime64"),
        ({"x": torch.zeros(2, dtype=torch.complex128)}, "complex128"),
        ({"x": torch.eye(2).to_sparse()}, "sparse"), ({"x": torch.zeros(2, device="meta")}, "meta"),
        ({"x": torch.Size([1])}, "Size"), ({"x": np.ma.array([1], mask=[True])}, "MaskedArray"), ({"x": 1j}, "complex"),
    ],
)  # fmt: skip
def test_what_has_no_place_is_refused(value, said):
    """The message says what it is and where it is."""
    with pytest.raises(CheckpointError, match=said) as caught:
        flatten(value)
    assert caught.value.fix


def test_a_tree_that_contains_itself_is_refused():
    """Instead of a stack overflow."""
    tree = {}
    tree["tree"] = tree
    with pytest.raises(CheckpointError, match="contains itself"):
        flatten(tree)


@pytest.mark.parametrize(
    "skeleton",
    [
        {"$eval": "1"}, {"$int": "0x"}, {"$int": 3}, {"$float": "print"}, {"$torch": "absent"}, {"$torch": "x", "b": 1},
        {"$tuple": 3}, {"$numpy": []}, {"$": 1},
    ],
)  # fmt: skip
def test_a_skeleton_that_makes_no_sense_is_refused(skeleton):
    """Never a bare KeyError or TypeError."""
    with pytest.raises(CheckpointError, match="makes no sense"):
        restore({"part": skeleton}, no_array)


@QUICK
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda part: (
            st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(["$int", "$tuple", "$x", "a", "$$a"]), part)
        ),
    )
)
def test_any_json_restores_or_is_refused(junk):
    """Whatever JSON stands in the file, there is a value or a `CheckpointError`."""
    with contextlib.suppress(CheckpointError):
        restore(junk, no_array)
