"""target_updates."""
