"""P-values of a sample-ratio mismatch, look by look, by savvi 0.3.1's sequential multinomial test."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent]  # this file's own name

import numpy as np  # noqa: E402
from savvi.multinomial import Multinomial  # noqa: E402

LOOKS = {
    "even": ([0.5, 0.5], [[100, 104], [210, 190], [95, 130], [80, 140]]),
    "holdout": ([0.1, 0.5, 0.4], [[8, 52, 41], [22, 95, 80], [30, 110, 60], [45, 100, 50]]),
    "as shared": ([0.1, 0.9], [[10, 90], [9, 91], [11, 89]]),
}


def odds(shares, looks):
    test = Multinomial(0.05, np.array(shares))
    found = []
    for counts in looks:
        test.update(np.array(counts))
        found.append(float(np.log(test.odds)))
    return found


cases = [
    {"name": name, "shares": shares, "counts": np.cumsum(looks, axis=0).tolist(), "log_odds": odds(shares, looks)}
    for name, (shares, looks) in LOOKS.items()
]
json.dump({"version": version("savvi"), "cases": cases}, sys.stdout)
