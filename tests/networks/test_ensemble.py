"""Several networks of the same parts, in one batched pass."""

import pytest
import torch

from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.networks import (
    LSTM,
    MLP,
    DeterministicPolicy,
    DuelingQ,
    EnsembleModule,
    NatureCNN,
    NoBody,
    NoisyDense,
    Policy,
    QValues,
    Temperature,
    build_ensemble,
    build_network,
)

ACTION = Spec(dtype="int64", n=3)
PARTS = {
    "plain": (Spec((4,)), MLP((8, 6)), QValues()),
    "dueling": (Spec((4,)), MLP((8,)), DuelingQ()),
    "images": (Spec((84, 84, 4), "uint8"), NatureCNN(), QValues()),
}


def seeded():
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("name", PARTS)
def test_each_member_says_what_it_would_say_alone(name):
    """The batched pass is the passes of the members, one above the other."""
    spec, body, head = PARTS[name]
    generator = seeded()
    alone = [build_network({"observation": spec}, body, head, ACTION, generator) for _ in range(3)]
    x = (torch.rand((5, *spec.shape), generator=generator) * 255).to(getattr(torch, spec.dtype))

    together = build_ensemble(3, {"observation": spec}, body, head, ACTION, seeded())(x)

    assert together["q"].shape == (3, 5, 3)
    for member, one in zip(together["q"], alone, strict=True):
        assert torch.allclose(member, one(x)["q"], atol=1e-5)


def test_members_differ_and_share_no_storage():
    """Each has parameters of its own, and a gradient of one member's value reaches that member alone."""
    ensemble = build_ensemble(2, {"observation": Spec((4,))}, MLP((8,)), QValues(), ACTION, seeded())

    value = ensemble(torch.randn(5, 4, generator=seeded()))["q"]
    gradients = torch.autograd.grad(value[0].sum(), list(ensemble.parameters()))

    assert not torch.allclose(value[0], value[1])
    assert all(gradient[1].abs().sum() == 0 for gradient in gradients)
    assert any(gradient[0].abs().sum() > 0 for gradient in gradients)


def test_each_member_has_noise_of_its_own():
    """The noise of a pass is parted among the members, in their order."""
    parts = {"observation": Spec((4,))}, MLP((8,), layer=NoisyDense()), QValues(), ACTION
    ensemble, generator = build_ensemble(2, *parts, seeded()), seeded()
    alone = [build_network(*parts, generator) for _ in range(2)]
    x, noise = torch.randn(5, 4, generator=generator), torch.randn(ensemble.noise_size, generator=generator)

    together = ensemble(x, noise=noise)["q"]

    assert ensemble.noise_size == 2 * alone[0].noise_size
    for member, one, share in zip(together, alone, noise.chunk(2), strict=True):
        assert torch.allclose(member, one(x, noise=share)["q"], atol=1e-6)


def test_it_is_saved_and_loaded():
    """Its state is the stacked parameters, under the names of one member."""
    parts = {"observation": Spec((4,))}, MLP((8,)), QValues(), ACTION
    saved, other = (build_ensemble(2, *parts, torch.Generator().manual_seed(seed)) for seed in (1, 2))
    x = torch.randn(5, 4, generator=seeded())

    other.load_state_dict(saved.state_dict())

    assert torch.equal(saved(x)["q"], other(x)["q"])
    assert all(tensor.shape[0] == 2 for tensor in saved.state_dict().values())


def test_bounds_are_alike_for_all_members():
    """What is not saved is no parameter of a member: the bounds of the action."""
    action = Spec((2,), low=(-1.0, 0.0), high=(3.0, 0.5))
    generator, parts = seeded(), ({"x": Spec((4,))}, MLP((8,)), DeterministicPolicy(), action)
    ensemble = EnsembleModule([build_network(*parts, generator) for _ in range(2)])

    mode = ensemble(100 * torch.randn(9, 4, generator=seeded()))["mode"]

    assert mode.shape == (2, 9, 2)
    assert (mode >= torch.tensor([-1.0, 0.0])).all()
    assert (mode <= torch.tensor([3.0, 0.5])).all()
    assert mode[..., 1].max() > 0.25


@pytest.mark.parametrize(
    ("head", "body", "reads", "why"),
    [
        (DeterministicPolicy(), MLP((8,)), {"x": Spec((4,))}, "several policies with DeterministicPolicy"),
        (Temperature(), NoBody(), {}, "one number for all rows with Temperature"),
    ],
)
def test_what_there_is_one_of_has_one_member(head, body, reads, why):
    """One action is taken and one temperature is read, so several networks that write it are refused."""
    with pytest.raises(BuildError, match=why):
        build_ensemble(2, reads, body, head, Spec((1,), low=-1.0, high=1.0), seeded())


def test_one_member_is_a_network():
    """Without the dim `member`."""
    assert not isinstance(build_ensemble(1, *({"x": Spec((4,))}, MLP(), QValues(), ACTION), seeded()), EnsembleModule)


@pytest.mark.parametrize(
    ("body", "head", "why"),
    [(LSTM(8), QValues(), "a row holds one memory"), (MLP(), Policy(), "one action is taken")],
)
def test_what_cannot_be_several_is_refused(body, head, why):
    """A memory and a policy: one of each is enough."""
    with pytest.raises(BuildError, match=why):
        build_ensemble(2, {"observation": Spec((4,))}, body, head, ACTION, seeded())
