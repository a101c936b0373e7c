"""Several networks of the same parts, in one batched pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rlblocks._core.errors import BuildError
from rlblocks.networks.module import build_network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rlblocks._core.keys import Spec
    from rlblocks.networks.base import Body, Head, NetworkSpec
    from rlblocks.networks.module import NetworkModule, RecurrentNetworkModule


class EnsembleModule(nn.Module):
    """N built networks, whose parameters stand one above the other, `[N, ...]`, and so does whatever else is saved.

    Attributes:
        reads: the keys whose tensors `forward` takes, in this order.
        writes: the keys that `forward` returns, and what one member says of each.
        noise_size: how many standard normal numbers one noisy pass of all members takes; 0 without noisy layers.
        members: N.
    """

    def __init__(self, members: list[NetworkModule | RecurrentNetworkModule]) -> None:
        super().__init__()
        first = members[0]
        self.reads, self.writes, self.members = first.reads, first.writes, len(members)
        self.noise_size = self.members * first.noise_size
        stacked = {key: torch.stack([dict(one.state_dict())[key] for one in members]) for key in first.state_dict()}
        trained = {key for key, _ in first.named_parameters()}
        for key, tensor in stacked.items():
            path, _, name = key.rpartition(".")
            owner = first.get_submodule(path)
            if key in trained:
                owner.register_parameter(name, nn.Parameter(tensor))
            else:
                owner.register_buffer(name, tensor)
        self.stacked, self.each = tuple(stacked), first

    def forward(self, *inputs: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """One pass of every member on the same inputs.

        Args:
            inputs: `[B, *shape]` each, in the order of `reads`.
            noise: `[noise_size]`, standard normal, a share for each member; None means the mean weights.

        Returns:
            A tensor `[N, B, ...]` for each key of `writes`.
        """
        each = self.each
        there = {**dict(each.named_parameters()), **dict(each.named_buffers())}
        held = {key: there[key] for key in self.stacked}  # what is not saved, such as bounds, is alike for all
        if noise is None:
            return torch.vmap(lambda one: functional_call(each, one, inputs))(held)  # type: ignore[no-any-return]
        shares = noise.view(self.members, -1)
        return torch.vmap(lambda one, share: functional_call(each, one, inputs, {"noise": share}))(held, shares)  # type: ignore[no-any-return]


def ensemble_misfit(body: Body, head: Head, reads: Spec, spec: NetworkSpec) -> str:
    """Why there cannot be several networks of these parts, to stand after "several members"; empty where there can."""
    if body.carry(reads):
        return f"each remember what they saw with {type(body).__name__}, and a row holds one memory"
    written = head.writes(spec)
    if head.derives(spec) or "mode" in written:
        return f"are several policies with {type(head).__name__}, and one action is taken"
    if not any("batch" in of.dims for of in written.values()):
        return f"each have one number for all rows with {type(head).__name__}, and one is read"
    return ""


def build_ensemble(  # noqa: PLR0917  as `build_network`
    members: int,
    reads: Mapping[str, Spec],
    body: Body,
    head: Head,
    action: Spec,
    generator: torch.Generator | None,
    device: torch.device | str = "cpu",
) -> NetworkModule | RecurrentNetworkModule | EnsembleModule:
    """Build several networks with parameters of their own, drawn one member after the other; see `build_network`.

    One member is a network without the dim `member`.

    Raises:
        BuildError: the parts do not fit, or there is no generator.

    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import MLP, QValues
    >>> seeded = torch.Generator().manual_seed(0)
    >>> q = build_ensemble(2, {"observation": Spec((4,))}, MLP(), QValues(), Spec(dtype="int64", n=3), seeded)
    >>> q(torch.zeros(5, 4))["q"].shape
    torch.Size([2, 5, 3])
    """
    built: list[Any] = [build_network(reads, body, head, action, generator, device) for _ in range(members)]
    if members == 1:
        return built[0]  # type: ignore[no-any-return]
    from rlblocks.networks._encode import input_spec
    from rlblocks.networks.module import network_spec

    if why := ensemble_misfit(body, head, input_spec(reads), network_spec(reads, body, action)):
        raise BuildError(f"several members {why}", fix="use members=1", body=body, head=head)
    return EnsembleModule(built).to(device)
