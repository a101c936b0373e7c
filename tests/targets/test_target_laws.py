"""The laws TGT on every target."""

from __future__ import annotations

import math

import pytest
import target_laws as laws
import torch
from hypothesis import given
from hypothesis import strategies as st
from target_laws import calls, law

from rlblocks._core.block import blocks_of
from rlblocks.targets import DoubleQ, MaxQ

targets = st.sampled_from([MaxQ(), DoubleQ()])
POISONS = [math.nan, math.inf, -math.inf, 1e30]


def test_every_target_of_this_package_is_asked():
    """The list above is complete."""
    ours = {kind for kind in blocks_of("targets").values() if kind.__module__.startswith("rlblocks.")}

    assert ours == {MaxQ, DoubleQ}


@law
@given(targets, calls())
def test_it_is_what_a_loop_computes(block, call):
    """TGT-1, TGT-9: each row with its own discount, as a loop in double precision has it."""
    laws.tgt_1_oracle(block, call)


@law
@given(targets, st.sampled_from([(), (3,)]).flatmap(lambda form: calls(form=form)), st.sampled_from(POISONS))
def test_terminated_rows_are_their_reward(block, call, poison):
    """TGT-2: exactly, in every form, even where the networks say NaN or ∞."""
    laws.tgt_2_terminated(block, call, poison)


@law
@given(targets, calls())
def test_no_gradient_flows(block, call):
    """TGT-3: a target is a constant."""
    laws.tgt_3_no_gradient(block, call)


@law
@given(targets, calls(), st.floats(-100, 100), st.floats(0.01, 100))
def test_it_is_linear(block, call, shift, scale):
    """TGT-4: in the zero of values, and in the unit of reward."""
    laws.tgt_4_linear(block, call, shift, scale)


@law
@given(targets, calls(), st.sampled_from([math.nan, math.inf, 1e30]))
def test_illegal_next_actions_are_not_used(block, call, poison):
    """TGT-7: neither chosen nor bootstrapped from, even where their value is NaN or ∞."""
    laws.tgt_7_illegal(block, call, poison)


@law
@given(targets, calls(), st.data())
def test_the_numbers_of_actions_do_not_matter(block, call, data):
    """TGT-8: relabelled actions give the same target."""
    laws.tgt_8_relabelled(block, call, data.draw(st.permutations(range(call.online.shape[1]))))


@law
@given(targets, calls(form=(3,)), st.data())
def test_rows_are_independent(block, call, data):
    """GEN-8, GEN-9, TGT-12: a batch is its rows in any order; the greatest is taken over actions only."""
    laws.gen_8_rows(block, call, data.draw(st.permutations(range(len(call.reward)))))


@law
@given(targets, calls(form=(4,)))
def test_every_part_of_a_form_is_backed_up_alike(block, call):
    """Quantiles of the action of the greatest mean, each with the same reward and discount."""
    parts = [call.replace(target=call.target[..., n], online=call.online[..., n]) for n in range(4)]
    select = (call.online if block == DoubleQ() else call.target).mean(-1)

    found = call.of(block)

    for n, part in enumerate(parts):
        one = block.compute(
            reward=part.reward, discount=part.discount, q_select=select, q_evaluate=part.target, action_mask=part.mask
        )
        assert torch.equal(found[:, n], one)


@law
@given(calls())
def test_double_is_never_above_max(call):
    """TGT-6: the value of any action is at most the greatest; with equal networks both agree."""
    assert (call.of(DoubleQ()) <= call.of(MaxQ())).all()
    same = call.replace(online=call.target)
    assert torch.equal(same.of(DoubleQ()), same.of(MaxQ()))


@law
@given(targets, calls())
def test_a_form_has_its_own_backup(block, call):
    """The function that is handed over decides what becomes of reward, discount and value."""

    def backup(reward, discount, value):
        return torch.stack((reward, discount, value))

    found = block.compute(
        reward=call.reward, discount=call.discount, q_select=call.online, q_evaluate=call.target, backup=backup
    )

    best = call.online.argmax(1)
    assert torch.equal(found, torch.stack((call.reward, call.discount, call.target[torch.arange(len(best)), best])))


@pytest.mark.parametrize("block", [MaxQ(), DoubleQ()])
@pytest.mark.parametrize("column", ["reward", "discount"])
def test_columns_are_refused(block, column):
    """GEN-11: `[B, 1]` in the place of `[B]` raises and names what has that shape."""
    given_rows = {"reward": torch.zeros(3), "discount": torch.ones(3)}
    given_rows[column] = given_rows[column].unsqueeze(1)
    q = torch.zeros(3, 2)

    with pytest.raises(ValueError, match=rf"{column} has shape \(3, 1\)"):
        block.compute(**given_rows, q_select=q, q_evaluate=q)


@law
@given(targets, calls(dtype=torch.float32))
def test_single_precision_is_close_to_double(block, call):
    """GEN-7: float32 gives what float64 gives, up to its precision, in float32."""
    double = call.replace(**{n: getattr(call, n).double() for n in ("reward", "discount", "online", "target")})

    found = call.of(block)

    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), double.of(block), rtol=1e-5, atol=1e-6)
