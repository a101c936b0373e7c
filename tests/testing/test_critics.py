"""The critics that the kit makes up, and the calls that hand them over."""

import pytest
import torch
from hypothesis import given, settings

from rlblocks import block, draw, fn, read, spec
from rlblocks.functional import one_step_backup
from rlblocks.losses import Loss
from rlblocks.targets import Target
from rlblocks.testing import unlisted
from rlblocks.testing._adapters import calls, unsupplied
from rlblocks.testing._call import tensors_in
from rlblocks.testing.critics import Critic

with unlisted():

    @block("lab/asks")
    class Asks(Target):
        """Everything that is new about real actions."""

        inputs = {
            "reward": read("reward"),
            "discount": read("discount"),
            "action": read("next.mode@target"),
            "q": fn("next.q@target"),
            "quantiles": fn("next.quantiles@target"),
            "noise": draw("normal", like="next.mode@target"),
            "coin": draw("uniform", over="member", like="next.q@target"),
            "known": spec("action"),
            "log_alpha": read("log_alpha@online"),
        }

        def compute(self, *, reward, discount, action, q, quantiles, noise, coin, known, log_alpha):
            return one_step_backup(reward, discount, q(action).unsqueeze(0).flatten(0, -2).mean(0)).detach()

    @block("lab/starred")
    class Starred(Loss):
        """A loss of several members."""

        inputs = {
            "prediction": read("q@online", at="action", dims=("*", "batch")),
            "td_target": read("td_target"),
            "weight": read("weight", default=1),
        }

        def compute(self, *, prediction, td_target, weight=1):
            return ((td_target - prediction) ** 2 * weight).mean(), (td_target - prediction).abs()

    @block("lab/bounds_of_observations")
    class AsksForOthers(Target):
        """What is known of a column that the kit does not make up."""

        inputs = {"reward": read("reward"), "known": spec("observation")}

        def compute(self, *, reward, known):
            return reward.clone()


CRITIC = Critic(torch.tensor([[[0.0], [4.0]], [[1.0], [8.0]]]), torch.tensor([[[0.5]], [[-1.0]]]))  # 2 members, 2 rows


def test_hand_worked_values():
    """Member 0 in row 1 at action 2: x = 4 + ½·2 = 5, and 5 + 2 sin 5."""
    found = CRITIC(torch.tensor([[0.0], [2.0]]))

    assert found.shape == (2, 2)
    assert found[0, 1].item() == pytest.approx(5 + 2 * torch.tensor(5.0).sin().item())


def test_rows_move_with_the_critic():
    """Rows and members in another order are those of the values."""
    action = torch.tensor([[0.0], [2.0]])

    assert torch.equal(CRITIC.map_rows(lambda rows: rows.flip(0))(action.flip(0)), CRITIC(action).flip(1))
    assert torch.equal(CRITIC.of_members([1, 0])(action), CRITIC(action).flip(0))
    assert CRITIC.of_row(1)([2.0]) == CRITIC(action)[:, 1].tolist()


def test_rows_can_be_poisoned():
    """A row is filled in all members and atoms, and no other."""
    action, over = torch.zeros(2, 1), torch.tensor([False, True])
    quantiles = Critic(torch.zeros(3, 2, 5), torch.zeros(3, 1, 5), (5,))

    for critic in (CRITIC, quantiles):
        found = critic.filled(over, torch.nan)(action)
        assert found[:, 1].isnan().all()
        assert torch.equal(found[:, 0], critic(action)[:, 0])


def test_other_actions_are_refused():
    """Actions of other rows or components are no actions of this critic."""
    for action in (torch.zeros(3, 1), torch.zeros(2, 2), torch.zeros(1)):
        with pytest.raises(ValueError, match="are not 2 of 1 components"):
            CRITIC(action)


@given(calls(Asks()))
@settings(max_examples=40)
def test_calls_fit_together(call):
    """Actions, noise and bounds have one shape, the critics take it, and there is a coin for each member."""
    given_, known = call.inputs, call.inputs["known"]

    assert given_["action"].shape == given_["noise"].shape == (call.sizes["batch"], *known.shape)
    assert given_["q"](given_["action"]).shape == (*given_["coin"].shape, call.sizes["batch"])
    assert given_["quantiles"](given_["action"]).shape[:2] == (*given_["coin"].shape, call.sizes["batch"])
    assert given_["log_alpha"].shape == ()
    assert {"q", "coin", "log_alpha", "known"}.isdisjoint(call.rows)
    low, high = (torch.tensor(bound) for bound in (known.low, known.high))
    flat = given_["action"].view(call.sizes["batch"], -1)
    assert bool(((low <= flat) & (flat <= high)).all())


@given(calls(Asks(), 3))
@settings(max_examples=10)
def test_a_call_moves_its_critics(call):
    """Types, leaves and rows of a call reach the critics in it."""
    double = call.to(torch.float64)

    assert all(tensor.dtype == torch.float64 for tensor in tensors_in(double.inputs))
    assert all(tensor.requires_grad for tensor in tensors_in(call.tracked()))
    assert call.map_rows(lambda rows: rows[:1])["q"].level.shape[-2] == 1


@given(calls(Starred()))
@settings(max_examples=20)
def test_members_stand_before_the_rows(call):
    """A value of several members is `[N, B]`, and its rows are the batch's."""
    prediction, rows = call.inputs["prediction"], call.sizes["batch"]

    assert prediction.shape == ((call.sizes["member"], rows) if call.sizes["member"] else (rows,))
    assert call.map_rows(lambda part: part[:0])["prediction"].shape[-1] == 0


def test_what_is_not_known_is_said():
    """A block that asks for what the kit cannot make up is told so, not called."""
    assert "what is known of 'observation'" in unsupplied(AsksForOthers())
    assert unsupplied(Asks()) == ""
