"""Lines per record and refresh: who, where and what came of it, by an id that is nobody's mpid; and none while off."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from broker.correlation import CorrelationIds, expiry_of, month_of
from broker.failures import Misconfigured
from broker.ingest import Ingest
from broker.keyed_hash import keyed_hash
from broker.record_log import RecordLog
from broker.refresh import Refresh

from tests.broker import test_ingest as ingest
from tests.broker import test_refresh as refresh
from tests.broker.lambda_events import MPID, SHARD, batch, message, number_of, record
from tests.broker.stubs import DENIED, FAR, INVALID, NOW, FakeTime
from tests.broker.test_log_lines import ingested, lines, refreshed

Capture = pytest.CaptureFixture[str]
MONTH_S = 31 * 86_400


class KeyTable:
    """A DynamoDB table with the keys; ``error``: what every call raises."""

    def __init__(self, error: ClientError | None = None) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.error = error
        self.reads = 0

    def get_item(self, TableName: str, Key: Mapping[str, Any], ConsistentRead: bool) -> dict[str, Any]:
        self.reads += 1
        if self.error:
            raise self.error
        item = self.items.get(Key["key_month"]["S"])
        return {"Item": item} if item else {}

    def put_item(self, TableName: str, Item: Mapping[str, Any], ConditionExpression: str) -> None:
        assert ConditionExpression == "attribute_not_exists(key_month)"
        if Item["key_month"]["S"] in self.items:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")
        self.items[Item["key_month"]["S"]] = dict(Item)


def with_log(function: Ingest | Refresh, table: KeyTable, time: FakeTime) -> None:
    """Switch the lines on."""
    function._record_log = RecordLog(CorrelationIds(lambda: table, "keys", time.time()))


def id_in(table: KeyTable, mpid: int) -> str:
    [item] = table.items.values()
    return keyed_hash(item["hash_key"]["B"], mpid).hex()


def test_a_record_has_a_line_per_user_with_what_came_of_it(capsys: Capture) -> None:
    world, table = ingest.World(), KeyTable()
    with_log(world.ingest, table, world.time)
    other = record(3, batch(mpid=MPID + 1, environment="development"))
    ingested(world, record(1, batch()), record(2, batch()), other)
    *found, invocation = lines(capsys.readouterr().out)
    assert invocation["message"] == "invocation"
    assert [line["message"] for line in found] == ["record"] * 3
    assert {line["shard"] for line in found} == {SHARD}
    assert {line["function_request_id"] for line in found} == {invocation["function_request_id"]}
    mine = id_in(table, MPID)
    assert [line["correlation_id"] for line in found] == [mine, mine, id_in(table, MPID + 1)]
    assert [line["outcome"] for line in found][::2] == [{"accepted": 1}, {"skipped.other_environment": 1}]
    assert found[0]["sequence_number"] == number_of(record(1, batch()))


def test_a_refresh_has_a_line_with_its_list_and_generation(capsys: Capture) -> None:
    world, table = refresh.World(), KeyTable()
    with_log(world.refresh, table, world.time)
    refreshed(world, message("1"))
    first, invocation = lines(capsys.readouterr().out)
    assert (first["message"], first["outcome"], first["generation"]) == ("refresh", "written", 1)
    assert first["correlation_id"] == id_in(table, MPID)
    assert len(first["list_digest"]) == 32
    assert invocation["outcomes"]["ProfilesUpdated"] == 1


def test_a_refused_upload_and_a_postponed_user_are_said_so(capsys: Capture) -> None:
    world, table = refresh.World(), KeyTable()
    with_log(world.refresh, table, world.time)
    refreshed(world, message("1"))
    world.answer((503, {}))
    world.time.now += 1
    refreshed(world, message("2", sent=world.time.now), message("3", MPID + 1, sent=world.time.now))
    outcomes = [line["outcome"] for line in lines(capsys.readouterr().out) if line["message"] == "refresh"]
    assert sorted(outcomes) == ["failed", "postponed", "written"]


def test_no_line_holds_an_mpid_or_an_item(capsys: Capture) -> None:
    world, table = ingest.World(), KeyTable()
    with_log(world.ingest, table, world.time)
    ingested(world, record(1, batch()))
    writer, keys = refresh.World(), KeyTable()
    with_log(writer.refresh, keys, writer.time)
    refreshed(writer, message("1"))
    output = capsys.readouterr().out
    assert id_in(table, MPID) in output
    assert str(MPID) not in output
    assert not [item for item in world.sent_items() if f'"{item}"' in output]
    assert "hat" not in json.dumps([line for line in lines(output) if line["message"] == "refresh"])


@pytest.mark.parametrize("error", [DENIED, INVALID])
def test_without_its_key_the_log_is_off_and_nothing_else_is(capsys: Capture, error: ClientError) -> None:
    world = ingest.World()
    with_log(world.ingest, KeyTable(error), world.time)
    ingested(world, record(1, batch()))
    off, invocation = lines(capsys.readouterr().out)
    assert off["message"] == "records are not logged"
    assert invocation["outcomes"]["Accepted"] == 1


def test_while_it_is_off_there_is_no_such_line(capsys: Capture) -> None:
    ingested(ingest.World(), record(1, batch()))
    refreshed(refresh.World(), message("1"))
    assert [line["message"] for line in lines(capsys.readouterr().out)] == ["invocation", "invocation"]


def test_processes_share_a_months_key_and_the_next_month_has_another() -> None:
    table, time = KeyTable(), FakeTime()
    one, other = (CorrelationIds(lambda: table, "keys", time.time()) for _ in range(2))
    assert one.of(FAR)(MPID) == other.of(FAR)(MPID) != one.of(FAR)(MPID + 1)
    reads = table.reads
    before = one.of(FAR)(MPID)
    assert table.reads == reads, "a process reads a month's key once"
    time.now += MONTH_S
    assert one.of(time.now + 60)(MPID) != before
    assert len(table.items) == 2


def test_whoever_loses_the_race_for_a_new_key_takes_the_winners() -> None:
    table, time = KeyTable(), FakeTime()
    winner = CorrelationIds(lambda: table, "keys", time.time())
    real_get = table.get_item

    def too_early(**request: Any) -> dict[str, Any]:
        table.get_item = real_get  # type: ignore[method-assign]
        winner.of(FAR)
        return {}

    table.get_item = too_early  # type: ignore[assignment]
    loser = CorrelationIds(lambda: table, "keys", time.time())
    assert loser.of(FAR)(MPID) == winner.of(FAR)(MPID)


def test_a_key_expires_when_no_line_of_its_month_is_left() -> None:
    last_line = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp()
    assert month_of(last_line) == "2026-01"
    assert last_line + 30 * 86_400 < expiry_of("2026-01") < last_line + 33 * 86_400
    assert month_of(NOW) != month_of(NOW + MONTH_S)


def test_a_table_that_is_denied_is_a_wrong_configuration_of_the_log_alone() -> None:
    with pytest.raises(Misconfigured):
        CorrelationIds(lambda: KeyTable(DENIED), "keys", FakeTime().time()).of(FAR)
