"""The module of a whole network: keys to keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.networks._encode import input_spec, no_vector, to_vector
from rlblocks.networks._maps import same
from rlblocks.networks._modules import noise_size
from rlblocks.networks.base import NetworkSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rlblocks.networks.base import Body, Head


class NetworkModule(nn.Module):
    """A built network.

    Attributes:
        reads: the keys whose tensors `forward` takes, in this order.
        writes: the keys that `forward` returns, and what stands behind them; without those that are derived.
        noise_size: how many standard normal numbers one noisy pass takes; 0 without noisy layers.
    """

    def __init__(self, reads: Mapping[str, Spec], writes: Mapping[str, Spec], body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.reads = tuple(reads)
        self.writes = dict(writes)
        self.noise_sizes = [noise_size(body), noise_size(head)]
        self.noise_size = sum(self.noise_sizes)
        self.join = _joiner(list(reads.values()))
        self.body = body
        self.head = head

    def forward(self, *inputs: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """One pass.

        Args:
            inputs: `[B, *shape]` each, in the order of `reads`.
            noise: `[noise_size]`, standard normal; None means the mean weights.

        Returns:
            A tensor for each key of `writes`.
        """
        own: dict[str, Any] = self._modules
        x = self.join(*inputs)
        if noise is None:
            return own["head"].forward(own["body"].forward(x))  # type: ignore[no-any-return]
        for_body, for_head = torch.split(noise, self.noise_sizes)
        return own["head"].forward(own["body"].forward(x, for_body), for_head)  # type: ignore[no-any-return]


class RecurrentNetworkModule(nn.Module):
    """A built network whose body remembers.

    Attributes:
        reads: the keys whose tensors `forward` takes, in this order; the last is `hidden`.
        writes: the keys that `forward` returns, and what stands behind them, `hidden` among them; without those that
            are derived.
        noise_size: how many standard normal numbers one noisy pass takes; 0 without noisy layers.
    """

    def __init__(self, reads: Mapping[str, Spec], writes: Mapping[str, Spec], body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.reads = (*reads, "hidden")
        self.writes = dict(writes)
        self.noise_sizes = [noise_size(body), noise_size(head)]
        self.noise_size = sum(self.noise_sizes)
        self.join = _joiner(list(reads.values()))
        self.body = body
        self.head = head

    def forward(
        self, *inputs: Tensor, noise: Tensor | None = None, is_first: Tensor | None = None, window: int = 1
    ) -> dict[str, Tensor]:
        """One pass over K windows of W consecutive steps, side by side: row t·K + k is step t of window k.

        Args:
            inputs: `[W·K, *shape]` each, in the order of `reads`; of `hidden`, `[W·K, carry]`, the memory before each
                row, only that of the first K rows is used.
            noise: `[noise_size]`, standard normal; None means the mean weights.
            is_first: `[W·K]`, bool: where an episode starts, so that nothing is remembered; None says nowhere.
            window: W.

        Returns:
            A tensor for each key of `writes`; `hidden` is the memory after each row.
        """
        own: dict[str, Any] = self._modules
        *given, hidden = inputs
        x = self.join(*given)
        for_body, for_head = (None, None) if noise is None else torch.split(noise, self.noise_sizes)
        features, after = own["body"].forward(x, hidden, for_body, is_first, window)
        return {**own["head"].forward(features, for_head), "hidden": after}


def _joiner(specs: Sequence[Spec]) -> Callable[..., Tensor]:
    """The function from a network's inputs to its body's; one goes to the body as it is, and none is no number."""
    if len(specs) == 1:
        return same
    if not specs:
        return lambda: torch.empty(0)
    encoders = tuple(to_vector(spec) for spec in specs)

    def join(*inputs: Tensor) -> Tensor:
        vectors = []
        for x, encode in zip(inputs, encoders, strict=True):
            vector = x
            for step in encode:
                vector = step(vector)
            vectors.append(vector)
        return torch.cat(vectors, dim=1)

    return join


def network_spec(reads: Mapping[str, Spec], body: Body, action: Spec) -> NetworkSpec:
    """What a head is asked with: as many features as its body makes of these inputs, and the environment's actions."""
    return NetworkSpec(features=body.width(input_spec(reads)), action=action)


def input_misfit(reads: Mapping[str, Spec], body: Body) -> str:
    """Why a body cannot read these inputs, to stand after its name or "which"; empty where it can."""
    each = [no_vector(spec) for spec in reads.values()] if len(reads) > 1 else []
    return next(filter(None, each), "") or body.misfit(input_spec(reads))


def build_network(  # noqa: PLR0917  in the order in which a network reads
    reads: Mapping[str, Spec],
    body: Body,
    head: Head,
    action: Spec,
    generator: torch.Generator | None,
    device: torch.device | str = "cpu",
) -> NetworkModule | RecurrentNetworkModule:
    """Build a network. Every parameter is drawn from `generator`, body first; nothing else is read.

    Args:
        reads: what is known of each input, by key, but for the memory of a body that remembers. Several inputs are
            joined into one vector: integers of a Discrete space as unit vectors, everything else flattened.
        body: inputs to features.
        head: features to keys.
        action: the environment's actions.
        generator: where the parameters come from, on its own device; not used on the meta device, where it may be None.
        device: where the module shall live.

    Raises:
        BuildError: the parts do not fit, or there is no generator.

    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import MLP, QValues
    >>> seeded = torch.Generator().manual_seed(0)
    >>> q = build_network({"observation": Spec((4,))}, MLP(), QValues(), Spec(dtype="int64", n=2), seeded)
    >>> q(torch.zeros(3, 4))["q"].shape, list(q.state_dict())[:2]
    (torch.Size([3, 2]), ['body.0.weight', 'body.0.bias'])
    """
    spec = network_spec(reads, body, action)
    for part, why in ((body, input_misfit(reads, body)), (head, head.misfit(spec))):
        if why:
            raise BuildError(f"{type(part).__name__} {why}", block=part, reads=dict(reads), action=action)
    meta = torch.device(device).type == "meta"
    if generator is None and not meta:
        raise BuildError(f"a network on {device} needs a generator", fix="give one, or build on the meta device")
    source = None if meta else generator
    torso = body.build(input_spec(reads), source)
    derived = {key for found in head.derives(spec) for key in found.outputs}
    writes = {key: written for key, written in head.writes(spec).items() if key not in derived}
    remembered = body.carry(input_spec(reads))
    if remembered:
        writes["hidden"] = Spec((remembered,))
    kind = RecurrentNetworkModule if remembered else NetworkModule
    return kind(reads, writes, torso, head.build(spec, source)).to(device)
