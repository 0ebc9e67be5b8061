"""Several comparisons at once: verdicts of which at most one in twenty families has a false one."""

from collections.abc import Sequence

import numpy as np

from evaluation.scoring.uncertainty import Comparison


def corrected(comparisons: Sequence[Comparison], among: int = 1) -> list[Comparison]:
    """Return the comparisons, a family, with p and verdict corrected by Holm's method (Scand. J. Statist. 6, 1979).

    ``among``: of how many the one that all are compared with was the best on these very users; its luck is part of
    every difference, so each p counts so many times (Bonferroni). 1: it was named beforehand.
    """
    raw = np.array([min(1.0, each.p * among) for each in comparisons])
    p_values = holm(raw)
    return [each.corrected(float(p), len(raw) * among) for each, p in zip(comparisons, p_values, strict=True)]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return adjusted p-values: the smallest times their number, the next times one less, and none below another."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    return np.minimum(adjusted, 1.0)
