"""TUP: what every target update obeys: it writes the target in place, from the online network, which is only read."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks.testing import oracles
from rlblocks.testing._call import Call
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing.strategies import Moment, chunks


def copies(block: Block, kind: str) -> str:
    """Whether a target update copies in the way that its tag says."""
    found = block.tags.get("copies", "all")
    return "" if found == kind else f"its tag copies says {found!r}, not {kind!r}"


def polyak(block: Block) -> str:
    """Whether a target update is Polyak's average, by its name or the tag `like`."""
    return "" if oracles.like(block) == "polyak" else "it is not Polyak's average"


def follow(call: Call, **changed: Any) -> list[Tensor]:
    """The target network afterwards."""
    found: list[Tensor] = call(**changed)["target"]
    return found


@law("TUP-1", role="target_updates", since="0.1", needs=lambda block: copies(block, "all"))
def hard_copies_are_equal(case: Case) -> None:
    """The target becomes the online network, bit for bit, and goes its own way afterwards.

    Parameters, float buffers, counters and masks alike; a later step of the online network does not reach them.

    Formula: θ⁻ ← θ

    Reference: Mnih et al. (2015), algorithm 1.
    """
    call = case.call()
    online = [tensor.clone() for tensor in call.inputs["online"]]
    target = [tensor.clone() for tensor in call.inputs["target"]]
    case.block.compute(online=online, target=target)
    same(target, call.inputs["online"], "the target")
    for tensor in online:
        tensor.zero_()
    same(target, call.inputs["online"], "after the online network has moved on, the target")


@law("TUP-2", role="target_updates", since="0.1", needs=polyak, examples=25)
def polyak_equals_its_equation(case: Case) -> None:
    """The target moves by a share towards the online network, component by component.

    In float64, with τ the share that moves.

    Formula: θ⁻ ← τθ + (1 − τ)θ⁻

    Reference: Lillicrap et al. (2016), algorithm 1.
    """
    call, tau = case.call(), case.block.tau
    for found, old, new in zip(follow(call), call.inputs["target"], call.inputs["online"], strict=True):
        if old.is_floating_point():
            close(found, old.double() * (1 - tau) + new.double() * tau, "the target")


@law("TUP-2a", role="target_updates", since="0.1", needs=polyak)
def polyak_ends_are_exact(case: Case) -> None:
    """Τ = 0 keeps the target and τ = 1 copies, bit for bit.

    Counters and masks are copied either way.

    Formula: τ = 0: θ⁻ ← θ⁻; τ = 1: θ⁻ ← θ
    """
    call = case.call()
    keeps, copies_all = (call.of(attrs.evolve(case.block, tau=tau)) for tau in (0.0, 1.0))
    old, new = call.inputs["target"], call.inputs["online"]
    kept = [o if o.is_floating_point() else n for o, n in zip(old, new, strict=True)]
    same(follow(keeps), kept, "at τ = 0 the target")
    same(follow(copies_all), new, "at τ = 1 the target")


@law("TUP-3", role="target_updates", since="0.1", needs=polyak)
def repeated_updates_decay(case: Case) -> None:
    """K updates towards the same network leave (1 − τ)ᵏ of the distance.

    The share that is kept multiplies.

    Formula: θ⁻_k − θ = (1 − τ)ᵏ·(θ⁻_0 − θ)
    """
    call, tau, k = case.call().to(torch.float64), case.block.tau, case.draw(st.integers(2, 9), "k")
    target = call.inputs["target"]
    for _ in range(k):
        target = follow(call, target=target)
    for found, old, new in zip(target, call.inputs["target"], call.inputs["online"], strict=True):
        if old.is_floating_point():
            close(found, new + (1 - tau) ** k * (old - new), f"after {k} updates the target", rtol=1e-9)


@law("TUP-4", role="target_updates", since="0.1")
def the_online_network_is_untouched(case: Case) -> None:
    """The online network is untouched: its numbers, and that it requires gradients.

    Also where its parameters require gradients, as they do in a run.
    """
    call = case.call()
    online = [t.clone().requires_grad_(t.is_floating_point()) for t in call.inputs["online"]]
    before = [t.clone() for t in call.inputs["online"]]
    case.block.compute(online=online, target=[t.clone() for t in call.inputs["target"]])
    same([t.detach() for t in online], before, "the online network")
    require(all(t.requires_grad == t.is_floating_point() for t in online), "a parameter no longer requires a gradient")
    require(all(t.grad is None for t in online), "a parameter was given a gradient")


@law(
    "TUP-5",
    role="target_updates",
    since="0.1",
    needs=lambda block: "it makes no copy" if block.tags.get("copies") == "none" else "",
)
def whole_numbers_are_copied(case: Case) -> None:
    """Counters and masks are copied.

    A share of a whole number would be truncated.
    """
    call = case.call()
    for found, new in zip(follow(call), call.inputs["online"], strict=True):
        if not new.is_floating_point():
            same(found, new, "a buffer of whole numbers")


@law("TUP-7", role="target_updates", since="0.1")
def it_writes_in_place(case: Case) -> None:
    """It writes in place, without a graph: the target's tensors stay the same objects.

    Types, memory and flags are kept, so that a compiled pass over the target stays valid.
    """
    call = case.call()
    target = [t.clone() for t in call.inputs["target"]]
    facts = [(t.data_ptr(), t.dtype, t.shape) for t in target]
    online = [t.clone().requires_grad_(t.is_floating_point()) for t in call.inputs["online"]]
    returned = case.block.compute(online=online, target=target)
    require(returned is None, f"it returned {returned!r}")
    require([(t.data_ptr(), t.dtype, t.shape) for t in target] == facts, "a tensor of the target was replaced")
    require(not any(t.requires_grad or t.grad_fn for t in target), "the target carries a gradient")


@law("TUP-9", role="target_updates", since="0.1")
def firings_do_not_depend_on_chunks(case: Case) -> None:
    """How often it fires does not depend on how time is divided into steps.

    By crossings of its own clock.

    Formula: firings(t) = ⌊t/k⌋
    """
    every, total = case.block.every, case.draw(st.integers(1, 2000), "total")
    fired, reached = 0, 0
    for part in case.draw(chunks(total), "chunks"):
        before, after = (every.fired(Moment(at, at, at)) for at in (reached, reached + part))
        fired, reached = fired + after - before, reached + part
    due = int(every.now(Moment(total, total, total)) // every.count)
    require(fired == due, f"{every!r} fired {fired} times in {total}, but must have {due}")


@law("TUP-10", role="target_updates", since="0.1")
def the_target_lies_between(case: Case) -> None:
    """Every number of the target lies between what it was and the online one.

    It moves towards the online network and not past it.

    Formula: min(θ⁻, θ) ≤ θ⁻_new ≤ max(θ⁻, θ)
    """
    call = case.call()
    for found, old, new in zip(follow(call), call.inputs["target"], call.inputs["online"], strict=True):
        if old.is_floating_point():
            low, high = torch.minimum(old, new), torch.maximum(old, new)
            inside = bool(((found >= low - 1e-5) & (found <= high + 1e-5)).all())
            require(inside, f"between {old.tolist()} and {new.tolist()} it became {found.tolist()}")


@law(
    "TUP-10a",
    role="target_updates",
    since="0.1",
    needs=lambda block: (
        "it makes no copy" if block.tags.get("copies") == "none" or not getattr(block, "tau", 1) else ""
    ),
    covers=("they differ",),
)
def the_target_moves(case: Case) -> None:
    """It moves: one that is not the online network gets closer.

    In every number, unless the share is 0.

    Formula: θ⁻ ≠ θ ⇒ θ⁻_new ≠ θ⁻
    """
    call = case.call()
    for found, old, new in zip(follow(call), call.inputs["target"], call.inputs["online"], strict=True):
        differs = old != new
        case.saw("they differ", bool(differs.any()))
        require(
            bool((found != old)[differs].all()),
            f"a number of the target stayed at {old.tolist()}, with {new.tolist()} online",
        )


@law(
    "TUP-11",
    role="target_updates",
    since="0.1",
    needs=lambda block: "it makes no copy" if block.tags.get("copies") == "none" else "",
)
def misfits_are_refused(case: Case) -> None:
    """Networks of other shapes are refused, and the target stays as it was.

    A copy would broadcast in silence; nothing is written before the refusal, whichever tensor is the wrong one.
    """
    call = case.call()
    online, target = list(call.inputs["online"]), [t.clone() for t in call.inputs["target"]]
    several = [i for i, t in enumerate(online) if t.dim() and len(t) > 1]
    kinds = ["a tensor less", "a tensor of one more dim", *(["one row in the place of several"] if several else [])]
    wrong = case.draw(st.sampled_from(kinds), "wrong")
    if wrong == "a tensor less":
        del online[-1]
    else:
        among = range(len(online)) if wrong == kinds[1] else several
        place = case.draw(st.sampled_from(among), "place")
        online[place] = online[place].unsqueeze(0) if wrong == kinds[1] else online[place][:1]
    try:
        case.block.compute(online=online, target=target)
    except Exception:  # noqa: BLE001  any refusal is one
        same(target, call.inputs["target"], "after the refusal the target")
    else:
        require(False, f"an online network with {wrong} was taken")


@law("TUP-12", role="target_updates", since="0.1")
def half_precision_is_kept(case: Case) -> None:
    """Networks of half precision stay in it.

    And end up where float32 says, within the rounding of their type.

    Formula: |θ⁻₁₆ − θ⁻₃₂| ≤ 2·eps·max(1, |θ⁻|)
    """
    kind = case.draw(st.sampled_from([torch.float16, torch.bfloat16]), "kind")
    call = case.call()
    for found, due in zip(follow(call.to(kind)), follow(call), strict=True):
        if due.is_floating_point():
            require(found.dtype == kind, f"of a target in {kind} it made {found.dtype}")
            scale = max(1.0, float(due.abs().max()))
            require(
                bool(((found.float() - due).abs() <= 2 * torch.finfo(kind).eps * scale).all()),
                f"in {kind} the target is {found.tolist()}, not {due.tolist()}",
            )
