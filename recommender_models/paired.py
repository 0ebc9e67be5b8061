"""Whether one way is shown to be better than another on the same users: by the interval of the mean difference."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

FEWEST_USERS = 10
FEWEST_DIFFERENT = 6  # fewer, all on one side, come by chance more than once in twenty

Values = npt.NDArray[np.floating]


def shown_better(values: Values, others: Values) -> bool:
    """Return whether Student's 95 % interval of the differences lies above zero. Both: of the same users, in order."""
    differences = np.asarray(values, dtype=np.float64) - others
    n = len(differences)
    if n < FEWEST_USERS or np.count_nonzero(differences) < FEWEST_DIFFERENT:
        return False
    half = float(stdtrit(n - 1, 0.975)) * float(differences.std(ddof=1)) / math.sqrt(n)
    return float(differences.mean()) > half
