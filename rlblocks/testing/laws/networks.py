"""NET: what every layer, body and head obeys, through the module that it builds."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import Body
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._module_calls import actions_for, asked_with, build, built, readable, seeds
from rlblocks.testing.laws.general import MODULES
from rlblocks.testing.strategies import rows_of

ROWS = 32
VISIBLE = 1e-3  # far above rounding, far below any difference that is meant


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

    def outputs(
        self, module: nn.Module | None = None, noise: Tensor | None = None, x: Tensor | None = None
    ) -> dict[str, Tensor]:
        """One pass, by key."""
        given, called = self.x if x is None else x, module or self.module
        found = called(given, noise) if not self.carry else called(given, self.memory(len(given)))[0]
        return found if isinstance(found, dict) else {"y": found}

    @property
    def carry(self) -> int:
        """How many numbers a row of it remembers."""
        return self.block.carry(*self.arguments) if isinstance(self.block, Body) else 0

    def memory(self, rows: int) -> Tensor:
        """What rows remember."""
        generator = torch.Generator().manual_seed(self.seed + 5)
        return torch.randn(rows, self.carry, generator=generator)

    def noise(self, scale: float = 1.0) -> Tensor | None:
        """Noise for one pass; None where it takes none."""
        size, generator = int(self.module.noise_size), torch.Generator().manual_seed(self.seed + 7)  # type: ignore[arg-type]
        return torch.randn(size, generator=generator) * scale if size else None


PLAIN = Spec((), "int64", n=3)


def made(case: Case, *, rows: int = ROWS, spec: Spec | None = None) -> Built:
    """A module and a batch of inputs, as part of the example."""
    block, seed = case.block, case.draw(seeds)
    arguments: tuple[Any, ...]
    if block.role == "layers":
        inputs, outputs = case.draw(st.sampled_from([(3, 7), (7, 3), (1, 4), (6, 1)]))
        arguments, of = (inputs, outputs), Spec((inputs,))
    elif block.role == "heads":
        action = case.draw(st.sampled_from(actions_for(block, PLAIN)))
        asked = asked_with(block, 16, action)
        arguments, of = (asked,), Spec((asked.features,))
    else:
        of = case.draw(st.sampled_from(readable(block))) if spec is None else spec
        arguments = (of,)
    case.say("from rlblocks._core.keys import Spec\nfrom rlblocks.networks import NetworkSpec")
    case.say("from rlblocks.testing.strategies import rows_of")
    case.say(f"{built(block, *arguments, seed=seed)}\nmodule(rows_of({of!r}, {rows}, seed={seed}))")
    return Built(block, arguments, seed, build(block, *arguments, seed=seed), rows_of(of, rows, seed))


def moved(subject: Built) -> None:
    """Move every parameter away from where it started, which may be 0."""
    generator = torch.Generator().manual_seed(subject.seed + 3)
    with torch.no_grad():
        for parameter in subject.module.parameters():
            parameter.add_(torch.rand(parameter.shape, generator=generator))


def learned(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of a module, by name."""
    return dict(module.named_parameters())


@law("NET-2", role="bodies", since="0.1", examples=12)
def bodies_have_their_width(case: Case) -> None:
    """It makes as many features as it says, float32, one vector a row.

    Whatever the input is.
    """
    subject = made(case, rows=5)
    due = (5, case.block.width(subject.arguments[0]))
    found = subject.outputs()["y"]
    require(tuple(found.shape) == due, f"the features have the shape {list(found.shape)}, and it says {list(due)}")
    require(found.dtype == torch.float32, f"the features are {found.dtype}")


@law("NET-2", role="layers", since="0.1", examples=8)
def layers_have_their_sizes(case: Case) -> None:
    """It maps as many numbers to as many as it was asked for.

    `[B, in]` to `[B, out]`, float32.
    """
    subject = made(case, rows=5)
    found, due = subject.outputs()["y"], (5, subject.arguments[1])
    require(
        tuple(found.shape) == due and found.dtype == torch.float32,
        f"it made {found.dtype}{list(found.shape)}, not {list(due)}",
    )


@law("NET-2", role="heads", since="0.1", examples=16)
def heads_write_what_they_say(case: Case) -> None:
    """It writes the keys that it says, in their shapes and types.

    So wiring knows every tensor before it exists. What it derives is among them, and is not written.
    """
    subject = made(case, rows=5)
    (spec,) = subject.arguments
    said, derived = case.block.writes(spec), {key for found in case.block.derives(spec) for key in found.outputs}
    require(derived <= set(said), f"it derives {sorted(derived)}, and says {sorted(said)}")
    found, due = subject.outputs(), {key: written for key, written in said.items() if key not in derived}
    require(set(found) == set(due), f"it wrote {sorted(found)}, and it says {sorted(due)}")
    for key, spec in due.items():
        rows = (5,) if "batch" in spec.dims else ()
        good = tuple(found[key].shape) == (*rows, *spec.shape) and str(found[key].dtype) == f"torch.{spec.dtype}"
        require(good, f"{key} is {found[key].dtype}{list(found[key].shape)}, and it says {spec}")


def reads_bytes(block: Block) -> str:
    """Whether a body reads pictures or vectors of bytes."""
    return "" if [spec for spec in readable(block) if spec.dtype == "uint8"] else "it reads no bytes"


@law("NET-2a", role="bodies", since="0.1", needs=reads_bytes, examples=6)
def bytes_are_scaled_once(case: Case) -> None:
    """Bytes are scaled to [0, 1], once, and floats are not rescaled.

    A body for bytes does to bytes what the same body for floats does to shares of 1.

    Formula: f(x: uint8) = f(x/255: float32)
    """
    spec = case.draw(st.sampled_from([spec for spec in readable(case.block) if spec.dtype == "uint8"]))
    subject = made(case, rows=3, spec=spec)
    floats = build(case.block, Spec(spec.shape), seed=subject.seed)
    floats.load_state_dict(subject.module.state_dict())
    shares = subject.x.double().div(255).float()
    close(subject.outputs()["y"], subject.outputs(floats, x=shares)["y"], "of bytes, the features")
    large, once = (subject.outputs(floats, x=torch.full_like(shares, value))["y"] for value in (255.0, 1.0))
    differs = bool((large - once).abs().max() > VISIBLE)
    require(differs, "floats of 255 give the features of floats of 1, so that they are rescaled")


@law("NET-3", role=MODULES, since="0.1", examples=8)
def every_parameter_learns(case: Case) -> None:
    """Every parameter learns: on a random batch its gradient is finite and not 0.

    With noise, where it takes noise.

    Formula: ∂L/∂θ finite and not 0, for every parameter θ
    """
    subject = made(case)
    generator, named = torch.Generator().manual_seed(subject.seed), learned(subject.module)
    parts = [
        (torch.randn(value.shape, generator=generator) * value).sum()
        for value in subject.outputs(noise=subject.noise()).values()
        if value.requires_grad  # bounds, say, are written and not learned
    ]
    if named:
        found = torch.autograd.grad(parts, list(named.values()), allow_unused=True)
        for name, gradient in zip(named, found, strict=True):
            require(gradient is not None, f"no gradient reaches {name}")
            assert gradient is not None
            require(gradient.isfinite().all(), f"the gradient of {name} is not finite")
            require(gradient.any(), f"the gradient of {name} is 0 everywhere")


def reads_floats(block: Block) -> str:
    """Whether a body reads vectors or pictures of floats."""
    return "" if _floats(block) else "it reads no floats"


def _floats(block: Block) -> list[Spec]:
    return [spec for spec in readable(block) if spec.dtype == "float32" and spec.shape]


@law("NET-4", role="bodies", since="0.1", needs=reads_floats, examples=8)
def bodies_bend(case: Case) -> None:
    """With layers it is not affine: an activation follows every one.

    Without any activation it would be 0.

    Formula: f(a) + f(b) − f(a + b) − f(0) ≠ 0
    """
    subject = made(case, spec=case.draw(st.sampled_from(_floats(case.block))))
    if learned(subject.module):
        a, b = (3 * rows_of(subject.arguments[0], ROWS, subject.seed + i) for i in range(2))
        f = [subject.outputs(x=x)["y"] for x in (a, b, a + b, torch.zeros_like(a))]
        bend = f[0] + f[1] - f[2] - f[3]
        require(bool(bend.abs().max() > 1e-4), "f(a) + f(b) is f(a + b) + f(0): it is affine")  # noqa: PLR2004


@law("NET-4a", role="layers", since="0.1", examples=12)
def layers_are_affine(case: Case) -> None:
    """It is affine.

    For one and the same noise, whatever its parameters are; with noise as without.

    Formula: f(a) + f(b) = f(a + b) + f(0)
    """
    subject = made(case)
    moved(subject)
    a, b = (rows_of(Spec((subject.arguments[0],)), ROWS, subject.seed + i) for i in range(2))
    for noise in (None, subject.noise()):
        f = [subject.outputs(x=x, noise=noise)["y"] for x in (a, b, a + b, torch.zeros_like(a))]
        close(f[0] + f[1], f[2] + f[3], "f(a) + f(b)")
    require(
        bool((subject.outputs(x=a)["y"] != subject.outputs(x=b)["y"]).any()), "its output does not depend on its input"
    )
