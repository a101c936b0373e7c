"""Networks: keys to keys, from a body, a head, a layer and a value form.

`build_network` and the modules load torch; the blocks do so only when they are built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlblocks.networks.action_value import ActionValue
from rlblocks.networks.base import Body, Head, Layer, NetworkSpec, ValueForm
from rlblocks.networks.dense import Dense
from rlblocks.networks.deterministic_policy import DeterministicPolicy
from rlblocks.networks.dueling_q import DuelingQ
from rlblocks.networks.features import Features
from rlblocks.networks.gru import GRU
from rlblocks.networks.lookup import Lookup
from rlblocks.networks.lstm import LSTM
from rlblocks.networks.mlp import MLP
from rlblocks.networks.nature_cnn import NatureCNN
from rlblocks.networks.no_body import NoBody
from rlblocks.networks.noisy_dense import NoisyDense
from rlblocks.networks.orthogonal_dense import OrthogonalDense
from rlblocks.networks.policy import Policy
from rlblocks.networks.q_values import QValues
from rlblocks.networks.quantiles import Quantiles
from rlblocks.networks.scalar import Scalar
from rlblocks.networks.state_value import StateValue
from rlblocks.networks.table import Table
from rlblocks.networks.temperature import Temperature

if TYPE_CHECKING:
    from rlblocks.networks.ensemble import EnsembleModule, build_ensemble, ensemble_misfit
    from rlblocks.networks.module import (
        NetworkModule,
        RecurrentNetworkModule,
        build_network,
        input_misfit,
        network_spec,
    )

__all__ = [
    "GRU",
    "LSTM",
    "MLP",
    "ActionValue",
    "Body",
    "Dense",
    "DeterministicPolicy",
    "DuelingQ",
    "EnsembleModule",
    "Features",
    "Head",
    "Layer",
    "Lookup",
    "NatureCNN",
    "NetworkModule",
    "NetworkSpec",
    "NoBody",
    "NoisyDense",
    "OrthogonalDense",
    "Policy",
    "QValues",
    "Quantiles",
    "RecurrentNetworkModule",
    "Scalar",
    "StateValue",
    "Table",
    "Temperature",
    "ValueForm",
    "build_ensemble",
    "build_network",
    "ensemble_misfit",
    "input_misfit",
    "network_spec",
]


def __getattr__(name: str) -> Any:
    if name in ("EnsembleModule", "build_ensemble", "ensemble_misfit"):
        from rlblocks.networks import ensemble

        return getattr(ensemble, name)
    if name in ("NetworkModule", "RecurrentNetworkModule", "build_network", "input_misfit", "network_spec"):
        from rlblocks.networks import module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
