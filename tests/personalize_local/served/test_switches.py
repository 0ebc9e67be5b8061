"""The production limits can be read and switched while the service runs."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.personalize_local.served.clients import Aws
from tests.personalize_local.world import schema

ON = ("throttling", "deduplication", "same_second_merging", "length_limits", "minimums")
FIRST = dict.fromkeys(ON, True) | {"resource_quotas": False}


def toggles(aws: Aws, changes: Any = None) -> tuple[int, dict[str, Any]]:
    """Look at the switches, or change them; return status and answer."""
    data = None if changes is None else json.dumps(changes).encode()
    request = urllib.request.Request(f"{aws.url}/_local/toggles", data, method="PUT" if data else "GET")  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def tracking_id(aws: Aws) -> str:
    """Create what events need, once."""
    found = aws.control.list_event_trackers()["eventTrackers"]
    if found:
        return str(aws.describe("EventTracker", found[0]["eventTrackerArn"])["trackingId"])
    group = aws.wait_until_active("DatasetGroup", aws.control.create_dataset_group(name="shop")["datasetGroupArn"])
    shaped = aws.control.create_schema(name="shop", schema=schema())["schemaArn"]
    made = {"name": "shop", "datasetGroupArn": group}
    aws.wait_until_active(
        "Dataset",
        aws.control.create_dataset(**made, schemaArn=shaped, datasetType="Interactions")["datasetArn"],
    )
    tracker = aws.control.create_event_tracker(**made)
    aws.wait_until_active("EventTracker", tracker["eventTrackerArn"])
    return str(tracker["trackingId"])


def test_all_but_the_quotas_is_on_at_first_and_a_switch_changes_only_itself(aws: Aws) -> None:
    assert toggles(aws) == (200, FIRST)
    assert toggles(aws, {"minimums": False}) == (200, FIRST | {"minimums": False})
    assert toggles(aws, {"minimums": True}) == (200, FIRST)


@pytest.mark.parametrize("changes", [{"coffee": True}, {"throttling": "no"}, {"throttling": 1}, [], "off"])
def test_a_switch_that_is_none_changes_nothing(aws: Aws, changes: Any) -> None:
    status, said = toggles(aws, changes)
    assert status == 400
    assert all(name in said["message"] for name in FIRST)
    assert toggles(aws) == (200, FIRST)


def test_over_long_fields_are_taken_when_the_limits_are_off(aws: Aws, tracking_id: str) -> None:
    event = {"eventType": "view", "itemId": "i" * 300, "sentAt": 1_790_000_000}
    put = {"trackingId": tracking_id, "sessionId": "s", "userId": "u", "eventList": [event] * 11}
    with pytest.raises(aws.events.exceptions.InvalidInputException, match="length less than or equal to 256"):
        aws.events.put_events(**put)
    toggles(aws, {"length_limits": False})
    aws.events.put_events(**put)
    toggles(aws, {"length_limits": True})
    with pytest.raises(aws.events.exceptions.InvalidInputException):
        aws.events.put_events(**put)


def test_what_counts_once_counts_each_time_when_that_is_off(aws: Aws, tracking_id: str) -> None:
    def interactions() -> int:
        with urllib.request.urlopen(f"{aws.url}/_local/status") as answer:  # noqa: S310
            return int(json.load(answer)["datasetGroups"][0]["interactions"])

    event = {"eventType": "view", "itemId": "twice", "sentAt": 1_790_000_000, "eventId": "twice"}
    put = {"trackingId": tracking_id, "sessionId": "s", "userId": "two", "eventList": [event] * 2}
    before = interactions()
    aws.events.put_events(**put)
    assert interactions() == before + 1
    toggles(aws, {"deduplication": False, "same_second_merging": False})
    aws.events.put_events(**put)
    assert interactions() == before + 3
    toggles(aws, {"deduplication": True, "same_second_merging": True})
