"""A report as plain numbers, for programs."""

import math
from dataclasses import asdict
from typing import Any

from experiments import text
from experiments.analysis import Comparison, PopulationResult, Report
from experiments.estimates import Estimate
from experiments.gate import Outcome
from experiments.looks import Look


def as_json(report: Report, gates: list[Outcome]) -> dict[str, Any]:
    """Return everything but single customers; what is not a number is None."""
    return {
        "experiment": report.experiment,
        "headlines": text.headlines(report),
        "metric": report.question.primary,
        "rule": {**asdict(report.rule), "in_words": report.rule.in_words},
        "days": report.days,
        "start_ms": int(report.start),
        "revenue_cap": report.cap,
        "populations": {result.name: _population(result) for result in report.populations},
        "main_population": report.main.name,
        "changed_variant": report.changed_variant,
        "changed_id": report.changed_id,
        "many_events": report.many_events,
        "without_consent": report.refused,
        "duplicates": report.duplicates,
        "faults": list(text.serious(report)),
        "notes": list(text.notes(report)),
        "gates": [asdict(gate) for gate in gates],
    }


def _population(result: PopulationResult) -> dict[str, Any]:
    ratio = result.sample_ratio
    return {
        "variants": {arm.name: asdict(arm) for arm in result.arms},
        "comparisons": [_comparison(each) for each in result.comparisons],
        "sample_ratio": ratio and {**asdict(ratio), "p_value": number(ratio.p_value), "mismatch": ratio.mismatch},
        "left_out": dict(result.left_out),
    }


def _comparison(each: Comparison) -> dict[str, Any]:
    return {
        "treatment": each.treatment,
        "control": each.control,
        "verdict": asdict(each.verdict),
        "metrics": {name: _look(looks[-1]) if looks else None for name, looks in each.looks.items()},
        "looks": {name: [_look(look) for look in looks] for name, looks in each.looks.items()},
        "weeks_since_first_seen": [{"week": week.number, **_estimate(week.estimate)} for week in each.weeks],
        "epochs": {str(epoch): _estimate(found) for epoch, found in each.epochs.items()},
    }


def _look(look: Look) -> dict[str, Any]:
    own = {"day": look.day, "low": number(look.low), "high": number(look.high), "multiplier": number(look.multiplier)}
    return own | _estimate(look.estimate)


def _estimate(found: Estimate) -> dict[str, Any]:
    values = asdict(found)
    return {name: number(value) if isinstance(value, float) else value for name, value in values.items()}


def number(value: float) -> float | None:
    """Return a number as JSON can have it."""
    return round(float(value), 8) if math.isfinite(value) else None
