"""NRM: what results of every normalizer obey: finite, in no unit, with the sign of a reward, and inside the clip."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block, fields_of
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require, same
from rlblocks.testing._law import law
from rlblocks.testing._normalizing import Subject, after_spread, drawn, probes, serves
from rlblocks.testing.steps import spread


@law("NRM-7", role="normalizers", since="0.1", examples=20)
def no_variance_is_no_harm(case: Case) -> None:
    """Where nothing varies, results are finite, and an observation that is the mean is 0.

    Also after a single step. Rewards and observations of 0 stay 0.

    Formula: σ = 0 ⇒ f(μ) = 0, f finite
    """
    subject, made = drawn(case, dummies=False)
    number = case.draw(st.sampled_from((0.0, 3.1, -1e6)), "number")
    still = made._replace(
        observation=np.full_like(made.observation, number), next_observation=np.full_like(made.observation, number),
        reward=np.full_like(made.reward, number), discount=np.zeros_like(made.discount),
    )  # fmt: skip
    subject.absorb(still)
    x = probes(case, subject)
    require(bool(subject(x).isfinite().all()), f"it is {subject(x).tolist()}")
    middle = torch.full_like(x, number if subject.column.key == "observation" else 0.0)
    close(subject(middle), torch.zeros_like(x), f"of {middle.flatten()[0].item()} the result")


@law("NRM-9", role="normalizers", since="0.1", needs=serves("reward"), examples=20)
def rewards_keep_their_sign(case: Case) -> None:
    """A reward keeps its sign, and 0 stays 0.

    It is scaled and not centred: a bonus never becomes a penalty.

    Formula: sign(f(r)) = sign(r)

    Reference: Engstrom et al. (2020).
    """
    subject, made = drawn(case, "reward")
    subject.absorb(made)
    x = torch.cat((probes(case, subject), torch.zeros(1)))
    same(subject(x).sign(), x.sign(), "the sign")


@law("NRM-16", role="normalizers", since="0.1", examples=20)
def units_do_not_matter(case: Case) -> None:
    """A column in other units gives the same.

    Where the variance is so great that an ε beside it does not matter.

    Formula: f(a·x + b) = f(x) for observations, f(a·r) = f(r) for rewards, each after statistics in those units
    """
    subject, made = drawn(case)
    a, b = case.draw(st.sampled_from((4.0, 0.5, 64.0)), "a"), case.draw(st.sampled_from((0.0, 3.0, -100.0)), "b")
    x, start = probes(case, subject), spread(subject.column.observation, subject.environments)
    shifts = subject.column.key == "observation"

    def known(a: float, b: float) -> Tensor:
        chunks = [
            chunk._replace(
                observation=chunk.observation * np.float32(a) + np.float32(b),
                next_observation=chunk.next_observation * np.float32(a) + np.float32(b),
                reward=chunk.reward * a,
            )
            for chunk in (start, made)
        ]
        return subject.fresh().absorb(*chunks)(a * x + (b if shifts else 0.0))

    close(known(1024 * a, 1024 * b), known(1024.0, 0.0), "in other units the result", rtol=1e-5)


def _inside(subject: Subject, x: Tensor) -> Tensor:
    """Which values are not cut."""
    limit: float = subject.block.clip
    return subject(x).abs() < limit * (1 - 1e-6)


def limited(block: Block) -> str:
    """Whether results are cut, by the field `clip`."""
    return "" if "clip" in fields_of(type(block)) else "it has no field 'clip'"


@law("NRM-6", role="normalizers", since="0.1", needs=limited, covers=("values inside",), examples=25)
def it_can_be_undone_inside_the_clip(case: Case) -> None:
    """Inside the clip it can be undone: it is a straight line that rises, for each component.

    The middle of two raw values is the middle of their results.

    Formula: f((x + y)/2) = (f(x) + f(y))/2 and x < y ⇒ f(x) < f(y)
    """
    subject, made = drawn(case)
    known = after_spread(subject, made)
    low, up = probes(case, subject) / 8, probes(case, subject).abs() / 8 + 0.25
    high, inside = low + up, _inside(known, low) & _inside(known, low + up)
    case.saw("values inside", bool(inside.any()))
    middle = known((low + high) / 2).where(inside, 0.0)
    close(middle, ((known(low) + known(high)) / 2).where(inside, 0.0), "in the middle the result")
    require(bool((known(high) > known(low))[inside].all()), "a greater value has no greater result")


@law("NRM-6a", role="normalizers", since="0.1", needs=limited, examples=10)
def results_are_cut(case: Case) -> None:
    """Results lie in [−clip, clip], and both are reached.

    Also before anything was seen.

    Formula: −c ≤ f(x) ≤ c, f(±10³⁰) = ±c
    """
    subject, made = drawn(case)
    x = torch.full_like(probes(case, subject), 1e30)
    for known in (subject.fresh(), after_spread(subject, made)):
        for sign in (1.0, -1.0):
            same(known(sign * x), torch.full_like(x, sign * case.block.clip), f"of {sign * 1e30:g} the result")
