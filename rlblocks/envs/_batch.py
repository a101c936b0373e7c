"""What a vector environment must return: the contract of one environment, for n rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from rlblocks.envs._contract import Contract, Wrong, reward_of
from rlblocks.envs._masks import masks_of, told, where_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]


@attrs.frozen
class Batch:
    """The contract of n environments. Every method raises `Wrong`, naming the row where there is one.

    Attributes:
        contract: of one environment.
        n: how many there are.
    """

    contract: Contract
    n: int

    def observations(self, value: Any) -> NDArray[Any]:
        """A copy of the observations `[n, ...]`, Discrete ones counted from 0."""
        self._must_be(value, "observations", self.contract.shape, self.contract.dtype)
        if self.contract.n:
            return np.array([self._row(i, value[i]) for i in range(self.n)], np.int64)
        copied: NDArray[Any] = value.copy()
        self._finite(copied)
        return copied

    def with_final(self, observations: NDArray[Any], ended: NDArray[np.bool_], info: dict[str, Any]) -> NDArray[Any]:
        """A copy of the observations with the final ones of SAME_STEP mode where an episode ended."""
        final, given = info.get("final_obs"), np.asarray(info.get("_final_obs", ended))
        if final is None or not given[ended].all():
            raise Wrong(
                'it declares SAME_STEP, and its info holds no "final_obs" for an episode that ended',
                'put the final observations in info["final_obs"] and a mask of them in info["_final_obs"]',
                index=int(np.argmax(ended)),
            )
        true = observations.copy()
        for i in np.flatnonzero(ended):
            true[i] = self._row(int(i), final[i])
        self._finite(true)
        return true

    def masks(self, info: Any, terminated: Flags, truncated: Flags) -> Flags:
        """Which actions are legal, `[n, A]`, without columns where they are not masked. See `mask_of`."""
        return masks_of(info, self.contract.choices, terminated, truncated)

    def masks_with_final(self, info: Any, terminated: Flags, truncated: Flags) -> tuple[Flags, Flags]:
        """In SAME_STEP mode: which are legal in what is acted on next, and which in the true next observations."""
        ended, no = terminated | truncated, np.zeros(self.n, bool)
        legal = self.masks(info, no, no)
        final = self.masks(told(info, "final_info"), terminated | ~ended, truncated | ~ended)
        return legal, where_rows(ended, final, legal)

    def rewards(self, value: Any, real: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The rewards `[n]`, 0 in dummy rows."""
        if not isinstance(value, np.ndarray) or value.shape != (self.n,) or value.dtype.kind not in "biuf":
            raise Wrong(f"the rewards are {_kind(value)}, not {self.n} numbers", "return np.asarray(rewards, float)")
        rewards = np.where(real, value, 0.0)
        if not np.isfinite(rewards).all():
            index = int(np.argmin(np.isfinite(rewards)))
            try:
                reward_of(rewards[index])
            except Wrong as wrong:
                raise Wrong(wrong.what, wrong.fix, index=index) from None
        return rewards

    def flags(self, value: Any, name: str) -> NDArray[np.bool_]:
        """A copy of one of the two flags `[n]`."""
        self._must_be(value, name, (), np.dtype(bool))
        return np.array(value)

    def _must_be(self, value: Any, what: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if not isinstance(value, np.ndarray) or value.shape != (self.n, *shape) or value.dtype != dtype:
            wanted = f"{dtype}{[self.n, *shape]}"
            raise Wrong(f"the {what} are {_kind(value)}, not {wanted}", f"return an array {wanted}")

    def _row(self, index: int, value: Any) -> Any:
        try:
            return self.contract.observation(value)
        except Wrong as wrong:
            raise Wrong(wrong.what, wrong.fix, index=index) from None

    def _finite(self, observations: NDArray[Any]) -> None:
        if self.contract.finite(observations):
            return
        for index, row in enumerate(observations):
            try:
                self.contract.must_be_finite(row)
            except Wrong as wrong:
                raise Wrong(wrong.what, wrong.fix, index=index) from None


def _kind(value: Any) -> str:
    return f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
