"""The local mParticle as a process: its endpoints over HTTP, and its records at a stream."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Shop
from local_stack.mparticle.profile_api import AUDIENCE, CLIENT_ID, CLIENT_SECRET
from local_stack.process import ServiceProcess, start_service
from tests.local_stack.mparticle.batches import batch
from tests.local_stack.mparticle.stream import Stream, served_stream

BIG = -9_007_199_254_740_993


@pytest.fixture(scope="module")
def stream() -> Iterator[Stream]:
    with served_stream() as stream:
        yield stream


@pytest.fixture(scope="module")
def kinesis(stream: Stream) -> str:
    return stream.url


@pytest.fixture(scope="module")
def service(kinesis: str) -> Iterator[ServiceProcess]:
    arguments = ["--stream", "events", "--kinesis-endpoint", kinesis, "--forward-copies", "0", "--rate", "1000"]
    with start_service("local_stack.mparticle", arguments) as running:
        yield running


@pytest.fixture
def http(service: ServiceProcess) -> Iterator[Callable[..., requests.Response]]:
    with requests.Session() as session:
        session.trust_env = False

        def send(method: str, path: str, name: str = "web", **request: Any) -> requests.Response:
            auth = (f"{name}-key", f"{name}-secret")
            return session.request(method, service.url + path, auth=auth, timeout=60, **request)

        yield send


def wait_until_forwarded(http: Callable[..., requests.Response]) -> dict[str, int]:
    """Return the status once nothing waits to be delivered."""
    deadline = time.monotonic() + 300
    while (status := http("GET", "/_local/status").json())["waiting"]:
        assert time.monotonic() < deadline, status
    assert isinstance(status, dict)
    return status


def test_an_upload_is_answered_202_without_a_body_and_becomes_one_record(
    http: Callable[..., requests.Response], stream: Stream
) -> None:
    answer = http("POST", "/v2/events", json=batch(mpid=BIG, source_request_id="one"))
    assert (answer.status_code, answer.content) == (202, b"")
    assert "X-mp-rate-limit-percentage-used" in answer.headers
    wait_until_forwarded(http)
    records = [record for record in stream.records if record["PartitionKey"] == str(BIG)]
    assert len(records) == 1
    assert records[0]["StreamName"] == "events"
    assert [each["mpid"] for each in stream.batches() if each["source_request_id"] == "one"] == [BIG]


def test_errors_have_their_status_and_body(http: Callable[..., requests.Response], service: ServiceProcess) -> None:
    assert requests.post(service.url + "/v2/events", json=batch(), timeout=60).status_code == 401
    assert http("POST", "/v2/bulkevents", name="nobody", json=[batch()]).status_code == 403
    bad = http("POST", "/v2/events", json={})
    assert bad.status_code == 400
    assert bad.json()["errors"][0]["message"] == "environment: is missing"
    assert http("POST", "/v2/bulkevents", json=[{}]).status_code == 202
    assert http("GET", "/_local/dropped").json()["reasons"]["environment: is missing"] == 2


def test_the_profile_api_shows_what_was_written_under_an_exact_mpid(http: Callable[..., requests.Response]) -> None:
    written = batch(mpid=BIG - 2, user_attributes={"product_recs": ["1", "2"]}, events=...)
    http("POST", "/v2/bulkevents", name="broker-feed", json=[written])
    path = f"/userprofile/v1/1/2/3/{BIG - 2}"
    found = http("GET", path + "?fields=user_attributes,user_identities")
    assert f'"mpid":{BIG - 2}' in found.text
    assert found.json()["user_attributes"] == {"product_recs": ["1", "2"]}
    assert found.json()["user_identities"] == []
    assert http("GET", path).status_code == 400
    assert http("GET", path + "?fields=everything").status_code == 400
    assert http("GET", "/userprofile/v1/1/2/3/77?fields=user_attributes").status_code == 404
    listed = http("GET", f"/_local/profiles?after={BIG - 3}&limit=1").json()
    assert listed["profiles"][0]["product_recs"] == ["1", "2"]
    assert listed["next"] == str(BIG - 2)


def test_the_newest_writes_of_lists_are_listed_in_order(http: Callable[..., requests.Response]) -> None:
    before = len(http("GET", "/_local/writes").json()["writes"])
    lists = [{"product_recs": [item], "product_recs_id": f"of-{item}"} for item in ("hat", "socks")]
    for attributes in (*lists, {"age": 5}):
        http("POST", "/v2/bulkevents", name="broker-feed", json=[batch(mpid=4, user_attributes=attributes, events=...)])
    writes = http("GET", f"/_local/writes?after={before}").json()["writes"]
    assert [(write["number"], write["mpid"], write["product_recs_id"]) for write in writes] == [
        (before + 1, "4", "of-hat"),
        (before + 2, "4", "of-socks"),
    ]
    assert writes[0]["written_ms"] <= writes[1]["written_ms"]
    assert http("GET", f"/_local/writes?after={before}&limit=1").json()["writes"] == writes[:1]


def test_signing_in_needs_a_key_and_gives_the_mpid_as_a_string(http: Callable[..., requests.Response]) -> None:
    known = {"environment": "production", "known_identities": {"customerid": "signs-in"}}
    unsigned = http("POST", "/v1/identify", json=known)
    assert (unsigned.status_code, unsigned.content) == (401, b"")
    headers = {"x-mp-key": "web-key"}
    mpid = http("POST", "/v1/identify", json=known, headers=headers).json()["mpid"]
    assert str(int(mpid)) == mpid
    for wrong in ({}, [], "not an object"):
        refused = http("POST", "/v1/identify", json=wrong, headers=headers)
        assert (refused.status_code, refused.json()["StatusCode"]) == (400, 400)
        assert refused.json()["Errors"][0]["message"] == "known_identities is missing"
    http("POST", "/v2/events", json=batch(mp_deviceid=..., user_identities={"customer_id": "signs-in"}))
    found = http("GET", f"/userprofile/v1/1/2/3/{mpid}?fields=user_identities").json()["user_identities"]
    assert found == [{"type": "customer_id", "encoding": "none", "value": "signs-in"}]


def test_a_profile_is_found_by_the_customer_id_with_a_token(http: Callable[..., requests.Response]) -> None:
    at_home = batch(mpid=..., mp_deviceid=..., user_identities={"customerid": "till-1"}, user_attributes={"size": "M"})
    http("POST", "/v2/events", json=at_home)
    credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "audience": AUDIENCE}
    answer = http("POST", "/oauth/token", json={**credentials, "grant_type": "client_credentials"})
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (28800, "Bearer")
    asked: dict[str, Any] = {"environment_type": "production", "identity": {"type": "customer_id", "value": "till-1"}}
    path = "/userprofile/v1/resolve/1/2/3?fields=user_attributes"
    # As in mParticle's own example: no content type but curl's.
    form = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"Bearer {answer.json()['access_token']}",
    }
    with requests.Session() as session:
        session.trust_env = False
        url = answer.url.removesuffix("/oauth/token") + path
        found = session.post(url, data=json.dumps(asked), headers=form, timeout=60)
        assert (found.status_code, found.json()["user_attributes"]) == (200, {"size": "M"})
        assert session.post(url, json=asked, headers={"Authorization": "Bearer wrong"}, timeout=60).status_code == 401
        asked["identity"]["value"] = "nobody"
        assert session.post(url, json=asked, timeout=60).status_code == 404


def test_an_outage_answers_its_status_or_nothing_at_all_until_it_is_ended(
    http: Callable[..., requests.Response],
) -> None:
    for status, expected in ((503, 503), (500, 500), ("reset", None)):
        asked = {"input": "broker-feed", "status": status, "seconds": 60}
        assert http("POST", "/_local/outage", json=asked).status_code == 204
        if expected:
            assert http("POST", "/v2/bulkevents", name="broker-feed", json=[batch()]).status_code == expected
        else:
            with pytest.raises(requests.ConnectionError):
                http("POST", "/v2/bulkevents", name="broker-feed", json=[batch()])
        assert http("POST", "/v2/bulkevents", json=[batch()]).status_code == 202
    assert http("DELETE", "/_local/outage").status_code == 204
    assert http("POST", "/v2/bulkevents", name="broker-feed", json=[batch()]).status_code == 202
    assert http("POST", "/_local/outage", json={"input": "nobody"}).status_code == 400


def test_requests_are_counted_by_operation_and_in_detail_by_input_and_status(
    http: Callable[..., requests.Response],
) -> None:
    before = http("GET", "/_local/requests").json()
    http("POST", "/v2/events", name="till", json=batch(environment="nowhere"))
    assert http("GET", "/_local/requests").json()["UploadEvents"] == before.get("UploadEvents", 0) + 1
    row = {"operation": "UploadEvents", "input": "till", "status": 400, "count": 1}
    assert row in http("GET", "/_local/requests?detail=1").json()


def test_a_record_that_the_stream_refuses_is_delivered_later(
    http: Callable[..., requests.Response], stream: Stream
) -> None:
    failed = wait_until_forwarded(http)["failed_attempts"]  # before, or what other tests sent would be refused
    stream.refusals = 2
    http("POST", "/v2/events", json=batch(source_request_id="late"))
    assert wait_until_forwarded(http)["failed_attempts"] == failed + 2
    assert [each["source_request_id"] for each in stream.batches()].count("late") == 1


def test_the_shops_client_plays_sessions_and_reads_each_list_before_the_session(
    http: Callable[..., requests.Response], service: ServiceProcess, stream: Stream
) -> None:
    sessions = [session for session, _ in zip(Shop(seed=5, shopper_count=20).sessions(), range(40), strict=False)]
    client = Client(service.url)
    played = list(client.play_all(sessions, concurrency=3))
    assert [each.session for each in played] == sessions
    assert not any(each.recommended for each in played)
    wait_until_forwarded(http)
    ours = {batch["source_request_id"] for each in sessions for batch in (post.batch for post in each.posts(time.time))}
    assert ours <= {each["source_request_id"] for each in stream.batches()}

    last = next(each for each in reversed(played) if "customer_id" in each.session.known_identities)
    mpid = client.identify(last.session)
    http("POST", "/v2/events", name="broker-feed", json=batch(mpid=mpid, user_attributes={"product_recs": ["7"]}))
    again = client.play(last.session)
    assert (again.mpid, again.recommended) == (mpid, ("7",))


def test_the_process_ends_with_its_parent_and_leaves_no_noise(kinesis: str) -> None:
    running = start_service("local_stack.mparticle", ["--stream", "events", "--kinesis-endpoint", kinesis])
    requests.post(running.url + "/_local/outage", json={"status": "reset", "seconds": 60}, timeout=60)
    with pytest.raises(requests.ConnectionError):
        requests.post(running.url + "/v2/events", json=batch(), timeout=60)
    assert running.stop() == 0
    assert running.last_errors() == ""
