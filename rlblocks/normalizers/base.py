"""The role of normalizers: running statistics between what is stored and what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from rlblocks._core.keys import Spec


class Steps(NamedTuple):
    """What collecting did since the last time, in order, of n environments.

    Attributes:
        observation: `[T, n, ...]`, what was acted on.
        next_observation: `[T, n, ...]`, the true successor.
        reward: `[T, n]`.
        discount: `[T, n]`, γ·(1 − terminated).
        terminated: `[T, n]` bool.
        truncated: `[T, n]` bool.
        real: `[T, n]` bool; False for a dummy step of an autoresetting vector environment, which counts nowhere.
    """

    observation: NDArray[Any]
    next_observation: NDArray[Any]
    reward: NDArray[Any]
    discount: NDArray[Any]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    real: NDArray[np.bool_]


@role("normalizers")
class Normalizer(Block):
    """Running statistics of a column. What is stored is raw; what is read has been through `compute`.

    The statistics hold still while a chunk is collected and learnt from, and in evaluation; `absorb` moves them in
    between. `compute(*, x, carry)` is pure: x is `[..., *shape]` float, raw, with any leading dims; what it returns is
    float32 and of x's shape. It is traced whole by a compiler, works on every device, and never writes the carry.

    Attributes:
        handed: the arguments of `compute` that the run hands over; a normalizer declares no inputs.

    Tags: `weighs` is "late" where later steps count for more than earlier ones, instead of all "alike".
    """

    handed: ClassVar[tuple[str, ...]] = ("x", "carry")
    tags: ClassVar[Mapping[str, str]] = {"weighs": "alike"}

    def misfit(self, key: str, spec: Spec) -> str:
        """Why it cannot serve this column, to stand after its name or "which"; empty where it can."""
        raise NotImplementedError

    def init(self, spec: Spec, environments: int) -> dict[str, Tensor]:
        """The carry before anything was seen: float64 statistics, and what `compute` reads, float32.

        `spec` is that of the column, and `environments` the n of `Steps`.
        """
        raise NotImplementedError

    def absorb(self, carry: dict[str, Tensor], steps: Steps) -> None:
        """Take in steps, writing into the carry's tensors in place. Steps that are not real may hold anything."""
        raise NotImplementedError

    compute: Any
