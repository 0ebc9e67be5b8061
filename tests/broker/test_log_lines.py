"""The line that an invocation leaves in the log: what joins it to records and to Lambda's own lines, and no secret."""

import json
import re
import time
import traceback
from datetime import datetime
from typing import Any

import pytest
from broker.failures import Misconfigured
from broker.invocation import InvocationFailed, invocation
from broker.rate_limit import RateLimiter
from broker.readers import StreamReaders
from broker.reasons import QuarantineReason

from tests.broker import test_ingest as ingest
from tests.broker import test_refresh as refresh
from tests.broker.lambda_events import SHARD, lambda_context, message, number_of, record, visit
from tests.broker.stubs import DENIED, NOW, THROTTLED, AwsClient, Bucket, FakeTime, MParticleEnd, Sqs, Table, always
from tests.broker.test_telemetry import MAIL, MPID, PERSONAL, RECORDS, SERVICES
from tests.real_data import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
SEQUENCE_NUMBER = "49590338271490256608559692538361571095921575989136588898"
Capture = pytest.CaptureFixture[str]


def lines(output: str) -> list[dict[str, Any]]:
    """Return the log lines without the metrics."""
    return [line for line in map(json.loads, output.splitlines()) if "_aws" not in line]


def ingested(world: ingest.World, *records: Any) -> None:
    with invocation(lambda_context(next(SERVICES))) as counts:
        world.ingest.run(records, ingest.FAR, counts)


def refreshed(world: refresh.World, *messages: Any) -> None:
    with invocation(lambda_context(next(SERVICES))) as counts:
        world.refresh.run(messages, refresh.FAR, counts)


def test_a_line_of_ingest_names_the_invocation_the_records_and_the_time_of_each_stage(capsys: Capture) -> None:
    records = [record(2, visit(2), at=NOW - 3), record(3, visit(3), at=NOW - 9), record(1, data="?", at=NOW - 1)]
    ingested(ingest.World(), *records)
    [line] = lines(capsys.readouterr().out)
    assert (line["message"], line["level"]) == ("invocation", "INFO")
    assert (line["function_request_id"], line["function_version"]) == ("8f507cfc-3f15-4697-b07a-ac58fc914c95", "7")
    assert line["shards"] == [SHARD]
    assert (line["first_sequence_number"], line["last_sequence_number"]) == (
        number_of(records[2]),
        number_of(records[1]),
    )
    assert line["oldest_arrival_ms"] == (NOW - 9) * 1000
    assert list(line["stages"]) == ["read", "pace", "put", "quarantine", "queue"]
    assert line["outcomes"] == {"Records": 3, "Accepted": 2, "Quarantined": 1, "RefreshesQueued": 2}
    assert line["reasons"] == {"Quarantined.malformed_record": 1}
    assert line["refusals"] == [{"reason": "malformed_record", "detail": "data is not base64", "number": 1}]


def test_a_line_of_refresh_names_the_records_that_its_messages_are_from(capsys: Capture) -> None:
    earlier, later = (f"{SEQUENCE_NUMBER[:-1]}{digit}" for digit in "17")
    refreshed(
        refresh.World(),
        message("a", 1, sent=NOW - 7, shard=SHARD, sequence_number=later),
        message("b", 2, sent=NOW - 90, shard="shardId-000000000001", sequence_number=earlier),
        message("c", body="?"),
    )
    [line] = lines(capsys.readouterr().out)
    assert line["shards"] == ["shardId-000000000001", SHARD]
    assert (line["first_sequence_number"], line["last_sequence_number"]) == (earlier, later)
    assert line["oldest_arrival_ms"] == (NOW - 90) * 1000
    assert list(line["stages"]) == ["claim", "ask", "upload", "settle", "queue", "quarantine"]
    assert line["outcomes"]["ProfilesUpdated"] == 2


def test_a_message_of_ingest_names_the_shard_of_its_record() -> None:
    world = ingest.World()
    world.run(record(1, visit(1)))
    assert world.asked()[1]["shard"] == SHARD


@pytest.mark.parametrize("fails", [False, True])
def test_a_stage_is_measured_in_milliseconds_also_where_it_fails(fails: bool, capsys: Capture) -> None:
    def slow(_: Any) -> Any:
        time.sleep(0.03)
        return DENIED if fails else {}

    began = time.perf_counter()
    try:
        ingested(ingest.World(AwsClient(put_events=slow)), record(1, visit(1)))
    except Misconfigured:
        assert fails
    most = 1000 * (time.perf_counter() - began)
    stages = lines(capsys.readouterr().out)[-1]["stages"]
    assert 30 <= stages["put"] <= most
    assert stages["read"] < stages["put"]


def test_the_time_of_a_line_is_one_that_lambda_reads(capsys: Capture) -> None:
    """RFC 3339, https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html."""
    before = time.time()
    ingested(ingest.World(), record(1, visit(1)))
    [line] = lines(capsys.readouterr().out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", line["timestamp"])
    assert before - 0.001 <= datetime.fromisoformat(line["timestamp"]).timestamp() <= time.time()


def test_an_invocation_without_records_has_a_line_without_a_position(capsys: Capture) -> None:
    ingested(ingest.World())
    [line] = lines(capsys.readouterr().out)
    assert line["function_request_id"]
    assert {"shards", "first_sequence_number", "last_sequence_number", "oldest_arrival_ms"}.isdisjoint(line)


def test_what_only_looks_like_a_place_on_the_stream_is_not_logged(capsys: Capture) -> None:
    hostile = record(1, visit(1))
    hostile["eventID"] = f"{MAIL}:1"
    hostile["kinesis"]["sequenceNumber"] = str(MPID)
    ingested(ingest.World(), hostile)
    refreshed(refresh.World(), message("a", MPID, shard=MAIL, sequence_number=str(MPID)))
    for line in lines(capsys.readouterr().out):
        assert line["oldest_arrival_ms"]
        assert {"shards", "first_sequence_number", "last_sequence_number"}.isdisjoint(line)


def test_of_many_shards_and_many_refusals_a_line_names_some(capsys: Capture) -> None:
    messages = [message(str(n), n, shard=f"shardId-{n:012}", sequence_number=SEQUENCE_NUMBER) for n in range(1, 99)]
    refreshed(refresh.World(), *messages)
    with invocation(lambda_context(next(SERVICES))) as counts:
        for number in range(1, 30):
            counts.refusals[QuarantineReason.REFUSED, f"PutEvents: Error{number}"] = number
    first, second = lines(capsys.readouterr().out)
    assert len(first["shards"]) == 20
    assert [one["number"] for one in second["refusals"]] == list(range(29, 19, -1))


UNFORESEEN = KeyError(f"{MAIL} {MPID}")


def settling_fails() -> Table:
    """Return a table that takes claims, and raises where they end."""
    table = Table()
    transact = table.answers["transact_write_items"]
    table.answers["transact_write_items"] = lambda request: (
        UNFORESEEN if len(table.of("transact_write_items")) > 1 else transact(request)
    )
    return table


def pacing_fails() -> ingest.World:
    clock = FakeTime().time()
    kinesis = AwsClient(describe_stream_summary=always(AttributeError(MAIL)))
    return ingest.World(readers=StreamReaders(kinesis, 2, RateLimiter(100, 8, clock), clock))


ONE = message("a", MPID)
BAD = message("bad", body=MAIL)
BAD_TIME = ONE | {"attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": MAIL}}
FROM_A_STREAM = [one | {"eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/s"} for one in RECORDS]
# What fails, the type of the exception, and where the innermost and another frame of it are.
FAILING: dict[str, tuple[Any, str, str, str]] = {
    "ingest pace": (lambda: ingested(pacing_fails(), *FROM_A_STREAM), "AttributeError", "failures", "readers"),
    "ingest quarantine": (
        lambda: ingested(ingest.World(bucket=Bucket(UNFORESEEN)), *RECORDS), "KeyError", "failures", "quarantine"
    ),
    "ingest queue": (
        lambda: ingested(ingest.World(sqs=Sqs(error=UNFORESEEN)), *RECORDS), "KeyError", "failures", "refresh_queue"
    ),
    "refresh read": (lambda: refreshed(refresh.World(), BAD_TIME), "ValueError", "messages", "refresh"),
    "refresh claim": (
        lambda: refreshed(refresh.World(table=Table(UNFORESEEN)), ONE), "KeyError", "failures", "profile_state"
    ),
    "refresh settle": (
        lambda: refreshed(refresh.World(table=settling_fails()), ONE), "KeyError", "failures", "profile_state"
    ),
    "refresh queue": (
        lambda: refreshed(refresh.World(end=MParticleEnd(always(503)), sqs=Sqs(error=UNFORESEEN)), ONE),
        "KeyError", "failures", "refresh_queue",
    ),
    "refresh quarantine": (
        lambda: refreshed(refresh.World(bucket=Bucket(UNFORESEEN)), BAD), "KeyError", "failures", "quarantine"
    ),
}  # fmt: skip


@pytest.mark.parametrize("stage", FAILING)
def test_of_an_exception_that_nobody_foresaw_type_and_place_are_logged_and_raised_but_not_its_message(
    stage: str, capsys: Capture
) -> None:
    run, kind, innermost, frame = FAILING[stage]
    with pytest.raises(InvocationFailed) as raised:
        run()
    output = capsys.readouterr().out
    failed, counted = lines(output)
    assert (failed["level"], failed["message"], failed["error"]) == ("ERROR", "invocation failed", kind)
    assert re.fullmatch(rf"broker/{innermost}\.py:\d+", failed["place"])
    assert failed["frames"][-1] == failed["place"]
    assert any(re.fullmatch(rf"broker/{frame}\.py:\d+", one) for one in failed["frames"])
    assert failed["function_request_id"] == counted["function_request_id"]
    assert counted["message"] == "invocation"
    assert "ConfigurationErrors" not in output
    assert str(raised.value) == f"{kind} at {failed['place']}"
    shown = output + "".join(traceback.format_exception(raised.value))
    assert [word for word in PERSONAL if word in shown] == []


def test_an_exception_over_one_part_is_in_the_line_with_its_place(capsys: Capture) -> None:
    ingested(
        ingest.World(AwsClient(put_events=lambda asked: UNFORESEEN if asked["userId"] == "2" else {})),
        *(record(number, visit(number)) for number in (1, 2, 3)),
    )
    output = capsys.readouterr().out
    [line] = lines(output)
    [refusal] = line["refusals"]
    assert (refusal["reason"], refusal["number"]) == ("refused", 1)
    assert re.fullmatch(r"KeyError at broker/\w+\.py:\d+", refusal["detail"])
    assert line["outcomes"]["Accepted"] == 2
    assert MAIL not in output


# --- the runbook's queries

WORDS = {
    *("fields", "filter", "sort", "asc", "desc", "limit", "stats", "by", "as", "and", "or", "not", "in", "like"),
    *("max", "min", "sum", "avg", "pct", "count", "bin", "ispresent", "earliest", "latest"),
}


def queries() -> list[str]:
    """Return the runbook's queries for CloudWatch Logs Insights."""
    blocks = re.findall(r"^```\w*\n(.+?)^```$", RUNBOOK, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if block.startswith(("fields ", "filter ", "stats "))]


def fields_of(query: str) -> set[str]:
    """Return the fields that a query names, without its own names for what it computes, and CloudWatch's fields."""
    text = re.sub(r'"[^"]*"|(?<![\w.])\d+\w*', " ", query)
    names = set(re.findall(r"@?[A-Za-z_][\w.]*", text))
    return names - WORDS - set(re.findall(r"\bas (\w+)", text)) - {"@timestamp"}


def has(line: Any, field: str) -> bool:
    """Return whether a line has a field by its name in CloudWatch: ``stages.put``, ``refusals.0.detail``."""
    for name in field.split("."):
        line = line[int(name)] if isinstance(line, list) else line.get(name)
        if line is None:
            return False
    return True


def test_every_field_that_a_query_of_the_runbook_names_is_in_a_line(capsys: Capture) -> None:
    ingested(ingest.World(sqs=Sqs(lambda entry: "1001" in entry["MessageBody"])), *RECORDS)
    ingested(ingest.World(AwsClient(put_events=always(THROTTLED)), Bucket(DENIED)), *RECORDS)
    messages = [message(str(n), n, shard=SHARD, sequence_number=SEQUENCE_NUMBER) for n in range(1, 4)]
    refreshed(refresh.World(end=MParticleEnd(refresh.refuses(2))), *messages)
    refreshed(refresh.World(end=MParticleEnd(always(503))), *messages)
    for run in (
        lambda: ingested(ingest.World(AwsClient(put_events=always(DENIED))), *RECORDS),
        FAILING["refresh claim"][0],
    ):
        with pytest.raises((Misconfigured, InvocationFailed)):
            run()
    told = lines(capsys.readouterr().out)
    assert len(queries()) >= 4
    for query in queries():
        fields = fields_of(query)
        assert fields >= {"message"}, query
        assert [field for field in fields if not any(has(line, field) for line in told)] == [], query


@pytest.mark.parametrize("field", ["stages.putt", "refusals.0.why", "sequence_number"])
def test_a_field_that_no_line_has_would_be_found(field: str, capsys: Capture) -> None:
    ingested(ingest.World(), *RECORDS)
    assert not has(lines(capsys.readouterr().out)[0], field)
    assert field in fields_of(f'fields @timestamp, {field} | filter message = "invocation" | sort {field} desc')
