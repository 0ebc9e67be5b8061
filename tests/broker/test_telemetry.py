"""What operators see: metrics that CloudWatch can read, and nothing personal, whatever goes wrong."""

import json
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, product
from statistics import quantiles
from typing import Any

import pytest
import requests
from broker.failures import Failure, Misconfigured
from broker.invocation import InvocationFailed, invocation
from broker.lru_cache import LruCache
from broker.metric_names import Metric
from broker.reasons import QuarantineReason, SkipReason
from broker.recommendations import digest
from broker.settings import counts_by_version
from broker.telemetry import Counts, Telemetry

from tests.broker import test_ingest as ingest
from tests.broker import test_refresh as refresh
from tests.broker.lambda_events import batch, lambda_context, message, product_event, record, visit
from tests.broker.stubs import AwsClient, Bucket, MParticleEnd, Sqs, always, client_error

SERVICES = (f"service-{number}" for number in count())  # a logger of Powertools keeps the output of its first test
CONTEXT = lambda_context("any")

Emf = list[dict[str, Any]]


def telemetry() -> Telemetry:
    return Telemetry(next(SERVICES))


def metrics(output: str) -> Emf:
    """Return the EMF objects among the lines, having checked what CloudWatch asks of them."""
    found = [line for line in map(json.loads, output.splitlines()) if "_aws" in line]
    for emf in found:
        [directive] = emf["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "PersonalizeBroker"
        assert 1 <= len(directive["Metrics"]) <= 100
        for metric in directive["Metrics"]:
            values = emf[metric["Name"]]
            assert 1 <= len(values if isinstance(values, list) else [values]) <= 100
        for name in (name for dimensions in directive["Dimensions"] for name in dimensions):
            assert isinstance(emf[name], str)
    return found


def test_outcomes_lags_and_reasons_become_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counts()
    counts.add(Metric.RECORDS, 3)
    counts.add(Metric.SKIPPED, 2, SkipReason.NO_CUSTOMER)
    counts.add(Metric.SKIPPED, 5, SkipReason.OTHER_ACTION)
    counts.add(Metric.QUARANTINED, 0, QuarantineReason.NOT_JSON)
    counts.add_lags(Metric.EVENT_TO_PERSONALIZE, [20.0, 10.0])
    telemetry().publish(counts, CONTEXT)
    output = capsys.readouterr().out
    first, *reasons = metrics(output)
    assert (first["Records"], first["Skipped"]) == ([3], [7])
    assert sorted(first["EventToPersonalize"]) == [10, 20]
    units = {metric["Name"]: metric["Unit"] for metric in first["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert units == {"Records": "Count", "Skipped": "Count", "EventToPersonalize": "Milliseconds"}
    assert [(emf["reason"], emf["SkippedByReason"]) for emf in reasons] == [("no_customer", [2]), ("other_action", [5])]
    assert {emf["service"] for emf in (first, *reasons)} == {first["service"]}
    [line] = [json.loads(line) for line in output.splitlines() if "_aws" not in line]
    assert (line["level"], line["message"]) == ("INFO", "invocation")
    assert line["outcomes"] == {"Records": 3, "Skipped": 7}
    assert line["reasons"] == {"Skipped.no_customer": 2, "Skipped.other_action": 5}


def test_where_versions_take_over_gradually_some_counts_are_written_for_the_version_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = Counts()
    counts.add(Metric.RECORDS, 3)
    counts.add(Metric.SKIPPED, 2)
    counts.add(Metric.ACCEPTED, 1)
    Telemetry(next(SERVICES), by_version=True).publish(counts, CONTEXT)
    whole, of_version = metrics(capsys.readouterr().out)

    assert (whole["Records"], whole["Skipped"], whole["Accepted"]) == ([3], [2], [1])
    assert "version" not in whole
    (dimensions,) = of_version["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert sorted(dimensions) == ["service", "version"]
    assert (of_version["version"], of_version["Records"], of_version["Accepted"]) == ("7", [3], [1])
    assert "Skipped" not in of_version


def test_a_version_that_counts_nothing_of_its_own_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counts()
    counts.add(Metric.SKIPPED, 2)
    Telemetry(next(SERVICES), by_version=True).publish(counts, CONTEXT)

    assert len(metrics(capsys.readouterr().out)) == 1


@pytest.mark.parametrize(("value", "switched"), [(None, False), ("", False), ("on", True), ("off", False)])
def test_a_variable_says_whether_counts_are_written_by_version(value: str | None, switched: bool) -> None:
    assert counts_by_version({} if value is None else {"COUNT_BY_VERSION": value}) is switched


@pytest.mark.parametrize("number", [90, 99, 100, 101, 5000])
@pytest.mark.filterwarnings("error", "default::pytest.PytestUnraisableExceptionWarning")  # what other tests leave
def test_of_many_lags_a_fair_sample_is_published_and_the_counts_once(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = Counts()
    counts.add(Metric.RECORDS, number)
    for lag in range(number - 1, -1, -1):
        counts.add_lags(Metric.EVENT_TO_PROFILE, [lag])
    telemetry().publish(counts, CONTEXT)
    found = metrics(capsys.readouterr().out)
    assert [emf["Records"] for emf in found if "Records" in emf] == [[number]]
    lags = [lag for emf in found for lag in emf.get("EventToProfile", [])]
    assert (len(lags), min(lags), max(lags)) == (90, 0, number - 1)
    for percent in (1, 25, 50, 75, 99):
        assert quantiles(lags, n=100)[percent - 1] == pytest.approx((number - 1) * percent / 100, abs=number / 60)


@pytest.mark.filterwarnings("error", "default::pytest.PytestUnraisableExceptionWarning")  # what other tests leave
def test_an_invocation_without_anything_publishes_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry().publish(Counts(), CONTEXT)
    assert metrics(capsys.readouterr().out) == []


def test_no_lag_is_left_out_for_being_late_or_early(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counts()
    counts.add_lags(Metric.EVENT_TO_PROFILE, [90_000_000, -2_000])
    telemetry().publish(counts, CONTEXT)
    [emf] = metrics(capsys.readouterr().out)
    assert emf["EventToProfile"] == [-2_000, 90_000_000]


def test_the_age_of_the_oldest_request_is_published_for_each_queue(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry().publish(Counts(ages_ms={(Metric.OLDEST_REQUEST, "purchases"): 400_000.0}), CONTEXT)
    [emf] = metrics(capsys.readouterr().out)
    assert (emf["queue"], emf["OldestRequest"]) == ("purchases", [400_000])
    assert {"service", "queue"} == set(emf["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0])


def test_a_wrong_configuration_is_one_error_line_and_one_metric_to_alarm_on(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry().misconfigured(Misconfigured("PutEvents: AccessDeniedException"), CONTEXT)
    output = capsys.readouterr().out
    [metric] = metrics(output)
    assert metric["ConfigurationErrors"] == [1]
    [line] = [json.loads(line) for line in output.splitlines() if "_aws" not in line]
    assert (line["level"], line["error"], line["reason"]) == (
        "ERROR", "Misconfigured", "PutEvents: AccessDeniedException"
    )  # fmt: skip


def test_the_memory_is_bounded_and_forgets_what_was_remembered_longest_ago() -> None:
    recent: LruCache[int] = LruCache(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        recent.remember(key, value)
    assert ["b" in recent, recent.get("b"), recent.get("a"), recent.get("c")] == [False, None, 3, 4]


# Everything about one customer that must not leave the stream, the queue, the profile or the quarantine's raw record.
MPID = 4_815_162_342_108_151_623
PERSONAL = [
    "ada@example.com",
    "Lovelace",
    "+44 20 7946 0000",
    "customer-1815",
    "203.0.113.77",
    "device-77aa",
    "silk-scarf-4711",
    str(MPID),
]
MAIL, NAME, PHONE, CUSTOMER, ADDRESS, DEVICE, ITEM, _ = PERSONAL


def customer(*events: Any, **fields: Any) -> dict[str, Any]:
    """Return a batch that says everything about its customer, wherever mParticle may say it."""
    told = {
        "user_identities": [{"identity_type": "email", "identity": MAIL}, {"identity": CUSTOMER}],
        "user_attributes": {"$LastName": NAME, "$Mobile": PHONE, "product_recs": [ITEM]},
        "ip": ADDRESS,
        "mp_deviceid": DEVICE,
        "device_info": {"name": f"{NAME}'s phone"},
        "consent_state": {"gdpr": {"personalisation": {"consented": True, "location": ADDRESS}}},
    }
    own = product_event(items=[ITEM], event_id="5", custom_attributes={"mail": MAIL}, session_uuid="visit-1")
    return batch(*(events or [own]), mpid=MPID, **told | fields)


def talkative(code: str, status: int = 400) -> Exception:
    """Return an error of AWS that repeats what was sent."""
    return client_error(code, status, f"userId {MPID}, {' '.join(PERSONAL)}", "PutEvents")


TALKATIVE = [
    talkative("InvalidInputException"),
    talkative("ThrottlingException"),
    talkative("AccessDeniedException"),
    talkative("InternalFailure", 500),
]
UNEXPECTED = KeyError(MAIL)
RECORDS = [
    record(1, visit(1)),
    record(2, customer()),
    record(3, customer({"event_type": MAIL, "data": NAME})),
    record(4, customer({"event_type": NAME, "data": {"event_name": MAIL}})),
    record(5, customer(product_event(action=MAIL, items=[{"id": None, "name": NAME}]))),
    record(6, {"events": MAIL, "mpid": MPID}),
    record(7, data=json.dumps(customer()).encode()[:-40]),
    record(8, data=json.dumps(customer()).encode() + b"\xff"),
    record(9, data=MAIL),
]
MESSAGES = [
    message("good", 7),
    message("a", MPID, list_digest=digest(["a"])),
    message("b", body=json.dumps({"mpid": MPID, "mail": MAIL})),
    message("c", body=f"{MAIL} {NAME}"),
    message("d", MPID, shard=MAIL, sequence_number=str(MPID)),
]


def for_the_bad(answer: Any) -> Callable[[Any], Any]:
    """Answer like that where it is about the customer, and well for the others."""
    return lambda request: answer if str(MPID) in json.dumps(request) else {"itemList": []}


def ingests() -> Iterator[tuple[Any, Any]]:
    """Return invocations of ingest, each with its world: every error in every place, for all customers and for one."""
    for answer, error in product((always, for_the_bad), [*TALKATIVE, UNEXPECTED]):
        elsewhere = TALKATIVE[0] if error is UNEXPECTED else error
        for bucket, sqs in ((Bucket(), Sqs()), (Bucket(elsewhere), Sqs(error=elsewhere))):
            world = ingest.World(AwsClient(put_events=answer(error)), bucket, sqs)
            yield partial(world.ingest.run, RECORDS, ingest.FAR), world


def refreshs() -> Iterator[tuple[Any, Any]]:
    """Return the same of refresh."""
    network = requests.ConnectionError(f"https://key-1:secret-1@s2s.example {MAIL}")
    uploads = (202, 400, 401, 429, 503, network, UNEXPECTED)
    for answer, error, upload in product(
        (always, for_the_bad), [*TALKATIVE, UNEXPECTED, refresh.listed(ITEM)], uploads
    ):
        elsewhere = error if error in TALKATIVE else None
        world = refresh.World(end=MParticleEnd(always(upload)), bucket=Bucket(elsewhere), sqs=Sqs(error=elsewhere))
        world.campaign.answers["get_recommendations"] = answer(error)
        yield partial(world.refresh.run, MESSAGES, refresh.FAR), world


@pytest.mark.parametrize("runs", [ingests, refreshs])
def test_nothing_personal_is_in_logs_metrics_errors_or_the_reasons_in_quarantine(
    runs: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    context, shown, rows = lambda_context(next(SERVICES)), [], []
    for run, world in runs():
        try:
            with invocation(context) as counts:
                run(counts)
        except (Failure, InvocationFailed) as error:
            shown += [str(error), *traceback.format_exception(error)]
        rows += world.bucket.rows()
    captured = capsys.readouterr()
    shown += [captured.out, captured.err, caplog.text]
    shown += [json.dumps(row | {"record": "", "partition_key": ""}) for row in rows]
    assert metrics(captured.out)
    assert {row["reason"] for row in rows} >= (
        {"refused"} if runs is refreshs else {"refused", "not_utf8", "malformed_record"}
    )
    assert [word for word in [*PERSONAL, "key-1", "secret-1"] for text in shown if word in text] == []
