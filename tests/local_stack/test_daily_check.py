"""The daily check against the local Personalize and moto: what it counts, and what it says in its line of the log."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from broker import daily_check
from broker.accepted_share import AcceptedShare
from broker.daily_check import DailyCheck
from broker.failures import Misconfigured
from broker.metric_names import NAMESPACE, Metric
from broker.reasons import SkipReason
from broker.settings import DailyCheckSettings
from broker.telemetry import Counts

from lifecycle import datasets, training
from lifecycle.names import USER_PERSONALIZATION, Names
from lifecycle.resources import CreationFailed, Resources
from local_stack.aws import REGION
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.broker.lambda_events import lambda_context

NAME, INGEST = "checked", "shop-IngestFunction-1"
DAY = 86_400
TRAINED_ON = 1_000  # interactions: the least that Personalize trains on
NEVER = "arn:aws:personalize:us-east-1:123456789012:event-tracker/never"


@dataclass
class Shop:
    """A local Personalize and a moto, and what is in them."""

    personalize_url: str
    cloudwatch: Any
    arns: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.personalize = local_client("personalize", self.personalize_url, timeout=60.0)
        self.resources = Resources(self.personalize)
        self.tracker = datasets.tracker(self.resources, Names(NAME))

    def train(self) -> None:
        """Train a version, and remember the solution."""
        what = training.Training(USER_PERSONALIZATION)
        self.arns["solution_arn"] = training.solution(self.resources, Names(NAME), self.tracker.dataset_group_arn, what)
        for state in training.train(self.resources, Names(NAME), self.tracker.dataset_group_arn, what):
            self.version = state["solutionVersionArn"]

    def put_events(self, number: int) -> None:
        """Put interactions of a few users, one per minute."""
        events = local_client("personalize-events", self.personalize_url)
        now = int(time.time())
        for first in range(0, number, 10):
            sent = [
                {"eventId": str(n), "eventType": "view_detail", "itemId": f"i{n % 7}", "sentAt": now - 60 * n}
                for n in range(first, first + 10)
            ]
            user = f"u{first // 10 % 30}"
            events.put_events(trackingId=self.tracker.tracking_id, userId=user, sessionId=user, eventList=sent)

    def check(self, days_later: float = 0, **arns: str | None) -> tuple[dict[str, int], dict[str, Any]]:
        """Run the check as if so many days later; return what it counts, and its line."""
        counts, found = Counts(), {"solution_arn": None, "campaign_arn": None, "event_tracker_arn": None}
        settings = DailyCheckSettings(INGEST, **(found | self.arns | arns))
        line = DailyCheck(self.personalize, self.cloudwatch, settings).run(counts, time.time() + days_later * DAY)
        assert json.dumps(line)
        return dict(counts.outcomes), line


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """Return moto's CloudWatch."""
    with start_service("local_stack.aws") as service:
        yield local_client("cloudwatch", service.url, timeout=60.0)


@pytest.fixture(scope="module")
def shop(moto: Any) -> Iterator[Shop]:
    """Return a shop that has a tracker and no events yet."""
    with start_service("personalize_local", ["--lag", "0"]) as service:
        yield Shop(service.url, moto)


def test_it_sees_a_training_that_failed_then_a_model_that_grows_old_and_what_serves_it(shop: Shop) -> None:
    """One after the other: each needs what the one before left."""
    with pytest.raises(CreationFailed):
        shop.train()
    counted, line = shop.check()
    assert counted == {Metric.TRAINING_FAILED: 1}
    assert (line["training"], bool(line["training_failure"])) == ("CREATE FAILED", True)

    shop.put_events(TRAINED_ON)
    shop.train()
    counted, line = shop.check(days_later=11)
    assert counted == {Metric.MODEL_AGE_DAYS: 11}
    assert (line["training"], line["model_age_days"]) == ("ACTIVE", 11)

    shop.arns["campaign_arn"] = training.campaign(shop.resources, NAME, shop.version)
    shop.train()
    assert shop.check(days_later=0.5)[0] == {}, "the campaign has a day to take the new model up"
    counted, line = shop.check(days_later=2)
    assert counted == {Metric.MODEL_AGE_DAYS: 2, Metric.OLD_MODEL_SERVED: 1}
    assert line["campaign"] == "ACTIVE"
    assert shop.check(days_later=2, solution_arn=None)[0] == counted, "the campaign names its solution"

    (tracker,) = shop.personalize.list_event_trackers()["eventTrackers"]
    _, line = shop.check(event_tracker_arn=tracker["eventTrackerArn"])
    assert line["tracker"] == "ACTIVE"
    with pytest.raises(Misconfigured, match="DescribeEventTracker: ResourceNotFoundException"):
        shop.check(event_tracker_arn=NEVER)


def put(cloudwatch: Any, function: str, hours_ago: float, **sums: float) -> None:
    """Write what ``ingest`` counted: by the metric, and by the reason of what was skipped."""
    service = {"Name": "service", "Value": function}
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    skipped = {name: value for name, value in sums.items() if name not in ("accepted", "quarantined")}
    data = [
        {"MetricName": Metric.ACCEPTED, "Dimensions": [service], "Value": sums.get("accepted", 0.0)},
        {"MetricName": Metric.QUARANTINED, "Dimensions": [service], "Value": sums.get("quarantined", 0.0)},
        {"MetricName": Metric.SKIPPED, "Dimensions": [service], "Value": sum(skipped.values())},
    ]
    data += [
        {
            "MetricName": Metric.SKIPPED.by_reason,
            "Dimensions": [service, {"Name": "reason", "Value": reason}],
            "Value": value,
        }
        for reason, value in skipped.items()
    ]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[one | {"Timestamp": at} for one in data])


@pytest.mark.parametrize(
    ("today", "drop", "first"),
    [
        ({"accepted": 250.0, "other_event_type": 750.0}, 0, "other_event_type"),
        ({"accepted": 400.0, "other_event_type": 600.0}, 0, "other_event_type"),
        ({"accepted": 100.0, "other_event_type": 300.0, "other_action": 600.0}, 60, "other_action"),
        ({"accepted": 0.0, "quarantined": 500.0}, 100, None),
        ({"accepted": 5.0, "other_action": 90.0}, 0, "other_action"),
        ({}, 0, None),
    ],
    ids=["as before", "more", "an action was renamed", "nothing", "too few to tell", "none"],
)
def test_the_accepted_share_of_a_day_is_compared_with_that_of_the_week_before(
    moto: Any, today: dict[str, float], drop: int, first: str | None
) -> None:
    function = f"ingest-{drop}-{sum(today.values()):.0f}-{first}-{len(today)}-{today.get('accepted', 0):.0f}"
    for day in range(1, 8):
        put(moto, function, 24 * day + 2, accepted=250.0, other_event_type=750.0)
    put(moto, function, 24 * 8 + 5, accepted=1e9)  # is older than a week
    if today:
        put(moto, function, 3, **today)

    share = AcceptedShare.from_cloudwatch(moto, function, time.time())

    assert share.drop == drop
    fields = share.as_fields()
    assert fields["accepted_share_before"] == 0.25
    assert next(iter(fields["skipped_before_and_now"]), None) == (first and SkipReason(first))


def test_an_invocation_writes_one_line_with_what_was_seen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {
        "AWS_ENDPOINT_URL_PERSONALIZE": shop.personalize_url,
        "AWS_ENDPOINT_URL_CLOUDWATCH": shop.cloudwatch.meta.endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "INGEST_FUNCTION": INGEST,
        "SOLUTION_ARN": shop.arns["solution_arn"],
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    daily_check.connected.cache_clear()

    assert daily_check.handler({}, lambda_context("check")) == {}

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"daily check"' in line]
    assert [line["training"] for line in lines] == ["ACTIVE"]
