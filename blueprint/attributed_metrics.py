"""What a metric attribution reports on: revenue by purchases, and how many events of each reported type there are.

The list can't be changed by CloudFormation. The revenue is the sum of EVENT_VALUE, which is an amount of money for
purchases only: a view has a price, and nobody paid it.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from broker.values.amounts import PURCHASE

MOST = 10  # Amazon Personalize quotas: metrics of an attribution
LONGEST = 200  # characters of a type in a name, which has 256
REVENUE, COUNT = "SUM(Interactions.EVENT_VALUE)", "SAMPLECOUNT()"


class AttributedMetric(NamedTuple):
    """One metric, in the words of Personalize's API."""

    name: str
    event_type: str
    expression: str

    def as_request(self) -> dict[str, str]:
        """Return the member of CreateMetricAttribution's ``metrics``."""
        return {"metricName": self.name, "eventType": self.event_type, "expression": self.expression}


def attributed_metrics(broker: str, event_types: Mapping[str, str], *, event_value: bool) -> list[AttributedMetric]:
    """Return the metrics of a broker: its name is in theirs, since all of an account are in one CloudWatch.

    ``event_types``: mParticle action → Personalize event type. ``event_value``: whether amounts are sent.
    """
    bought = event_types.get(PURCHASE)
    types = dict.fromkeys([*([bought] if bought else []), *event_types.values()])
    revenue = [AttributedMetric(f"{broker}-revenue", bought, REVENUE)] if bought and event_value else []
    counts = [AttributedMetric(f"{broker}-{_short(kind)}-count", kind, COUNT) for kind in types]
    return [*revenue, *counts][:MOST]


def _short(event_type: str) -> str:
    """Return an event type so that a name holds it, and no other type's name is the same."""
    if len(event_type) <= LONGEST:
        return event_type
    return f"{event_type[: LONGEST - 11]}-{hashlib.sha256(event_type.encode()).hexdigest()[:10]}"
