"""POL: that a policy is a probability: by enumerating finite spaces, and by quadrature over one real component."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._policy_calls import Asked, every_action, masks_for, served
from rlblocks.testing.strategies import floats

NODES, REACH = 4001, 7.0  # a grid of standard normal numbers; one in 4·10¹¹ lies outside
CELLS = 240  # of the uniform numbers; a multiple of 3 and 4, so that simple probabilities are met exactly
TOLERANCE = 1e-5


def summable(block: Any) -> list[Spec]:
    """The actions over which can be summed: finite ones, and those of one real component made of normal noise."""
    one = block.noise == "normal"
    return [action for action in served(block) if action.n or (one and math.prod(action.shape) == 1)]


def countable(block: Block) -> str:
    """Whether a distribution serves actions over which can be summed."""
    return "" if summable(block) else "it serves neither finite actions nor those of one component"


def asked(case: Case, *, masked: bool = True) -> Asked:
    """A distribution of three rows in float64, of moderate parameters, as part of the example."""
    block, action = case.block, case.draw(st.sampled_from(summable(case.block)), "action")
    numbers = case.draw(floats(3, block.width(action), step=1 / 128)).abs().neg().double()
    case.say(f"numbers = torch.tensor({numbers.tolist()}, dtype=torch.float64)")
    parameters = block.build(action, torch.Generator().manual_seed(0)).double()(numbers)
    given = {key: value.detach().double().clone() for key, value in parameters.items()}
    mask = masked and "action_mask" in block.reads and case.draw(st.booleans())
    return Asked(block, action, given, {"action_mask": case.draw(masks_for(action, 3), "mask")} if mask else {})


def nodes() -> tuple[Tensor, Tensor]:
    """Standard normal numbers on a grid, and the weight of each, which sum to 1."""
    grid = torch.linspace(-REACH, REACH, NODES, dtype=torch.float64)
    return grid, (grid.square() / -2).softmax(0)


def spread(subject: Asked) -> tuple[Asked, Tensor, Tensor]:
    """All there is to sum over: every row repeated, the actions, and the weight of each, `[B, count]`."""
    rows = len(next(iter(subject.parameters.values())))
    if subject.action.n:
        each = every_action(subject.action)
        many = subject.repeated(len(each))
        actions = each.repeat(rows, *[1] * len(subject.action.shape))
        return many, actions, many.log_prob(actions).view(rows, -1).exp()
    grid, weights = nodes()
    many = subject.repeated(NODES)
    actions = many.sample(grid.repeat(rows).view(-1, *subject.action.shape))[0]
    return many, actions, weights.expand(rows, -1)


@law("POL-3", role="distributions", since="0.1", needs=countable, examples=12)
def samples_follow_the_density(case: Case) -> None:
    """The probability is 1 in all, and samples are as frequent as it says.

    Finite actions: the share of a grid of draws that gives an action is its probability. Real ones: the density summed
    up to the action that ε gives is the normal distribution function at ε, so that it is one of the action, not of what
    is squashed.

    Formula: Σ_a π(a) = 1 and P(sample = a) = π(a); ∫_{−∞}^{a(ε)} π(x) dx = Φ(ε)
    """
    subject = asked(case)
    rows = len(next(iter(subject.parameters.values())))
    many, actions, weights = spread(subject)
    if subject.action.n:
        close(weights.sum(1), torch.ones(rows), "the probability of all actions")
        _frequencies(subject)
        return
    density = many.log_prob(actions).exp().view(rows, -1)
    steps = actions.view(rows, -1).diff().abs()  # it may fall as the noise rises
    below = ((density[:, 1:] + density[:, :-1]) / 2 * steps).cumsum(1)
    due = (1 + torch.erf(nodes()[0][1:] / math.sqrt(2))) / 2
    worst = float((below - due).abs().max())
    require(
        worst <= TOLERANCE, f"the density summed up to a sample is {worst:.2g} away from how many samples lie below"
    )


def _frequencies(subject: Asked) -> None:
    """Of one choice of a row, with the others at ½: every entry is drawn as often as it is probable."""
    middle = (torch.arange(CELLS, dtype=torch.float64) + 0.5) / CELLS
    rows, choices = len(next(iter(subject.parameters.values()))), math.prod(subject.action.shape)
    counts = subject.action.n if isinstance(subject.action.n, tuple) else (subject.action.n,)
    many = subject.repeated(CELLS)
    for choice in range(choices):
        noise = torch.full((rows * CELLS, choices), 0.5, dtype=torch.float64)
        noise[:, choice] = middle.repeat(rows)
        drawn = many.sample(noise.view(-1, *subject.action.shape))[0].view(rows, CELLS, choices)[..., choice]
        each = every_action(subject.action).view(-1, choices)[:, choice]
        _, _, weights = spread(subject)
        for entry in range(counts[choice]):
            found, due = (drawn == entry).double().mean(1), weights[:, each == entry].sum(1)
            worst = float((found - due).abs().max())
            require(
                worst <= 1.5 / CELLS, f"entry {entry} of choice {choice} is drawn {found.tolist()}, not {due.tolist()}"
            )


@law("POL-5", role="distributions", since="0.1", needs=countable, examples=12)
def the_entropy_is_the_mean_surprise(case: Case) -> None:
    """The entropy is the mean of −log π over actions.

    Over all of a finite space, or by quadrature over one component.

    Formula: H(π) = −Σ_a π(a)·log π(a)

    Reference: Shannon (1948).
    """
    subject = asked(case)
    many, actions, weights = spread(subject)
    said = many.log_prob(actions).view_as(weights)
    due = -(weights * said.masked_fill(weights == 0, 0.0)).sum(1)
    close(subject.entropy(), due, "the entropy", rtol=TOLERANCE)


@law("POL-6", role="distributions", since="0.1", needs=countable, examples=15)
def the_mode_stands_for_the_policy(case: Case) -> None:
    """No action is more probable than the mode; or half of all is below it, where the tag `mode` says median.

    Over all actions of a finite space, or a fine grid of one component.

    Formula: π(mode) = max_a π(a); or P(a < mode) = ½
    """
    subject = asked(case)
    many, actions, weights = spread(subject)
    mode = subject.mode()
    if case.block.tags.get("mode") == "median":
        under = (actions.view_as(weights) < mode.view(-1, 1)).double()
        at = (actions.view_as(weights) - mode.view(-1, 1)).abs() < 1e-12  # noqa: PLR2004  of rounding
        half = (weights * (under + at / 2 - under * at)).sum(1)
        require(bool(((half - 0.5).abs() <= TOLERANCE).all()), f"below the median lies {half.tolist()} of all")
        return
    greatest = many.log_prob(actions).view_as(weights).amax(1)
    found = subject.log_prob(mode)
    require(bool((found >= greatest - 1e-9).all()), f"the mode has {found.tolist()}, and another {greatest.tolist()}")


@law("POL-10", role="distributions", since="0.1", needs=countable, examples=12)
def the_mean_score_is_zero(case: Case) -> None:
    """The mean of the gradient of log π over actions is 0.

    So that a policy gradient of equal advantages moves nothing on average: the gradient is that of a probability.

    Formula: Σ_a π(a)·∇ log π(a) = 0

    Reference: Williams (1992); Sutton and Barto (2018), section 13.4.
    """
    subject = asked(case)
    many, actions, weights = spread(subject)
    tracked = {key: value.clone().requires_grad_() for key, value in _seen(subject).items()}
    said = Asked(subject.block, subject.action, {**subject.parameters, **tracked}, subject.besides)
    count = weights.shape[1]
    scores = said.repeated(count).log_prob(actions).view_as(weights)
    total = (weights.detach() * scores.masked_fill(weights == 0, 0.0)).sum()
    for key, gradient in zip(tracked, torch.autograd.grad(total, list(tracked.values())), strict=True):
        worst = float(gradient.abs().max())
        require(worst <= TOLERANCE, f"the mean gradient of log π with respect to {key} reaches {worst:.2g}")
    assert many.block is subject.block


def _seen(subject: Asked) -> Mapping[str, Tensor]:
    """The parameters that a layer or the policy itself moves: not the bounds."""
    return {key: value for key, value in subject.parameters.items() if key not in {"low", "high"}}
