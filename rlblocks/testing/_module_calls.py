"""Calls of the modules that network blocks build, and of value forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import NetworkSpec
from rlblocks.testing._call import Call, Function
from rlblocks.testing._policy_calls import ACTIONS
from rlblocks.testing.strategies import IMAGES, VECTORS, discounts, floats, q_values, rows_of, sizes

NOTHING = Spec((0,))  # what a network with `reads=()` hands to its body
SPECS = (*VECTORS, *IMAGES, NOTHING)
seeds = st.integers(0, 255)


def readable(block: Any) -> list[Spec]:
    """The inputs among those of the kit that a body can read."""
    return [spec for spec in SPECS if not block.misfit(spec)]


def actions_for(head: Any, plain: Spec) -> list[Spec]:
    """The actions that a head can serve: `plain` Discrete ones first, then those of the kit."""
    return [action for action in (plain, *ACTIONS) if not head.misfit(NetworkSpec(7, action))]


def for_all_rows(head: Any, spec: NetworkSpec) -> frozenset[str]:
    """The keys of a head that hold one number for all rows, not one for each."""
    return frozenset(key for key, written in head.writes(spec).items() if "batch" not in written.dims)


def asked_with(head: Any, features: int, action: Spec) -> NetworkSpec:
    """What a head is built for: so many features, and none where nothing that it writes belongs to a row."""
    spec = NetworkSpec(features, action)
    return spec if set(head.writes(spec)) - for_all_rows(head, spec) else NetworkSpec(0, action)


def unserved(block: Block) -> str:
    """Why a head cannot be tried."""
    return "" if actions_for(block, ACTIONS[0]) else "it serves none of the actions that the kit can make up"


def unreadable(block: Block) -> str:
    """Why a body cannot be tried."""
    return "" if readable(block) else "it reads none of the inputs that the kit can make up"


def build(block: Any, *arguments: Any, seed: int) -> nn.Module:
    """The module of a network block, from a seed."""
    module: nn.Module = block.build(*arguments, torch.Generator().manual_seed(seed))
    return module


def built(block: Block, *arguments: Any, seed: int) -> str:
    """The source of `build`."""
    return f"module = {block!r}.build({', '.join(map(repr, arguments))}, torch.Generator().manual_seed({seed}))"


def noise_of(module: Any, draw: st.DrawFn, noisy: bool | None) -> Tensor | None:
    """Noise for one pass of a module, or None for its mean weights."""
    size = int(module.noise_size)
    wanted = draw(st.booleans()) if noisy is None else noisy
    return draw(floats(size, step=1 / 32)) if size and wanted else None


def _forward(*arguments: Any, seed: int) -> Callable[[Block], Function]:
    """From a block to one pass of the module that it builds with these arguments."""

    def make(block: Block) -> Function:
        module = build(block, *arguments, seed=seed)

        def function(x: Tensor, noise: Tensor | None = None, hidden: Tensor | None = None) -> dict[str, Any]:
            wrote = module(x, noise) if hidden is None else module(x, hidden)
            if isinstance(wrote, tuple):  # of a body that remembers: its features, and what it remembers now
                return dict(zip(("y", "hidden"), wrote, strict=True))
            return wrote if isinstance(wrote, dict) else {"y": wrote}

        return function

    return make


@st.composite
def layer_calls(draw: st.DrawFn, block: Block, rows: int | None = None, *, noisy: bool | None = None) -> Call:
    """A pass of a layer's module."""
    chosen, seed = draw(sizes(rows)), draw(seeds)
    inputs, outputs = draw(st.sampled_from([(3, 7), (7, 3), (1, 4), (6, 1)]))
    module = build(block, inputs, outputs, seed=seed)
    given = {"x": draw(floats(chosen.batch, inputs)), "noise": noise_of(module, draw, noisy)}
    known = {"batch": chosen.batch, "in": inputs, "out": outputs}
    text = built(block, inputs, outputs, seed=seed)
    return Call(block, _forward(inputs, outputs, seed=seed), given, "module", known, frozenset({"x"}), prelude=(text,))


@st.composite
def body_calls(draw: st.DrawFn, block: Block, rows: int | None = None, *, noisy: bool | None = None) -> Call:
    """A pass of a body's module on one of the inputs that it can read."""
    chosen, seed, of_rows = draw(sizes(rows)), draw(seeds), draw(seeds)
    spec = draw(st.sampled_from(readable(block)))
    module = build(block, spec, seed=seed)
    carry = block.carry(spec)  # type: ignore[attr-defined]  # it is a body
    own = {"hidden": draw(floats(chosen.batch, carry))} if carry else {"noise": noise_of(module, draw, noisy)}
    given = {"x": rows_of(spec, chosen.batch, of_rows), **own}
    lines = (
        "from rlblocks._core.keys import Spec",
        "from rlblocks.testing.strategies import rows_of",
        built(block, spec, seed=seed),
    )
    return Call(
        block, _forward(spec, seed=seed), given, "module", {"batch": chosen.batch},
        frozenset({"x", "hidden"} & set(given)), prelude=lines,
        texts={"x": f"rows_of({spec!r}, {chosen.batch}, seed={of_rows})"},
    )  # fmt: skip


@st.composite
def head_calls(draw: st.DrawFn, block: Block, rows: int | None = None, *, noisy: bool | None = None) -> Call:
    """A pass of a head's module on features."""
    chosen, seed = draw(sizes(rows)), draw(seeds)
    spec = asked_with(block, 7, draw(st.sampled_from(actions_for(block, Spec((), "int64", n=chosen.action)))))
    module = build(block, spec, seed=seed)
    given = {"x": draw(floats(chosen.batch, spec.features)), "noise": noise_of(module, draw, noisy)}
    lines = (
        "from rlblocks._core.keys import Spec",
        "from rlblocks.networks import NetworkSpec",
        built(block, spec, seed=seed),
    )
    known = {"batch": chosen.batch, "feature": spec.features}
    shared = for_all_rows(block, spec)
    return Call(
        block, _forward(spec, seed=seed), given, "module", known, frozenset({"x"}), reduced=shared, prelude=lines
    )


def form_shape(block: Any) -> tuple[int, ...]:
    """The trailing dims of a value in a form."""
    return (block.width(),) if block.dims() else ()


@st.composite
def form_calls(draw: st.DrawFn, block: Any, rows: int | None = None, *, part: str = "") -> Call:
    """A mean or a back-up of values in a form."""
    chosen, form = draw(sizes(rows)), form_shape(block)
    given: dict[str, Tensor]
    if (part or draw(st.sampled_from(["backup", "mean"]))) == "mean":
        given = {"value": draw(q_values(chosen.batch, chosen.action, *form))}
        name = "mean"
    else:
        rewards, gammas = draw(floats(chosen.batch)), draw(discounts(chosen.batch))
        given = {"reward": rewards, "discount": gammas, "value": draw(floats(chosen.batch, *form))}
        name = "backup"
    shared = frozenset({"mean"}) if math.prod(form) == 1 else frozenset()  # of a scalar the mean is the value itself
    known = {"batch": chosen.batch, "action": chosen.action}
    return Call(block, _method(name), given, f"{block!r}.{name}", known, frozenset(given), shared=shared)


def _method(name: str) -> Callable[[Block], Function]:
    """From a block to one of its methods, whose value stands under the method's own name."""
    return lambda block: lambda **given: {name: getattr(block, name)(**given)}
