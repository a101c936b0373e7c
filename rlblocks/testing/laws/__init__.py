"""The laws, a file for each role; `general` holds those of every block."""

from __future__ import annotations

from importlib import import_module

FILES = (
    "general", "general_rows", "general_kinds", "general_memory", "compiled", "declarations", "schedules",
    "explorers", "noise", "explorer_memories", "distributions", "targets", "target_roles", "target_fixed_points",
    "policy_targets", "member_targets", "double_targets", "smoothed_targets", "aggregates", "losses",
    "loss_weights", "loss_values", "policy_losses", "policy_reports", "control_losses", "quantile_losses",
    "early_stops", "stores", "store_promises", "store_wrappers", "store_refusals", "uniform_stores",
    "prioritized_stores", "large_stores", "n_step_stores", "with_next_stores", "model_stores",
    "hindsight_stores", "drained_stores", "drained_memories", "networks", "network_parameters", "recurrence",
    "dueling", "control_heads", "returns", "return_columns", "return_identities", "transforms", "policies",
    "policy_densities", "policy_shapes", "value_forms", "normalizers", "normalizer_results",
    "normalizer_carries", "target_updates", "optimizers", "torch_optimizers", "clips", "traces", "cadences",
    "resumed_cadences", "drained_cadences", "envs", "env_runs", "env_masks", "wrappers",
)  # fmt: skip


def load() -> None:
    """Import every file, and by that register its laws."""
    for name in FILES:
        import_module(f"{__name__}.{name}")
