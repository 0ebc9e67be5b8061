"""The tables of a report, for the terminal and the page."""

from collections.abc import Sequence

from evaluation.report.text import Table
from experiments import text
from experiments.analysis import Arm, Comparison, PopulationResult, Report
from experiments.estimates import METRICS


def tables(report: Report) -> list[Table]:
    """Return all tables: of each population the variants and the differences, then the weeks and the epochs."""
    found = [table for result in report.populations for table in (_arms(result), _differences(report, result))]
    return [*found, *(table for each in report.main.comparisons for table in _over_time(report, each))]


def _arms(result: PopulationResult) -> Table:
    columns = ["variant", "customers", "expected", "bought", "revenue", "units", "from the list", "refunded lines"]
    ratio = result.sample_ratio
    rows = [_arm(arm, f"{ratio.expected[arm.name]:,.0f}" if ratio else "") for arm in result.arms]
    return Table(f"{result.name}: {text.who(result)}", columns, rows)


def _arm(arm: Arm, expected: str) -> Sequence[str]:
    there = arm.customers or 1
    return [
        arm.name,
        f"{arm.customers:,}",
        expected,
        f"{arm.bought:,} ({arm.bought / there:.2%})",
        f"{arm.revenue:,.2f} ({arm.revenue / there:,.3f} each)",
        f"{arm.units:,.0f}",
        f"{arm.from_list / arm.lines:.1%}" if arm.lines else "",
        f"{arm.refunded:,}",
    ]


def _differences(report: Report, result: PopulationResult) -> Table:
    rows = []
    for comparison in result.comparisons:
        for name, metric in METRICS.items():
            look = comparison.last(name)
            decides = name == report.question.primary
            said = comparison.verdict.outcome if decides else "for reading"
            shown = [text.difference(metric, look), text.lift(look)] if look else ["", ""]
            rows.append([f"{comparison.treatment} against {comparison.control}", metric.words, *shown, said])
    title = f"{result.name}: differences on day {report.days}, 95 % on every day"
    return Table(title, ["variants", "of", "difference", "in per cent", "verdict"], rows, words=True)


def _over_time(report: Report, comparison: Comparison) -> list[Table]:
    metric = METRICS[report.question.primary]
    name = f"{comparison.treatment} against {comparison.control}: {metric.words}"
    found = []
    if comparison.weeks:
        rows = [
            [
                str(week.number),
                f"{week.estimate.customers:,}",
                _plain(week.estimate.effect, week.estimate.standard_error),
            ]
            for week in comparison.weeks
        ]
        title = f"{name}, by week since they came in"
        found.append(Table(title, ["week", "customers", "difference, 95 % for one look"], rows))
    if len(comparison.epochs) > 1:
        rows = [
            [str(number), f"{seen.customers:,}", _plain(seen.effect, seen.standard_error)]
            for number, seen in comparison.epochs.items()
        ]
        found.append(Table(f"{name}, by epoch", ["epoch", "customers", "difference, 95 % for one look"], rows))
    return found


def _plain(effect: float, error: float) -> str:
    return f"{effect:+.4f} ({effect - 1.96 * error:+.4f} to {effect + 1.96 * error:+.4f})"
