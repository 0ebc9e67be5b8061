"""The Events API's answers: who may post, what, how much, and what becomes of a bad batch."""

import json
from typing import Any

import pytest

from local_stack.mparticle.events_api import DROPPED_SHOWN
from local_stack.mparticle.forwarding.connection import Connection
from local_stack.mparticle.inputs import INPUTS
from tests.local_stack.mparticle.batches import DEVICE, Workspace, basic, batch, purchase


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_may_post_with_its_own_key(workspace: Workspace, name: str) -> None:
    answer = workspace.post(batch(), name=name)
    assert (answer.status, answer.body) == (202, b"")
    assert len(workspace.forwarded) == 1


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer abc", 401),
        (basic("web-key", "wrong"), 403),
        (basic("nobody", "web-secret"), 403),
        (basic("web-key", "ios-secret"), 403),
        ("Basic !!!", 403),
    ],
)
def test_no_header_is_401_and_a_wrong_key_403(workspace: Workspace, authorization: str | None, status: int) -> None:
    answer = workspace.events.upload("UploadEvents", authorization, json.dumps(batch()).encode())
    assert answer.status == status
    assert set(json.loads(answer.body)["errors"][0]) == {"code", "message"}
    assert workspace.forwarded == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"null",
        b'"text"',
        b"[" * 100_000,
        json.dumps(batch(user_attributes={"a": float("nan")})).encode(),
        json.dumps(batch(environment=...)).encode(),
        json.dumps(batch(mpid="five")).encode(),
        json.dumps([batch()]).encode(),
        json.dumps(batch(user_attributes={f"a{n}": "x" * 4000 for n in range(40)})).encode(),
        b" " * (256 * 1024) + json.dumps(batch()).encode(),
    ],
    ids=["empty", "text", "utf-16", "null", "string", "nested", "nan", "no-env", "mpid", "array", "128KB", "256KB"],
)
def test_a_bad_single_batch_is_400_with_the_documented_error_body(workspace: Workspace, body: bytes) -> None:
    answer = workspace.events.upload("UploadEvents", basic("web-key", "web-secret"), body)
    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["code"] == "BAD_REQUEST"
    assert workspace.forwarded == []


def test_a_bad_batch_of_a_bulk_request_is_dropped_silently_and_the_rest_is_taken(workspace: Workspace) -> None:
    answer = workspace.post([batch(mpid=1), batch(mpid="2.5", source_request_id="r2"), "x", batch(mpid=3)])
    assert (answer.status, answer.body) == (202, b"")
    assert [each["mpid"] for each in workspace.forwarded] == [1, 3]
    dropped = workspace.events.dropped()
    assert dropped["count"] == 2
    assert dropped["reasons"] == {"mpid: must be a signed 64-bit integer": 1, "must be an object": 1}
    assert dropped["latest"][0]["source_request_id"] == "r2"


@pytest.mark.parametrize("bulk", [False, True])
def test_a_bad_event_costs_nothing_else_of_its_visit(workspace: Workspace, bulk: bool) -> None:
    events = [purchase("A"), purchase("B", timestamp_unixtime_ms="yesterday"), purchase("C")]
    visit = batch(mpid=1, events=events, user_attributes={"town": "Boise"}, source_request_id="r1")
    assert workspace.post([visit] if bulk else visit).status == 202
    [sent] = workspace.forwarded
    products = [each["data"]["product_action"]["products"][0]["id"] for each in sent["events"]]
    assert (products, sent["user_attributes"]) == (["A", "C"], {"town": "Boise"})
    dropped = workspace.events.dropped()
    assert dropped["reasons"] == {"events.1.data.timestamp_unixtime_ms: must be an integer": 1}
    assert dropped["latest"][0]["source_request_id"] == "r1"


def test_what_sdks_write_in_their_own_way_is_forwarded_in_mparticles() -> None:
    workspace = Workspace(connection=Connection(user_identity_changes=True))
    promotion = {
        "event_type": "commerce_event",
        "data": {"promotion_action": {"action": 2, "promotions": [{"id": "p"}]}},
    }
    identity = {"identity_type": "other2", "identity": "x", "timestamp_unixtime_ms": 1}
    change = {"event_type": "user_identity_change", "data": {"new": identity, "old": None}}
    workspace.post(batch(mpid="-9007199254740993", mp_deviceid=..., events=[promotion, change]))
    [sent] = workspace.forwarded
    assert sent["mpid"] == -9007199254740993
    assert sent["events"][0]["data"]["promotion_action"] == {"action": "click", "promotions": [{"id": "p"}]}
    assert sent["events"][1]["data"]["new"]["identity_type"] == "other_id_2"


@pytest.mark.parametrize("key", ["nobody", "ios-key", "till-key", "broker-feed-key", ""])
def test_a_page_needs_no_secret_but_only_the_key_of_pages_is_enough(workspace: Workspace, key: str) -> None:
    assert workspace.post_of_page(batch()).status == 202
    refused = workspace.post_of_page(batch(), key=key)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert [each["source_info"]["channel"] for each in workspace.forwarded] == ["javascript"]


def test_a_page_that_sends_a_batch_again_has_sent_it_once(workspace: Workspace) -> None:
    once = batch(source_request_id="r1")
    assert [workspace.post_of_page(once).status, workspace.post(once).status] == [202, 202]
    assert len(workspace.forwarded) == 1


def test_a_bad_batch_of_a_page_is_dropped_behind_a_202_and_says_why(workspace: Workspace) -> None:
    """The web SDK sends what is answered 400 again, and nothing else before it."""
    assert workspace.post_of_page(batch(environment="live")).status == 202
    assert workspace.forwarded == []
    assert workspace.events.dropped()["reasons"] == {"environment: is not one of the allowed values": 1}
    assert workspace.post_of_page(b"{").status == 400


def test_pages_share_the_rate_and_the_outages_of_their_input() -> None:
    workspace = Workspace(rate=1)
    assert [workspace.post_of_page(batch()).status for _ in range(2)] == [202, 429]
    workspace.events.start_outage("web", 503, 60)
    assert workspace.post_of_page(batch()).status == 503


@pytest.mark.parametrize(
    "content",
    [
        [batch(events=[])] * 101,
        [batch(events=[purchase("A")] * 51)] * 2,
    ],
    ids=["101 batches", "102 events"],
)
def test_a_bulk_request_over_the_limits_is_refused_as_a_whole(workspace: Workspace, content: Any) -> None:
    assert workspace.post(content).status == 400
    assert workspace.forwarded == []


def test_a_hundred_profiles_with_one_event_each_fit_into_one_request(workspace: Workspace) -> None:
    assert workspace.post([batch(mpid=n, mp_deviceid=...) for n in range(100)]).status == 202
    assert len(workspace.forwarded) == 100


def test_an_object_is_no_bulk_request(workspace: Workspace) -> None:
    body = json.dumps(batch()).encode()
    assert workspace.events.upload("BulkUploadEvents", basic("web-key", "web-secret"), body).status == 400


def test_a_repeated_request_id_is_answered_202_and_ignored_per_key_for_a_month(workspace: Workspace) -> None:
    once = batch(source_request_id="r1")
    assert [workspace.post(once).status, workspace.post([once, once]).status] == [202, 202]
    assert len(workspace.forwarded) == 1
    workspace.post(once, name="ios")
    assert len(workspace.forwarded) == 2
    workspace.clock.now += 31 * 24 * 3600
    workspace.post(once)
    assert len(workspace.forwarded) == 3
    assert workspace.core.counts() == {"received": 3, "repeats": 2}


def test_a_refused_batch_does_not_use_up_its_request_id(workspace: Workspace) -> None:
    assert workspace.post(batch(source_request_id="r1", environment="live")).status == 400
    workspace.post(batch(source_request_id="r1"))
    assert len(workspace.forwarded) == 1


def test_too_many_batches_in_a_second_are_429_until_the_time_that_it_names() -> None:
    workspace = Workspace(rate=10)
    assert workspace.post([batch()] * 10).headers == {"X-mp-rate-limit-percentage-used": "100"}
    answer = workspace.post(batch(), name="web")
    assert answer.status == 429
    assert answer.headers == {"Retry-After": "1", "X-mp-rate-limit-exceeded": "app"}
    assert workspace.post(batch(), name="broker-feed").status == 202
    workspace.clock.now += 1
    assert workspace.post([batch()] * 10).status == 202
    assert workspace.post([batch()] * 5).status == 429
    assert len(workspace.forwarded) == 21


def test_a_request_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_for_afterwards() -> None:
    workspace = Workspace(rate=10)
    assert workspace.post([batch()] * 30).status == 202
    assert workspace.post(batch()).headers["Retry-After"] == "3"


def test_an_outage_hits_the_named_input_for_the_named_time_only(workspace: Workspace) -> None:
    workspace.events.start_outage("broker-feed", 503, 10)
    assert workspace.post(batch(), name="broker-feed").status == 503
    assert workspace.post(batch(), name="web").status == 202
    workspace.clock.now += 10
    assert workspace.post(batch(), name="broker-feed").status == 202


def test_an_outage_of_everything_ends_on_request(workspace: Workspace) -> None:
    workspace.events.start_outage("*", 0, 1000)
    assert [workspace.post(batch(), name=name).status for name in INPUTS] == [0] * len(INPUTS)
    assert workspace.forwarded == []
    workspace.events.end_outages()
    assert workspace.post(batch()).status == 202


def test_what_was_dropped_is_told_without_personal_data(workspace: Workspace) -> None:
    for number in range(DROPPED_SHOWN + 5):
        workspace.post(batch(user_identities={"email": ["hugo@example.com"]}, source_request_id=f"r{number}"))
    told = workspace.events.dropped()
    assert told["count"] == DROPPED_SHOWN + 5
    assert len(told["latest"]) == DROPPED_SHOWN
    assert "hugo" not in json.dumps(told)
    assert DEVICE not in json.dumps(told)
