"""Whether as many customers came into each variant as its share says, watched every day.

A mismatch means that customers went missing on the way: no difference can be trusted then. The test is the sequential
one of Lindon and Malek, Anytime-Valid Inference For Multinomial Count Data, https://arxiv.org/abs/2011.03567: the odds
of a Dirichlet prior around the shares against the shares, which exceed 1/alpha at any look with probability alpha at
most.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

ALPHA = 0.01  # a wrong alarm costs an experiment
CONCENTRATION = 100.0  # of the prior: as if so many customers had been seen
Values = npt.NDArray[np.float64]


def log_odds(counts: npt.ArrayLike, shares: Sequence[float]) -> Values:
    """Return the logarithm of the odds against the shares. ``counts``: customers so far, variants last."""
    counts, expected = np.asarray(counts, float), np.asarray(shares, float)
    prior = CONCENTRATION * expected
    return np.asarray(_log_beta(prior + counts) - _log_beta(prior) - (counts * np.log(expected)).sum(axis=-1))


def p_value(log_odds_by_look: npt.ArrayLike) -> float:
    """Return the p-value that holds at every look: one over the largest odds so far."""
    return float(min(1.0, np.exp(-np.max(log_odds_by_look, initial=0.0))))


def _log_beta(values: Values) -> Values:
    return np.asarray(gammaln(values).sum(axis=-1) - gammaln(values.sum(axis=-1)))
