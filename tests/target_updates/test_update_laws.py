"""The laws TUP on every target update that copies."""

from __future__ import annotations

import pytest
import torch
import update_laws as laws
from hypothesis import given
from hypothesis import strategies as st
from update_laws import clones, law, networks

from rlblocks._core.clocks import EnvSteps, Updates
from rlblocks.target_updates import HardCopy, Polyak

BLOCKS = [HardCopy(), HardCopy(every=EnvSteps(7)), Polyak(0.3), Polyak(0.005, every=Updates(3)), Polyak(1.0)]
updates = st.sampled_from(BLOCKS)


@law
@given(updates, networks())
def test_the_networks_stay_apart(block, pair):
    """TUP-1: no memory is shared afterwards."""
    laws.tup_1_apart(block, *pair)


@law
@given(updates, networks())
def test_the_online_network_is_only_read(block, pair):
    """TUP-4."""
    laws.tup_4_online_untouched(block, *pair)


@law
@given(updates, networks())
def test_integers_are_copied(block, pair):
    """TUP-5: a counter is not averaged."""
    laws.tup_5_integers(block, *pair)


@law
@given(updates, networks())
def test_it_writes_in_place_without_a_graph(block, pair):
    """TUP-7."""
    laws.tup_7_in_place(block, *pair)


@law
@given(updates, st.lists(st.integers(1, 30), max_size=20))
def test_it_fires_by_crossings(block, chunks):
    """TUP-9: no grouping of steps skips an update."""
    laws.tup_9_cadence(block, chunks)


@law
@given(updates, networks())
def test_the_target_ends_between_both(block, pair):
    """TUP-10."""
    laws.tup_10_between(block, *pair)


@pytest.mark.parametrize("block", BLOCKS, ids=repr)
def test_networks_of_different_shapes_are_refused(block):
    """TUP-11: neither a missing tensor nor one that would broadcast is let through, and nothing was written."""
    target = [torch.zeros(2), torch.zeros(2, 3)]

    with pytest.raises(ValueError, match="the target has 2 tensors, but the online network has 1"):
        block.compute(online=[torch.ones(2)], target=target)
    with pytest.raises(ValueError, match=r"tensor 1 has shape \(2, 3\) in the target, but \(3,\) online"):
        block.compute(online=[torch.ones(2), torch.ones(3)], target=target)

    assert laws.equal(target, [torch.zeros(2), torch.zeros(2, 3)])


@law
@given(networks(dtype=torch.bfloat16))
def test_low_precision_is_rounded_once(pair):
    """TUP-12: one update in bfloat16 is the exact one, rounded once."""
    online, target = pair
    exact = clones([t.double() for t in target if t.is_floating_point()])
    Polyak(0.3).compute(online=[o.double() for o in online if o.is_floating_point()], target=exact)

    Polyak(0.3).compute(online=online, target=target)

    for found, due in zip((t for t in target if t.is_floating_point()), exact, strict=True):
        torch.testing.assert_close(found.double(), due, rtol=2.0**-8, atol=2.0**-9)
