"""NRM: what every normalizer obeys of its carry: it is all that is known, and only `absorb` writes it."""

from __future__ import annotations

import copy

import numpy as np
import torch
from hypothesis import strategies as st

from rlblocks._core.keys import Spec
from rlblocks.normalizers.base import Steps
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._normalizing import after_spread, drawn, probes, served
from rlblocks.testing.laws.general import blocks_are_values, watched_generators
from rlblocks.testing.steps import COLUMNS
from rlblocks.testing.strategies import layouts

law("GEN-17", role="normalizers", since="0.1", examples=1)(blocks_are_values)


@law("GEN-3", role="normalizers", since="0.1", examples=8)
def global_generators_are_left_alone(case: Case) -> None:
    """Global generators are neither read nor moved.

    Neither by a look nor by taking in steps.
    """
    subject, made = drawn(case)
    x = probes(case, subject)
    with watched_generators():
        first = subject.fresh().absorb(made)(x)
    with watched_generators(seed=2):
        same(subject.fresh().absorb(made)(x), first, "after the global generators were seeded anew, the result")


@law("GEN-14", role="normalizers", since="0.1", examples=10)
def the_block_remembers_nothing(case: Case) -> None:
    """The same steps give the same carry, bit for bit, whatever another carry took in between.

    What is known belongs to the run, so that two runs never share anything that changes.
    """
    subject, made = drawn(case)
    other, twin = subject.fresh(), subject.fresh()
    for row in range(len(made.real)):
        chunk = Steps(*(column[row : row + 1] for column in made))
        subject.absorb(chunk)
        other.absorb(chunk, chunk)
    for row in range(len(made.real)):
        twin.absorb(Steps(*(column[row : row + 1] for column in made)))
    same(twin.carry, subject.carry, "the carry")


@law("NRM-5", role="normalizers", since="0.1", examples=15)
def looking_changes_nothing(case: Case) -> None:
    """Computing writes nothing: what is looked at, replayed or evaluated is never counted.

    The carry is bit-equal afterwards, and no tensor was written and restored.
    """
    subject, made = drawn(case)
    known = after_spread(subject, made)
    x, before = probes(case, subject), known.snapshot()
    written, first = [tensor._version for tensor in known.carry.values()], known(x)  # noqa: SLF001  torch has no other
    for _ in range(3):
        same(known(x), first, "of a second look the result")
        known(100.0 * x - 7.0)
    same(known.carry, before, "after looking, the carry")
    versions = [tensor._version for tensor in known.carry.values()]  # noqa: SLF001  torch has no other name
    require(versions == written, "looking wrote into a tensor of the carry")


@law("NRM-11", role="normalizers", since="0.1", covers=("a last row that goes on", "several environments"), examples=20)
def the_carry_is_all_there_is(case: Case) -> None:
    """Saved in the middle and written into another carry that saw other things, it goes on bit-equal.

    Three times over; the running return included.
    """
    subject, made = drawn(case)
    _, other = drawn(case, subject.column.key, subject.environments)
    if other.observation.shape[2:] != made.observation.shape[2:]:
        return
    x, saved = probes(case, subject), subject.absorb(made).snapshot()
    kept, loaded = copy.deepcopy(saved), subject.fresh().absorb(other)
    for _ in range(3):
        same(loaded.absorb(other).restore(saved).snapshot(), saved, "loaded and saved again, the carry")
    same(loaded.absorb(other).carry, subject.absorb(other).carry, "of the loaded one, the carry at the end")
    same(loaded(x), subject(x), "of the loaded one, the result")
    same(saved, kept, "what was saved")


@law("NRM-11a", role="normalizers", since="0.1", examples=10)
def it_writes_in_place(case: Case) -> None:
    """It takes in steps in place: the tensors of the carry stay the same objects.

    A compiled function holds on to them. Statistics are float64, or whole numbers.
    """
    subject, made = drawn(case)
    tensors, before = dict(subject.carry), subject.snapshot()
    facts = {name: (t.data_ptr(), t.dtype, t.shape) for name, t in tensors.items()}
    returned = case.block.absorb(subject.carry, made)
    require(returned is None, f"it returned {returned!r}")
    require(list(subject.carry) == list(facts), f"the carry holds {list(subject.carry)}, not {list(facts)}")
    for name, tensor in subject.carry.items():
        require(tensor is tensors[name], f"{name!r} was replaced")
        require((tensor.data_ptr(), tensor.dtype, tensor.shape) == facts[name], f"{name!r} was laid out anew")
        require(not tensor.requires_grad, f"{name!r} asks for a gradient")
    exact = {name for name, tensor in before.items() if tensor.dtype == torch.float64 or not tensor.is_floating_point()}
    require(exact, "nothing in the carry is float64 or a whole number")


@law("NRM-12", role="normalizers", since="0.1", examples=15)
def raw_stays_raw(case: Case) -> None:
    """What was collected stays raw: neither steps nor values are written, and none of them is kept.

    Steps that are overwritten later do not change what is known.
    """
    subject, made = drawn(case)
    kept = copy.deepcopy(made)
    case.block.absorb(subject.carry, made)
    same(list(made), list(kept), "after they were taken in, the steps")
    x = probes(case, subject)
    raw, known = x.clone(), subject.snapshot()
    found = subject(x)
    same(x, raw, "after it was looked at, x")
    for column in made:
        np.copyto(column, column.dtype.type(77))
    same(subject.carry, known, "after the steps were overwritten, the carry")
    held = {tensor.untyped_storage().data_ptr() for tensor in (*subject.carry.values(), x)}
    require(found.untyped_storage().data_ptr() not in held, "the result is a view of x or of the carry")


@law("NRM-13", role="normalizers", since="0.1", examples=20)
def rows_are_normalised_alone(case: Case) -> None:
    """The result is float32 and of x's shape, with any leading dims, and each row's depends on that row alone.

    No batch, a batch, a batch in time; float64 and any layout in memory mean the same.

    Formula: f(x)[i] = f(x[i])
    """
    subject, made = drawn(case)
    known = after_spread(subject, made)
    x = probes(case, subject, 2, 3)
    due = known(x)
    require(due.dtype == torch.float32, f"the result is {due.dtype}")
    require(due.shape == x.shape, f"the result has the shape {list(due.shape)}, not {list(x.shape)}")
    same(known(x.flatten(0, 1)), due.flatten(0, 1), "of a batch without time the result")
    for row in range(2):
        for column in range(3):
            close(known(x[row, column]), due[row, column], f"of row [{row}, {column}] alone the result")
    double = known(x.double())
    require(double.dtype == torch.float32, f"of float64 the result is {double.dtype}")
    close(double, due, "of float64 the result")
    for how, laid in layouts(x).items():
        same(known(laid), due, f"of {how} the result")


@law("NRM-13a", role="normalizers", since="0.1", examples=5)
def it_can_be_rehearsed(case: Case) -> None:
    """It can be rehearsed where tensors have shapes only.

    On the meta device it gives float32 of x's shape, so wiring can try it before anything is allocated.
    """
    subject, _ = drawn(case)
    x = probes(case, subject, 7)
    bare = {name: tensor.to("meta") for name, tensor in subject.carry.items()}
    found = case.block.compute(x=x.to("meta"), carry=bare)
    require(found.device.type == "meta", f"on the meta device the result is on {found.device}")
    require((found.shape, found.dtype) == (x.shape, torch.float32), f"it is {found.dtype}{list(found.shape)}")


@law("NRM-13b", role="normalizers", since="0.1", examples=10)
def nothing_is_changed_unseen(case: Case) -> None:
    """Before anything was seen, it changes nothing but what it cuts.

    So the first steps are acted on raw.

    Formula: n = 0 ⇒ f(x) = clip(x, ±c)

    Reference: Convention of the library.
    """
    subject, _ = drawn(case)
    limit = getattr(case.block, "clip", 128.0)
    x = probes(case, subject).clamp(-limit, limit)
    same(subject(x), x, "before anything was seen the result")


@law("NRM-17", role="normalizers", since="0.1", examples=1)
def it_says_what_it_serves(case: Case) -> None:
    """It serves a column of real numbers, and says of every column, in words, why it cannot.

    An empty text says that it can.
    """
    case.say(f"block = {case.block!r}")
    require(served(case.block), f"it serves none of {', '.join(sorted({column.key for column in COLUMNS}))}")
    for spec in (Spec(()), Spec((4,)), Spec((84, 84), "uint8"), Spec((), "int64", n=6), Spec((3,), "int8", n=(2,) * 3)):
        for key in ("observation", "reward", "action"):
            found = case.block.misfit(key, spec)
            require(isinstance(found, str), f"of {key!r} as {spec} it says {found!r}, which is no text")


@law("NRM-17a", role="normalizers", since="0.1", examples=4)
def carries_are_new(case: Case) -> None:
    """Every carry is made of new tensors.

    Two runs share none.
    """
    subject, _ = drawn(case, batch=case.draw(st.sampled_from((1, 2, 3))))
    held = {tensor.data_ptr() for tensor in subject.carry.values() if tensor.numel()}
    again = {tensor.data_ptr() for tensor in subject.fresh().carry.values() if tensor.numel()}
    require(not held & again, "a second carry shares a tensor with the first")
