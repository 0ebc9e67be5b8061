"""Bounds by spotify-confidence 4.1.0: with its own spending, and with O'Brien-Fleming-like spending by calendar."""

import json
import sys
from importlib.metadata import version

import numpy as np
from scipy.stats import norm
from spotify_confidence.analysis.frequentist import sequential_bound_solver as solver

DAYS = 28
EVEN = [(day + 1) / DAYS for day in range(DAYS)]
WEEKDAYS = [1, 1, 1, 1, 2, 3, 3]
UNEVEN = [float(share) for share in np.cumsum(WEEKDAYS * 4) / sum(WEEKDAYS * 4)]
EARLY = [0.3, 0.5, 0.8, 1.0]


def bounds(information, spending=None):
    if spending is not None:

        def alphas(alpha, phi, t):  # the numbers of the solver, with another function of what may be spent
            cumulative = np.asarray(spending[: len(t)]) / 2
            return cumulative, np.diff(cumulative, prepend=0.0)

        own, solver._alphas = solver._alphas, alphas
    try:
        found = solver.bounds(np.asarray(information), 0.05, rho=2, ztrun=8, sides=2, max_nints=1000).bounds
    finally:
        if spending is not None:
            solver._alphas = own
    return [round(float(bound), 5) for bound in found]


def obrien_fleming(shares):
    return [float(2 * norm.sf(norm.isf(0.025) / np.sqrt(share))) for share in shares]


power = {"even": EVEN, "uneven": UNEVEN, "early": EARLY}
cases = [
    {"name": f"{name}, its own spending", "information": t, "spending": [0.05 * s * s for s in t], "bounds": bounds(t)}
    for name, t in power.items()
]
cases += [
    {"name": f"{name}, by calendar", "information": t, "spending": spending, "bounds": bounds(t, spending)}
    for name, t in power.items()
    for spending in [obrien_fleming([(look + 1) / len(t) for look in range(len(t))])]
]
json.dump({"version": version("spotify-confidence"), "cases": cases}, sys.stdout)
