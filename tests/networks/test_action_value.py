"""The head of critics."""

import torch
from network_cases import BOX, discrete, seeded
from torch.testing import assert_close

from rlblocks._core.keys import SCALAR, Spec
from rlblocks.networks import MLP, ActionValue, NetworkSpec, Quantiles, build_network


def test_it_is_one_affine_map():
    """Q = w·h + b, one number a row."""
    head = ActionValue().build(BOX, seeded())
    h = torch.randn(4, 3, generator=seeded(1))

    assert_close(head(h), {"q": h @ head.q.weight[0] + head.q.bias[0]})


def test_in_a_form_it_writes_the_form_and_its_mean():
    """`[B, N]`, announced by the form's own dim."""
    head = ActionValue(Quantiles(5))
    written = head.build(BOX, seeded())(torch.randn(4, 3, generator=seeded(1)))

    assert head.writes(BOX) == {"q": SCALAR, "quantiles": Spec((5,), dims=("batch", "quantile"))}
    assert written["quantiles"].shape == (4, 5)
    assert_close(written["q"], written["quantiles"].mean(1))


def test_a_critic_sees_state_and_action():
    """With another action in one row, the value of that row changes, and of no other."""
    action = Spec((2,), low=-1.0, high=1.0)
    critic = build_network({"observation": Spec((3,)), "action": action}, MLP((16,)), ActionValue(), action, seeded())
    s, a = torch.randn(4, 3, generator=seeded(1)), torch.zeros(4, 2)
    other = a.clone()
    other[2] = 1.0

    assert (critic(s, a)["q"] != critic(s, other)["q"]).tolist() == [False, False, True, False]


def test_discrete_actions_have_values_of_their_own():
    """There, one pass gives all of them; actions of other spaces, which cannot be listed, are read."""
    assert "QValues" in ActionValue().misfit(discrete(2))
    for action in (Spec((3,)), Spec((2,), low=0.0, high=1.0), Spec((2,), "int64", n=(2, 3))):
        assert ActionValue().misfit(NetworkSpec(3, action)) == ""
