"""A condition for CI: ``METRIC:NAME>=CONTROL``, by the rule that lets people look every day.

``>=`` holds unless NAME is shown to be worse, ``>`` only if it is shown to be better. Neither holds where the variants
do not have the customers that their shares say.
"""

import re
from dataclasses import dataclass

from experiments.analysis import Report
from experiments.estimates import METRICS
from experiments.looks import BETTER, WORSE, verdict
from personalize_data.errors import InvalidRequest

_GATE = re.compile(r"([a-z_]+):(.+?)(>=|>)(.+)")


@dataclass(frozen=True)
class Gate:
    """A condition, read."""

    text: str
    metric: str
    treatment: str
    strict: bool
    control: str


@dataclass(frozen=True)
class Outcome:
    """Whether a gate holds, and why, in one line."""

    holds: bool
    line: str


def parse(text: str) -> Gate:
    """Read a condition. Raises InvalidRequest for one that is none."""
    match = _GATE.fullmatch(text.strip())
    if not match or match[1] not in METRICS:
        raise InvalidRequest(
            f"--gate {text}: it should look like conversion:fresh>=holdout; metrics are {', '.join(METRICS)}"
        )
    metric, treatment, operator, control = (part.strip() for part in match.groups())
    return Gate(text, metric, treatment, operator == ">", control)


def check(gate: Gate, report: Report) -> Outcome:
    """Return whether a gate holds for the main population. Raises InvalidRequest for what was not compared."""
    by_pair = {(each.treatment, each.control): each for each in report.main.comparisons}
    comparison = by_pair.get((gate.treatment, gate.control))
    if comparison is None:
        known = ", ".join(f"{treatment} with {control}" for treatment, control in by_pair) or "nothing"
        raise InvalidRequest(
            f"--gate {gate.text}: that was not compared; compared was {known} (--control names another)"
        )
    ratio = report.main.sample_ratio
    mismatch = bool(ratio and ratio.mismatch)
    found = verdict(comparison.looks[gate.metric], report.rule, mismatch)
    holds = not mismatch and (found.outcome == BETTER if gate.strict else found.outcome != WORSE)
    why = f"{found.outcome}{f': {found.reason}' if found.reason else ''}"
    return Outcome(holds, f"{'holds' if holds else 'FAILS'}: {gate.text} ({gate.treatment} is {why})")
