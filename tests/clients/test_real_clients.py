"""mParticle's own SDKs and AWS's own clients, pinned, against one local stack: what they send is taken.

A known customer of a server SDK and a visitor of the web shop end with recommendations on one profile.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_stack import loopback
from local_stack.lambda_api import LambdaApi
from local_stack.mparticle.profile_api import FIELDS
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.clients.clients import Clients, clients, require_installed
from tests.loop.clone import eventually
from tests.loop.trained import ITEMS, TRAINED_ON, trained_stack

EVERYWHERE = "customer-everywhere"
SERVER_ROADS = ("python single", "python bulk", "node single", "node bulk")
ITEM_OF = dict(zip((*SERVER_ROADS, "web viewed", "web bought"), ITEMS, strict=False))


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    require_installed()
    with trained_stack(LocalStackSettings(shards=1, shard_poll=1.0, queue_poll=1.0)) as stack:
        yield stack


@pytest.fixture(scope="module")
def real(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with LambdaApi(stack.functions) as api:
        yield clients(stack, api.url, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def served(real: Clients) -> None:
    """Both server SDKs have uploaded: a customer of each road's own, and one who comes by every road."""
    for sdk, run in (("python", real.python), ("node", real.node)):
        views = {
            kind: [(customer, ITEM_OF[road]) for customer in (road, EVERYWHERE)]
            for kind in ("single", "bulk")
            for road in [f"{sdk} {kind}"]
        }
        run("server_sdk.py" if sdk == "python" else "server_sdk.js", real.url, stdin=views)


@pytest.fixture(scope="module")
def uploads(served: None, real: Clients) -> list[dict[str, Any]]:
    """What the web SDK uploads in a visit of the customer who comes by every road, and how it is answered."""
    out = real.node("web_visit.js", real.url, EVERYWHERE, ITEM_OF["web viewed"], ITEM_OF["web bought"])
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope="module")
def visit(uploads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The visit's batches."""
    return [each["batch"] for each in uploads]


def profile(real: Clients, customer: str) -> dict[str, Any]:
    """Return the one profile of a customer id."""
    answer = loopback.call(
        "POST",
        f"{real.url}/userprofile/v1/resolve/org/account/workspace",
        params={"fields": ",".join(FIELDS)},
        json={"environment_type": "production", "identity": {"type": "customer_id", "value": customer}},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def interactions(stack: Stack, items: set[str]) -> set[tuple[str, str, str]]:
    """Return whom Personalize knows to have done what with which of the items, seeds of the training left out."""
    events = loopback.get(f"{stack.personalize.url}/_local/events", params={"limit": 10_000}).json()["events"]
    kept = [each for each in events if not str(each["eventId"]).startswith(TRAINED_ON)]
    return {(each["userId"], each["eventType"], each["itemId"]) for each in kept if each["itemId"] in items}


@pytest.mark.parametrize("road", SERVER_ROADS)
def test_a_known_customer_of_a_server_sdk_gets_recommendations(
    served: None, real: Clients, stack: Stack, road: str
) -> None:
    assert eventually(lambda: len(profile(real, road)["user_attributes"].get("product_recs", [])) == 10)
    assert (str(profile(real, road)["mpid"]), "view_detail", ITEM_OF[road]) in interactions(stack, {ITEM_OF[road]})


def test_the_published_usage_example_of_the_node_sdk_is_taken_whole(real: Clients) -> None:
    assert real.node("usage_example.js", real.url) == "API called successfully.\n"
    found = loopback.get(
        f"{real.url}/userprofile/v1/org/account/workspace/600868121729048600",
        params={"fields": "user_attributes", "environment_type": "development"},
    )
    assert found.json()["user_attributes"] == {"hair color": "brown"}


def test_a_visit_of_the_web_sdk_is_taken_whole(
    visit: list[dict[str, Any]], uploads: list[dict[str, Any]], real: Clients
) -> None:
    kinds = {event["event_type"] for batch in visit for event in batch["events"]}
    assert kinds == {
        *("session_start", "session_end", "application_state_transition", "screen_view", "commerce_event"),
        *("crash_report", "user_identity_change", "user_attribute_change"),
    }
    assert {each["status"] for each in uploads} == {202}
    assert loopback.get(f"{real.url}/_local/dropped").json()["latest"] == []
    assert loopback.get(f"{real.url}/_local/status").json()["repeats"] == 0


def test_whatever_the_road_a_customer_is_one_profile_with_every_interaction_and_the_newest_list(
    visit: list[dict[str, Any]], real: Clients, stack: Stack
) -> None:
    """The web SDK's first batches are of the anonymous visitor: the customer was known before, on another device."""
    found = profile(real, EVERYWHERE)
    mpid = str(found["mpid"])
    assert {identity["value"] for identity in found["user_identities"]} == {
        *(EVERYWHERE, f"{EVERYWHERE}@example.com", f"{EVERYWHERE}-2")
    }
    anonymous = visit[0]["mpid"]
    assert {batch["mpid"] for batch in visit} == {anonymous, mpid}
    expected = {
        *((mpid, "view_detail", ITEM_OF[road]) for road in SERVER_ROADS),
        (anonymous, "view_detail", ITEM_OF["web viewed"]),
        (mpid, "add_to_cart", ITEM_OF["web bought"]),
        (mpid, "purchase", ITEM_OF["web bought"]),
    }
    own = {(customer, kind, item) for customer, kind, item in expected}
    assert eventually(lambda: own <= interactions(stack, set(ITEM_OF.values())))
    assert eventually(lambda: "product_recs" in profile(real, EVERYWHERE)["user_attributes"])
    attributes = profile(real, EVERYWHERE)["user_attributes"]
    assert (attributes["$FirstName"], attributes["sizes"], attributes["vip"]) == ("Ann", ["S", "M"], None)
    assert eventually(lambda: written_after(real, mpid, visit))


def written_after(real: Clients, mpid: str, visit: list[dict[str, Any]]) -> bool:
    """Return whether the list on a profile is newer than the visit."""
    page = loopback.get(f"{real.url}/_local/profiles", params={"after": int(mpid) - 1, "limit": 1}).json()["profiles"]
    return bool(page[0]["product_recs_written_ms"] > max(batch["timestamp_unixtime_ms"] for batch in visit))


def test_the_aws_sdk_for_javascript_finds_every_service_by_the_exports(real: Clients, stack: Stack) -> None:
    question = {
        "user": "js-user",
        "item": ITEMS[10],
        "campaign": stack.campaign_arn,
        "tracking": stack.tracker.tracking_id,
        "stream": stack.resources.stream_name,
        "record": "{}",
    }
    stack.put_directly += 1
    said = json.loads(real.node("aws_sdk.js", stdin=question))
    assert said["campaigns"] == [stack.campaign_arn]
    assert len(said["itemList"]) == 5
    assert said["ShardId"] in stack.resources.shard_ids
    assert interactions(stack, {ITEMS[10]}) == {("js-user", "view_detail", ITEMS[10])}


def test_the_aws_cli_finds_personalize_by_the_exports(real: Clients, stack: Stack) -> None:
    campaigns = real.aws("personalize", "list-campaigns")["campaigns"]
    assert [each["campaignArn"] for each in campaigns] == [stack.campaign_arn]
    event = {"eventId": "cli", "eventType": "view_detail", "itemId": ITEMS[11], "sentAt": int(time.time())}
    user = ("--user-id", "cli-user", "--session-id", "cli")
    tracker = ("--tracking-id", stack.tracker.tracking_id)
    assert real.aws("personalize-events", "put-events", *tracker, *user, "--event-list", json.dumps([event])) is None
    assert interactions(stack, {ITEMS[11]}) == {("cli-user", "view_detail", ITEMS[11])}


def test_the_aws_cli_needs_the_url_for_sqs_and_invokes_without_waiting(
    real: Clients, stack: Stack, tmp_path: Path
) -> None:
    queues = real.aws("sqs", "list-queues", "--endpoint-url", stack.aws.url)["QueueUrls"]
    assert stack.resources.queue_url in queues
    later = ("--invocation-type", "Event", "--payload", '{"Records": []}')
    answer = real.aws("lambda", "invoke", "--function-name", "ingest", *later, str(tmp_path / "out"))
    assert answer == {"StatusCode": 202}
    assert (tmp_path / "out").read_bytes() == b""
