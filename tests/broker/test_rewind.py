"""rewind, whole invocations: what is read again, what is left to ingest, and how far it says it is; no refreshes."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from broker.batch import Batch, decode
from broker.failures import Misconfigured, Unavailable
from broker.interactions import Rules, extract
from broker.kinesis_record import REDRIVEN, redriven_key
from broker.rewind import Rewind, RewindStore
from broker.rewind_plan import PLAN, NoPlan, RewindPlan, ShardProgress, plan_from_json, progress_from_json
from broker.telemetry import Counts

from replay.archive_feed import record_of_archive
from tests.broker.lambda_events import MPID, SHARD, batch, failures, number_of, product_event, record, visit
from tests.broker.stubs import BROKEN, FAR, NOW, THROTTLED, AwsClient, FakeTime, client_error
from tests.broker.test_ingest import World

END = record(3)
HOUR = datetime.fromtimestamp(NOW, UTC)
PLANNED = RewindPlan("run-1", int(NOW * 1000) - 1000, int(NOW * 1000), {SHARD: number_of(END)})


class Control(AwsClient):
    """S3 with the objects of a rewind."""

    def __init__(self, plan: RewindPlan | None = PLANNED) -> None:
        self.objects = {} if plan is None else {PLAN: plan.as_json()}
        super().__init__(get_object=self._get, put_object=self._put)

    def _get(self, request: Mapping[str, Any]) -> Any:
        found = self.objects.get(request["Key"])
        return client_error("NoSuchKey", 404) if found is None else {"Body": io.BytesIO(found)}

    def _put(self, request: Mapping[str, Any]) -> Any:
        self.objects[request["Key"]] = request["Body"]
        return {}

    def progress(self) -> str | None:
        """Return up to which record the shard is read."""
        stored = self.objects.get(f"rewind/progress/{SHARD}.json")
        return stored and progress_from_json(stored).sequence_number


def rewind(world: World, control: Control) -> Rewind:
    return Rewind(world.ingest, RewindStore(lambda: control, "control", FakeTime().time()))


def test_records_up_to_the_end_are_read_again_and_later_ones_are_passed_over() -> None:
    world, control = World(sqs=None), Control()
    records = [record(number, visit(number)) for number in range(1, 6)]
    assert failures(rewind(world, control).run(records, FAR, Counts())) == []
    assert sorted(request["userId"] for request in world.events.of("put_events")) == ["1", "2", "3"]
    assert control.progress() == number_of(records[-1])
    assert progress_from_json(control.objects[f"rewind/progress/{SHARD}.json"]).arrived_ms == NOW * 1000


def test_a_shard_without_an_end_has_nothing_to_read_again() -> None:
    world, control = World(sqs=None), Control(RewindPlan("run-1", 0, 1, {"shardId-000000000009": "1"}))
    assert failures(rewind(world, control).run([record(1, visit(1))], FAR, Counts())) == []
    assert world.events.requests == []


def test_records_of_the_archive_are_read_whatever_is_planned_for_the_stream_meanwhile() -> None:
    world, control = World(sqs=None), Control()
    of_archive = [record_of_archive(HOUR, "raw/a.gz", index, json.dumps(visit(index)).encode()) for index in (1, 2)]
    assert failures(rewind(world, control).run(of_archive, FAR, Counts())) == []
    assert sorted(request["userId"] for request in world.events.of("put_events")) == ["1", "2"]
    assert control.requests == [], "no plan is asked for, and no progress of a shard is written"


def test_how_far_it_is_ends_before_the_first_record_that_failed() -> None:
    world, control = World(sqs=None), Control()
    world.answer(lambda request: THROTTLED if request["userId"] == "2" else {})
    records = [record(number, visit(number)) for number in (1, 2, 3)]
    assert number_of(records[1]) in failures(rewind(world, control).run(records, NOW + 1, Counts()))
    assert control.progress() == number_of(records[0])


def test_without_a_plan_nothing_is_sent_and_where_s3_is_down_it_is_tried_again() -> None:
    world = World(sqs=None)
    with pytest.raises(Misconfigured, match="no rewind is planned"):
        rewind(world, Control(None)).run([record(1, visit(1))], FAR, Counts())
    down = Control()
    down.answers["get_object"] = lambda _: BROKEN
    with pytest.raises(Unavailable):
        rewind(world, down).run([record(1, visit(1))], FAR, Counts())
    assert world.events.requests == []


def test_a_plan_and_a_progress_come_back_the_same_and_anything_else_is_refused() -> None:
    assert plan_from_json(PLANNED.as_json()) == PLANNED
    progress = ShardProgress("run-1", "49590338271490256608559692538361571095921575989136580001", 5)
    assert progress_from_json(progress.as_json()) == progress
    for stored in (b"", b"[]", b"{}", b'{"id": "x", "since_ms": 1, "until_ms": 2, "ends": {"s": "x"}}', b"\xff"):
        with pytest.raises(NoPlan):
            plan_from_json(stored)
        with pytest.raises(NoPlan):
            progress_from_json(stored)


def ids(event_types: Mapping[str, str], action: str = "view_detail") -> list[str]:
    document = json.dumps(batch(product_event(action, event_id="7"))).encode()
    [read] = decode(document, int(NOW * 1000))
    assert isinstance(read, Batch)
    return [interaction.event_id for interaction in extract(read, Rules(event_types))[0]]


def test_an_event_keeps_its_id_whatever_else_is_reported_and_gets_another_under_another_type() -> None:
    as_it_is = ids({"view_detail": "view_detail"})
    assert ids({"view_detail": "view_detail", "purchase": "Purchase"}) == as_it_is
    renamed = ids({"view_detail": "View"})
    assert renamed == ids({"view_detail": "View", "click": "click"})
    assert len({*as_it_is, *renamed, *ids({"view_detail": "Watch"})}) == 3


def test_the_id_of_an_event_that_is_reported_by_its_own_name_never_changes() -> None:
    """It is in datasets since the first release: with another one, what is read again would train twice."""
    assert ids({"view_detail": "view_detail"}) == ["7-0-76860eb9eccb86263ea6521823eeaa56"]


def test_a_redriven_record_trains_and_asks_for_no_refresh_and_its_mark_does_not_grow() -> None:
    world = World()
    again = record(1, visit(1))
    again["kinesis"]["partitionKey"] = redriven_key("key-1")
    assert world.run(again, record(2, visit(2))) == []
    assert sorted(request["userId"] for request in world.events.of("put_events")) == ["1", "2"]
    assert sorted(world.asked()) == [2]
    assert redriven_key(redriven_key("key-1")) == f"{REDRIVEN}key-1"
    assert len(redriven_key("k" * 256)) == 256
    assert str(MPID) in redriven_key(str(MPID))
