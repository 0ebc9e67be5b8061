"""The real process, seen through boto3 and plain HTTP."""

import datetime
import http.client
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.personalize_local.conftest import ROOT
from tests.personalize_local.waiting import until
from tests.personalize_local.world import RECIPE, schema

Clients = Callable[..., Any]
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def local(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}/_local/{path}") as answer:  # noqa: S310
        return json.load(answer)


@pytest.fixture(scope="module")
def shop(aws: Clients) -> dict[str, str]:
    """Create everything up to an ACTIVE campaign over boto3; return the ARNs and the tracking id."""
    control, events = aws("personalize"), aws("personalize-events")
    made = control.create_schema(name="shop", schema=schema())["schemaArn"]
    group = control.create_dataset_group(name="shop")["datasetGroupArn"]
    waiting = {"datasetGroupArn": group}
    until(lambda: control.describe_dataset_group(**waiting)["datasetGroup"]["status"] == "ACTIVE")
    control.create_dataset(name="d", schemaArn=made, datasetGroupArn=group, datasetType="Interactions")
    tracker = control.create_event_tracker(name="t", datasetGroupArn=group)
    arn = tracker["eventTrackerArn"]
    until(lambda: control.describe_event_tracker(eventTrackerArn=arn)["eventTracker"]["status"] == "ACTIVE")
    for user in range(100):
        listed = [
            {"eventType": "view", "itemId": f"i{(user + step) % 30}", "sentAt": NOW, "eventId": f"{user}-{step}"}
            for step in range(10)
        ]
        events.put_events(trackingId=tracker["trackingId"], sessionId="s", userId=f"u{user}", eventList=listed)
    solution = control.create_solution(name="shop", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"]
    until(lambda: control.describe_solution(solutionArn=solution)["solution"]["status"] == "ACTIVE")
    return {"trackingId": tracker["trackingId"], "group": group, "solution": solution}


@pytest.fixture(scope="module")
def campaign(aws: Clients, url: str, shop: dict[str, str]) -> str:
    control = aws("personalize")
    until(lambda: local(url, "status")["datasetGroups"][0]["interactions"] >= 1000)
    version = control.create_solution_version(solutionArn=shop["solution"])["solutionVersionArn"]
    described = {"solutionVersionArn": version}
    until(lambda: control.describe_solution_version(**described)["solutionVersion"]["status"] == "ACTIVE")
    arn = control.create_campaign(name="shop", solutionVersionArn=version)["campaignArn"]
    until(lambda: control.describe_campaign(campaignArn=arn)["campaign"]["status"] == "ACTIVE")
    return str(arn)


def test_boto3_gets_recommendations_that_change_with_the_newest_event(
    aws: Clients, shop: dict[str, str], campaign: str
) -> None:
    runtime, events = aws("personalize-runtime"), aws("personalize-events")
    ask = {"campaignArn": campaign, "userId": "somebody new", "numResults": 5}
    popular = runtime.get_recommendations(**ask)
    assert len(popular["itemList"]) == 5
    assert set(popular["itemList"][0]) == {"itemId", "score"}
    event = {"eventType": "view", "itemId": "i17", "sentAt": NOW, "eventId": str(uuid.uuid4())}
    put = {"trackingId": shop["trackingId"], "sessionId": "s", "eventList": [event]}
    assert events.put_events(**put, userId="somebody new")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert runtime.get_recommendations(**ask)["itemList"] == popular["itemList"], "the lag is at least 0.2 s"
    until(lambda: runtime.get_recommendations(**ask)["itemList"][0]["itemId"] == "i17")


def test_why_items_have_their_scores_is_a_page(aws: Clients, url: str, campaign: str) -> None:
    listed = aws("personalize-runtime").get_recommendations(campaignArn=campaign, userId="u3", numResults=5)["itemList"]
    query = [("campaignArn", campaign), ("userId", "u3"), *(("itemId", one["itemId"]) for one in listed)]
    terms = local(url, f"terms?{urlencode(query)}")["terms"]
    for one in listed:
        why = terms[one["itemId"]]
        assert why["similar"] + why["again"] + why["popular"] == pytest.approx(one["score"], rel=1e-3)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        local(url, f"terms?campaignArn={campaign}x&userId=u3")


def test_a_browser_is_told_what_this_is_and_led_to_the_panel_where_there_is_one(url: str) -> None:
    def asked(method: str, path: str, body: str | None = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(str(urlsplit(url).netloc))
        connection.request(method, path, body)
        return connection.getresponse()

    assert b"local Amazon Personalize" in asked("GET", "/").read()
    for wrong in ('{"url": "http://elsewhere.example/"}', '{"url": 7}', "[]", "no JSON"):
        assert asked("PUT", "/_local/panel", wrong).status == 400
    assert asked("PUT", "/_local/panel", json.dumps({"url": "http://127.0.0.1:8040/panel"})).status == 204
    led = asked("GET", "/")
    assert (led.status, led.getheader("location")) == (307, "http://127.0.0.1:8040/panel")


def test_boto3_parses_times_and_lists(aws: Clients, shop: dict[str, str]) -> None:
    control = aws("personalize")
    (summary,) = control.list_dataset_groups()["datasetGroups"]
    assert summary["name"] == "shop"
    assert abs((summary["creationDateTime"] - datetime.datetime.now(datetime.UTC)).total_seconds()) < 600
    assert [page["schemas"][0]["name"] for page in control.get_paginator("list_schemas").paginate()] == ["shop"]


def test_boto3_raises_its_typed_exceptions(aws: Clients, shop: dict[str, str], campaign: str) -> None:
    control, events, runtime = (aws(f"personalize{part}", check=False) for part in ("", "-events", "-runtime"))
    event = {"eventType": "view", "sentAt": NOW}
    with pytest.raises(control.exceptions.ResourceAlreadyExistsException):
        control.create_dataset_group(name="shop")
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.describe_campaign(campaignArn=f"{campaign}x")
    with pytest.raises(control.exceptions.ResourceInUseException):
        control.delete_dataset_group(datasetGroupArn=shop["group"])
    with pytest.raises(control.exceptions.LimitExceededException):
        control.create_event_tracker(name="second", datasetGroupArn=shop["group"])
    with pytest.raises(control.exceptions.InvalidInputException):
        control.create_schema(name="x", schema="{}")
    with pytest.raises(control.exceptions.InvalidNextTokenException):
        control.list_schemas(nextToken="x")
    with pytest.raises(events.exceptions.InvalidInputException, match="length less than or equal to 10"):
        events.put_events(trackingId=shop["trackingId"], sessionId="s", eventList=[event] * 11)
    with pytest.raises(runtime.exceptions.ResourceNotFoundException) as missing:
        runtime.get_recommendations(campaignArn=f"{campaign}x", userId="u")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_what_is_not_served_says_so(aws: Clients, shop: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=r"NotServedLocally.*performAutoML is not served locally: .* aws-hrnn"):
        aws("personalize").create_solution(name="auto", datasetGroupArn=shop["group"], performAutoML=True)


def test_unknown_operations_and_paths_are_unknown(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", "/", "{}", {"X-Amz-Target": "AmazonPersonalize.MakeCoffee"})
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["__type"]) == (400, "UnknownOperationException")
    connection.request("GET", "/recommendations")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    assert answer.read()


def test_requests_are_counted_and_events_listed(aws: Clients, url: str, shop: dict[str, str]) -> None:
    before = local(url, "requests")["PutEvents"]
    event = {"eventType": "buy", "itemId": "i1", "sentAt": NOW, "eventId": "é", "eventValue": 2.5}
    put = {"trackingId": shop["trackingId"], "sessionId": "visit", "userId": "-17", "eventList": [event]}
    aws("personalize-events").put_events(**put)
    assert local(url, "requests")["PutEvents"] == before + 1
    total = local(url, "status")["accepted"]
    (last,) = local(url, f"events?after={total - 1}&limit=5")["events"]
    expected = {"number": total, "userId": "-17", "sessionId": "visit", "eventId": "é", "eventType": "buy"}
    assert expected.items() <= last.items()
    assert (last["itemId"], last["sentAt"], last["eventValue"]) == ("i1", NOW.timestamp(), 2.5)
    assert len(local(url, "events?after=0&limit=3")["events"]) == 3
    for wrong in ("after=x", "after=-1", "limit=0"):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            local(url, f"events?{wrong}")


def test_a_stop_signal_ends_the_process_without_complaint() -> None:
    command = [sys.executable, "-m", "personalize_local", "--lag", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:  # noqa: S603
        assert process.stdout
        assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=300) == 0


def test_over_http_a_clients_region_counts(aws: Clients, url: str) -> None:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    there = boto3.client("personalize", endpoint_url=url, region_name="ap-southeast-2", **keys)
    arn = there.create_dataset_group(name="far-away")["datasetGroupArn"]
    assert arn == "arn:aws:personalize:ap-southeast-2:123456789012:dataset-group/far-away"
    with pytest.raises(there.exceptions.ResourceNotFoundException):
        aws("personalize").describe_dataset_group(datasetGroupArn=arn)
