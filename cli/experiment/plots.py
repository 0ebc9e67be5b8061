"""The intervals of the metric that decides, day by day."""

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.report.style import BLUE, GREY, STYLE, figure, figure_bytes
from experiments.analysis import Comparison, Report
from experiments.estimates import METRICS, Z
from experiments.looks import LEAST_BOUGHT
from personalize_data.errors import InvalidRequest

FORMS = ("svg", "png")


def image(report: Report, path: Path) -> bytes:
    """Return the first comparison by day as a picture of the path's form. Raises InvalidRequest."""
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise InvalidRequest(f"--plot {path}: its name must end with .svg or .png")
    if not report.main.comparisons:
        raise InvalidRequest("--plot: there is one variant, and nothing to compare")
    with rc_context(STYLE):
        return figure_bytes(by_day(report, report.main.comparisons[0]), form)


def by_day(report: Report, comparison: Comparison) -> Figure:
    """Return the difference of each day with the interval that holds on every day, and the one for one look."""
    metric = METRICS[report.question.primary]
    looks = [look for look in comparison.looks[metric.name] if look.bought >= LEAST_BOUGHT]
    title = f"{comparison.treatment} against {comparison.control}: {metric.words}"
    with rc_context(STYLE):
        drawn, axes = figure(8.0, 3.6, title)
        if looks:
            days, effects = [look.day for look in looks], np.array([look.estimate.effect for look in looks])
            errors = np.array([look.estimate.standard_error for look in looks])
            reach = errors * np.array([look.multiplier for look in looks])
            axes.fill_between(days, effects - reach, effects + reach, color=BLUE, alpha=0.2, label="holds on every day")
            axes.fill_between(
                days, effects - Z * errors, effects + Z * errors, color=BLUE, alpha=0.3, label="for one look"
            )
            axes.plot(days, effects, color=BLUE, linewidth=2)
            axes.legend(frameon=False, loc="upper right")
        _frame(axes, report, comparison)
        return drawn


def _frame(axes: Axes, report: Report, comparison: Comparison) -> None:
    axes.axhline(0, color=GREY, linewidth=1)
    for day in range(14, report.days + 1, 7):  # on which a verdict may be given
        axes.axvline(day, color=GREY, linestyle=":", linewidth=0.8)
    if comparison.verdict.day:
        axes.axvline(comparison.verdict.day, color=BLUE, linestyle="--", linewidth=1)
    axes.set_xlim(1, max(14, report.days))
    axes.set_xlabel(f"day; with fewer than {LEAST_BOUGHT} buyers in a variant nothing is drawn")
    axes.set_ylabel("difference, 95 %")
