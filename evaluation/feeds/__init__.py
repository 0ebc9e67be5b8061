"""States or changes: what the same recommenders make of either."""
