"""What is said of a result, for a manager first."""

from collections.abc import Iterator

from experiments.analysis import Comparison, PopulationResult, Report
from experiments.estimates import CONVERSION, LIST_SHARE, METRICS, Metric
from experiments.looks import BETTER, WORSE, Look
from experiments.outcomes import TRIGGERED

SERVING = (
    "This compares serving, with shared training data: all variants' models learn from what any of them has sold. "
    "So differences between recipes tend to be too small."
)
WHO = {TRIGGERED: "customers who saw the slot", "everybody": "all customers"}


def headlines(report: Report) -> list[str]:
    """Return a sentence or two for each comparison."""
    return [headline(report, each) for each in report.main.comparisons] or ["There is one variant: nothing to compare."]


def headline(report: Report, comparison: Comparison) -> str:
    """Return what a variant does, how surely, and what is still needed."""
    names, metric, verdict = (
        (comparison.treatment, comparison.control),
        METRICS[report.question.primary],
        comparison.verdict,
    )
    last = comparison.last(metric.name)
    said = {
        BETTER: "{} sells more than {}",
        WORSE: "{} sells less than {}",
    }.get(verdict.outcome, "Nobody can tell yet whether {} sells more than {}").format(*names)
    if last is None:
        return f"{said}: {verdict.reason}."
    decided = (
        f" Decided on day {verdict.day}." if verdict.day else f" {verdict.reason[:1].upper()}{verdict.reason[1:]}."
    )
    return f"{said}: {_difference(metric, last)}.{decided}{_needed(report, comparison, last)}"


def serious(report: Report) -> Iterator[str]:
    """Yield what stands in the way of believing the result."""
    for result in report.populations:
        ratio = result.sample_ratio
        if ratio and ratio.mismatch:
            seen = ", ".join(
                f"{name} {ratio.customers[name]:,} (expected {ratio.expected[name]:,.0f})" for name in ratio.customers
            )
            once_in = 1 / max(ratio.p_value, 1e-12)
            yield (
                f"{result.name}: the variants do not have the customers that their shares say: {seen}; by chance in "
                f"one of {once_in:,.0f} experiments. Customers go missing on the way: find out where, and believe no "
                "difference before"
            )
    if report.main.sample_ratio is None:
        yield "no shares are known, so it is not checked whether customers go missing: --share NAME=WEIGHT for each"


def notes(report: Report) -> Iterator[str]:
    """Yield how the numbers came about."""
    yield SERVING
    yield f"Intervals hold on every day that somebody looks ({report.rule.in_words}); a verdict waits for whole weeks."
    if report.cap is not None:
        of_share = "" if report.question.cap is not None else f" ({report.question.cap_share:.0%} of buyers stay below)"
        yield f"A customer's revenue counts up to {report.cap:,.2f}{of_share}: a few large ones would hide the rest."
    yield f"{report.changed_variant:,} customers had another variant on their profile than theirs; {_counted(report)}."
    yield f"{report.changed_id:,} customers shared a session with another mpid, as at a login."
    yield (
        f"Left out in all variants alike: {report.refused:,} customers without consent, {report.many_events:,} with "
        f"over {report.question.most_events_a_day:,} events on one day, {report.duplicates:,} lines that came twice. "
        "Refunds count as less revenue."
    )
    for reason, number in report.main.left_out.items():
        if number:
            yield f"{number:,} customers left out: {LEFT_OUT.get(reason, reason)}."
    yield from report.notes


LEFT_OUT = {
    "moved": "a change of weights moved them, so they count in the epochs before only",
    "no_mpid": "their id is no mpid, so no hash says which variant is theirs",
    "no_variant": "no event says which variant is theirs",
    "other_variant": "their variant is none of those that --share names",
}


def difference(metric: Metric, look: Look) -> str:
    """Return a difference with its interval, for a table; of shares in percentage points."""
    values = look.estimate.effect, look.low, look.high
    if metric in (CONVERSION, LIST_SHARE):
        return "{:+.2f} points ({:+.2f} to {:+.2f})".format(*(100 * value for value in values))
    return "{:+,.3f} ({:+,.3f} to {:+,.3f})".format(*values)


def lift(look: Look) -> str:
    """Return the difference in per cent of the control, which is for reading only."""
    return f"{look.estimate.effect / look.estimate.control:+.1%}" if look.estimate.control > 0 else ""


def who(result: PopulationResult) -> str:
    """Return whom a population is made of."""
    return WHO.get(result.name, f"{WHO[result.name.partition(',')[0]]}, without those whose variant or mpid changed")


def _difference(metric: Metric, look: Look) -> str:
    estimate = look.estimate
    if metric == CONVERSION:
        per = 1000
        return (
            f"of {per:,} customers {estimate.treatment * per:.1f} bought, against {estimate.control * per:.1f}, a "
            f"difference of {estimate.effect * per:+.1f} ({look.low * per:+.1f} to {look.high * per:+.1f}, 95 % on any "
            "day)"
        )
    return (
        f"{metric.words} is {estimate.treatment:,.2f}, against {estimate.control:,.2f}, a difference of "
        f"{estimate.effect:+,.2f} ({look.low:+,.2f} to {look.high:+,.2f}, 95 % on any day)"
    )


def _needed(report: Report, comparison: Comparison, last: Look) -> str:
    more = comparison.verdict.needed
    if not more:
        return ""
    a_day = last.estimate.customers / last.day
    days = f"{more / a_day:,.0f} days at {a_day:,.0f} a day"
    return f" About {more:,} more customers are needed to tell a difference of this size, {days}."


def _counted(report: Report) -> str:
    sure = [result.name for result in report.others if result.name not in WHO]
    return f"a result without them is below ({sure[0]})" if sure else "the hash decides"
