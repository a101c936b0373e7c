"""cadences."""
