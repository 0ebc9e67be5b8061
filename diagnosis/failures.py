"""What goes wrong in a deployed broker, and why: the log lines of its functions, counted by their reasons."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from broker.metric_names import Metric

from diagnosis.deployment import Client, DeployedFunction, Deployment
from diagnosis.function_logs import FAILED as INVOCATION_FAILED
from diagnosis.function_logs import INVOCATION, lines

MAX_LINES = 20_000  # of one function
FAILED, SKIPPED, QUARANTINED, COUNTED = "failed", "skipped", "quarantined", "counted"
DONE = {"ingest": (Metric.ACCEPTED,), "refresh": (Metric.PROFILES_UPDATED, Metric.PROFILES_UNCHANGED)}
HOW_MANY = re.compile(r"^\d+ of \d+ ")  # "3 of 3 refused, so the configuration is wrong": one reason for all batches
# Counts that are no failure of an invocation, and the runbook's section for each.
SECTIONS = {
    Metric.RETRYABLE: "iterator-age",
    Metric.UNPROVEN: "ingest-configuration",
    Metric.QUARANTINE_FAILED: "iterator-age",
    Metric.REFRESHES_NOT_QUEUED: "refreshes-not-queued",
    Metric.REFRESHES_FAILED: "refresh-retrying",
    Metric.STATE_FAILED: "refresh-state",
    Metric.NO_RECOMMENDATIONS: "no-profiles-written",
    Metric.PROFILES_BEHIND: "profiles-behind",
}


@dataclass
class Finding:
    """What a function did, for what reason, how often, when first and last; ``section``: of the runbook."""

    function: str
    what: str
    reason: str
    section: str
    number: int = 0
    first: str = ""
    last: str = ""

    def add(self, number: int, at: str) -> None:
        """Count more of the same, in a line of a later time."""
        self.number += number
        self.first, self.last = self.first or at, at


@dataclass(frozen=True)
class Summary:
    """What a function did. ``done``: interactions accepted, or profiles with a list. ``whole``: no line is missing."""

    function: str
    invocations: int
    failed: int
    done: int
    whole: bool
    findings: list[Finding]


def summaries(client: Client, deployment: Deployment, since: float) -> Iterator[Summary]:
    """Yield what each function's lines say since a time in epoch seconds. Raises ClientError."""
    for flow, function in (("ingest", deployment.ingest), ("refresh", deployment.refresh)):
        if function:
            yield summary(flow, list(_lines(client, function, since)))


def _lines(client: Client, function: DeployedFunction, since: float) -> Iterator[Mapping[str, Any]]:
    return islice(lines(client("logs"), function.log_group, INVOCATION, since), MAX_LINES)


def summary(flow: str, found: Iterable[Mapping[str, Any]]) -> Summary:
    """Return what lines say of the invocations of ``ingest`` or ``refresh``."""
    findings: dict[tuple[str, str], Finding] = {}
    read = invocations = failed = done = 0
    for line in found:
        read += 1
        failed += line.get("message") == INVOCATION_FAILED
        if line.get("message") == INVOCATION:
            invocations += 1
            done += sum((line.get("outcomes") or {}).get(name, 0) for name in DONE[flow])
        for what, reason, section, number in _parts(flow, line):
            finding = findings.setdefault((what, reason), Finding(flow, what, reason, section))
            finding.add(number, str(line.get("timestamp", "")))
    ordered = sorted(findings.values(), key=lambda one: (one.what != FAILED, -one.number))
    return Summary(flow, invocations, failed, done, read < MAX_LINES, ordered)


def _parts(flow: str, line: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """Yield what one line says went wrong: what, reason, section of the runbook, number."""
    if line.get("message") == INVOCATION_FAILED:
        yield FAILED, *_failure(flow, line), 1
    if line.get("message") != INVOCATION:
        return
    for name, number in (line.get("reasons") or {}).items():
        outcome, _, reason = name.partition(".")
        if outcome == Metric.SKIPPED:
            yield SKIPPED, reason, "no-events-accepted", number
        elif outcome == Metric.QUARANTINED:
            yield QUARANTINED, reason, f"{flow}-quarantine", number
    for name, number in (line.get("outcomes") or {}).items():
        if name in SECTIONS and number:
            yield COUNTED, name, SECTIONS[name], number


def _failure(flow: str, line: Mapping[str, Any]) -> tuple[str, str]:
    """Return why an invocation failed, and the section of the runbook. Only what is misconfigured has a reason."""
    if reason := line.get("reason"):
        return HOW_MANY.sub("", str(reason)), f"{flow}-configuration"
    return f"{line.get('error')} at {line.get('place')}", f"{flow}-errors"
