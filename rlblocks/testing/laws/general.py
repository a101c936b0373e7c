"""GEN: what every block obeys that is a function of its inputs: it changes, shares and draws nothing."""

from __future__ import annotations

import contextlib
import copy
import io
import random
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import torch

from rlblocks.testing._call import Call, snapshot, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law

COMPUTING = ("targets", "losses", "explorers")
PREPARING = ("returns", "transforms")
MODULES = ("layers", "bodies", "heads")
WRITING = ("target_updates", "optimizers")
CALLED = (*COMPUTING, *PREPARING, *MODULES, *WRITING, "value_forms", "clips", "distributions", "aggregates")


def global_states() -> dict[str, Any]:
    """The states of the global generators, to be compared."""
    kind, words, *rest = np.random.get_state()  # noqa: NPY002  the global one is asked about
    return {
        "random": random.getstate(), "numpy.random": (kind, np.asarray(words).tobytes(), *rest),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }  # fmt: skip


@contextlib.contextmanager
def watched_generators(seed: int = 1) -> Iterator[None]:
    """Seed the global generators, see whether they move, and give them back as they were."""
    saved = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        reseed(seed)
        before = global_states()
        yield
        after = global_states()
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])  # noqa: NPY002
        torch.set_rng_state(saved[2])
    for name, state in before.items():
        require(after[name] == state, f"the global generator of {name} was moved")


def reseed(seed: int) -> None:
    """Seed the global generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.default_generator.manual_seed(seed)  # `torch.manual_seed` also notes where it was called, for each device


def versions(call: Call) -> list[int]:
    """How often each tensor that is handed over was written."""
    return [tensor._version for tensor in tensors_in(call.inputs)]  # noqa: SLF001  torch has no other name for it


@law("GEN-1", role=CALLED, since="0.1")
def inputs_are_only_read(case: Case) -> None:
    """What is handed over is not changed.

    Inputs are bit-equal afterwards, in the same order, and no tensor was written and restored.
    """
    call = case.call()
    before, written = snapshot(dict(call.inputs)), versions(call)
    call()
    same(dict(call.inputs), before, "after the call, the input")
    require(versions(call) == written, "the call wrote into a tensor that it was handed")


@law("GEN-2", role=(*COMPUTING, *PREPARING, *WRITING, "value_forms", "clips", "distributions"), since="0.1")
def outputs_are_fresh(case: Case) -> None:
    """What is returned shares no memory with what is handed over.

    Storages are disjoint, so that writing into one never changes the other.
    """
    call = case.call()
    outputs = {name: value for name, value in call().items() if name not in call.shared}
    handed = {tensor.untyped_storage().data_ptr(): tensor for tensor in tensors_in(call.inputs) if tensor.numel()}
    for name, value in outputs.items():
        for tensor in tensors_in(value):
            found = handed.get(tensor.untyped_storage().data_ptr())
            require(found is None or not tensor.numel(), f"{name} is a view of one of the inputs")


@law("GEN-3", role=CALLED, since="0.1")
def global_generators_are_left_alone(case: Case) -> None:
    """Global generators are neither read nor moved.

    Reseeding them changes no result, and a call leaves their states as they are.
    """
    call = case.call()
    with watched_generators():
        first = snapshot(call())
    with watched_generators(seed=2):
        same(call(), first, "after the global generators were seeded anew, the output")


@law("GEN-3a", role=CALLED, since="0.1", examples=3)
def nothing_is_printed(case: Case) -> None:
    """Nothing is printed.

    What a compiled learn step prints is lost or stands in the wrong place, and a view of a run is garbled by it.
    """
    call, said = case.call(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        call()
    require(not said.getvalue(), f"the call printed {said.getvalue()[:60]!r}")


@law("GEN-14", role=CALLED, since="0.1")
def calls_are_pure(case: Case) -> None:
    """The same inputs give the same outputs, bit for bit, however often.

    Nothing is remembered from one call to the next, whatever stands between them.

    Formula: f(x) after f(z) is f(x), bit for bit
    """
    call, other = case.call(), case.call()
    first = snapshot(call())
    same(call(), first, "of the second call with the same inputs, the output")
    other()
    same(call(), first, "of a call after one with other inputs, the output")


def _attributes(kind: type) -> dict[str, str]:
    return {name: repr(value) for name, value in vars(kind).items() if not callable(value)}


@law("GEN-17", role=(*CALLED, "schedules", "stores", "cadences", "envs", "wrappers"), since="0.1", examples=1)
def blocks_are_values(case: Case) -> None:
    """A block is a value: frozen, hashable, equal to a copy of itself.

    Fields cannot be set, and equal fields make equal blocks, so that two recipes never share anything that changes.
    """
    block = case.block
    case.say(f"block = {block!r}")
    twin = type(block)(**{a.name: getattr(block, a.name) for a in attrs.fields(type(block)) if a.init})
    require(twin == block, f"a block made of the same fields is not equal: {twin!r}")
    require(hash(twin) == hash(block), "equal blocks have different hashes")
    name = next((a.name for a in attrs.fields(type(block))), "anything")
    try:
        setattr(block, name, getattr(block, name, None))
    except (attrs.exceptions.FrozenInstanceError, AttributeError, TypeError):
        return
    require(False, f"the field {name!r} could be set")


@law("GEN-17a", role=CALLED, since="0.1", examples=5)
def calls_leave_the_block_alone(case: Case) -> None:
    """A call changes neither the block nor its class.

    What a call needs to remember belongs to the run.
    """
    call, block = case.call(), case.block
    before, fields = _attributes(type(block)), repr(block)
    call()
    require(_attributes(type(block)) == before, "the call changed an attribute of the class")
    require(repr(block) == fields, f"the call changed the block to {block!r}")


@law("GEN-18", role=CALLED, since="0.1", examples=5)
def copies_compute_the_same(case: Case) -> None:
    """A deep copy of a block computes the same.

    A block can be copied with the recipe that holds it.

    Formula: copy(f)(x) = f(x)
    """
    block = case.block
    twin = copy.deepcopy(block)
    require(twin == block, "a deep copy of the block is not equal to it")
    call = case.call()
    same(call.of(twin)(), call(), "of a deep copy of the block, the output")
