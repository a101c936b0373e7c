"""NET: what every layer, body and head obeys of its parameters and its noise."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor

from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing.laws.general import MODULES, watched_generators
from rlblocks.testing.laws.networks import learned, made


@law("NET-5", role=MODULES, since="0.1", examples=6)
def starts_come_from_the_generator(case: Case) -> None:
    """Its start depends on the generator that it is given, and on nothing else.

    The same seed gives the same parameters, another seed others; global generators are not moved.
    """
    subject = made(case)
    start = subject.module.state_dict()
    with watched_generators():
        again = subject.again()
    same(dict(again.state_dict()), dict(start), "of the same seed, the parameters")
    other = subject.again(subject.seed + 1).state_dict()
    drawn = [name for name, value in start.items() if value.numel() > 1 and bool((value != value.flatten()[0]).any())]
    for name in drawn:
        require(not torch.equal(other[name], start[name]), f"{name} is the same for another seed")


@law("NET-5a", role=MODULES, since="0.1", examples=4)
def it_can_be_rehearsed(case: Case) -> None:
    """It can be built where tensors have shapes only, without a generator.

    On the meta device it has the same names, shapes and types, so wiring can try it before anything is allocated.
    """
    subject = made(case)
    shapes = {name: (value.shape, value.dtype) for name, value in subject.module.state_dict().items()}
    bare = case.block.build(*subject.arguments, None)
    found = {name: (value.shape, value.dtype) for name, value in bare.state_dict().items()}
    require(found == shapes, f"without a generator it has {sorted(found)}, with one {sorted(shapes)}")
    require(
        all(value.device.type == "meta" for value in bare.state_dict().values()), "a tensor is not on the meta device"
    )
    require(bare.noise_size == subject.module.noise_size, "without a generator it takes another number of noise")


@law("NET-7", role=MODULES, since="0.1", examples=8)
def zero_noise_is_no_noise(case: Case) -> None:
    """Without noise it uses mean weights, and noise of zeros is no noise.

    A module that takes no noise says so, by a size of 0.

    Formula: y = (μ_w + σ_w ⊙ ε_w)·x + μ_b + σ_b ⊙ ε_b; ε = 0 ⇒ y = μ_w·x + μ_b

    Reference: Fortunato et al. (2018), section 3.
    """
    subject = made(case)
    due, silent = subject.outputs(), subject.noise(0.0)
    if silent is not None:
        for name, value in subject.outputs(noise=silent).items():
            close(value, due[name], f"with noise of zeros {name}")
        loud = subject.outputs(noise=subject.noise())
        changed = any(not torch.equal(loud[name], value) for name, value in due.items())
        require(changed, "noise changes nothing")
    same(subject.outputs(), due, "of a second pass without noise, the output")


@law("NET-7a", role=MODULES, since="0.1", examples=6)
def all_noise_is_used(case: Case) -> None:
    """Every number of the noise matters, and noise of another size is refused.

    Each layer has its own share.

    Formula: ∂y/∂εᵢ ≠ 0 for every i
    """
    subject = made(case)
    noise = subject.noise()
    if noise is None:
        return
    due, tried = subject.outputs(noise=noise), range(0, noise.numel(), max(noise.numel() // 12, 1))
    silent = [i for i in tried if all(_equal(subject.outputs(noise=_moved(noise, i, by)), due) for by in FAR)]
    require(not silent, f"other numbers at the places {silent} of the noise change nothing")
    for wrong in (noise[:-1], torch.cat([noise, noise[:1]])):
        try:
            subject.outputs(noise=wrong)
        except Exception:  # noqa: BLE001, S112  any refusal is one
            continue
        require(False, f"noise of {wrong.numel()} numbers was taken in the place of {noise.numel()}")


FAR = (3.0, -3.0, 1e4, -1e4)  # so far that a unit which is off wakes up, for one row at least


def _moved(noise: Tensor, i: int, by: float) -> Tensor:
    """Noise with another number at one place."""
    return torch.cat([noise[:i], noise[i : i + 1] + by, noise[i + 1 :]])


def _equal(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return all(torch.equal(ours[name], value) for name, value in theirs.items())


@law("NET-13", role=MODULES, since="0.1", examples=6)
def passes_change_nothing(case: Case) -> None:
    """A pass changes nothing: no parameter, no buffer, no switch between training and evaluation.

    In either mode, with noise and without.
    """
    subject = made(case)
    for training in (True, False):
        subject.module.train(training)
        before = copy.deepcopy(dict(subject.module.state_dict()))
        subject.outputs(noise=subject.noise())
        same(dict(subject.module.state_dict()), before, "after a pass, the parameters")
        require(
            all(part.training is training for part in subject.module.modules()), "a pass switched the mode of a module"
        )


@law("NET-14", role=MODULES, since="0.1", examples=6)
def parameters_are_all_there_is(case: Case) -> None:
    """Its parameters, loaded into another module of the kind, give the same outputs.

    Strictly: a name too few is refused.
    """
    subject = made(case)
    other, saved = subject.again(subject.seed + 1), dict(subject.module.state_dict())
    other.load_state_dict(saved, strict=True)
    noise = subject.noise()
    same(
        subject.outputs(other, noise), subject.outputs(noise=noise), "of a module with the same parameters, the output"
    )
    if saved:
        saved.popitem()
        try:
            other.load_state_dict(saved, strict=True)
        except RuntimeError:
            return
        require(False, "a state with a name too few was taken")


def _with_rows(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is one number for all rows, as a row of its own."""
    return {name: value if value.dim() else value.unsqueeze(0) for name, value in outputs.items()}


@law("NET-16", role=MODULES, since="0.1", examples=6)
def starts_are_moderate(case: Case) -> None:
    """At the start its outputs are of moderate size.

    Inputs of size 1 give outputs below 100, finite, and not all alike, unless all parameters start at 0. −∞ may stand
    where no entry is, in every row; and what is alike in all rows must be so for all inputs, beside something that is
    not, if anything is read.

    Formula: |f(x)| < 100 for |x| ~ 1
    """
    subject = made(case)
    named = learned(subject.module).values()
    silent = bool(named) and not any(bool(parameter.any()) for parameter in named)
    found, elsewhere = (_with_rows(subject.outputs(x=x)) for x in (subject.x, torch.zeros_like(subject.x)))
    alike = [name for name, value in found.items() if bool((value == value[0]).all())]
    require(len(alike) < len(found) or silent or not subject.x.numel(), f"{', '.join(alike)} is the same for all rows")
    same(
        {name: elsewhere[name] for name in alike}, {name: found[name] for name in alike}, "of other inputs, the output"
    )
    for name, value in found.items():
        absent = (value == -math.inf) & (value == -math.inf).all(0)
        present = value.masked_fill(absent, 0.0)
        require(bool(present.isfinite().all()), f"{name} is not finite")
        none = absent.reshape(len(absent), -1).all(1) if present.numel() else absent.new_zeros(1)
        require(not bool(none.any()), f"{name} has no entry")
        largest = 300.0 if subject.x.dtype == torch.uint8 and not learned(subject.module) else 100.0
        reached = float(present.detach().abs().max()) if present.numel() else 0.0
        require(reached < largest, f"{name} reaches {reached:.3g} for inputs of size 1")
    require(math.isfinite(subject.module.noise_size), "the size of its noise is not finite")  # type: ignore[arg-type]
