"""What a metric attribution reports: counts and sums of events by their source, in quarters of an hour.

https://docs.aws.amazon.com/personalize/latest/dg/measuring-recommendation-impact.html. Of events with one id the first
one counts, as in training: AWS only says that duplicates make metrics inaccurate.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personalize_local.data import digests
from personalize_local.data.digests import digest
from personalize_local.errors import InvalidInput

UNDEFINED = "SOURCE_NAME_UNDEFINED"
MOST_SOURCES = 100
QUARTER = 900  # seconds
TOO_OLD = 14 * 86_400  # seconds after which CloudWatch takes a record no more
SAMPLE_COUNT, SUM = "samplecount", "sum"
EXPRESSION = re.compile(r"SAMPLECOUNT\(\)|SUM\((Items|Interactions)\.([A-Za-z_][A-Za-z0-9_]*)\)")
VALUE = "EVENT_VALUE"


@dataclass(frozen=True)
class AttributedMetric:
    """One metric: how many events of a type there are, or the sum of a column of Interactions or Items."""

    name: str
    event_type: str
    expression: str

    @property
    def column(self) -> tuple[str, str] | None:
        """The dataset type and the name of the column that is summed, None for a count."""
        match = EXPRESSION.fullmatch(self.expression)
        return (match[1], match[2]) if match and match[1] else None

    @property
    def function(self) -> str:
        """The function, as reports name it."""
        return SUM if self.column else SAMPLE_COUNT

    def as_request(self) -> dict[str, str]:
        """Return it in the names of the service."""
        return {"eventType": self.event_type, "metricName": self.name, "expression": self.expression}


def metric_from_request(request: Mapping[str, str]) -> AttributedMetric:
    """Read a metric. Raises InvalidInput where the expression is none."""
    if not EXPRESSION.fullmatch(request["expression"]):
        raise InvalidInput(
            f"{request['expression']} is not SAMPLECOUNT(), SUM(Interactions.COLUMN) or SUM(Items.COLUMN)"
        )
    return AttributedMetric(request["metricName"], request["eventType"], request["expression"])


@dataclass
class OfList:
    """What the interactions of one type and source brought that name one list."""

    events: int = 0
    value: float = 0.0


@dataclass
class Report:
    """The report of one attribution. An event counts from its creation on, and once."""

    _counted: set[bytes] = field(default_factory=set)  # digests of event ids
    _sums: dict[tuple[AttributedMetric, str, int], float] = field(default_factory=lambda: defaultdict(float))
    _lists: dict[tuple[str, str, str], OfList] = field(default_factory=lambda: defaultdict(OfList))
    _sources: set[str] = field(default_factory=set)

    def counts(self, event: Mapping[str, Any], now: float) -> bool:
        """Return whether an event counts: it is new enough, and the first one with its id."""
        event_id = event.get("eventId")
        if now - event["sentAt"] >= TOO_OLD:
            return False
        if event_id is not None:
            known = digest(event_id)
            if known in self._counted:
                return False
            self._counted.add(known)
        return True

    def add(
        self,
        event: Mapping[str, Any],
        source: str,
        metrics: Mapping[str, AttributedMetric],
        number: Callable[[AttributedMetric], float],
    ) -> None:
        """Add an event of a source; ``number(metric)`` is what the event adds to it."""
        if source not in self._sources and len(self._sources) >= MOST_SOURCES:
            source = UNDEFINED
        self._sources.add(source)
        quarter = int(event["sentAt"]) // QUARTER * QUARTER
        for metric in metrics.values():
            if metric.event_type == event["eventType"]:
                self._sums[metric, source, quarter] += number(metric)
        if list_id := event.get("recommendationId"):
            brought = self._lists[list_id, event["eventType"], source]
            brought.events += 1
            brought.value += event.get("eventValue") or 0.0

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the report, in the words of AWS's CSV."""
        return [
            {
                "METRIC_NAME": metric.name,
                "EVENT_TYPE": metric.event_type,
                "VALUE": value,
                "MATH_FUNCTION": metric.function,
                "EVENT_ATTRIBUTION_SOURCE": source,
                "TIMESTAMP": quarter,
            }
            for (metric, source, quarter), value in sorted(self._sums.items(), key=lambda pair: pair[0][1:])
        ]

    def lists(self) -> list[dict[str, Any]]:
        """Return what each list brought by source, which AWS does not report: only the source."""
        return [
            {
                "recommendationId": list_id,
                "eventType": event_type,
                "eventAttributionSource": source,
                "events": brought.events,
                "value": brought.value,
            }
            for (list_id, event_type, source), brought in self._lists.items()
        ]

    def save(self, folder: Path) -> None:
        """Write everything into a new folder."""
        folder.mkdir()
        digests.save(self._counted, folder / "counted.bin")
        rest = {
            "sums": [[metric.as_request(), *key, value] for (metric, *key), value in self._sums.items()],
            "lists": [[*key, brought.events, brought.value] for key, brought in self._lists.items()],
            "sources": sorted(self._sources),
        }
        (folder / "rest.json").write_text(json.dumps(rest))

    def load(self, folder: Path) -> None:
        """Become what was saved."""
        self._counted = digests.load(folder / "counted.bin")
        rest = json.loads((folder / "rest.json").read_text())
        for metric, source, quarter, value in rest["sums"]:
            self._sums[metric_from_request(metric), source, quarter] = value
        for list_id, event_type, source, events, value in rest["lists"]:
            self._lists[list_id, event_type, source] = OfList(events, value)
        self._sources = set(rest["sources"])
