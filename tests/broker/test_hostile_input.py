"""What is put on the stream to do harm: time and memory bounded, a verdict for each, and nothing else suffers."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError
from broker import ingest
from broker.batch import BadBatch, decode
from broker.documents import MAX_PARTS
from broker.ingest import DEDUP_CACHE_SIZE
from broker.intake import MAX_INTERACTIONS_PER_INVOCATION
from broker.telemetry import Telemetry

from blueprint.sizing import INGEST
from local_stack.audit.reconciliation import Audit, audit
from local_stack.audit.rows import StreamRecord
from local_stack.audit.services import holdings_from
from tests.broker import hostile
from tests.broker.lambda_events import MPID, SHARD, batch, lambda_context, number_of, product_event, record, visit
from tests.broker.stubs import INVALID, NOW, AwsClient, always, client_error
from tests.broker.test_ingest import World
from tests.draws import draws
from tests.real_data import ROOT

MIB = draws(all_of_them=10, part=2)  # a record's size; what it may cost grows with it
SHARE = MIB / 10
# A record takes at most so many times the processor time that parsing as much JSON takes in small parts; measured: 5.5.
# That is some four seconds for 10 MiB; a function has 0.29 of a processor, and a minute.
ENOUGH = 12.0
IDLE = 50  # MB that the process has without a record
EVIL = 'x\n2026-01-01 ERROR root\r\x1b[31m{"level":"ERROR","ConfigurationErrors":[9]}\u2028\x00'


@pytest.fixture(scope="module")
def costs() -> dict[str, hostile.Cost]:
    command = [sys.executable, "-m", "tests.broker.hostile", "--json", "--mib", str(MIB)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambda_src'}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=True)  # noqa: S603
    found = [hostile.Cost(**json.loads(line)) for line in done.stdout.splitlines()]
    return {one.name: one for one in found}


VERDICTS = {
    "an array of arrays": "too_large",
    "an array of small objects": "too_large",
    "an array of batches without events": "too_large",
    "an array of the smallest batches": "too_large",
    "lines of empty objects": "too_large",
    "lines of no JSON, and a batch": "too_large",
    "a million products": "too_large",
    "millions of events that are none": "too_large",
    "a million keys": "no_events",
    "a list of a million recommendations": "accepted",
    "an id of megabytes": "accepted",
    "an amount of 10 million digits": "accepted",
    "a number of 10 million digits": "not_json",
    "numbers of 4,300 digits": "not_a_batch",
    "ten million brackets": "not_json",
    "two million nested objects": "not_json",
    "NULs": "not_json",
    "text that ends in half a character": "not_utf8",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_ten_megabytes_get_their_verdict_in_bounded_time_and_memory(costs: dict[str, hostile.Cost], name: str) -> None:
    found = costs[name]
    assert found.verdict == VERDICTS[name]
    assert found.neighbour, "the good record of the same invocation is delivered"
    assert found.failed == []
    assert found.seconds < ENOUGH * found.parsing
    assert found.peak_mb < IDLE + SHARE * (INGEST.memory - IDLE)
    assert found.rows <= 1
    assert found.quarantined_bytes < 1.5 * MIB * 2**20 + 1000


def test_every_expensive_record_was_tried(costs: dict[str, hostile.Cost]) -> None:
    assert costs.keys() == VERDICTS.keys() == hostile.RECORDS.keys()


def lines_of(count: int) -> bytes:
    return b"\n".join([b'{"mpid": 7}'] * count)


@pytest.mark.parametrize(
    "holds",
    [
        lambda count: json.dumps([{"mpid": 7}] * count).encode(),
        lines_of,
        lambda count: json.dumps(batch(*[product_event(items=[]) for _ in range(count - 1)])).encode(),
        lambda count: json.dumps(batch(product_event(items=["a"] * (count - 2)))).encode(),
        lambda count: json.dumps([batch(product_event(items=["a"] * (count // 2 - 2))) for _ in "12"]).encode(),
    ],
)
def test_a_record_may_hold_ten_thousand_parts_and_no_more(holds: Callable[[int], bytes]) -> None:
    assert not any(isinstance(one, BadBatch) for one in decode(holds(MAX_PARTS), 0))
    [bad] = decode(holds(MAX_PARTS + 2), 0)
    assert isinstance(bad, BadBatch)
    assert bad.reason == "too_large"


def test_all_that_is_in_a_record_that_is_too_large_counts_as_quarantined() -> None:
    many = json.dumps(batch(product_event(items=[str(n) for n in range(MAX_PARTS)], event_id="1"))).encode()
    world = World()
    found = audited(world, [record(1, data=many), record(2, visit(2))])
    assert found.holds
    assert (found.count("quarantined"), found.count("in_personalize")) == (MAX_PARTS, 1)


def test_an_invocation_reads_no_more_than_it_can_deliver_and_goes_on_where_it_stopped() -> None:
    of_each = 900
    records = [
        record(n, batch(product_event(items=[f"{n}-{m}" for m in range(of_each)], event_id=str(n)))) for n in range(25)
    ]
    world, left, put_off = World(), records, []
    while left:
        failed = world.run(*left)
        assert world.counts.outcomes["Accepted"] < MAX_INTERACTIONS_PER_INVOCATION + of_each
        assert world.counts.outcomes["RecordsDeferred"] == len(failed)
        left = [one for one in left if number_of(one) in failed]
        put_off.append(len(left))
    assert put_off == [13, 1, 0]
    sent = world.sent_items()
    assert len(sent) == len(set(sent)) == 25 * of_each


def test_whatever_one_invocation_holds_is_remembered_until_the_next() -> None:
    assert MAX_INTERACTIONS_PER_INVOCATION + MAX_PARTS <= DEDUP_CACHE_SIZE


def test_refused_lines_by_the_thousand_are_kept_without_a_copy_of_the_record_each() -> None:
    items = [f"bad-{n}" for n in range(500)]
    world = World(AwsClient(put_events=lambda request: INVALID if "bad" in str(request) else {}))
    world.run(record(1, visit(1)))  # the proof that the tracker works
    large = record(2, batch(product_event(items=items, event_id="1"), filler="x" * 10**5))
    assert world.run(large) == []
    [put] = world.bucket.of("put_object")
    assert len(put["Body"].splitlines()) == len(items)
    assert len(put["Body"]) < 2 * 10**5 + 400 * len(items)


def raw(inside: str) -> str:
    """Return a batch of one view, with something in it that no dictionary holds."""
    return json.dumps(batch(product_event(event_id="1", items=[{"id": "socks", "x": 0}]))).replace('"x": 0', inside)


NESTED = '"x": ' + "[" * 400 + "]" * 400
# What stands on the stream, and what becomes of it: the event id that is sent, a reason to skip, or one for quarantine.
SMALL: list[tuple[str, str, str]] = [
    ("an id that is infinite", raw('"id": 1e999'), "no_item_id"),
    ("an id that is no number", raw('"id": NaN'), "no_item_id"),
    ("an id that is minus infinity", raw('"id": -Infinity'), "no_item_id"),
    ("an amount that is infinite", raw('"total_product_amount": 1e999'), "accepted"),
    ("an amount that is no number", raw('"total_product_amount": NaN'), "accepted"),
    ("an amount that overflows", raw('"price": 1e308, "quantity": 1e308'), "unreadable_amount"),
    ("an id of 4,000 digits", raw(f'"id": {"9" * 4000}'), "bad_event"),
    ("a number of 100,000 digits", raw(f'"x": {"9" * 100_000}'), "not_json"),
    ("a fraction of 100,000 digits", raw(f'"x": 0.{"9" * 100_000}'), "accepted"),
    ("a key twice: the last one counts", raw('"id": "trousers"'), "accepted"),
    ("nested 400 deep", raw(NESTED), "accepted"),
    ("nested 100,000 deep", raw('"x": ' + "[" * 100_000 + "]" * 100_000), "not_json"),
    ("an item with half a character", raw('"id": "\\ud800"'), "bad_event"),
    ("an item with a NUL", raw('"id": "a\\u0000b"'), "bad_event"),
    ("a NUL as it is", raw('"id": "a\0b"'), "not_json"),
    ("a customer that is infinite", raw("").replace(str(MPID), "1e999").replace(", }", "}"), "no_customer"),
    ("a customer of 30 digits", raw('"x": 0').replace(str(MPID), "9" * 30), "unreadable_customer"),
    ("no object", "[[[]]]", "not_a_batch"),
    ("events that are no list", '{"events": {"length": 1000000}}', "not_a_batch"),
]


@pytest.mark.parametrize(("document", "verdict"), [pytest.param(*rest, id=name) for name, *rest in SMALL])
def test_what_is_odd_gets_its_verdict_and_the_ledger_agrees(document: str, verdict: str) -> None:
    world = World()
    found = audited(world, [record(1, data=document.encode())])
    reasons = {reason for _, reason in world.counts.reasons}
    assert (reasons or {"accepted"}) == {verdict}
    assert found.holds
    assert found.count("in_personalize") == (verdict in ("accepted", "unreadable_amount"))


def test_all_of_it_in_one_invocation_and_in_one_record_harms_nothing_beside_it() -> None:
    world = World()
    good = [visit(n, f"good-{n}") for n in range(1, 40)]
    records = [record(n, data=document.encode()) for n, (_, document, _) in enumerate(SMALL)]
    records += [record(100 + n, one) for n, one in enumerate(good[:20])]
    mixed = [json.dumps(one) for one in good[20:]] + [document for _, document, _ in SMALL]
    records.append(record(200, data="\n".join(mixed).encode()))
    assert audited(world, records).holds
    assert {f"good-{n}" for n in range(1, 40)} <= set(world.sent_items())
    assert len(world.bucket.requests) == 1


def test_ids_made_to_collide_stay_apart() -> None:
    """One event id for different items, one item for different places, and ids that look like another's parts."""
    at = 1_789_379_995_000
    alike = [product_event(items=[item], event_id="1", at=at / 1000) for item in ("item-1445146", "item-1675691")]
    separators = [
        product_event(items=["a", "b"], event_id="7"),
        product_event(items=["a"], event_id="7-0"),
        product_event(items=["a"], event_id="7-1"),
        product_event(items=["|view_detail|a"], event_id="7"),
        product_event(items=["b"], event_id="7|a"),
    ]
    derived = [product_event(items=["c"]), product_event(items=["c"], event_id="B-0")]
    long = [product_event(items=["d"], event_id="9" * 201), product_event(items=["d"], event_id="9" * 202)]
    documents = [
        batch(*alike),  # the first ten digits of their digests are the same: e1f8e656ea
        batch(*separators),
        batch(derived[0], batch_id="B"),
        batch(product_event(items=["e"], event_id="B-0"), batch_id="C"),
        batch(*long),
    ]
    world = World()
    assert audited(world, [record(n, one) for n, one in enumerate(documents)]).holds
    ids = [event["eventId"] for request in world.events.of("put_events") for event in request["eventList"]]
    assert len(ids) == len(set(ids)) == 2 + 6 + 1 + 1 + 2
    assert all(len(one) <= 256 for one in ids)


def test_the_longest_ids_fit() -> None:
    event = product_event(items=["x"] * 9_000)
    world = World()
    world.run(record(1, batch(*[{}] * 900, event, batch_id="9" * 200)))
    longest = max((e["eventId"] for r in world.events.of("put_events") for e in r["eventList"]), key=len)
    assert longest.startswith("9" * 200 + "-900-")
    assert len(longest) <= 256


@pytest.mark.parametrize("error", [None, INVALID, client_error("AccessDeniedException", 403, EVIL)])
def test_nothing_that_is_sent_can_write_into_the_logs(
    capsys: pytest.CaptureFixture[str], error: ClientError | None
) -> None:
    world = World(AwsClient(put_events=always(error or {})))
    telemetry = Telemetry(f"hostile-{error and error.response['Error']['Code']}")
    try:
        world.run(*(record(n, one) for n, one in enumerate(evil_documents())), record(99, data=EVIL.encode()))
    except ingest.Misconfigured as failure:
        telemetry.misconfigured(failure, lambda_context("hostile"))
    telemetry.publish(world.counts, lambda_context("hostile"))
    output = capsys.readouterr()
    lines = [json.loads(line) for line in output.out.split("\n") if line]
    assert [line["message"] for line in lines if "message" in line][-1] == "invocation"
    assert output.err == ""
    for part in ("\x1b", "\\u001b", "\u2028", "2026-01-01", "[9]"):
        assert part not in output.out


def evil_documents() -> list[Any]:
    """Return batches with the same evil text in each place that has a name."""
    event = product_event(items=[EVIL], event_id=EVIL, session_uuid=EVIL)
    return [
        batch(event, batch_id=EVIL, message_id=EVIL),
        batch(event, environment=EVIL),
        batch(event, mpid=EVIL),
        batch(product_event(action=EVIL)),
        batch({"event_type": EVIL, "data": {"event_name": EVIL}}),
        batch(event, user_attributes={"product_recs": [EVIL]}, consent_state={"gdpr": {EVIL: EVIL}}),
        {EVIL: EVIL},
        {"events": EVIL},
    ]


def audited(world: World, records: Sequence[Any]) -> Audit:
    """Run records until none is reported failed, and hold them against what Personalize and the quarantine have."""
    left = list(records)
    while left:
        failed = world.run(*left)
        left = [one for one in left if number_of(one) in failed]
    accepted = [
        {"userId": request["userId"], **event}
        for request in world.events.of("put_events")
        for event in request["eventList"]
    ]
    held = holdings_from(accepted, [put["Body"] for put in world.bucket.of("put_object")], [], set())
    return audit([on_stream(record) for record in records], held)


def on_stream(one: Any) -> StreamRecord:
    kinesis = one["kinesis"]
    return StreamRecord(SHARD, kinesis["sequenceNumber"], int(NOW * 1000), base64.b64decode(kinesis["data"]))
