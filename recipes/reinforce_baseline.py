"""REINFORCE with a baseline."""

from __future__ import annotations

from rlblocks._core.recipe import Network, Recipe
from rlblocks.losses import ValueLoss
from rlblocks.networks import MLP, OrthogonalDense, StateValue

from .reinforce import reinforce


def reinforce_baseline() -> Recipe:
    """REINFORCE whose returns are compared with a learned value of the state.

    Sutton and Barto, 2018, section 13.4: the baseline leaves the gradient's mean as it is and takes from its variance.
    Differs from the book as `reinforce` does; one optimizer moves both networks.

    >>> reinforce_baseline().get("networks.value.head")
    StateValue(layer=OrthogonalDense(gain=1.0))
    """
    recipe = reinforce()
    objective = recipe.objectives["policy"]
    body = MLP((64, 64), layer=OrthogonalDense(), activation="tanh")
    value = Network(reads="observation", body=body, head=StateValue(layer=OrthogonalDense(gain=1.0)))
    return (
        recipe.swap(
            {
                "networks": {**recipe.networks, "value": value},
                "objectives.policy.losses": (*objective.losses, ValueLoss(1.0)),
            }
        )
        .set({"objectives.policy.trains": ("policy", "value")})
        .named("reinforce_baseline")
    )
