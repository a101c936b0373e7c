"""Learning from a chunk: each row once an epoch, windows kept together, and at first by the policy that acted."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from rlblocks import Recipe
from rlblocks.distributions import StateGaussian, TanhGaussian
from rlblocks.early_stops import KLStop
from rlblocks.losses import KLPenalty
from rlblocks.networks import GRU
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.transforms import Normalise
from tests.core.rollouts import LONGEST, MODES, Seen, in_vectors, learnt, small, told, unpacked, witnessed
from tests.core.small_blocks import parameters

BOX = spaces.Box(np.array([-2.0, 0.0], np.float32), np.array([1.0, 5.0], np.float32))
NORMALIZERS = {"observation": ObservationNorm(), "reward": RewardScale()}


def places(column: torch.Tensor) -> list[tuple[float, ...]]:
    """Rows of observations as what tells them apart: who, episode, t."""
    return [tuple(row[:3]) for row in unpacked(column).tolist()]


def epochs_of(seen: Seen, per_epoch: int) -> list[list[list[tuple[float, ...]]]]:
    """By epoch, and in it by minibatch, which rows were learnt from."""
    each = [places(chunk["observation"]) for chunk in seen.chunks]
    return [each[i : i + per_epoch] for i in range(0, len(each), per_epoch)]


def flat(epoch: list[list[tuple[float, ...]]]) -> list[tuple[float, ...]]:
    return [row for minibatch in epoch for row in minibatch]


# -- minibatches


@pytest.mark.parametrize(
    ("name", "n", "steps", "minibatches", "window"),
    [
        ("ppo", 2, 8, 4, 1), ("ppo", 3, 5, 1, 1), ("ppo", 1, 6, 6, 1), ("ppo_lstm", 2, 8, 2, 4),
        ("ppo_lstm", 3, 8, 6, 4), ("ppo_lstm", 1, 6, 1, 2), ("ppo_lstm", 2, 4, 2, 4),
    ],
)  # fmt: skip
def test_every_row_is_in_one_minibatch_of_an_epoch(
    name: str, n: int, steps: int, minibatches: int, window: int
) -> None:
    """Each epoch holds all rows of the chunk, in parts of one size; no row is in two chunks."""
    sizes = {"store.steps": steps, "cadence.minibatches": minibatches, "cadence.window": window}
    state, seen = learnt(small(name, told(n=n), **sizes), 3 * n * steps)
    epochs = epochs_of(seen, minibatches)

    assert state.counters.updates == 3 * 4 * minibatches == len(seen.chunks)
    assert {len(minibatch) for epoch in epochs for minibatch in epoch} == {n * steps // minibatches}
    for chunk in (epochs[i : i + 4] for i in range(0, 12, 4)):
        assert len({tuple(sorted(flat(epoch))) for epoch in chunk}) == 1
    learnt_from = {row for epoch in epochs for row in flat(epoch)}
    assert len(learnt_from) == 3 * n * steps


@pytest.mark.parametrize("window", [2, 4, 8])
def test_windows_are_consecutive_steps_of_one_environment(window: int) -> None:
    """Row t·K + k follows row (t − 1)·K + k: the next step of its episode, or the first of the next one."""
    _, seen = learnt(small("ppo_lstm", **{"cadence.window": window}), 48)
    crossed = 0
    for chunk in seen.chunks:
        windows = unpacked(chunk["observation"]).reshape(window, -1, 4).transpose(0, 1)
        for before, after in ((w[t - 1], w[t]) for w in windows for t in range(1, window)):
            over = after[1] == before[1] + 1
            crossed += int(over)
            assert after[0] == before[0]
            assert after[2] == (0 if over else before[2] + 1)
            assert over or after[1] == before[1]
        firsts = chunk["observation"][:, 2] == 0
        assert torch.equal(chunk["is_first"], firsts)

    assert crossed > 0


@pytest.mark.parametrize("name", ["ppo", "ppo_lstm"])
def test_the_order_is_drawn_for_each_epoch_by_the_seed(name: str) -> None:
    """It changes between epochs; the same seed gives the same, another one another."""
    orders = []
    for seed in (3, 3, 4):
        _, seen = learnt(small(name), 16, seed=seed)
        rows = sorted(places(torch.cat([chunk["observation"] for chunk in seen.chunks[:2]])))
        orders.append([[rows.index(row) for row in flat(epoch)] for epoch in epochs_of(seen, 2)])

    assert orders[0] == orders[1] != orders[2]
    assert len({tuple(order) for order in orders[0]}) == 4


def test_one_minibatch_of_single_steps_needs_no_order() -> None:
    """A2C learns from the chunk as it is, and draws no number for it."""
    state, seen = learnt(small("a2c"), 48)
    first = seen.chunks[0]["observation"].reshape(8, 2, 4)

    assert len({row[0].item() for row in first[:, 0]}) == 1
    assert state.generators["minibatches"].random() == learnt(small("a2c"), 16)[0].generators["minibatches"].random()


# -- early stops


def test_an_early_stop_ends_the_epochs_of_its_chunk_alone() -> None:
    """The first minibatch has no divergence; the second has, and is the last of every chunk."""
    recipe = small("ppo").swap({"cadence.early_stop": KLStop(1e-12)})
    state, seen = learnt(witnessed(recipe), 5 * 16)
    kl = [wrote["policy.kl"].item() for wrote in seen.wrote]

    assert state.counters.updates == len(seen.chunks) == 10
    assert max(kl[::2]) < 1e-12 < min(kl[1::2])


def test_an_early_stop_that_is_never_reached_changes_nothing() -> None:
    """Bit for bit."""
    plain, stopping = (
        learnt(small("ppo").swap({"cadence.early_stop": stop}), 48)[0]
        for stop in (small("ppo").get("cadence.early_stop"), KLStop(1e9))
    )

    assert all(
        torch.equal(a, b) for a, b in zip(parameters(plain).values(), parameters(stopping).values(), strict=True)
    )


# -- the policy that acted


def normalised(recipe: Recipe) -> Recipe:
    return attrs.evolve(recipe, normalizers=NORMALIZERS)


def as_it_is(recipe: Recipe) -> Recipe:
    return recipe


RATIOS = {
    "one choice": lambda: small("ppo", told(spaces.Discrete(3))),
    "several choices": lambda: small("ppo", told(spaces.MultiDiscrete([2, 3]))),
    "bits": lambda: small("ppo", told(spaces.MultiBinary(3))),
    "gaussian": lambda: small("ppo", told(BOX)),
    "seen spread": lambda: small("ppo", told(BOX)).swap({"networks.policy.head.continuous": StateGaussian()}),
    "memory": lambda: small("ppo_lstm"),
    "memory, gaussian": lambda: small("ppo_lstm", told(BOX)),
    "memory, gated": lambda: small("ppo_lstm").swap({"networks.memory.body": GRU(3)}),
    **{f"memory, {mode.value}": lambda mode=mode: small("ppo_lstm", in_vectors(mode)) for mode in MODES},
    "dummy steps": lambda: small("ppo", in_vectors(AutoresetMode.NEXT_STEP)),
}


CASES = [(name, normalised) for name in RATIOS] + [("one choice", as_it_is), ("memory", as_it_is)]


@pytest.mark.parametrize(("name", "seen_through"), CASES)
def test_the_first_learn_step_meets_the_policy_that_acted(name: str, seen_through: Any) -> None:
    """All ratios of a chunk are 1 before its first update, and are not when its epochs end; over five chunks."""
    recipe = seen_through(witnessed(RATIOS[name]())).set({"cadence.minibatches": 1})
    _, seen = learnt(recipe, 5 * 16 + 30)
    ratios = [wrote["policy.log_ratio"].abs().max().item() for wrote in seen.wrote]

    assert len(ratios) >= 5 * 4
    assert max(ratios[::4]) < 1e-5
    assert min(ratios[3:20:4]) > 1e-3
    assert all(len(set(chunk["action"].flatten().tolist())) > 1 for chunk in seen.chunks)


def test_squashed_actions_are_met_again_but_for_their_inverse() -> None:
    """The stored action is brought back through artanh, which costs digits."""
    recipe = small("ppo", told(BOX)).swap({"networks.policy.head.continuous": TanhGaussian()})
    _, seen = learnt(witnessed(recipe, lr=2e-3).set({"cadence.minibatches": 1}), 5 * 16)

    assert max(wrote["policy.log_ratio"].abs().max().item() for wrote in seen.wrote[::4]) < 1e-3


# -- padding and weights


def test_the_mean_over_weights_is_that_over_real_rows() -> None:
    """Dummy steps are padding: of weight 0, and the others weigh as much more."""
    env = in_vectors(AutoresetMode.NEXT_STEP)
    state, seen = learnt(witnessed(small("a2c", env)), 60)
    padded = 0
    for chunk in seen.chunks:
        real = chunk["weight"] > 0
        padded += int((~real).sum())
        assert chunk["weight"].mean().item() == pytest.approx(1.0)
        assert chunk["weight"].unique().tolist() == ([0.0] if not real.all() else []) + [chunk["weight"].max()]
        assert (chunk["observation"][~real] == 0).all()
        assert (chunk["advantage"][~real] == 0).all()

    assert padded > 0
    rows = sum(int((chunk["weight"] > 0).sum()) for chunk in seen.chunks)
    assert state.counters.env_steps - rows < 2 * 8


def test_reinforce_learns_from_the_returns_of_whole_episodes() -> None:
    """G_t = Σ γᵏ r_{t+k} to the end of the episode, at every row of every chunk; padding is 0."""
    gamma = 0.5
    _, seen = learnt(witnessed(small("reinforce", gamma=gamma)), 60)
    lengths = set()
    for chunk in seen.chunks:
        grid = {key: column.reshape(LONGEST, 2, *column.shape[1:]) for key, column in chunk.items()}
        for i in range(2):
            length = int((grid["weight"][:, i] > 0).sum())
            lengths.add(length)
            paid = grid["observation"][:length, i, 3].tolist()
            expected = [sum(gamma**k * paid[t + k] for k in range(length - t)) for t in range(length)]
            assert unpacked(grid["observation"])[:length, i, 2].tolist() == list(range(length))
            assert (grid["terminated"] | grid["truncated"])[: length - 1, i].any().item() is False
            assert (grid["terminated"] | grid["truncated"])[length - 1, i]
            assert grid["advantage"][:length, i].tolist() == pytest.approx(expected, abs=1e-5)
            assert (grid["advantage"][length:, i] == 0).all()

    assert len(lengths) > 3


@pytest.mark.parametrize("name", ["a2c", "ppo_lstm"])
@pytest.mark.parametrize("mode", MODES)
def test_values_are_of_the_true_next_state(name: str, mode: AutoresetMode) -> None:
    """With λ = 0 the return is r + γ·v(s′), s′ the final observation where an episode ends; 0 follows a termination."""
    recipe = small(name, in_vectors(mode), **{"prepare[0].lam": 0.0, "cadence.epochs": 1, "cadence.minibatches": 1})
    ends = [0, 0]
    state, seen = learnt(witnessed(recipe, lr=1e-30), 60)
    for chunk in seen.chunks:
        real = chunk["weight"] > 0
        following, (_, _, t, _) = chunk["next.observation"], unpacked(chunk["observation"])[real].T
        if name == "a2c":
            after = state.online["value"](following)["value"]
        else:
            remembered = state.online["memory"](chunk["observation"], chunk["hidden"])["hidden"]
            after = state.online["value"](state.online["memory"](following, remembered)["features"])["value"]
        expected = chunk["reward"] + chunk["discount"] * after
        assert torch.allclose(chunk["return"][real], expected[real], atol=1e-5)
        assert (chunk["discount"][chunk["terminated"]] == 0).all()
        assert torch.equal(following[real][:, :2], chunk["observation"][real][:, :2])
        assert torch.equal(unpacked(following[real])[:, 2], t + 1)
        ends[0] += int(chunk["terminated"].sum())
        ends[1] += int((chunk["truncated"] & (chunk["discount"] > 0)).sum())

    assert min(ends) > 2


# -- what else learns from a chunk


def test_a_penalty_adapts_once_for_each_chunk() -> None:
    """β holds still within a chunk; between two it is halved, doubled or left, as the divergence was."""
    losses = small("ppo").objectives["policy"].losses
    recipe = small("ppo").swap({"objectives.policy.losses": (*losses, KLPenalty(target=1e-3))})
    _, seen = learnt(witnessed(recipe), 6 * 16)
    betas = [wrote["policy.beta"].item() for wrote in seen.wrote]
    chunks = [set(betas[i : i + 8]) for i in range(0, len(betas), 8)]

    assert all(len(chunk) == 1 for chunk in chunks)
    firsts = betas[::8]
    assert all(b / a in {0.5, 1.0, 2.0} for a, b in itertools.pairwise(firsts))
    assert len(set(firsts)) > 1


def test_a_minibatch_is_normalised_or_the_chunk_is() -> None:
    """Where the transform stands decides: in the objective each minibatch has mean 0 and deviation 1."""
    recipe = small("ppo")
    _, seen = learnt(recipe, 32)
    each = [wrote["policy.advantage"] for wrote in seen.wrote]
    whole = recipe.swap({"objectives.policy.prepare": (), "prepare": (recipe.get("prepare[0]"), Normalise())})
    _, other = learnt(whole, 32)
    parts = [chunk["advantage"] for chunk in other.chunks]

    assert all(abs(part.mean().item()) < 1e-6 and abs(part.std(correction=0).item() - 1) < 1e-5 for part in each)
    assert all(abs(part.mean().item()) > 1e-3 for part in parts)
    epoch = torch.cat(parts[:2])
    assert epoch.mean().item() == pytest.approx(0.0, abs=1e-6)
    assert epoch.std(correction=0).item() == pytest.approx(1.0, abs=1e-5)
