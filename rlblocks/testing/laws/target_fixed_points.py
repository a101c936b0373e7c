"""TGT: what sweeps of a target over a whole problem come to, with moves that are uncertain and episodes that end."""

from __future__ import annotations

import attrs
import numpy as np
import torch
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw, Fn, Read
from rlblocks._core.keys import parse
from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import close, require
from rlblocks.testing._law import law
from rlblocks.testing._names import asked_by
from rlblocks.testing.finite_mdps import Array, FiniteMDP, finite_mdps, policy_evaluation, value_iteration
from rlblocks.testing.laws.targets import backs_up, td_target

SERVED = {"reward", "discount", "next.action", "epsilon", "next.action_mask"}
TABLES = {"q"}  # what a table writes: one number for each action
UNCERTAIN, ENDS = "a move that is uncertain", "a state that ends"


def sweeps(block: Block) -> str:
    """Whether a target reads nothing but what a table and a row of it can say, and at most a uniform number."""
    for name, asked in asked_by(block).items():
        match asked:
            case Read():
                served = of_table(asked) or asked.key in SERVED
            case Fn():
                served = asked.key.endswith(".backup")
            case Draw():
                served = asked.kind == "uniform"
            case _:
                served = False
        if not served:
            return f"its input {name!r} is nothing that a table says"
    return backs_up(block)


def exactly_known(block: Block) -> str:
    """Whether dynamic programming knows where a target's sweeps end: what a target of one's own seeks, it does not."""
    read = {asked.key for asked in asked_by(block).values() if isinstance(asked, Read)}
    return sweeps(block) or ("" if read & {"next.action", "epsilon"} else oracles.unknown(block))


def of_table(asked: Read) -> bool:
    """Whether it is the number that a table holds for an action, or for each."""
    key = parse(asked.key)
    return bool(key.which) and key.name in TABLES and (key.next or asked.at == "action")


@attrs.frozen(eq=False)
class Sweep:
    """Synchronous backups of a whole table: of every row that can be, weighed with how probable it is.

    Attributes:
        case: who asks.
        mdp: the problem.
        policy: by which next actions are taken, `[S, A]`.
        epsilon: of the policy that acts, where a target reads it.
        uniform: what is drawn, in all rows alike, where a target draws.
    """

    case: Case
    mdp: FiniteMDP
    policy: Array
    epsilon: float
    uniform: float

    def __call__(self, q: Array) -> Array:
        """The next table `[*, S, A]`: the mean target of each state and action, by members where there are any."""
        states, actions = self.mdp.rewards.shape
        s, a, to, then = (i.ravel() for i in np.indices((states, actions, states, actions)))
        row = {
            "reward": self.mdp.rewards[s, a],
            "discount": self.mdp.gamma * ~self.mdp.terminal[to],
            "next.action": then,
            "epsilon": np.full(len(s), self.epsilon),
        }
        call, given = self.case.call(rows=2).without("action_mask"), {}
        for name, asked in asked_by(self.case.block).items():
            if isinstance(asked, Draw):
                given[name] = torch.full((len(s),), self.uniform)
            elif isinstance(asked, Read) and of_table(asked):
                said = torch.from_numpy(q[s, a] if asked.at else q[to])
                members = call.inputs[name].shape[: call.lead.get(name, 0)]
                given[name] = said.expand(*members, *said.shape)
            elif isinstance(asked, Read) and asked.key in row:
                given[name] = torch.from_numpy(row[asked.key])
        found = td_target(call.with_inputs(**given)).numpy().reshape(-1, states, actions, states, actions)
        weight = self.mdp.transitions[:, :, :, None] * self.policy[None, None]
        return np.asarray((weight * found).sum((3, 4)) * ~self.mdp.terminal[:, None])


def drawn(case: Case) -> Sweep:
    """A problem, a policy that chooses next actions, and how much it explores."""
    seed = case.draw(st.integers(0, 255), "seed")
    mdp: FiniteMDP = case.draw(finite_mdps())
    case.say(f"transitions, rewards = {mdp.transitions.tolist()}, {mdp.rewards.tolist()}")
    case.say(f"terminal, gamma = {mdp.terminal.tolist()}, {mdp.gamma}")
    case.saw(UNCERTAIN, (mdp.going_on.max(2) < 1).any())
    case.saw(ENDS, mdp.terminal.any())
    policy = np.random.default_rng(seed).dirichlet(np.ones(mdp.rewards.shape[1]), len(mdp.rewards))
    epsilon = case.draw(st.sampled_from([0.25, 0.0, 0.5, 1.0]), "epsilon")
    return Sweep(case, mdp, policy, epsilon, case.draw(st.sampled_from([0.25, 0.75]), "uniform"))


def exact(sweep: Sweep) -> Array:
    """The values that a target should come to, by what it reads.

    Of next actions, those of the policy that takes them; of ε, the best of policies that explore so much; else Q*.
    """
    read = {asked.key for asked in asked_by(sweep.case.block).values() if isinstance(asked, Read)}
    if "next.action" in read:
        return policy_evaluation(sweep.mdp, sweep.policy)
    return value_iteration(sweep.mdp, sweep.epsilon if "epsilon" in read else 0.0)


@law("TGT-11a", role="targets", since="0.1", needs=exactly_known, covers=(UNCERTAIN, ENDS), examples=10)
def sweeps_end_at_the_exact_values(case: Case) -> None:
    """Of a whole problem, its fixed point is what dynamic programming finds.

    Q* where it takes the greatest value, Q of the policy that acts where it reads next actions, and of the best policy
    that explores with probability ε where it reads ε. Moves are uncertain, and some states end an episode.

    Formula: Tq* = q*, (Tq)(s, a) = Σ_{s′} p(s′|s, a)·E[y | s, a, s′]

    Reference: Sutton and Barto (2018), equation 3.20 and chapter 4.
    """
    sweep = drawn(case)
    due, found = exact(sweep), sweep(exact(sweep))
    goal = np.broadcast_to(due, found.shape).copy()
    close(torch.from_numpy(found), torch.from_numpy(goal), "one sweep from the exact values", rtol=1e-8)


@law("TGT-11b", role="targets", since="0.1", needs=sweeps, covers=(UNCERTAIN, ENDS), examples=10)
def sweeps_contract(case: Case) -> None:
    """A sweep over a whole problem brings any two tables closer, by γ at least.

    So there is one fixed point, and learning comes to it.

    Formula: ‖Tq − Tq′‖∞ ≤ γ·‖q − q′‖∞

    Reference: Puterman (1994), chapter 6.
    """
    sweep = drawn(case)
    random = np.random.default_rng(case.draw(st.integers(0, 255), "seed"))
    first, second = (random.normal(size=sweep.mdp.rewards.shape) for _ in range(2))
    before, after = np.abs(first - second).max(), np.abs(sweep(first) - sweep(second)).max()
    require(
        bool(after <= sweep.mdp.gamma * before + 1e-9),
        f"two tables {before:.4g} apart are {after:.4g} apart after a sweep with γ = {sweep.mdp.gamma}",
    )
