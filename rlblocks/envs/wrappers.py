"""Changes to one environment: values over `gymnasium.wrappers`.

They are applied before environments are put in a pool, so that the final observation of an episode passes through them
like every other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium import wrappers as gym
from PIL import Image

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.errors import FieldError
from rlblocks.envs.base import Wrapper

if TYPE_CHECKING:
    from numpy.typing import NDArray

Env = gymnasium.Env[Any, Any]


@block("frame_stack")
class FrameStack(Wrapper):
    """The last k observations as one: `[k, ...]`, oldest first.

    o'_t = (o_{t−k+1}, …, o_t), with o_0 in the place of what was before the episode (Mnih et al., 2015, Methods, who
    put the frames last).

    >>> wrapped = FrameStack(4).wrap(gymnasium.make("CartPole-v1"))
    >>> wrapped.observation_space.shape
    (4, 4)
    """

    k: int = fields.integer(default=4, ge=1)

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`."""
        # Frames are kept, so each must be a copy: an environment may write the next one into the same array.
        return gym.FrameStackObservation(gym.TransformObservation(env, np.copy, env.observation_space), self.k)


@block("resize")
class Resize(Wrapper):
    """An image `[height, width]` or `[height, width, 3]` of another size, uint8, each pixel the mean of what it covers.

    Differs from `gymnasium.wrappers.ResizeObservation`: it needs no OpenCV.

    >>> drawn = gym.AddRenderObservation(gymnasium.make("CartPole-v1", render_mode="rgb_array"))
    >>> drawn.observation_space.shape, Resize(84, 84).wrap(drawn).observation_space.shape
    ((400, 600, 3), (84, 84, 3))
    """

    height: int = fields.integer(default=84, ge=1, unit="pixels")
    width: int = fields.integer(default=84, ge=1, unit="pixels")

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`."""
        space = env.observation_space
        shape = space.shape or ()
        image = isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(shape) in (2, 3)
        if not image or shape[2:] not in ((), (3,)):
            raise FieldError(f"it takes images [height, width] or [height, width, 3] of uint8, not {space}")
        size = (self.width, self.height)

        def resized(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))

        smaller = spaces.Box(0, 255, (self.height, self.width, *shape[2:]), np.uint8)
        return gym.TransformObservation(env, resized, smaller)


@block("grayscale")
class Grayscale(Wrapper):
    """An image `[height, width, 3]` as its luminance `[height, width]`, uint8: 0.2125 R + 0.7154 G + 0.0721 B.

    >>> drawn = gym.AddRenderObservation(gymnasium.make("CartPole-v1", render_mode="rgb_array"))
    >>> Grayscale().wrap(drawn).observation_space.shape
    (400, 600)
    """

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`."""
        return gym.GrayscaleObservation(env)


@block("flatten")
class Flatten(Wrapper):
    """Any observation as one vector `[d]`: arrays side by side, whole numbers one-hot.

    >>> Flatten().wrap(gymnasium.make("Blackjack-v1")).observation_space.shape
    (45,)
    """

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`."""
        return gym.FlattenObservation(env)


@block("select")
class Select(Wrapper):
    """Some components of a vector observation, in the order named: what the others say is hidden.

    Attributes:
        components: their indices, counted from 0.

    >>> import gymnasium
    >>> Select((0, 2)).wrap(gymnasium.make("CartPole-v1")).observation_space.shape
    (2,)
    """

    components: tuple[int, ...] = fields.sizes((0,), least=0)

    def wrap(self, env: Env) -> Env:
        """The environment with fewer components in its observations.

        Raises:
            FieldError: its observation is no vector, or has no such component.
        """
        space = env.observation_space
        there = range(space.shape[0]) if isinstance(space, spaces.Box) and len(space.shape) == 1 else ()
        if not self.components or not set(self.components) <= set(there):
            raise FieldError(
                f"Select({self.components}) takes components of a vector, and the observation is {space}",
                fix="name components that are there",
            )
        chosen = list(self.components)
        assert isinstance(space, spaces.Box)
        smaller = spaces.Box(space.low[chosen], space.high[chosen], dtype=space.dtype.type)
        return gym.TransformObservation(env, lambda observation: observation[chosen], smaller)


@block("time_limit")
class TimeLimit(Wrapper):
    """Episodes of at most so many steps: the last one is truncated, and terminated too where it was.

    It can only tighten the limit that an environment brings along: to lengthen that, give
    `options={"max_episode_steps": …}`.

    >>> from rlblocks.envs import Gym
    >>> Gym("CartPole-v1", wrappers=(TimeLimit(100),)).facts().max_episode_steps
    100
    """

    steps: int = fields.integer(ge=1, unit="steps of the environment")

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`."""
        return gym.TimeLimit(env, self.steps)


class RawReturn(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Adds up an episode's rewards below whatever changes them, so that its return stays comparable.

    Attributes:
        raw_return: the sum since the last reset.
    """

    raw_return: float = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin at 0."""
        self.raw_return = 0.0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step, and add the reward."""
        result = self.env.step(action)
        self.raw_return += float(result[1])
        return result


@block("clip_reward")
class ClipReward(Wrapper):
    """Rewards clipped to a range: min(max(r, low), high) (Mnih et al., 2015, Methods).

    Learning sees the clipped rewards; the return of an episode, which is reported and compared with thresholds, is the
    sum of the rewards as they were.

    >>> wrapped = ClipReward(-1.0, 0.5).wrap(gymnasium.make("CartPole-v1"))
    >>> _ = wrapped.reset(seed=0)
    >>> float(wrapped.step(0)[1]), wrapped.get_wrapper_attr("raw_return")
    (0.5, 1.0)
    """

    low: float = fields.number(default=-1.0)
    high: float = fields.number(default=1.0)

    def __attrs_post_init__(self) -> None:
        if self.low >= self.high:
            raise FieldError(
                f"ClipReward(low={self.low}, high={self.high}): low must be below high",
                fix=f"write ClipReward({min(self.low, -1.0)}, {max(self.high, 1.0)})",
            )

    def wrap(self, env: Env) -> Env:
        """See `Wrapper.wrap`."""
        counted = env if env.has_wrapper_attr("raw_return") else RawReturn(env)
        return gym.ClipReward(counted, self.low, self.high)
