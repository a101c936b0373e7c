"""POL: what every distribution over actions obeys: what it writes, says and draws, and how it bears extreme inputs."""

from __future__ import annotations

import math
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing import policy_oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._policy_calls import ACTIONS, actions_in, bounds_of, counts_of, served
from rlblocks.testing.strategies import LAST

UNEVEN = Spec((3,), low=(-2.8, -3.0, -2.8), high=(-2.5, -2.7, 1.5))  # middle ± half are rounded beyond the bounds
ENDS = {"uniform": (0.0, 2.0**-24, 0.5, LAST), "normal": (-8.0, -1e-3, 0.0, 8.0)}


def bounded(block: Any) -> list[Spec]:
    """The actions with bounds, if it serves no others: what is drawn must be inside."""
    inside = [action for action in served(block) if action.low is not None]
    return [] if [action for action in served(block) if not action.n and action.low is None] else inside


def keeps_bounds(block: Block) -> str:
    """Whether a distribution promises to keep to bounds, by refusing actions without any."""
    return "" if bounded(block) else "it serves actions without bounds, so it keeps to none"


def reads_masks(block: Any) -> str:
    """Whether a distribution is told which entries are legal."""
    return "" if "action_mask" in block.reads else "it reads no mask of actions"


def several(block: Any) -> tuple[Spec, ...]:
    """The actions of several components in one dim that it serves."""
    return tuple(action for action in served(block) if len(action.shape) == 1 and action.shape[0] > 1)


def additive(block: Any) -> str:
    """Whether the components of an action are independent."""
    if block.tags.get("components") == "dependent":
        return "its tag components says that they depend on each other"
    return "" if several(block) else "it serves no actions of several components"


@law("POL-1", role="distributions", since="0.1", covers=("several rows",))
def answers_have_their_shapes(case: Case) -> None:
    """Samples and modes are actions of the space, everything else is one number a row.

    Also for the least and the greatest numbers that a draw can give.
    """
    action = case.draw(st.sampled_from(served(case.block)), "action")
    call, end = case.call(among=(action,)), case.draw(st.sampled_from(ENDS[case.block.noise]), "end")
    rows = call.sizes["batch"]
    for found in (call(), call(noise=torch.full_like(call.inputs["noise"], end))):
        for name in ("sample_log_prob", "log_prob", "entropy"):
            require(
                tuple(found[name].shape) == (rows,), f"{name} has the shape {list(found[name].shape)}, not [{rows}]"
            )
            require(found[name].is_floating_point(), f"{name} is {found[name].dtype}")
        for name in ("sample", "mode"):
            require(
                tuple(found[name].shape) == (rows, *action.shape), f"{name} has the shape {list(found[name].shape)}"
            )
            require(found[name].is_floating_point() != bool(action.n), f"{name} is {found[name].dtype}")
            require(in_space(found[name], action), f"{name} is {found[name].tolist()}, which is not in {action}")


def in_space(found: Tensor, action: Spec) -> bool:
    """Whether actions are among those that there are; a Box without bounds holds every finite number."""
    if not action.n:
        return bool(found.isfinite().all())
    return bool(((found >= 0) & (found < torch.tensor(counts_of(action) if action.shape else action.n))).all())


@law("POL-2", role="distributions", since="0.1", needs=policy_oracles.unknown, covers=("several rows",), examples=25)
def they_equal_their_equation(case: Case) -> None:
    """The log-probability and the entropy are those of the equation.

    Row by row, in Python floats.

    Formula: categorical: log softmax(logits)[a]; Gaussian: Σᵢ −(aᵢ − μᵢ)²/2σᵢ² − log σᵢ − ½log 2π; tanh: Σᵢ log N(uᵢ) −
    log(hᵢ(1 − tanh² uᵢ)), a = middle + h·tanh u; H = −E[log π]

    Reference: Haarnoja et al. (2018), appendix C.
    """
    call = case.call()
    given, found = {name: value for name, value in call.inputs.items() if name != "noise"}, call()
    due = policy_oracles.log_probs(case.block, given)
    close(found["log_prob"], due, "the log-probability", rtol=1e-5)
    entropy = policy_oracles.entropies(case.block, given)
    if entropy is not None:
        close(found["entropy"], entropy, "the entropy", rtol=1e-5)


@law("POL-2a", role="distributions", since="0.1", needs=policy_oracles.unknown, examples=15)
def they_agree_with_torch(case: Case) -> None:
    """The log-probability is that of torch's own distribution, in float64, summed over components.

    Where nothing is masked.
    """
    call = case.call().to(torch.float64).without("action_mask")
    found = policy_oracles.torchs(case.block, call.inputs).log_prob(call.inputs["action"])
    due = found.reshape(len(found), -1).sum(1)
    close(call()["log_prob"], due, "the log-probability", rtol=1e-9)


@law("POL-4", role="distributions", since="0.1", examples=20)
def samples_know_their_probability(case: Case) -> None:
    """The log-probability that is reported with a sample is the one that the sample has.

    In float64, of moderate numbers, so that what squashing loses is small.

    Formula: sample_log_prob = log π(sample)
    """
    call = case.call(step=1 / 128).to(torch.float64)
    if case.block.noise == "normal":
        call = call.with_inputs(noise=call.inputs["noise"] / 4)
    found = call()
    due = call(action=found["sample"])["log_prob"]
    close(found["sample_log_prob"], due, "of a sample, the log-probability", rtol=1e-7)


@law("POL-4a", role="distributions", since="0.1", needs=policy_oracles.not_made_of_noise, examples=20)
def samples_far_out_know_it_too(case: Case) -> None:
    """The log-density that is reported with a sample is that of its equation, however close to a bound it is.

    By the noise that it is made of, in Python floats.

    Formula: u = μ + σε: log π(u) = Σᵢ −εᵢ²/2 − log σᵢ − ½log 2π, less Σᵢ log(hᵢ(1 − tanh² uᵢ)) where a = tanh u

    Reference: Haarnoja et al. (2018), appendix C.
    """
    call, size = case.call(), case.draw(st.sampled_from([1.0, 8.0, 30.0]), "size")
    call = call.with_inputs(noise=call.inputs["noise"] * size)
    given = {name: value for name, value in call.inputs.items() if name != "action"}
    due = policy_oracles.sample_log_probs(case.block, given)
    close(call()["sample_log_prob"], due, "of a sample, the log-density", rtol=1e-5)


@law("POL-7", role="distributions", since="0.1", needs=reads_masks, covers=("action_mask with a False",), examples=25)
def illegal_actions_do_not_exist(case: Case) -> None:
    """An illegal entry has probability 0 and is never drawn; what stands there is not used, NaN included.

    Whatever is drawn, the least and the greatest number included; and the mode is legal.

    Formula: mask[a] = 0 ⇒ π(a) = 0

    Reference: Huang and Ontañón (2022).
    """
    call = case.call(optional=True)
    mask, end = call.inputs["action_mask"], case.draw(st.sampled_from(ENDS[case.block.noise]), "end")
    noise = call.inputs["noise"]
    for found in (call(), call(noise=torch.full_like(noise, end))):
        for name in ("sample", "mode"):
            legal = mask.gather(-1, found[name].unsqueeze(-1))
            require(bool(legal.all()), f"{name} is {found[name].tolist()}, which is not legal")
    worst = mask.byte().argmin(-1)  # an illegal entry of each choice, where there is one
    illegal = ~mask.gather(-1, worst.unsqueeze(-1)).flatten(1).all(1)
    said = call(action=worst)["log_prob"][illegal]
    require(bool((said == -math.inf).all()), f"illegal actions have the log-probability {said.tolist()}")
    poison = case.draw(st.sampled_from((math.nan, math.inf, -math.inf, 1e30)), "poison")
    moved = {name: value.masked_fill(~mask, poison) for name, value in call.inputs.items()
             if value.shape == mask.shape and value.is_floating_point()}  # fmt: skip
    same(call(**moved), call(), f"with {poison} at illegal entries, the output")


@law("POL-7a", role="distributions", since="0.1", needs=reads_masks, examples=8)
def nothing_legal_is_not_nan(case: Case) -> None:
    """A row without a legal entry, as padding has, gives numbers and gradients that are finite.

    So that a weight of 0 makes them nothing.
    """
    call = case.call(optional=True)
    tracked = {name: call.inputs[name].clone().requires_grad_() for name in call.floating() if name != "noise"}
    none = torch.zeros_like(call.inputs["action_mask"])
    found = call(**tracked, action_mask=none, action=torch.zeros_like(call.inputs["action"]))
    for name in ("log_prob", "entropy", "sample_log_prob"):
        require(bool(found[name].isfinite().all()), f"without a legal entry {name} is {found[name].tolist()}")
    for gradient in torch.autograd.grad(found["log_prob"].sum() + found["entropy"].sum(), list(tracked.values())):
        require(bool(gradient.isfinite().all()), "without a legal entry the gradient is not finite")
    first = call.inputs["action_mask"].clone()
    first[:1] = False
    beside = call(action_mask=first)
    for name in ("entropy", "sample_log_prob"):
        require(bool(beside[name].isfinite().all()), f"where the first row has no legal entry {name} is not finite")


@law("POL-8", role="distributions", since="0.1", needs=additive, covers=("several rows",))
def components_add_up(case: Case) -> None:
    """Log-probability and entropy of an action are the sums of those of its components, and over nothing else.

    Each component asked alone; its part of the sample is made of its part of the noise.

    Formula: log π(a) = Σᵢ log πᵢ(aᵢ), H(π) = Σᵢ H(πᵢ)
    """
    call = case.call(among=several(case.block))
    found = call()
    parts = [
        call(**{name: value[:, i : i + 1] for name, value in call.inputs.items()})
        for i in range(call.inputs["action"].shape[1])
    ]
    for name in ("sample_log_prob", "log_prob", "entropy"):
        close(found[name], torch.stack([part[name] for part in parts]).sum(0), f"{name}, against its components,")
    for name in ("sample", "mode"):
        close(found[name], torch.cat([part[name] for part in parts], 1), f"{name}, against its components,")


@law("POL-9", role="distributions", since="0.1", examples=20)
def far_out_is_finite(case: Case) -> None:
    """Numbers of any size give finite answers with finite gradients.

    ±10⁴ from the layer; the action, any.
    """
    block, action = case.block, case.draw(st.sampled_from(served(case.block)), "action")
    call, size = case.call(rows=3, among=(action,)), case.draw(st.sampled_from([1.0, 30.0, 1e4, -1e4]), "size")
    signs = case.draw(
        st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=block.width(action), max_size=block.width(action))
    )
    numbers = (size * torch.tensor([signs] * 3)).requires_grad_()
    parameters = block.build(action, torch.Generator().manual_seed(0))(numbers)
    found = call(**parameters)
    for name in ("entropy", "sample_log_prob", "mode", *([] if "action_mask" in call.inputs else ["log_prob"])):
        require(bool(found[name].isfinite().all()), f"of numbers of size {size:g}, {name} is {found[name].tolist()}")
    total = found["sample_log_prob"].sum() + found["entropy"].sum() + call(**parameters)["log_prob"].sum()
    (gradient,) = torch.autograd.grad(total, [numbers], allow_unused=True)
    if gradient is not None:
        require(bool(gradient.isfinite().all()), f"of numbers of size {size:g} the gradient is {gradient.tolist()}")


@law("POL-11", role="distributions", since="0.1", needs=keeps_bounds, covers=("several rows",))
def bounds_are_kept(case: Case) -> None:
    """Whatever is drawn is inside the bounds, and an action at a bound has a finite log-density.

    With a finite gradient, of each component's own bounds.

    Formula: low ≤ a ≤ high, log π(a) > −∞
    """
    uneven = [] if case.block.misfit(UNEVEN) else [UNEVEN]
    action = case.draw(st.sampled_from([*bounded(case.block), *uneven]), "action")
    call, (low, high) = case.call(among=(action,)), bounds_of(action)
    for noise in (-1e3, -8.0, 8.0, 1e3):
        found = call(noise=torch.full_like(call.inputs["noise"], noise))
        inside = bool(((found["sample"] >= low) & (found["sample"] <= high)).all())
        require(inside, f"of noise {noise:g} the sample {found['sample'].tolist()} is outside {action}")
        said = found["sample_log_prob"]
        require(bool(said.isfinite().all()), f"of noise {noise:g} the log-density is {said.tolist()}")
    for bound in (low, high):
        tracked = {
            name: call.inputs[name].clone().requires_grad_() for name in ("mean", "log_std") if name in call.inputs
        }
        said = call(**tracked, action=bound.expand_as(call.inputs["action"]))["log_prob"]
        require(bool(said.isfinite().all()), f"at the bound {bound.tolist()} the log-density is {said.tolist()}")
        for gradient in torch.autograd.grad(said.sum(), list(tracked.values())) if tracked else ():
            require(bool(gradient.isfinite().all()), f"at the bound {bound.tolist()} the gradient is not finite")


@law("POL-12", role="distributions", since="0.1", examples=8)
def modules_write_what_they_say(case: Case) -> None:
    """Its module makes of `width` numbers the parameters that it says, in their shapes, and all its own learn.

    It can be built on the meta device; and an action that it cannot choose it refuses in words.
    """
    block, action = case.block, case.draw(st.sampled_from(ACTIONS), "action")
    why = block.misfit(action)
    if why:
        require(isinstance(why, str), f"misfit says {why!r}")
        return
    module = block.build(action, torch.Generator().manual_seed(0))
    numbers = case.draw(actions_in(Spec((block.width(action),), low=-1.0, high=1.0), 5))
    found, due = module(numbers), block.writes(action)
    require(set(found) == set(due), f"it wrote {sorted(found)}, and it says {sorted(due)}")
    for key, spec in due.items():
        good = tuple(found[key].shape) == (5, *spec.shape) and str(found[key].dtype) == f"torch.{spec.dtype}"
        require(good, f"{key} is {found[key].dtype}{list(found[key].shape)}, and it says {spec}")
    said = block.log_prob(found, action=case.draw(actions_in(action, 5)))
    own = dict(module.named_parameters())
    for name, gradient in zip(own, torch.autograd.grad(said.sum(), list(own.values())) if own else (), strict=True):
        require(bool(gradient.isfinite().all() and gradient.any()), f"the gradient of {name} is {gradient.tolist()}")
    bare = block.build(action, None)
    shapes = {key: value.shape for key, value in module.state_dict().items()}
    require({k: v.shape for k, v in bare.state_dict().items()} == shapes, "on the meta device it has other parameters")
    require(
        all(tensor.is_meta for tensor in (*bare.parameters(), *bare.buffers())), "a tensor is not on the meta device"
    )
