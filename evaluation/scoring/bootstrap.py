"""The studentized bootstrap of paired differences: intervals and p-values that know how skewed the differences are.

Where few users lose a lot and many win a little (or the other way round), Student's t claims too much on one side. The
studentized bootstrap resamples the users and asks how t itself is distributed (Efron and Tibshirani, An Introduction
to the Bootstrap, 12.5).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000
DRAWN_AT_ONCE = 100_000  # users, over resamples
LEAST_VARIANCE = 1e-30  # of a resample in which all users are alike

Values = npt.NDArray[np.floating]


def studentized(differences: Sequence[Values], seed: int) -> Iterator[Values]:
    """Yield the sorted t of each resample, one array for each of ``differences``, all of the same users."""
    if not differences:
        return
    n = len(differences[0])
    centred = np.column_stack([values - values.mean() for values in differences])
    sums = _sums(np.hstack([centred, centred**2]), seed)
    means, squares = sums[:, : len(differences)] / n, sums[:, len(differences) :] / n
    variances = np.maximum(squares - means**2, LEAST_VARIANCE)
    for ts in (means / np.sqrt(variances / (n - 1))).T:
        yield np.sort(ts)


def _sums(columns: Values, seed: int) -> Values:
    """Return the sums of the columns over each resample of the rows; each resample is drawn once for all columns."""
    random, n = np.random.default_rng(seed), len(columns)
    sums = np.empty((RESAMPLES, columns.shape[1]))
    at_once = max(1, DRAWN_AT_ONCE // n)
    for start in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - start)
        drawn = random.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        times_drawn = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        sums[start : start + size] = times_drawn.astype(np.float64) @ columns
    return sums


def p_value(ts: Values, t: float) -> float:
    """Return the share of resamples beyond ``t`` on its own side, twice: what the interval's quantiles are for."""
    places = np.arange(len(ts)) / (len(ts) - 1)
    below = float(np.interp(t, ts, places, left=0.0, right=1.0))
    return 2 * min(below if t < 0 else 1 - below, 0.5)
