"""NET: what every layer, body and head obeys, through the module that it builds."""

from __future__ import annotations

import copy
import math
from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._module_calls import build, built, readable, seeds
from rlblocks.testing.laws.general import MODULES, watched_generators
from rlblocks.testing.strategies import rows_of

ROWS = 32


@attrs.frozen(eq=False)
class Built:
    """A module under test.

    Attributes:
        block: what built it.
        arguments: what it was built with, but for the generator.
        seed: of the generator.
        module: the module.
        x: a batch of its inputs.
    """

    block: Block
    arguments: tuple[Any, ...]
    seed: int
    module: nn.Module
    x: Tensor

    def again(self, seed: int | None = None) -> nn.Module:
        """Another module of the same kind."""
        return build(self.block, *self.arguments, seed=self.seed if seed is None else seed)

    def outputs(self, module: nn.Module | None = None, noise: Tensor | None = None, x: Tensor | None = None) -> dict[str, Tensor]:
        """One pass, by key."""
        found = (module or self.module)(self.x if x is None else x, noise)
        return found if isinstance(found, dict) else {"y": found}

    def noise(self, scale: float = 1.0) -> Tensor | None:
        """Noise for one pass; None where it takes none."""
        size, generator = int(self.module.noise_size), torch.Generator().manual_seed(self.seed + 7)  # type: ignore[arg-type]
        return torch.randn(size, generator=generator) * scale if size else None


SIZED = {"action": 3, "feature": 16}


def made(case: Case, *, rows: int = ROWS, spec: Spec | None = None) -> Built:
    """A module and a batch of inputs, as part of the example."""
    block, seed = case.block, case.draw(seeds)
    if block.role == "layers":
        inputs, outputs = case.draw(st.sampled_from([(3, 7), (7, 3), (1, 4)]))
        arguments, of = (inputs, outputs), Spec((inputs,))
    elif block.role == "heads":
        arguments, of = (16, SIZED), Spec((16,))
    else:
        of = case.draw(st.sampled_from(readable(block))) if spec is None else spec
        arguments = (of,)
    case.say("from rlblocks._core.keys import Spec\nfrom rlblocks.testing.strategies import rows_of")
    case.say(f"{built(block, *arguments, seed=seed)}\nmodule(rows_of({of!r}, {rows}, seed={seed}))")
    return Built(block, arguments, seed, build(block, *arguments, seed=seed), rows_of(of, rows, seed))


def learned(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of a module, by name."""
    return dict(module.named_parameters())


@law("NET-2", role="bodies", since="0.1", examples=12, title="it makes as many features as it says, float32, one vector a row")
def bodies_have_their_width(case: Case) -> None:
    """Whatever the input is."""
    subject = made(case, rows=5)
    due = (5, case.block.width(subject.arguments[0]))
    found = subject.outputs()["y"]
    require(tuple(found.shape) == due, f"the features have the shape {list(found.shape)}, and it says {list(due)}")
    require(found.dtype == torch.float32, f"the features are {found.dtype}")


@law("NET-2", role="layers", since="0.1", examples=8, title="it maps as many numbers to as many as it was asked for")
def layers_have_their_sizes(case: Case) -> None:
    """`[B, in]` to `[B, out]`, float32."""
    subject = made(case, rows=5)
    found, due = subject.outputs()["y"], (5, subject.arguments[1])
    require(tuple(found.shape) == due and found.dtype == torch.float32, f"it made {found.dtype}{list(found.shape)}, not {list(due)}")


@law("NET-2", role="heads", since="0.1", examples=8, title="it writes the keys that it says, in their shapes and types")
def heads_write_what_they_say(case: Case) -> None:
    """So wiring knows every tensor before it exists."""
    subject = made(case, rows=5)
    found, due = subject.outputs(), case.block.writes(SIZED)
    require(set(found) == set(due), f"it wrote {sorted(found)}, and it says {sorted(due)}")
    for key, spec in due.items():
        good = tuple(found[key].shape) == (5, *spec.shape) and str(found[key].dtype) == f"torch.{spec.dtype}"
        require(good, f"{key} is {found[key].dtype}{list(found[key].shape)}, and it says {spec}")


def reads_bytes(block: Block) -> str:
    """Whether a body reads pictures or vectors of bytes."""
    return "" if [spec for spec in readable(block) if spec.dtype == "uint8"] else "it reads no bytes"


@law("NET-2a", role="bodies", since="0.1", needs=reads_bytes, examples=6, title="bytes are scaled to [0, 1], once, and floats are not rescaled")
def bytes_are_scaled_once(case: Case) -> None:
    """A body for bytes does to bytes what the same body for floats does to bytes / 255; 255 is 1."""
    spec = case.draw(st.sampled_from([spec for spec in readable(case.block) if spec.dtype == "uint8"]))
    subject = made(case, rows=3, spec=spec)
    floats = build(case.block, Spec(spec.shape), seed=subject.seed)
    floats.load_state_dict(subject.module.state_dict())
    close(subject.outputs()["y"], floats(subject.x.double().div(255).float()), "of bytes, the features")
    large = floats(torch.full_like(subject.x, 255, dtype=torch.float32))
    once = floats(torch.ones_like(subject.x, dtype=torch.float32))
    require(bool((large - once).abs().max() > 1e-3), "floats of 255 give the features of floats of 1, so that they are rescaled")  # noqa: PLR2004


@law("NET-3", role=MODULES, since="0.1", examples=8, title="every parameter learns: on a random batch its gradient is finite and not 0")
def every_parameter_learns(case: Case) -> None:
    """With noise, where it takes noise."""
    subject = made(case)
    generator = torch.Generator().manual_seed(subject.seed)
    outputs = subject.outputs(noise=subject.noise()).values()
    loss = sum((torch.randn(v.shape, generator=generator) * v).sum() for v in outputs)
    if learned(subject.module):
        loss.backward()  # type: ignore[union-attr]  there are outputs
    for name, parameter in learned(subject.module).items():
        require(parameter.grad is not None, f"no gradient reaches {name}")
        assert parameter.grad is not None
        require(bool(parameter.grad.isfinite().all()), f"the gradient of {name} is not finite")
        require(bool(parameter.grad.any()), f"the gradient of {name} is 0 everywhere")


@law("NET-4", role="bodies", since="0.1", examples=8, title="with layers it is not affine: an activation follows every one")
def bodies_bend(case: Case) -> None:
    """f(a) + f(b) − f(a + b) − f(0) is not 0, which it would be without any activation."""
    floats = [spec for spec in readable(case.block) if spec.dtype == "float32" and spec.shape]
    subject = made(case, spec=case.draw(st.sampled_from(floats)))
    if learned(subject.module):
        a, b = (3 * rows_of(subject.arguments[0], ROWS, subject.seed + i) for i in range(2))
        f = subject.module
        bend = f(a) + f(b) - f(a + b) - f(torch.zeros_like(a))
        require(bool(bend.abs().max() > 1e-4), "f(a) + f(b) is f(a + b) + f(0): it is affine")  # noqa: PLR2004


@law("NET-4a", role="layers", since="0.1", examples=12, title="it is affine: f(a) + f(b) = f(a + b) + f(0), with noise as without")
def layers_are_affine(case: Case) -> None:
    """For one and the same noise."""
    subject = made(case)
    a, b = (rows_of(Spec((subject.arguments[0],)), ROWS, subject.seed + i) for i in range(2))
    for noise in (None, subject.noise()):
        f = [subject.outputs(x=x, noise=noise)["y"] for x in (a, b, a + b, torch.zeros_like(a))]
        close(f[0] + f[1], f[2] + f[3], "f(a) + f(b)")
    require(bool((subject.outputs(x=a)["y"] != subject.outputs(x=b)["y"]).any()), "its output does not depend on its input")


@law("NET-5", role=MODULES, since="0.1", examples=6, title="its start depends on the generator that it is given, and on nothing else")
def starts_come_from_the_generator(case: Case) -> None:
    """The same seed gives the same parameters, another seed others; global generators are not moved."""
    subject = made(case)
    start = subject.module.state_dict()
    with watched_generators():
        again = subject.again()
    same(dict(again.state_dict()), dict(start), "of the same seed, the parameters")
    other = subject.again(subject.seed + 1).state_dict()
    drawn = [name for name, value in start.items() if value.numel() > 1 and bool((value != value.flatten()[0]).any())]
    for name in drawn:
        require(not torch.equal(other[name], start[name]), f"{name} is the same for another seed")


@law("NET-5a", role=MODULES, since="0.1", examples=4, title="it can be built where tensors have shapes only, without a generator")
def it_can_be_rehearsed(case: Case) -> None:
    """On the meta device it has the same names, shapes and types, so wiring can try it before anything is allocated."""
    subject = made(case)
    shapes = {name: (value.shape, value.dtype) for name, value in subject.module.state_dict().items()}
    bare = case.block.build(*subject.arguments, None).to("meta")
    found = {name: (value.shape, value.dtype) for name, value in bare.state_dict().items()}
    require(found == shapes, f"without a generator it has {sorted(found)}, with one {sorted(shapes)}")
    require(all(value.device.type == "meta" for value in bare.state_dict().values()), "a tensor is not on the meta device")
    require(bare.noise_size == subject.module.noise_size, "without a generator it takes another number of noise")


@law("NET-7", role=MODULES, since="0.1", examples=8, title="without noise it uses mean weights, and noise of zeros is no noise")
def zero_noise_is_no_noise(case: Case) -> None:
    """A module that takes no noise says so, by a size of 0."""
    subject = made(case)
    due, silent = subject.outputs(), subject.noise(0.0)
    if silent is not None:
        for name, value in subject.outputs(noise=silent).items():
            close(value, due[name], f"with noise of zeros {name}")
        loud = subject.outputs(noise=subject.noise())
        changed = any(not torch.equal(loud[name], value) for name, value in due.items())
        require(changed, "noise changes nothing")
    same(subject.outputs(), due, "of a second pass without noise, the output")


@law("NET-7a", role=MODULES, since="0.1", examples=6, title="every number of the noise matters, and noise of another size is refused",
     needs=lambda block: "" if block.role != "bodies" or readable(block) else "it reads nothing")  # fmt: skip
def all_noise_is_used(case: Case) -> None:
    """Each layer has its own share."""
    subject = made(case)
    noise = subject.noise()
    if noise is None:
        return
    due = subject.outputs(noise=noise)
    for i in range(0, noise.numel(), max(noise.numel() // 9, 1)):
        other = noise.clone()
        other[i] += 3.0
        moved = subject.outputs(noise=other)
        live = any(not torch.equal(moved[name], value) for name, value in due.items())
        dead_input = not any(bool(v.any()) for v in due.values())
        require(live or dead_input or not _reaches(subject, i, noise), f"another number {i} of the noise changes nothing")
    for wrong in (noise[:-1], torch.cat([noise, noise[:1]])):
        try:
            subject.outputs(noise=wrong)
        except Exception:  # noqa: BLE001, S112  any refusal is one
            continue
        require(False, f"noise of {wrong.numel()} numbers was taken in the place of {noise.numel()}")  # noqa: FBT003


def _reaches(subject: Built, i: int, noise: Tensor) -> bool:
    """Whether noise number i can matter: behind a unit that is off for every row it cannot."""
    leaf = noise.clone().requires_grad_()
    total = sum(value.abs().sum() for value in subject.outputs(noise=leaf).values())
    gradient = torch.autograd.grad(total, leaf)[0]  # type: ignore[arg-type]  there are outputs
    return bool(gradient[i].abs() > 1e-4)  # noqa: PLR2004


@law("NET-13", role=MODULES, since="0.1", examples=6, title="a pass changes nothing: no parameter, no buffer, no switch between training and evaluation")
def passes_change_nothing(case: Case) -> None:
    """In either mode, with noise and without."""
    subject = made(case)
    for training in (True, False):
        subject.module.train(training)
        before = copy.deepcopy(dict(subject.module.state_dict()))
        subject.outputs(noise=subject.noise())
        same(dict(subject.module.state_dict()), before, "after a pass, the parameters")
        require(all(part.training is training for part in subject.module.modules()), "a pass switched the mode of a module")


@law("NET-14", role=MODULES, since="0.1", examples=6, title="its parameters, loaded into another module of the kind, give the same outputs")
def parameters_are_all_there_is(case: Case) -> None:
    """Strictly: a name too few is refused."""
    subject = made(case)
    other, saved = subject.again(subject.seed + 1), dict(subject.module.state_dict())
    other.load_state_dict(saved, strict=True)
    noise = subject.noise()
    same(subject.outputs(other, noise), subject.outputs(noise=noise), "of a module with the same parameters, the output")
    if saved:
        saved.popitem()
        try:
            other.load_state_dict(saved, strict=True)
        except RuntimeError:
            return
        require(False, "a state with a name too few was taken")  # noqa: FBT003


@law("NET-16", role=MODULES, since="0.1", examples=6, title="at the start its outputs are of moderate size")
def starts_are_moderate(case: Case) -> None:
    """Inputs of size 1 give outputs below 100, finite, and not all alike."""
    subject = made(case)
    for name, value in subject.outputs().items():
        require(bool(value.isfinite().all()), f"{name} is not finite")
        largest = 300.0 if subject.x.dtype == torch.uint8 and not learned(subject.module) else 100.0
        require(bool(value.abs().max() < largest), f"{name} reaches {value.abs().max():.3g} for inputs of size 1")
        require(bool((value != value[0]).any()), f"{name} is the same for all rows")
    require(math.isfinite(subject.module.noise_size), "the size of its noise is not finite")  # type: ignore[arg-type]
