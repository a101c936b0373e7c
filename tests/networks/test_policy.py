"""The head of policies: its form is that of the actions."""

import pytest
import torch
from network_cases import BOX, discrete, seeded
from torch.testing import assert_close

from rlblocks._core.keys import SCALAR, Spec
from rlblocks.distributions import Categorical, Gaussian, StateGaussian, TanhGaussian
from rlblocks.networks import MLP, NetworkSpec, OrthogonalDense, Policy, build_network

SEVERAL = NetworkSpec(3, Spec((2,), "int64", n=(2, 3)))
BITS = NetworkSpec(3, Spec((2,), "int8", n=(2, 2)))
FREE = NetworkSpec(3, Spec((2,)))


@pytest.mark.parametrize(
    ("head", "spec", "written"),
    [
        (Policy(), discrete(4), {"logits": (4,)}),
        (Policy(), SEVERAL, {"logits": (2, 3)}),
        (Policy(), BITS, {"logits": (2, 2)}),
        (Policy(), FREE, {"mean": (2,), "log_std": (2,)}),
        (Policy(continuous=StateGaussian()), BOX, {"mean": (2,), "log_std": (2,)}),
        (Policy(continuous=TanhGaussian()), BOX, {"mean": (2,), "log_std": (2,), "low": (2,), "high": (2,)}),
    ],
)
def test_its_form_is_that_of_the_actions(head, spec, written):
    """The same head serves every space; its module writes parameters, and nothing that follows from them."""
    found = head.build(spec, seeded())(torch.zeros(5, 3))

    assert {key: tuple(value.shape[1:]) for key, value in found.items()} == written
    assert set(head.writes(spec)) == {*written, "sample", "log_prob", "entropy", "mode"}


def test_what_follows_from_a_pass():
    """Sample, log-probability of it and of the stored action, entropy and mode, all of the chosen family."""
    sample, stored, entropy, mode = Policy().derives(discrete(4))

    assert {part.block for part in (sample, stored, entropy, mode)} == {Categorical()}
    assert (sample.method, sample.outputs, sample.at) == ("sample", ("sample", "log_prob"), "")
    assert (stored.method, stored.outputs, stored.at) == ("log_prob", ("log_prob",), "action")
    assert (entropy.outputs, mode.outputs) == (("entropy",), ("mode",))
    assert list(sample.inputs) == ["noise", "action_mask"]
    assert list(Policy().derives(BOX)[0].inputs) == ["noise"]
    assert (sample.inputs["noise"].kind, Policy().derives(BOX)[0].inputs["noise"].kind) == ("uniform", "normal")


@pytest.mark.parametrize("spec", [discrete(4), SEVERAL, BITS, BOX])
def test_what_follows_is_as_it_says(spec):
    """Every derived tensor has the shape and type that the head announces."""
    head = Policy()
    given, said = head.build(spec, seeded())(torch.zeros(5, 3)), head.writes(spec)
    noise = torch.full((5, *spec.action.shape), 0.25)
    for part in head.derives(spec):
        inputs = {"noise": noise} if "noise" in part.inputs else {}
        if part.at:
            inputs["action"] = part.block.mode(given).to(getattr(torch, spec.action.dtype))
        found = getattr(part.block, part.method)(given, **inputs)
        for key, value in zip(part.outputs, found if isinstance(found, tuple) else (found,), strict=True):
            assert value.shape == (5, *said[key].shape)
            assert str(value.dtype) == f"torch.{said[key].dtype}"


def test_an_action_has_the_type_that_is_drawn():
    """Whole numbers are int64, whatever type the environment's have; one number a row says how likely they are."""
    written = Policy().writes(BITS)

    assert written["sample"] == written["mode"] == Spec((2,), "int64", n=(2, 2))
    assert written["log_prob"] == written["entropy"] == SCALAR


def test_a_family_that_does_not_fit_is_refused():
    """The message names the family, and says why."""
    assert "holds TanhGaussian, which squashes" in Policy(continuous=TanhGaussian()).misfit(FREE)
    assert "holds Gaussian, which chooses real numbers" in Policy(discrete=Gaussian()).misfit(discrete(3))
    assert "holds Categorical, which" in Policy(continuous=Categorical()).misfit(BOX)
    assert Policy(continuous=Categorical()).misfit(discrete(3)) == ""


def test_a_network_of_it_has_readable_keys():
    """The layer's parameters, and the family's own; the network writes parameters of the policy alone."""
    net = build_network(
        {"observation": Spec((4,))}, MLP((3,)), Policy(layer=OrthogonalDense(0.01)), BOX.action, seeded()
    )

    assert list(net.state_dict())[2:] == ["head.layer.weight", "head.layer.bias", "head.outputs.log_std"]
    assert list(net.writes) == ["mean", "log_std"]
    assert net(torch.zeros(2, 4))["mean"].abs().max() < 0.1


def test_gradients_reach_mean_and_spread():
    """Of the log-density of an action two σ away: its distance over σ², and distance² − 1."""
    head = Policy().build(FREE, seeded())
    given = head(torch.zeros(1, 3))
    said = Gaussian().log_prob(given, action=given["mean"].detach() + 2.0)
    found = torch.autograd.grad(said.sum(), [head.layer.bias, head.outputs.log_std])

    assert_close(found, (torch.tensor([2.0, 2.0]), torch.tensor([3.0, 3.0])))
