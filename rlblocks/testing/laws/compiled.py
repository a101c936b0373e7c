"""GEN: what every block obeys that stands in a compiled learn step: it is one graph, and computes the same in it."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.paths import walk
from rlblocks.testing._call import Call, tensors_in
from rlblocks.testing._case import Case
from rlblocks.testing._compare import LawBroken, close, require
from rlblocks.testing._law import law
from rlblocks.testing.laws.general import COMPUTING, MODULES, PREPARING

COMPILED = (*COMPUTING, *PREPARING, *MODULES, "value_forms", "distributions", "clips", "aggregates")
Backend = Callable[[torch.fx.GraphModule, list[Any]], Callable[..., Any]]
OPTIONAL = (*COMPUTING, *PREPARING, "distributions")  # roles whose calls can be handed all that a block can do without


@contextmanager
def compiler() -> Iterator[None]:
    """One that has seen nothing yet, captures no numpy, and is left as it was found."""
    from torch import _dynamo as dynamo  # takes seconds, which only these laws shall wait for

    with warnings.catch_warnings(), dynamo.config.patch(trace_numpy=False, suppress_errors=False):
        warnings.simplefilter("ignore")
        dynamo.reset()
        try:
            yield
        finally:
            dynamo.reset()


@contextmanager
def importable(block: Block) -> Iterator[None]:
    """Modules by whose names the compiler finds what a block uses, for those that were run and never imported.

    A cell of a notebook, or a text that was handed to `exec`, has a namespace that no module holds.
    """
    missing: dict[str, dict[str, Any]] = {}
    for part in (block, *(part for _, part in walk(block))):
        for value in vars(type(part)).values():
            space = getattr(value, "__globals__", {})
            name = space.get("__name__", "")
            if name and space is not vars(sys.modules.get(name, sys)):
                missing.setdefault(name, {}).update(space)
    before = {name: sys.modules.get(name) for name in missing}
    for name, space in missing.items():
        stand_in = types.ModuleType(name)
        vars(stand_in).update({**(vars(before[name]) if before[name] else {}), **space})
        sys.modules[name] = stand_in
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            sys.modules.update({} if module is None else {name: module})


def compiled(call: Call, backend: str | Backend, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a call that is compiled to one graph.

    Raises:
        LawBroken: it cannot be; the message says which line is in the way.
    """
    with compiler(), importable(call.block):
        function = torch.compile(call.function, backend=backend, fullgraph=True, dynamic=False)
        try:
            return dict(function(**inputs))
        except Exception as error:
            raise LawBroken(f"it does not compile to one graph: {_said(str(error))}") from error


def captured(call: Call) -> dict[str, Any]:
    """The outputs of the graph of a call, run as it was captured.

    Raises:
        LawBroken: there is none, or it holds a number or a shape that only the values of tensors can tell. The
            compiler takes such numbers, but whoever runs the graph must wait for them, and nothing is fused around.
    """
    from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols

    unknown: list[str] = []

    def backend(module: torch.fx.GraphModule, _: list[Any]) -> Callable[..., Any]:
        nodes = [node for node in module.graph.nodes if free_unbacked_symbols(node.meta.get("example_value"))]
        unknown.extend(_line_of(node) for node in nodes)
        return module.forward

    outputs = compiled(call, backend, call.inputs)
    require(not unknown, f"what it computes depends on a number inside a tensor, in `{''.join(unknown[:1])}`")
    return outputs


def _line_of(node: torch.fx.Node) -> str:
    """The source of an operation."""
    lines = [line.strip() for line in (node.stack_trace or "").splitlines() if line.strip(" ^~")]
    return lines[-1] if lines else str(node.target)


def _said(message: str) -> str:
    """What the compiler says first, why, and the line of the block that it names."""
    about, _, code = message.partition("from user code:")
    lines = [line.strip() for line in about.splitlines() if line.strip()] or ["it does not say why"]
    why = [line.removeprefix("Explanation:").strip() for line in lines if line.startswith("Explanation:")]
    said = ": ".join(line.rstrip(".") for line in [lines[0], *why[:1]])
    named = [line.strip() for line in code.split("\n\n")[0].splitlines() if line.strip(" ^~")]
    return f"{said}, in `{named[-1]}`" if named else said


def drawn(case: Case) -> Call:
    """A call; the first one is handed everything that the block could do without."""
    everything = not case.draw(st.booleans()) and case.block.role in OPTIONAL
    return case.call(**({"optional": True} if everything else {}))


def agree(found: Mapping[str, Any], due: Mapping[str, Any]) -> None:
    """The same outputs, up to rounding."""
    for name, value in due.items():
        ours, theirs = tensors_in(found[name]), tensors_in(value)
        require(len(ours) == len(theirs), f"{name}, compiled, is {len(ours)} tensors, but must be {len(theirs)}")
        for one, other in zip(ours, theirs, strict=True):
            require(one.dtype == other.dtype, f"{name}, compiled, is {one.dtype}, but must be {other.dtype}")
            close(one, other, f"{name}, compiled,")


@law("GEN-22", role=COMPILED, since="0.1", examples=2, smallest=False)
def a_call_is_one_graph(case: Case) -> None:
    """A call is captured as one graph, which computes the same.

    A learn step is compiled with its blocks in it, whole: `.item()`, a branch on a tensor's value, a shape that depends
    on values, numpy, printing or a clock would cut it or be frozen into it. The graph is run as it was captured; no
    code is generated.

    Formula: graph(x) = compute(x) within 32·ε of the largest entry
    """
    call = drawn(case)
    agree(captured(call), call())


@law("GEN-22a", role=COMPILED, since="0.1", examples=2, thorough=True, smallest=False)
def compiled_equals_eager(case: Case) -> None:
    """Compiled code computes what the block computes, gradients included.

    The graph goes through the whole compiler, which fuses, reorders and vectorises.

    Formula: compiled(x) = compute(x) and ∇compiled(x) = ∇compute(x), within 32·ε of the largest entry
    """
    call = drawn(case)
    agree(compiled(call, "inductor", call.inputs), call())
    if case.block.role == "losses":
        ours, theirs = call.tracked(), call.tracked()
        found, due = compiled(call, "inductor", {**call.inputs, **ours}), call(**theirs)
        agree({"the gradient": gradients(found, ours)}, {"the gradient": gradients(due, theirs)})


def gradients(outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[Tensor]:
    """Of the loss, with respect to every input; zero where it does not depend on one."""
    leaves = tensors_in(inputs)
    if not outputs["loss"].requires_grad:
        return []
    return list(torch.autograd.grad(outputs["loss"], leaves, allow_unused=True, materialize_grads=True))
