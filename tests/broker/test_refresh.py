"""refresh, whole invocations: who is asked for, what is written, what waits for how long, and what never can work."""

import json
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import requests
from broker.clock import Clock
from broker.experiment import Experiment
from broker.failures import Misconfigured, Unavailable
from broker.mparticle import MParticle
from broker.personalize import Campaign
from broker.profile_refresher import RETRY_FEED_AFTER, ProfileRefresher
from broker.profile_state import ProfileStates
from broker.quarantine import Quarantine
from broker.rate_limit import RateLimiter
from broker.recommendations import digest
from broker.refresh import LANDING, Refresh
from broker.refresh_queue import RefreshQueue, queue_url
from broker.suppression_store import SuppressionStore
from broker.telemetry import Counts
from broker.user_lists import CampaignOf, user_lists

from tests.broker.lambda_events import MPID, PURCHASE_QUEUE_ARN, QUEUE_ARN, failures, message
from tests.broker.stubs import (
    BROKEN,
    DENIED,
    FAR,
    INVALID,
    NOW,
    THROTTLED,
    AwsClient,
    Bucket,
    FakeTime,
    Inline,
    MParticleEnd,
    Sqs,
    Table,
    always,
    client_error,
    in_turn,
)

TIMEOUT = requests.ReadTimeout("HTTPSConnectionPool(host='s2s.example'): Read timed out.")
CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"


def of_user(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetRecommendations with a list that is the customer's own."""
    return listed(f"for-{request['userId']}", "hat")


def listed(*items: str) -> dict[str, Any]:
    return {"itemList": [{"itemId": item} for item in items], "recommendationId": "rec"}


def key(text: str = "1") -> dict[str, str]:
    return {"SecretString": json.dumps({"key": f"key-{text}", "secret": f"secret-{text}"})}


@dataclass
class World:
    """One process of ``refresh`` and what it talks to."""

    campaign: AwsClient = field(default_factory=lambda: AwsClient(get_recommendations=of_user))
    end: MParticleEnd = field(default_factory=MParticleEnd)
    secrets: AwsClient = field(default_factory=lambda: AwsClient(get_secret_value=always(key())))
    bucket: Bucket = field(default_factory=Bucket)
    sqs: Sqs = field(default_factory=Sqs)
    time: FakeTime = field(default_factory=FakeTime)
    with_event: bool = True
    pool: Executor = field(default_factory=Inline)
    upload_pool: Executor = field(default_factory=Inline)
    probe_mpid: int | None = None
    table: Table = field(default_factory=Table)
    per_day: int | None = None
    clock: Clock | None = None
    quota: float | None = None
    suppressed: SuppressionStore | None = None
    experiment: Experiment | None = None

    def __post_init__(self) -> None:
        now = self.clock or self.time.time()
        self.counts = Counts()
        refresher = ProfileRefresher(
            user_lists(self._campaign_of(now), now, self.experiment),
            MParticle(
                self.end.session(), "https://s2s.example", lambda: self.secrets, "arn:secret", now, self._pace(now)
            ),
            with_event=self.with_event,
            pool=self.pool,
            upload_pool=self.upload_pool,
            clock=now,
            probe=None if self.probe_mpid is None else (self.probe_mpid, "production"),
        )
        self.refresh = Refresh(
            refresher,
            ProfileStates(self.table, "states", self.pool, now),
            Quarantine(lambda: self.bucket, "bucket", "refresh", now),
            lambda arn: RefreshQueue(self.sqs, queue_url(arn, "https://sqs"), self.pool, now),
            environment="production",
            clock=now,
            per_day=self.per_day,
            suppressed=self.suppressed,
        )

    def _campaign_of(self, clock: Clock) -> CampaignOf:
        def campaign_of(campaign_arn: str | None, filter_arn: str | None) -> Campaign:
            return Campaign(self.campaign, campaign_arn or CAMPAIGN, filter_arn, 10, clock, self._pace(clock))

        return campaign_of

    def _pace(self, clock: Clock) -> RateLimiter | None:
        return None if self.quota is None else RateLimiter(self.quota, 1, clock)

    def run(self, *messages: Any, deadline: float = FAR) -> list[str]:
        self.counts = Counts()
        return failures(self.refresh.run(messages, deadline, self.counts))

    def answer(self, answer: Any) -> None:
        """Let mParticle answer otherwise from now on."""
        self.end.answer = answer if callable(answer) else always(answer)

    def asked(self) -> list[int]:
        return [int(request["userId"]) for request in self.campaign.requests]

    def pauses(self) -> dict[str, int]:
        entries = self.sqs.entries("change_message_visibility_batch")
        return {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in entries}


def refuses(*bad: int, status: int = 400) -> Any:
    """Answer uploads as mParticle does that dislikes some profiles: 400 for the whole request."""
    return lambda batches: status if any(batch["mpid"] in bad for batch in batches) else 202


def test_a_customer_is_asked_for_once_however_many_messages_there_are_and_all_of_them_are_done() -> None:
    world = World()
    same = [message("b", 5, sent=NOW - 5), message("c", 5, sent=NOW - 4), message("a", 5, sent=NOW - 6)]
    assert world.run(*same, message("other", 6)) == []
    assert sorted(world.asked()) == [5, 6]
    assert [sorted(request) for request in world.end.mpids()] == [[5, 6]]
    newest_alone = World()
    newest_alone.run(same[1])
    assert ids_written(newest_alone)[0] in ids_written(world), "it is the newest message's refresh"


def test_the_oldest_request_counts_from_when_it_was_sent_first_whatever_becomes_of_it() -> None:
    world = World()
    world.run(message("a", 1, sent=NOW - 6), message("b", 2, sent=NOW - 900), message("c", 3, sent=NOW - 7))
    assert list(world.counts.ages_ms.values()) == [900_000]


def ids_written(world: World) -> list[str]:
    return [batch["source_request_id"] for body in world.end.bodies() for batch in body]


def test_what_is_written_is_what_mparticles_schema_asks_for_down_to_the_last_digit(test_data: Path) -> None:
    schema = json.loads((test_data / "mparticle" / "schema.mparticle.inbound.eventsapi.json").read_bytes())
    world = World()
    messages = [message("a"), message("b", str(2**63 - 1)), message("c", -(2**63))]
    assert world.run(*messages) == []
    [body] = world.end.bodies()
    for batch in body:
        jsonschema.Draft7Validator(schema).validate(batch)
    assert {batch["mpid"]: batch["environment"] for batch in body} == {
        MPID: "production",
        2**63 - 1: "production",
        -(2**63): "production",
    }
    assert body[0]["user_attributes"]["product_recs"] == [f"for-{MPID}", "hat"]
    assert body[0]["events"][0]["data"]["timestamp_unixtime_ms"] == int(NOW * 1000)
    assert world.counts.outcomes == {"Messages": 3, "ProfilesUpdated": 3}
    assert world.counts.lags == {"RequestToProfile": [6000, 6000, 6000], "EventToProfile": [8000, 8000, 8000]}


def test_a_request_goes_to_the_bulk_endpoint_with_the_secrets_key_json_and_a_timeout() -> None:
    world = World()
    world.run(message("a"))
    [post] = world.end.posts
    assert (post.method, post.url) == ("POST", "https://s2s.example/v2/bulkevents")
    assert post.headers["Content-Type"] == "application/json"
    assert post.headers["Authorization"] == "Basic a2V5LTE6c2VjcmV0LTE="
    assert all(0 < seconds <= 10 for seconds in world.end.options[0]["timeout"])
    assert world.secrets.requests == [{"operation": "get_secret_value", "SecretId": "arn:secret"}]


def test_the_secret_is_read_once_a_process() -> None:
    world = World()
    world.run(message("a"))
    world.run(message("b", 6))
    assert len(world.end.posts) == 2
    assert len(world.secrets.requests) == 1


def test_without_the_event_only_the_attributes_are_written() -> None:
    world = World(with_event=False)
    world.run(message("a"))
    assert "events" not in world.end.bodies()[0][0]


@pytest.mark.parametrize(
    "told", [lambda items: {"list_digest": digest(items)}, lambda items: {"recommendations": items}]
)
def test_a_list_that_the_profile_has_already_is_not_written_again_and_an_empty_one_never(told: Any) -> None:
    world = World()
    world.campaign.answers["get_recommendations"] = lambda asked: listed() if asked["userId"] == "3" else listed("a")
    messages = [old_or_new("1", 1, told(["a"])), old_or_new("2", 2, told(["b"])), message("3", 3)]
    assert world.run(*messages) == []
    assert world.end.mpids() == [[2]]
    assert world.counts.outcomes == {
        "Messages": 3, "ProfilesUnchanged": 1, "NoRecommendations": 1, "ProfilesUpdated": 1
    }  # fmt: skip


def old_or_new(name: str, mpid: int, told: Any) -> Any:
    """Return a message that tells the profile's list as this version does, or as the one before did."""
    body = json.loads(message(name, mpid)["body"])
    del body["list_digest"]
    return message(name, mpid, body=json.dumps(body | told))


@pytest.mark.parametrize("known", [None, digest([f"for-{MPID}", "hat"])], ids=["written", "unchanged"])
def test_a_message_older_than_the_last_refresh_is_covered_and_costs_no_call(known: Any) -> None:
    world = World()
    world.run(message("a", sent=NOW - 6, list_digest=known))
    assert world.run(message("b", sent=NOW - 3), message("c", sent=NOW - 2)) == []
    assert len(world.asked()) == 1
    assert world.counts.outcomes == {"Messages": 2, "AlreadyFresh": 2}


def test_a_message_from_within_personalizes_lag_is_not_covered() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 5
    world.run(message("b", sent=NOW - 1.5))
    assert len(world.asked()) == 2


def test_a_refresh_that_failed_covers_nothing() -> None:
    world = World(end=MParticleEnd(always(503)))
    assert world.run(message("a")) == ["a"]
    world.answer(202)
    assert world.run(message("a", receives=2)) == []
    assert len(world.asked()) == 2


def test_half_a_reply_of_the_campaign_is_no_empty_list_but_a_refresh_to_be_tried_again() -> None:
    world = World(AwsClient(get_recommendations=always({"ResponseMetadata": {}})))
    assert world.run(message("a")) == ["a"]
    world.campaign.answers["get_recommendations"] = of_user
    assert world.run(message("a", receives=2)) == []
    assert len(world.end.posts) == 1


def test_a_retry_repeats_the_request_id_and_a_new_list_has_another() -> None:
    world = World(end=MParticleEnd(always(TIMEOUT)))
    world.run(message("a"))
    world.answer(202)
    world.run(message("a", receives=2))
    assert len(set(ids_written(world))) == 1
    changed = World(AwsClient(get_recommendations=always(listed("other"))))
    changed.run(message("a"))
    assert ids_written(changed)[0] not in ids_written(world)


@pytest.mark.parametrize(
    ("given", "pause"),
    [("120", 120), ("61", 61), ("900", 900), ("3600", 900), ("9" * 400, 900)],
)
def test_a_429_hides_the_messages_for_as_long_as_it_says_but_at_most_15_minutes(given: str, pause: int) -> None:
    world = World(end=MParticleEnd(always((429, {"Retry-After": given}))))
    assert world.run(message("a", 1), message("b", 2)) == ["a", "b"]
    assert world.pauses() == {"handle-a": pause, "handle-b": pause}
    assert len(world.end.posts) == 1, "it is not asked again before"
    assert world.counts.outcomes == {"Messages": 2, "RefreshesFailed": 2}
    assert world.sqs.requests[0]["QueueUrl"] == "https://sqs/123456789012/refresh"


def test_of_a_user_who_cannot_be_refreshed_only_the_newest_message_comes_back() -> None:
    """An overload must not pile up: the newest message stands for all older ones."""
    world = World(end=MParticleEnd(always((429, {"Retry-After": "120"}))))
    older, newest = message("old", 1, sent=NOW - 9), message("new", 1, sent=NOW - 6)
    assert world.run(newest, older, message("other", 2)) == ["new", "other"]
    assert world.pauses().keys() == {"handle-new", "handle-other"}


def test_a_429_also_hides_what_was_not_sent_because_of_it() -> None:
    world = World(end=MParticleEnd(always((429, {"Retry-After": "120"}))))
    names = [str(number) for number in range(1, 251)]
    assert world.run(*(message(name, int(name)) for name in names)) == names
    assert len(world.end.posts) == 1
    assert set(world.pauses().values()) == {120}
    assert len(world.pauses()) == 250
    assert {len(request["Entries"]) for request in world.sqs.requests} == {10}


def test_a_short_retry_after_is_waited_out_on_the_spot() -> None:
    world = World(end=MParticleEnd(in_turn((429, {"Retry-After": "3"}), 202)))
    assert world.run(message("a")) == []
    assert world.time.slept == [3]


@pytest.mark.parametrize(
    "answer",
    [503, 500, 429, (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), (503, {"Retry-After": "-5"})],
)
def test_without_a_word_from_mparticle_the_pause_grows_with_the_receives_and_has_jitter(answer: Any) -> None:
    for jitter, factor in ((1.0, 1.0), (0.0, 0.5)):
        world = World(end=MParticleEnd(always(answer)), time=FakeTime(jitter=jitter))
        names = [str(receives) for receives in (1, 2, 3, 7, 8, 100, 1000)]
        assert world.run(*(message(name, int(name), receives=int(name)) for name in names)) == names
        expected = [5, 7.5, 11.25, 56.95, 85.43, 900, 900]
        assert list(world.pauses().values()) == [-int(-factor * pause // 1) for pause in expected]
        assert len(world.end.posts) == 3, "bounded retries on the spot"


@pytest.mark.parametrize("error", [DENIED, BROKEN])
def test_a_message_that_cannot_be_hidden_is_reported_all_the_same(error: Exception) -> None:
    world = World(end=MParticleEnd(always(503)), sqs=Sqs(error=error))
    assert world.run(message("a")) == ["a"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_read_again_since_it_may_have_been_rotated(status: int) -> None:
    world = World(secrets=AwsClient(get_secret_value=in_turn(key("old"), key("new"))))
    world.answer(lambda _: 202 if "bmV3" in world.end.posts[-1].headers["Authorization"] else status)
    assert world.run(message("a")) == []
    assert (len(world.end.posts), len(world.secrets.requests)) == (2, 2)
    world.run(message("b", 6))
    assert (len(world.end.posts), len(world.secrets.requests)) == (3, 2)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_stays_refused_fails_loudly_and_hides_every_message(status: int) -> None:
    world = World(end=MParticleEnd(always(status)))
    with pytest.raises(Misconfigured, match="mParticle refuses the key in the secret"):
        world.run(message("a", 1), message("b", 2, receives=3), message("c", body="?"))
    assert len(world.secrets.requests) == 2
    assert len(world.end.posts) == 2
    assert world.bucket.requests == []
    assert world.pauses() == {"handle-a": 5, "handle-b": 12}


@pytest.mark.parametrize(
    "secret",
    [
        {"SecretString": "s3cr3t"},
        {"SecretString": '["s3cr3t"]'},
        {"SecretString": '{"key": "s3cr3t"}'},
        {"SecretString": '{"key": 1, "secret": "s3cr3t"}'},
        {"SecretString": '{"key": "", "secret": "s3cr3t"}'},
        {"SecretBinary": b"s3cr3t"},
        DENIED,
        client_error("ResourceNotFoundException", 400, "Secrets Manager can't find the specified s3cr3t value"),
    ],
)
def test_a_secret_that_cannot_be_used_fails_loudly_without_showing_it(secret: Any) -> None:
    world = World(secrets=AwsClient(get_secret_value=always(secret)))
    with pytest.raises(Misconfigured) as raised:
        world.run(message("a"))
    assert "s3cr3t" not in str(raised.value)
    assert world.end.posts == []


def test_a_secret_that_cannot_be_read_just_now_is_no_reason_for_alarm() -> None:
    world = World(secrets=AwsClient(get_secret_value=always(BROKEN)))
    assert world.run(message("a")) == ["a"]
    assert list(world.pauses()) == ["handle-a"]


def written(world: World, refused: int = 3) -> list[int]:
    """Return whose lists were written, as often as they were; a proof that uploads work writes none."""
    taken = [body for body in world.end.bodies() if all(one["mpid"] != refused for one in body)]
    return [one["mpid"] for body in taken for one in body if "user_attributes" in one]


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_one_bad_profile_goes_to_quarantine_with_all_its_messages_and_the_others_are_written(status: int) -> None:
    world = World(end=MParticleEnd(refuses(3, status=status)))
    bad = message("bad", 3, receives=2)
    assert world.run(*(message(str(n), n) for n in (1, 2, 4, 5)), bad, message("bad2", 3)) == []
    assert sorted(written(world)) == [1, 2, 4, 5]
    rows = world.bucket.rows()
    assert [row["sequence_number"] for row in rows] == ["bad", "bad2"]
    assert rows[0] == {
        "source": "refresh-queue",
        "sequence_number": "bad",
        "index": "0",
        "reason": "refused",
        "detail": f"mParticle: {status}",
        "arrived_ms": int((NOW - 6) * 1000),
        "partition_key": "",
        "record": bad["body"],
    }
    assert world.bucket.requests[0]["Key"].startswith("refresh/2026/09/14/refresh-queue-")
    assert world.counts.outcomes == {"Messages": 6, "ProfilesUpdated": 4, "Quarantined": 2}


def test_one_bad_profile_alone_goes_to_quarantine_where_the_probe_proves_the_feed() -> None:
    world = World(end=MParticleEnd(refuses(3)), probe_mpid=-77)
    assert world.run(message("bad", 3)) == []
    assert world.end.bodies()[-1] == [{"environment": "production", "mpid": -77}], "valid, and changes nothing"
    assert len(world.bucket.rows()) == 1


def test_without_a_probe_a_bad_profile_is_proven_by_others_of_its_invocation_alone() -> None:
    world = World(end=MParticleEnd(refuses(3)))
    assert world.run(message("a", 1), message("bad", 3)) == []
    assert len(world.bucket.rows()) == 1
    with pytest.raises(Misconfigured, match="1 of 1 refused"):
        world.run(message("worse", 3))
    assert {mpid for request in world.end.mpids()[-2:] for mpid in request} == {3}, "nobody else is written to"


def test_a_refused_profile_waits_while_it_cannot_be_told_whose_fault_it_is() -> None:
    world = World(probe_mpid=-77)
    world.answer(lambda batches: 503 if batches[0]["mpid"] == -77 else 400)
    assert world.run(message("b", 2)) == ["b"]
    assert world.bucket.requests == []


def test_a_customer_whom_the_campaign_refuses_is_told_from_a_wrong_campaign_by_the_probe() -> None:
    world = World(AwsClient(get_recommendations=lambda asked: INVALID if asked["userId"] == "3" else of_user(asked)))
    assert world.run(message("bad", 3)) == []
    assert [row["reason"] for row in world.bucket.rows()] == ["refused"]
    assert {request["userId"] for request in world.campaign.requests} == {"3", "broker-probe"}
    wrong = World(AwsClient(get_recommendations=always(INVALID)))
    with pytest.raises(Misconfigured, match="1 of 1 refused"):
        wrong.run(message("a", 1))


def test_a_message_of_another_environment_is_done_without_a_call() -> None:
    world = World()
    assert world.run(message("a", 1, environment="development")) == []
    assert world.asked() == []
    assert world.counts.reasons == {("Skipped", "other_environment"): 1}


@pytest.mark.parametrize("probe_mpid", [None, -77])
def test_a_feed_that_went_wrong_is_noticed_even_after_good_profiles(probe_mpid: int | None) -> None:
    world = World(probe_mpid=probe_mpid)
    world.run(message("a", 1))
    world.answer(400)
    with pytest.raises(Misconfigured, match="1 of 1 refused"):
        world.run(message("b", 2))
    assert world.bucket.requests == []


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("status", [400, 404, 413])
def test_when_every_profile_is_refused_it_is_the_configuration(status: int, count: int) -> None:
    world = World(end=MParticleEnd(always(status)))
    with pytest.raises(Misconfigured, match=f"mParticle: {status}"):
        world.run(*(message(str(number), number) for number in range(1, count + 1)))
    assert world.bucket.requests == []
    assert len(world.pauses()) == count


def test_a_redirect_is_a_wrong_url_and_is_not_followed() -> None:
    world = World(end=MParticleEnd(always((302, {"Location": "https://elsewhere.example/"}))))
    with pytest.raises(Misconfigured, match="mParticle: 302"):
        world.run(message("a"))
    assert len(world.end.posts) == 1


def test_a_network_error_is_retried_and_then_the_message_waits() -> None:
    world = World(end=MParticleEnd(always(TIMEOUT)))
    assert world.run(message("a")) == ["a"]
    assert len(world.end.posts) == 3
    assert list(world.pauses()) == ["handle-a"]


def test_a_failure_of_mparticle_says_the_kind_of_error_and_never_its_text_which_may_hold_the_url() -> None:
    world = World(end=MParticleEnd(always(TIMEOUT)))
    mparticle = MParticle(world.end.session(), "https://proxy.example", lambda: world.secrets, "arn", world.time.time())
    with pytest.raises(Unavailable) as raised:
        mparticle.upload([], FAR)
    assert str(raised.value) == "mParticle: ReadTimeout"
    assert raised.value.__suppress_context__


def test_a_list_older_than_ten_seconds_is_not_uploaded_but_asked_for_again() -> None:
    world = World()

    def slowly(request: Mapping[str, Any]) -> Any:
        world.time.now += 10
        return of_user(request)

    world.campaign.answers["get_recommendations"] = slowly
    assert world.run(message("a")) == ["a"]
    assert world.end.posts == []
    world.campaign.answers["get_recommendations"] = of_user
    assert world.run(message("a", receives=2)) == []
    assert (len(world.asked()), len(world.end.posts)) == (2, 1)


def test_a_list_that_grows_old_while_mparticle_is_tried_is_not_uploaded_any_more() -> None:
    world = World()

    def slowly(_: Any) -> int:
        world.time.now += 6
        return 503

    world.answer(slowly)
    assert world.run(message("a")) == ["a"]
    assert len(world.end.posts) == 2


def test_lists_are_uploaded_before_they_are_too_old_however_slow_the_campaign_is() -> None:
    world = World()

    def slowly(request: Mapping[str, Any]) -> Any:
        world.time.now += 3
        return of_user(request)

    world.campaign.answers["get_recommendations"] = slowly
    assert world.run(*(message(str(n), n) for n in range(1, 8))) == []
    assert world.end.mpids() == [[1, 2], [3, 4], [5, 6], [7]]


def test_nobody_is_asked_about_when_no_time_is_left_for_the_upload() -> None:
    world = World()

    def slowly(request: Mapping[str, Any]) -> Any:
        world.time.now += 20
        return of_user(request)

    world.campaign.answers["get_recommendations"] = slowly
    world.run(*(message(str(n), n) for n in range(1, 7)), deadline=FAR)
    assert world.asked() == [1, 2, 3]


def test_while_mparticle_is_down_one_upload_is_tried_before_anybody_else_is_asked_about() -> None:
    world = World()
    everybody = [message(str(n), n) for n in range(1, 6)]
    world.answer(503)
    assert len(world.run(*everybody)) == 5
    assert world.asked() == [1, 2, 3, 4, 5]
    assert len(world.run(*everybody)) == 5
    assert world.asked()[5:] == [1]
    world.answer(202)
    assert world.run(*everybody) == []
    assert world.asked()[6:] == [1, 2, 3, 4, 5]
    assert world.end.mpids()[-2:] == [[1], [2, 3, 4, 5]]


def test_after_half_a_minute_mparticle_no_longer_counts_as_down() -> None:
    world = World()
    world.answer(503)
    world.run(message("a", 1), message("b", 2))
    world.time.now += RETRY_FEED_AFTER
    world.answer(202)
    assert world.run(message("a", 1), message("b", 2), deadline=FAR + 60) == []
    assert world.end.mpids()[-1] == [1, 2]


def test_one_user_whose_list_never_comes_costs_nobody_else_anything() -> None:
    end = threading.Event()

    def hangs(request: Mapping[str, Any]) -> Any:
        if request["userId"] == "500":
            end.wait()
        return of_user(request)

    with ThreadPoolExecutor(16) as pool, ThreadPoolExecutor(4) as upload_pool:
        world = World(pool=pool, upload_pool=upload_pool)
        world.campaign.answers["get_recommendations"] = hangs
        late = world.run(*(message(str(n), n) for n in range(1, 1001)))
        end.set()
    assert late == ["500"]
    assert sorted(chain.from_iterable(world.end.mpids())) == [n for n in range(1, 1001) if n != 500]
    assert len(world.end.posts) <= 12


def test_a_request_holds_at_most_100_profiles() -> None:
    world = World()
    assert world.run(*(message(str(n), n) for n in range(1, 251))) == []
    assert [len(body) for body in world.end.mpids()] == [100, 100, 50]


def test_a_request_is_at_most_256_kb_and_a_batch_128() -> None:
    shoes = [chr(0x1F45F) * 60 + f"{number:03}" for number in range(300)]
    world = World(AwsClient(get_recommendations=always(listed(*shoes))))
    assert world.run(*(message(str(n), n) for n in range(1, 8))) == []
    sizes = [len(post.body or b"") for post in world.end.posts]
    assert len(sizes) == 4
    assert max(sizes) <= 256_000
    assert all(
        len(json.dumps(batch, separators=(",", ":"))) <= 128_000 for body in world.end.bodies() for batch in body
    )


BODIES = ["", "hello", "[]", "[" * 100_000, '{"mpid": 5}', json.dumps(json.loads(message("a")["body"]) | {"mpid": 0})]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_message_that_is_none_of_ours_goes_to_quarantine_and_the_others_are_done(body: str) -> None:
    world = World()
    assert world.run(message("stray", body=body), message("a")) == []
    [row] = world.bucket.rows()
    assert (row["sequence_number"], row["reason"], row["record"]) == ("stray", "not_a_message", body)
    assert world.end.mpids() == [[MPID]]


def test_what_cannot_be_put_into_quarantine_is_reported_and_only_that() -> None:
    world = World(end=MParticleEnd(refuses(3)), bucket=Bucket(DENIED))
    messages = [message("a", 1), message("bad", 3), message("stray", body="?")]
    assert sorted(world.run(*messages)) == ["bad", "stray"]
    assert world.counts.outcomes["QuarantineFailed"] == 2


def test_with_no_time_left_nothing_is_called_and_every_message_waits() -> None:
    world = World()
    assert world.run(message("a", 1), message("b", 2), deadline=NOW) == ["a", "b"]
    assert world.campaign.requests == []
    assert world.end.posts == []
    assert len(world.pauses()) == 2


def test_a_throttled_campaign_makes_the_others_wait_and_what_is_known_is_written() -> None:
    world = World()
    world.campaign.answers["get_recommendations"] = lambda asked: (
        THROTTLED if asked["userId"] == "2" else of_user(asked)
    )
    assert world.run(*(message(str(n), n) for n in (1, 2, 3))) == ["2", "3"]
    assert world.asked() == [1, 2, 2, 2, 2]
    assert world.end.mpids() == [[1]]


def test_an_error_of_the_campaign_concerns_its_customer_only() -> None:
    world = World()
    world.campaign.answers["get_recommendations"] = lambda asked: BROKEN if asked["userId"] == "2" else of_user(asked)
    assert world.run(*(message(str(n), n) for n in (1, 2, 3))) == ["2"]
    assert world.end.mpids() == [[1, 3]]


@pytest.mark.parametrize("error", [DENIED, INVALID, client_error("ResourceNotFoundException", 404)])
def test_a_wrong_campaign_or_filter_fails_loudly(error: Exception) -> None:
    world = World(AwsClient(get_recommendations=always(error)))
    with pytest.raises(Misconfigured):
        world.run(message("a", 1), message("b", 2))
    assert world.bucket.requests == []
    assert world.end.posts == []
    assert len(world.pauses()) == 2


def test_an_answer_of_the_campaign_that_makes_no_sense_concerns_its_customer_only() -> None:
    world = World()
    odd = {"itemList": [7]}
    world.campaign.answers["get_recommendations"] = lambda asked: odd if asked["userId"] == "2" else of_user(asked)
    assert world.run(*(message(str(n), n) for n in (1, 2, 3))) == []
    [row] = world.bucket.rows()
    assert row["sequence_number"] == "2"
    assert re.fullmatch(r"AttributeError at broker/\w+\.py:\d+", row["detail"])


def test_sixteen_threads_write_each_profile_once() -> None:
    with ThreadPoolExecutor(16) as pool:
        world = World(end=MParticleEnd(refuses(77)), pool=pool)
        assert world.run(*(message(f"{n}-{again}", n) for again in (1, 2) for n in range(1, 351))) == []
    assert sorted(world.asked()) == list(range(1, 351))
    assert sorted(written(world, refused=77)) == [n for n in range(1, 351) if n != 77]
    assert len(world.secrets.requests) == 1


def test_requests_at_the_same_time_read_the_secret_once() -> None:
    second_reader = threading.Event()

    def answer(_: Any) -> dict[str, str]:
        if len(world.secrets.requests) > 1:
            second_reader.set()
        second_reader.wait(timeout=0.1)
        return key()

    with ThreadPoolExecutor(4) as pool:
        world = World(secrets=AwsClient(get_secret_value=answer), pool=pool)
        world.run(*(message(str(n), n) for n in range(1, 251)))
    assert len(world.end.posts) == 3
    assert not second_reader.is_set()


def test_a_queues_url_follows_from_its_arn_and_the_endpoint() -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:refresh"
    assert queue_url(arn, "https://sqs.us-east-1.amazonaws.com") == (
        "https://sqs.us-east-1.amazonaws.com/123456789012/refresh"
    )
    assert queue_url(arn, "http://127.0.0.1:5000/") == "http://127.0.0.1:5000/123456789012/refresh"


# Several processes, and a user's budget.


def another(world: World, **fields: Any) -> World:
    """Return another process that shares everything outside of processes with a first one."""
    shared = {name: getattr(world, name) for name in ("campaign", "end", "secrets", "bucket", "sqs", "time", "table")}
    return World(**shared | fields)


def postponed(world: World) -> dict[int, int]:
    """Return the messages that were sent once more: users → seconds until they can be received."""
    return {
        json.loads(entry["MessageBody"])["mpid"]: entry["DelaySeconds"]
        for entry in world.sqs.entries("send_message_batch")
    }


def again(world: World, number: int = -1) -> Any:
    """Return a message that was sent once more, as it is received when its delay is over."""
    entry = world.sqs.entries("send_message_batch")[number]
    world.time.now += entry["DelaySeconds"]
    sent_ms = str(int(world.time.now * 1000))
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": sent_ms}
    return message("again") | {"attributes": attributes, "body": entry["MessageBody"]}


def test_another_process_knows_what_was_refreshed_and_asks_nobody() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    other = another(world)
    assert other.run(message("b", sent=NOW - 3)) == []
    assert (len(world.asked()), other.counts.outcomes) == (1, {"Messages": 1, "AlreadyFresh": 1})


def test_a_user_who_is_refreshed_by_another_process_now_is_postponed_and_not_lost() -> None:
    world = World()
    other = another(world)
    late: list[str] = []

    def meanwhile(request: Mapping[str, Any]) -> Any:
        if not late:
            late.append("asked")
            assert other.run(message("b", sent=NOW - 1)) == []
        return of_user(request)

    world.campaign.answers["get_recommendations"] = meanwhile
    assert world.run(message("a", sent=NOW - 6)) == []
    assert postponed(world) == {MPID: 5}
    assert other.counts.outcomes == {"Messages": 1, "Postponed": 1}
    assert other.run(again(world)) == []
    assert len(world.asked()) == 2, "its event was newer than the list"


def test_a_user_whom_another_process_claims_between_read_and_claim_is_postponed_too() -> None:
    world = World()
    other = another(world)
    read = world.table.answers["batch_get_item"]
    first: list[Any] = []

    def meanwhile(request: Mapping[str, Any]) -> Any:
        answer = read(request)
        if not first:
            first.append(answer)
            assert other.run(message("a", sent=NOW - 6)) == []
        return answer

    world.table.answers["batch_get_item"] = meanwhile
    assert world.run(message("b", sent=NOW - 1)) == []
    assert (postponed(world), world.counts.outcomes) == ({MPID: 5}, {"Messages": 1, "Postponed": 1})
    assert len(world.asked()) == 1


def test_the_newest_list_wins_though_an_upload_takes_long_and_another_process_is_faster() -> None:
    world = World()
    world.campaign.answers["get_recommendations"] = in_turn(listed("before the purchase"), listed("after the purchase"))
    other = another(world)
    held: list[list[Any]] = []
    profile: list[Any] = []

    def end(batches: list[Any]) -> Any:
        if not held:  # the first upload takes seconds, in which another process gets the purchase's message
            held.append(batches)
            world.time.now += 3
            assert other.run(message("b", sent=NOW - 0.5, is_purchase=True)) == []
        profile.append(batches[0]["user_attributes"]["product_recs"])
        return 202

    world.answer(end)
    assert world.run(message("a", sent=NOW - 6)) == []
    assert profile == [["before the purchase"]]
    assert other.run(again(world)) == []
    assert profile[-1] == ["after the purchase"]


def test_after_an_upload_without_an_answer_the_user_is_held_and_the_list_is_written_again() -> None:
    world = World(end=MParticleEnd(always(TIMEOUT)))
    assert world.run(message("a")) == ["a"]
    failed = {batch["source_request_id"] for batches in world.end.bodies() for batch in batches}
    world.answer(202)
    assert world.run(message("a", receives=2)) == []
    assert (len(world.asked()), postponed(world)) == (1, {MPID: 5})
    world.time.now += LANDING
    assert world.run(again(world), deadline=FAR + 120) == []
    assert len(world.asked()) == 2
    last = world.end.bodies()[-1][0]
    assert last["source_request_id"] not in failed, "or mParticle would take it for the one it may have"


def test_a_list_is_written_again_after_an_upload_that_was_not_accepted_even_if_it_is_the_one_before() -> None:
    world = World()
    world.run(message("a", sent=NOW - 60))
    world.time.now += 60
    world.campaign.answers["get_recommendations"] = always(listed("other"))
    world.answer(TIMEOUT)
    world.run(message("b", sent=NOW + 50), deadline=FAR + 60)
    world.campaign.answers["get_recommendations"] = of_user
    world.answer(202)
    world.time.now += LANDING
    posts = len(world.end.posts)
    assert world.run(message("c", sent=NOW + 55), deadline=FAR + 600) == []
    assert len(world.end.posts) == posts + 1


def test_a_list_that_the_profile_lost_is_written_again() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 120
    seen = digest(["what it had before"])
    assert world.run(message("b", sent=NOW + 100, list_digest=seen), deadline=FAR + 600) == []
    assert len(world.end.posts) == 2


def test_what_a_record_says_that_waited_on_the_stream_is_as_old_as_its_arrival() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 3600
    before = {"list_digest": digest(["what it had before"]), "arrived_ms": int((NOW - 60) * 1000)}
    assert world.run(message("b", sent=NOW + 3590, **before), deadline=FAR + 3600) == []
    assert len(world.end.posts) == 1
    assert "ProfilesCompared" not in world.counts.outcomes


WRITTEN, OTHER = digest([f"for-{MPID}", "hat"]), digest(["what it had before"])


@pytest.mark.parametrize(
    ("seconds", "seen", "expected"),
    [
        (700, WRITTEN, (1, 0)),
        (700, OTHER, (1, 1)),
        (700, digest([]), (1, 1)),
        (700, None, (0, 0)),
        (500, OTHER, (0, 0)),
    ],
    ids=["the list is there", "another one is there", "none is there", "not told", "too early to tell"],
)
def test_a_profile_is_behind_if_mparticle_sends_another_list_back_long_after_it_took_one(
    seconds: float, seen: str | None, expected: tuple[int, int]
) -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += seconds
    told = {"list_digest": seen, "arrived_ms": int((NOW + seconds) * 1000)}
    assert world.run(message("b", sent=NOW + seconds, **told), deadline=FAR + seconds) == []
    outcomes = world.counts.outcomes
    assert (outcomes["ProfilesCompared"], outcomes["ProfilesBehind"]) == expected


def test_a_profile_whose_list_is_not_known_is_not_compared() -> None:
    """After an upload without an answer, and for a user who is new."""
    world = World(end=MParticleEnd(always(TIMEOUT)))
    assert world.run(message("a", list_digest=OTHER)) == ["a"]
    world.time.now += 700
    told = {"list_digest": OTHER, "arrived_ms": int((NOW + 700) * 1000)}
    world.run(message("b", sent=NOW + 700, **told), deadline=FAR + 700)
    assert "ProfilesCompared" not in world.counts.outcomes


def test_a_user_whose_item_is_gone_gets_no_batch_with_the_id_of_an_earlier_one() -> None:
    """Generations begin at one again, while mParticle still ignores the ids of the last 30 to 60 days."""
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.table.items.clear()
    days = 9 * 86_400
    world.time.now += days
    assert world.run(message("b", sent=NOW + days - 6), deadline=FAR + days) == []
    assert len(set(ids_written(world))) == 2


def test_mparticles_view_of_the_profile_may_be_seconds_old() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 10
    before = digest(["what it had before"])
    assert world.run(message("b", sent=NOW + 5, list_digest=before), deadline=FAR + 600) == []
    assert (len(world.asked()), len(world.end.posts)) == (2, 1)


def test_a_user_who_clicks_on_is_refreshed_at_growing_intervals_and_at_once_when_they_buy() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 3
    assert world.run(message("b", sent=NOW + 2)) == []
    assert (postponed(world), len(world.asked())) == ({MPID: 2}, 1)
    assert world.run(message("c", sent=NOW + 2.5, is_purchase=True)) == []
    assert len(world.asked()) == 2
    assert world.run(again(world, 0)) == [], "it was sent before the purchase's list was requested, but not long before"
    assert len(world.asked()) == 2


def test_a_purchase_in_an_older_message_of_the_batch_counts() -> None:
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 3
    world.run(message("b", sent=NOW + 1, is_purchase=True), message("c", sent=NOW + 2))
    assert len(world.asked()) == 2


def test_a_purchase_in_an_older_message_still_counts_when_the_refresh_failed() -> None:
    world = World(per_day=1)
    world.run(message("a", sent=NOW - 6))
    world.time.now += 10
    world.campaign.answers["get_recommendations"] = always(listed("after the purchase"))
    world.answer(503)
    bought, viewed = message("b", sent=NOW + 1, is_purchase=True), message("c", sent=NOW + 2)
    came_back = world.run(bought, viewed)
    world.answer(202)
    world.run(*(one for one in (bought, viewed) if one["messageId"] in came_back), deadline=FAR + 60)
    assert world.counts.outcomes.get("OverDailyCap") is None
    assert world.counts.outcomes["ProfilesUpdated"] == 1


def test_a_day_may_have_a_cap_which_purchases_pass() -> None:
    world = World(per_day=1)
    world.run(message("a", sent=NOW - 6))
    world.time.now += 100
    assert world.run(message("b", sent=NOW + 90), deadline=FAR + 600) == []
    assert world.counts.outcomes == {"Messages": 1, "OverDailyCap": 1}
    world.run(message("c", sent=NOW + 95, is_purchase=True), deadline=FAR + 600)
    assert len(world.asked()) == 2


@pytest.mark.parametrize("error", [THROTTLED, BROKEN], ids=["throttled", "broken"])
def test_while_the_state_cannot_be_read_everybody_waits_and_nobody_is_asked_about(error: Exception) -> None:
    world = World(table=Table(error))
    assert sorted(world.run(message("a", 1), message("b", 2))) == ["a", "b"]
    assert (world.asked(), world.counts.outcomes["StateFailed"]) == ([], 2)


def test_a_table_that_is_denied_is_a_wrong_configuration() -> None:
    with pytest.raises(Misconfigured):
        World(table=Table(DENIED)).run(message("a"))


def test_a_state_that_cannot_be_settled_holds_the_user_until_its_invocation_and_what_it_sent_are_over() -> None:
    world = World()

    def end(_: Any) -> int:
        world.table.error = BROKEN
        return 202

    world.answer(end)
    assert world.run(message("a", sent=NOW - 6)) == []
    assert world.counts.outcomes["StateFailed"] == 1
    world.table.error = None
    other = another(world)
    assert other.run(message("b", sent=NOW + 1)) == []
    assert postponed(world) == {MPID: 5}
    world.time.now = FAR + LANDING
    world.answer(202)
    assert other.run(again(world), deadline=FAR + 600) == []
    assert len(world.asked()) == 2


def test_a_list_is_written_though_it_is_the_one_before_a_write_that_could_not_be_settled() -> None:
    """Neither a process that is killed after its upload nor a failing table may leave the digest of an older list."""
    world = World()
    world.run(message("a", sent=NOW - 6))
    world.time.now += 60
    world.campaign.answers["get_recommendations"] = always(listed("other"))

    def end(_: Any) -> int:
        world.table.error = BROKEN
        return 202

    world.answer(end)
    assert world.run(message("b", sent=NOW + 50), deadline=FAR + 60) == []
    world.table.error = None
    world.time.now += 60 + LANDING
    world.campaign.answers["get_recommendations"] = of_user
    world.answer(202)
    assert another(world).run(message("c", sent=NOW + 100), deadline=FAR + 600) == []
    [last] = world.end.bodies()[-1]
    assert last["user_attributes"]["product_recs"] == [f"for-{MPID}", "hat"]


@pytest.mark.parametrize("queue", [QUEUE_ARN, PURCHASE_QUEUE_ARN])
def test_what_is_postponed_goes_back_to_its_queue_and_what_failed_is_hidden_there(queue: str) -> None:
    world = World()
    world.run(message("a", 1, sent=NOW - 6, queue=queue))
    world.time.now += 3
    world.answer(503)
    assert world.run(message("b", 1, sent=NOW + 2, queue=queue), message("c", 2, sent=NOW + 2, queue=queue)) == ["c"]
    assert list(postponed(world)) == [1]
    assert list(world.pauses()) == ["handle-c"]
    assert {request["QueueUrl"] for request in world.sqs.requests} == {queue_url(queue, "https://sqs")}


def test_a_postponed_message_that_the_queue_does_not_take_is_hidden() -> None:
    world = World(sqs=Sqs(refuses=lambda entry: "MessageBody" in entry))
    world.run(message("a", sent=NOW - 6))
    world.time.now += 3
    assert world.run(message("b", sent=NOW + 2)) == ["b"]
    assert list(world.pauses()) == ["handle-b"]


def test_a_wrong_campaign_ends_the_claims() -> None:
    world = World(AwsClient(get_recommendations=always(DENIED)))
    with pytest.raises(Misconfigured):
        world.run(message("a"))
    world.campaign.answers["get_recommendations"] = of_user
    assert another(world).run(message("a", receives=2)) == []
    assert len(world.end.posts) == 1


def test_where_a_part_of_the_claims_fails_the_other_users_are_refreshed_and_nobody_stays_claimed() -> None:
    users = range(1, 251)
    world = World()
    transact = world.table.answers["transact_write_items"]

    def fails_for_one_part(request: Mapping[str, Any]) -> Any:
        claims = [item["Update"]["Key"]["mpid"]["N"] for item in request["TransactItems"] if "Update" in item]
        return BROKEN if "101" in claims else transact(request)

    world.table.answers["transact_write_items"] = fails_for_one_part
    failed = world.run(*(message(str(number), number) for number in users))
    assert sorted(failed, key=int) == [str(number) for number in range(101, 201)]
    assert world.counts.outcomes["StateFailed"] == 100
    assert sorted(world.asked()) == [*range(1, 101), *range(201, 251)]
    assert {item["claimed_until"]["N"] for item in world.table.items.values()} == {"0.0"}


def test_users_who_are_postponed_come_back_once_though_the_others_cannot_be_claimed() -> None:
    world = World()
    world.run(message("a", 1, sent=NOW - 6))
    world.time.now += 3
    world.table.answers["transact_write_items"] = always(BROKEN)
    assert world.run(message("b", 1, sent=NOW + 2), message("c", 2, sent=NOW + 2)) == ["c"]
    assert set(postponed(world)) == {1}


def test_users_who_are_postponed_come_back_once_though_the_campaign_is_wrong() -> None:
    world = World()
    world.run(message("a", 1, sent=NOW - 6))
    world.time.now += 3
    world.campaign.answers["get_recommendations"] = always(DENIED)
    with pytest.raises(Misconfigured):
        world.run(message("b", 1, sent=NOW + 2), message("c", 2, sent=NOW + 2))
    assert sorted(world.pauses()) == ["handle-b", "handle-c"]
    assert postponed(world) == {}


def test_a_table_with_another_key_is_a_wrong_configuration() -> None:
    world = World(table=Table(client_error("ValidationException")))
    with pytest.raises(Misconfigured):
        world.run(message("a"))
    assert list(world.pauses()) == ["handle-a"]


def test_no_upload_is_sent_when_the_claims_of_a_wrong_campaign_have_ended() -> None:
    """Hundreds of lists are on their way when the campaign is refused; the feed takes one request at a time."""
    is_over = threading.Event()
    held: list[int] = []

    def end(batches: Any) -> int:
        is_over.wait(0.5)
        claims = [world.table.items[str(batch["mpid"])]["claimed_until"]["N"] for batch in batches]
        held.append(sum(float(until) > world.time.now for until in claims))
        return 202

    with ThreadPoolExecutor(1) as upload_pool:
        world = World(end=MParticleEnd(end), upload_pool=upload_pool)
        refused = in_turn(*(listed("hat") for _ in range(200)), DENIED)
        world.campaign.answers["get_recommendations"] = refused
        with pytest.raises(Misconfigured):
            world.run(*(message(str(number), number) for number in range(1, 202)))
        is_over.set()
    assert held == [100, 100]
    assert world.table.items["1"]["claimed_until"]["N"] == "0.0"


def test_a_user_whose_list_is_handed_on_too_late_to_be_uploaded_is_tried_again() -> None:
    """A thread that stops for a moment between noting a list and handing it on is a straggler among many."""
    is_over = threading.Event()
    world = World()
    slow: list[int] = []

    def campaign(request: Mapping[str, Any]) -> Any:
        if request["userId"] == "5":
            slow.append(threading.get_ident())
        return of_user(request)

    def now() -> float:
        if slow == [threading.get_ident()]:
            is_over.wait(60)
        return world.time.now

    world.campaign.answers["get_recommendations"] = campaign
    clock = Clock(now, world.time.sleep, lambda: 1.0)
    with ThreadPoolExecutor(8) as pool:
        slow_world = World(campaign=world.campaign, pool=pool, clock=clock)
        failed = slow_world.run(*(message(str(number), number) for number in range(1, 31)))
        is_over.set()
    written = {mpid for mpids in slow_world.end.mpids() for mpid in mpids}
    assert {str(number) for number in range(1, 31) if number not in written} == set(failed)
    assert failed == ["5"]


@pytest.mark.parametrize("status", [400, 401, 302])
def test_an_upload_without_an_answer_holds_its_user_whatever_is_answered_to_the_next_try(status: int) -> None:
    world = World(end=MParticleEnd(in_turn(TIMEOUT, status)))
    with pytest.raises(Misconfigured):
        world.run(message("a", 7))
    assert float(world.table.items["7"]["claimed_until"]["N"]) >= world.time.now + LANDING - 1


def test_calls_and_batches_are_counted_and_the_throttled_ones_among_them() -> None:
    world = World(AwsClient(get_recommendations=in_turn(THROTTLED, *[listed("hat")] * 3)), quota=500)
    world.answer(in_turn(429, 202))
    assert world.run(message("a", 1), message("b", 2), message("c", 3)) == []
    counted = {name: number for name, number in world.counts.outcomes.items() if "Recommendations" in name}
    assert counted == {"GetRecommendationsCalls": 4, "GetRecommendationsThrottled": 1}
    counted = {name: number for name, number in world.counts.outcomes.items() if "Batches" in name}
    assert counted == {"MParticleBatches": 6, "MParticleBatchesThrottled": 3}
