"""Intervals of the absolute difference by gbstats 0.8.0's asymptotic confidence sequence."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).parent]  # this file's own name

from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest  # noqa: E402
from gbstats.models.statistics import ProportionStatistic, SampleMeanStatistic  # noqa: E402


def case(one, other, tuning):
    test = SequentialTwoSidedTTest(
        one, other, SequentialConfig(difference_type="absolute", sequential_tuning_parameter=tuning)
    )
    result = test.compute_result()
    return {
        "customers": one.n + other.n,
        "tuning": tuning,
        "effect": float(test.point_estimate),
        "standard_error": float(test.variance**0.5),
        "low": float(result.ci[0]),
        "high": float(result.ci[1]),
    }


cases = [
    case(ProportionStatistic(n=n, sum=s), ProportionStatistic(n=m, sum=t), tuning)
    for n, s, m, t in ((500, 15, 500, 21), (5000, 150, 4900, 190), (14000, 420, 1500, 30), (90000, 2700, 91000, 2830))
    for tuning in (2500, 5000, 50000)
]
cases.append(
    case(
        SampleMeanStatistic(n=4000, sum=9000.0, sum_squares=400000.0),
        SampleMeanStatistic(n=4100, sum=10500.0, sum_squares=500000.0),
        4000,
    )
)
json.dump({"version": version("gbstats"), "cases": cases}, sys.stdout)
