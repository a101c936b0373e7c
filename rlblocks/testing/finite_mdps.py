"""Small decision problems whose answers are known: exact values in float64, by iteration and by linear algebra.

Every function is pure and takes a `FiniteMDP`. Values of a state in which an episode is over are not defined by an
equation: they are 0 here, nothing may depend on them. The equations are those of Sutton and Barto, 2018, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.errors import BuildError

Array = NDArray[np.float64]
GAMMAS = (0.25, 0.5, 0.75, 0.875)
ACCURACY = 1e-12


@attrs.frozen(eq=False)
class FiniteMDP:
    """A decision problem with few states.

    Attributes:
        transitions: P(s'|s, a), `[S, A, S]`; what it says of terminal states is not used.
        rewards: the mean reward r(s, a), `[S, A]`.
        terminal: where an episode is over, `[S]` bool.
        gamma: the discount of a step.
        start: the probability of beginning in each state, `[S]`.
        legal: which actions there are, `[S, A]` bool, at least one in each state.
    """

    transitions: Array
    rewards: Array
    terminal: NDArray[np.bool_]
    gamma: float
    start: Array
    legal: NDArray[np.bool_]

    @property
    def going_on(self) -> Array:
        """The probability of reaching each state and not being over, `[S, A, S]`; 0 from terminal ones."""
        return np.asarray(self.transitions * ~self.terminal[:, None, None] * ~self.terminal)

    @property
    def gains(self) -> Array:
        """The mean reward, 0 where the episode is over, `[S, A]`."""
        return np.asarray(self.rewards * ~self.terminal[:, None])


def backup(mdp: FiniteMDP, value: Array) -> Array:
    """One synchronous sweep: Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s'), of `[S]` values, `[S, A]` (eq. 4.10)."""
    return np.asarray(mdp.gains + mdp.gamma * mdp.going_on @ value)


def greedy_policy(mdp: FiniteMDP, q: Array) -> Array:
    """Probability 1 for the first legal action of the greatest value, `[S, A]`."""
    return np.asarray(np.eye(q.shape[1])[np.where(mdp.legal, q, -np.inf).argmax(1)])


def soft_policy(mdp: FiniteMDP, q: Array, epsilon: float) -> Array:
    """ε spread evenly over legal actions, the rest on the greedy one, `[S, A]`."""
    return np.asarray((1 - epsilon) * greedy_policy(mdp, q) + epsilon * mdp.legal / mdp.legal.sum(1, keepdims=True))


def policy_evaluation(mdp: FiniteMDP, policy: Array) -> Array:
    """The values of a policy, Q^π `[S, A]`: V^π solves (I − γ P_π) V = r_π (eq. 4.4).

    >>> from rlblocks.testing.finite_mdps import corridor
    >>> policy_evaluation(corridor(3), np.full((3, 2), 0.5)).round(3).tolist()
    [[-1.909, -1.727], [-1.909, -1.0], [0.0, 0.0]]
    """
    moves = np.einsum("sa,sat->st", policy, mdp.going_on)
    value = np.linalg.solve(np.eye(len(policy)) - mdp.gamma * moves, (policy * mdp.gains).sum(1))
    return backup(mdp, value)


def value_iteration(mdp: FiniteMDP, epsilon: float = 0.0) -> Array:
    """The values of the best policy among those that act at random with probability ε, `[S, A]`; Q* with ε = 0.

    Sweeps Q ← r + γ P Σ_a π_ε(a|s') Q(s', a), π_ε the ε-soft greedy policy of Q itself, until nothing moves (eq. 4.10).

    >>> from rlblocks.testing.finite_mdps import corridor
    >>> value_iteration(corridor(3)).tolist()
    [[-1.75, -1.5], [-1.75, -1.0], [0.0, 0.0]]
    """
    q = np.zeros_like(mdp.rewards)
    while True:
        found = backup(mdp, (soft_policy(mdp, q, epsilon) * q).sum(1))
        if np.abs(found - q).max() < ACCURACY:
            return found
        q = found


def expected_return(mdp: FiniteMDP, policy: Array, steps: int) -> float:
    """The mean undiscounted return of a stationary policy, of episodes that are cut after so many steps.

    >>> from rlblocks.testing.finite_mdps import corridor
    >>> expected_return(corridor(3), np.array([[0.0, 1.0]] * 3), 100)
    -2.0
    """
    moves, gain = np.einsum("sa,sat->st", policy, mdp.going_on), (policy * mdp.gains).sum(1)
    value = np.zeros(len(policy))
    for _ in range(steps):
        value = gain + moves @ value
    return float(mdp.start @ value)


def corridor(states: int, gamma: float = 0.5) -> FiniteMDP:
    """A row of states of which the last is terminal: left or right, and −1 for every step."""
    here = np.arange(states)
    ends = np.stack([np.maximum(here - 1, 0), np.minimum(here + 1, states - 1)], axis=1)
    return FiniteMDP(
        np.eye(states)[ends], np.full((states, 2), -1.0), here == states - 1, gamma,
        np.eye(states)[0], np.ones((states, 2), bool),
    )  # fmt: skip


@st.composite
def finite_mdps(draw: st.DrawFn) -> FiniteMDP:
    """Problems of 2 to 5 states and 2 or 3 actions: moves certain and uncertain, states that end, state 0 never.

    Numbers of states and actions differ, no action is worth as much as another in the same state.
    """
    states = draw(st.integers(2, 5))
    actions = draw(st.sampled_from([n for n in (2, 3) if n != states]))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    weights = random.integers(0, 4, (states, actions, states)) * (random.random((states, actions, states)) < 0.6)  # noqa: PLR2004
    weights[..., 0] += weights.sum(-1) == 0
    terminal = random.random(states) < 0.3  # noqa: PLR2004
    terminal[0] = False
    rewards = random.integers(-8, 9, (states, actions)) / 4 + random.random((states, actions)) / 8
    return FiniteMDP(
        weights / weights.sum(-1, keepdims=True), rewards, terminal, draw(st.sampled_from(GAMMAS)),
        np.full(states, 1 / states), np.ones((states, actions), bool),
    )  # fmt: skip


def toy_text(env: Any, gamma: float = 1.0) -> FiniteMDP:
    """The problem that a toy-text environment of gymnasium states as `P`: FrozenLake, CliffWalking, Taxi.

    Raises:
        BuildError: it states none, or a state is the end of one episode and the middle of another.

    >>> import gymnasium
    >>> lake = toy_text(gymnasium.make("FrozenLake-v1"))
    >>> lake.transitions.shape, lake.terminal.nonzero()[0].tolist()
    ((16, 4, 16), [5, 7, 11, 12, 15])
    """
    table: Any = getattr(env.unwrapped, "P", None)
    if table is None:
        raise BuildError(f"{env} states no table P of its transitions", fix="use FrozenLake, CliffWalking or Taxi")
    states, actions = len(table), len(table[0])
    moves, rewards = np.zeros((states, actions, states)), np.zeros((states, actions))
    rows = [(s, a, p, int(t), r, end) for s, of in table.items() for a, o in of.items() for p, t, r, end in o]
    for s, a, p, t, r, _ in rows:
        moves[s, a, t] += p
        rewards[s, a] += p * r
    terminal = np.isin(np.arange(states), [t for *_, t, _, end in rows if end])
    start = np.asarray(env.unwrapped.initial_state_distrib, np.float64)
    seen = _reachable(moves, terminal, start)
    if any(terminal[t] and not end for s, _, p, t, _, end in rows if p and seen[s] and not terminal[s]):
        raise BuildError(f"a state of {env} ends some episodes and not others", fix="use FrozenLake or CliffWalking")
    return FiniteMDP(moves, rewards, terminal, gamma, start / start.sum(), _legal(env, states, actions))


def policy_of(mdp: FiniteMDP, agent: Callable[..., Any], *, masked: bool = False) -> Array:
    """What an agent does in every state, `[S, A]`; `masked` agents are told which actions are legal."""
    states, actions = mdp.rewards.shape
    told = (mdp.legal,) if masked else ()
    return np.asarray(np.eye(actions)[agent(np.arange(states), *told)])


def _reachable(moves: Array, terminal: NDArray[np.bool_], start: Array) -> NDArray[np.bool_]:
    """Which states an episode can come to; Taxi numbers some that none comes to."""
    seen = start > 0
    while True:
        onward = seen | (moves[seen & ~terminal].sum((0, 1)) > 0)
        if (onward == seen).all():
            return seen
        seen = onward


def _legal(env: Any, states: int, actions: int) -> NDArray[np.bool_]:
    """Which actions an environment calls legal; all where it says nothing."""
    mask: Any = getattr(env.unwrapped, "action_mask", None)
    if mask is None:
        return np.ones((states, actions), bool)
    found = np.array([mask(s) for s in range(states)], bool)
    return np.asarray(found | ~found.any(1, keepdims=True))
