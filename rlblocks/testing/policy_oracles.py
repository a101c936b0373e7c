"""What policies must say, in Python floats written from the equations alone, and by torch's own distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch import distributions as of_torch

from rlblocks._core.block import Block
from rlblocks.testing.oracles import like

Numbers = dict[str, list[float]]  # of one row, in flat order


def unknown(block: Block) -> str:
    """Why there is no oracle for a distribution; empty where there is one."""
    return "" if like(block) in LOG_PROBS else f"the kit has no oracle for the equation of {like(block)!r}"


def rows_of(given: Mapping[str, Tensor]) -> list[Any]:
    """The parameters, and whatever else is given, of each row as nested lists, one entry for each component."""
    count = len(next(iter(given.values())))
    return [{key: _components(key, value[i]) for key, value in given.items()} for i in range(count)]


def _components(key: str, value: Tensor) -> Any:
    if key in {"logits", "action_mask"}:
        return (value if value.dim() > 1 else value.unsqueeze(0)).tolist()
    return value.flatten().tolist()


def _probabilities(row: Any) -> list[list[float]]:
    """Of every entry of every choice."""
    found = []
    for choice, logits in enumerate(row["logits"]):
        legal = row["action_mask"][choice] if "action_mask" in row else [True] * len(logits)
        kept = [x if ok else -math.inf for x, ok in zip(logits, legal, strict=True)]
        powers = [math.exp(x - max(kept)) for x in kept]
        found.append([power / math.fsum(powers) for power in powers])
    return found


def _log(x: float) -> float:
    return math.log(x) if x else -math.inf


def _categorical(row: Any) -> float:
    return sum(_log(choice[int(a)]) for choice, a in zip(_probabilities(row), row["action"], strict=True))


def _normal(x: float, mean: float, log_std: float) -> float:
    return -(((x - mean) / math.exp(log_std)) ** 2) / 2 - log_std - math.log(2 * math.pi) / 2


def _gaussian(row: Any) -> float:
    return math.fsum(map(_normal, row["action"], row["mean"], row["log_std"]))


def _tanh_gaussian(row: Any) -> float:
    total = 0.0
    for a, mean, log_std, low, high in zip(
        *(row[k] for k in ("action", "mean", "log_std", "low", "high")), strict=True
    ):
        half = (high - low) / 2
        y = (a - (low + high) / 2) / half
        total += _normal(math.atanh(y), mean, log_std) - math.log(half * (1 - y * y))
    return total


def _gaussian_sample(row: Any) -> float:
    return math.fsum(
        -e * e / 2 - s - math.log(2 * math.pi) / 2 for e, s in zip(row["noise"], row["log_std"], strict=True)
    )


def _tanh_gaussian_sample(row: Any) -> float:
    total = _gaussian_sample(row)
    for e, mean, log_std, low, high in zip(*(row[k] for k in ("noise", "mean", "log_std", "low", "high")), strict=True):
        u = abs(mean + math.exp(log_std) * e)
        log_cosh = u + math.log1p(math.exp(-2 * u)) - math.log(2)
        total -= math.log((high - low) / 2) - 2 * log_cosh
    return total


SAMPLES: dict[str, Callable[[Any], float]] = {
    "gaussian": _gaussian_sample,
    "state_gaussian": _gaussian_sample,
    "tanh_gaussian": _tanh_gaussian_sample,
}


def not_made_of_noise(block: Block) -> str:
    """Why a sample's log-density does not follow from its noise; empty where it does."""
    return "" if like(block) in SAMPLES else "the kit has no oracle for how it makes a sample of its noise"


def sample_log_probs(block: Block, given: Mapping[str, Tensor]) -> Tensor:
    """The log-density of the sample of every row, in float64."""
    return torch.tensor([SAMPLES[like(block)](row) for row in rows_of(given)], dtype=torch.float64)


LOG_PROBS: dict[str, Callable[[Any], float]] = {
    "categorical": _categorical,
    "gaussian": _gaussian,
    "state_gaussian": _gaussian,
    "tanh_gaussian": _tanh_gaussian,
}


def log_probs(block: Block, given: Mapping[str, Tensor]) -> Tensor:
    """The log-probability of the action of every row, in float64."""
    return torch.tensor([LOG_PROBS[like(block)](row) for row in rows_of(given)], dtype=torch.float64)


def _categorical_entropy(row: Any) -> float:
    return -math.fsum(p * _log(p) for choice in _probabilities(row) for p in choice if p)


def _gaussian_entropy(row: Any) -> float:
    return math.fsum(log_std + 0.5 + math.log(2 * math.pi) / 2 for log_std in row["log_std"])


ENTROPIES: dict[str, Callable[[Any], float]] = {
    "categorical": _categorical_entropy,
    "gaussian": _gaussian_entropy,
    "state_gaussian": _gaussian_entropy,
}


def entropies(block: Block, given: Mapping[str, Tensor]) -> Tensor | None:
    """The entropy of every row, in float64; None where it has no closed form."""
    if like(block) not in ENTROPIES:
        return None
    return torch.tensor([ENTROPIES[like(block)](row) for row in rows_of(given)], dtype=torch.float64)


def torchs(block: Block, given: Mapping[str, Tensor]) -> Any:
    """Torch's own distribution with these parameters, in float64; each component apart."""
    known = {key: value.double() for key, value in given.items() if value.is_floating_point()}
    if like(block) == "categorical":
        return of_torch.Categorical(logits=known["logits"], validate_args=False)
    plain = of_torch.Normal(known["mean"], known["log_std"].exp())
    if like(block) != "tanh_gaussian":
        return plain
    half, middle = (known["high"] - known["low"]) / 2, (known["high"] + known["low"]) / 2
    return of_torch.TransformedDistribution(
        plain, [of_torch.TanhTransform(), of_torch.AffineTransform(middle, half)], validate_args=False
    )
