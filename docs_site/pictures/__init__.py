"""The pictures in README and docs, drawn from what really runs: ``make pictures``."""
