"""How history becomes a CSV."""
