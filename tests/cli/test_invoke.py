"""`./broker invoke` names the file, the place and the word of what it could not use, and what may be meant."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import main
from cli.invoke.words import ACTIONS, EVENT_TYPES, key_meant, meant, shown
from cli.records import one_batch_each
from tests.broker.lambda_events import batch, product_event, visit
from tests.real_data import ROOT


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["invoke", *map(str, arguments)], prog_name="./broker")


def notes(folder: Path, document: Any) -> list[str]:
    (folder / "b.json").write_text(json.dumps(document))
    [said] = [json.loads(line) for line in invoke("--json", folder / "b.json").stdout.splitlines()]
    noted: list[str] = said["notes"]
    return noted


def action(word: Any, *products: Any) -> Any:
    return batch(product_event(word, items=products or ("socks",)))


MISSPELT = {
    "action": (action("viewDetail"), "event 1: action 'viewDetail': did you mean view_detail?"),
    "action_of_another_program": (
        action("Order Completed"),
        "event 1: action 'Order Completed' is none of mParticle's",
    ),
    "action_not_reported": (action("refund"), "event 1: action 'refund' is not one of broker:event_types"),
    "action_as_number": (action(7), "event 1: action 7 is none of mParticle's"),
    "event_type": (
        batch(product_event(), {"event_type": "CommerceEvent", "data": {}}),
        "event 2: event_type 'CommerceEvent': did you mean commerce_event?",
    ),
    "event_key": (
        batch(product_event(), {"eventType": "commerce_event", "data": {}}),
        "event 2: key 'eventType': did you mean event_type?",
    ),
    "action_key": (
        batch({"event_type": "commerce_event", "data": {"productAction": {}}}),
        "event 1: key 'productAction': did you mean product_action?",
    ),
    "products_key": (
        batch({"event_type": "commerce_event", "data": {"product_action": {"action": "purchase", "product": []}}}),
        "event 1: key 'product': did you mean products?",
    ),
    "batch_key": (
        {"mpid": 7, "events": [], "consentState": {}},
        "key 'consentState': did you mean consent_state?",
    ),
    "id_key": (
        action("view_detail", "socks", {"sku": "hat"}),
        "event 1: product 2: it has no id; key 'sku': did you mean id?",
    ),
    "id_key_in_camel_case": (
        action("view_detail", {"productId": "hat"}),
        "event 1: product 1: it has no id; key 'productId': did you mean id?",
    ),
    "id_of_nothing": (action("purchase", {"id": "NaN"}), "event 1: product 1: id 'NaN' stands for nothing"),
    "id_rounded": (
        action("purchase", {"id": 5.04e18}),
        "event 1: product 1: id 5.04e+18 is rounded: write it as text",
    ),
    "amount": (
        action("purchase", {"id": "a", "price": "12,50", "quantity": 1}),
        "event 1: product 1: price '12,50' is not a number with a decimal point: left out",
    ),
    "list_of_an_event": (
        batch(product_event(custom_attributes={"product_recs_id": ["RID-1"]})),
        'event 1: product_recs_id ["RID-1"] is no id of at most 40 characters: left out',
    ),
    "list_of_a_product": (
        action("purchase", {"id": "a", "custom_attributes": {"product_recs_id": "x" * 41}}),
        f"event 1: product 1: product_recs_id '{'x' * 41}' is no id of at most 40 characters: left out",
    ),
    "returns": (
        action("purchase", {"id": "a", "quantity": -1}),
        "event 1: product 1: a negative quantity or amount: a return, which is left out",
    ),
    "time_in_microseconds": (
        batch(product_event(timestamp_unixtime_ms=1_789_380_300_000_000)),
        "event 1: timestamp_unixtime_ms 1789380300000000: it is in microseconds since 1970: not used",
    ),
    "time_of_the_batch": (
        batch(timestamp_unixtime_ms="1789380300000000000"),
        "timestamp_unixtime_ms '1789380300000000000': it is in nanoseconds since 1970: not used",
    ),
    "customer": (
        batch(mpid=7.5),
        "mpid 7.5 is not a whole number of 64 bits: write it as an integer or as text",
    ),
}


@pytest.mark.parametrize(("document", "note"), MISSPELT.values(), ids=MISSPELT)
def test_what_is_not_used_is_named_with_its_place_and_what_may_be_meant(
    tmp_path: Path, document: Any, note: str
) -> None:
    assert notes(tmp_path, document) == [note]
    assert f"{tmp_path / 'b.json'}: {note}\n" in invoke(tmp_path / "b.json").stdout


@pytest.mark.parametrize("sample", ["purchase", "one_visit", "promotion", "other_event_types", "amounts", "sessions"])
def test_a_sound_batch_has_no_note_but_of_actions_that_are_not_reported(sample: str) -> None:
    said = [json.loads(line) for line in invoke("--json", ROOT / "events" / f"{sample}.json").stdout.splitlines()]
    assert [note for one in said for note in one["notes"] if "broker:event_types" not in note] == []


def test_each_answer_names_its_file_and_its_place_in_it(tmp_path: Path) -> None:
    lines, envelope, broken = tmp_path / "lines.ndjson", tmp_path / "envelope.json", tmp_path / "broken.json"
    lines.write_text(f"{json.dumps(visit(1))}\n{{broken\n")
    data = base64.b64encode(gzip.compress(json.dumps(visit(2)).encode())).decode()
    kinesis = {"data": data, "approximateArrivalTimestamp": 1_789_380_000.0}
    envelope.write_text(json.dumps({"Records": [{"kinesis": kinesis}] * 2}))
    broken.write_text("{")
    done = invoke(lines, envelope, broken)
    heads = [line.partition(": customer")[0] for line in done.stdout.splitlines() if ": ba" in line]
    assert heads == [
        f"{lines}: batch 1: batch of customer 1: 1 interaction",
        f"{lines}: batch 2: bad batch: not_json (line 2 column 2)",
        f"{envelope}: record 1: batch of customer 2: 1 interaction",
        f"{envelope}: record 2: batch of customer 2: 1 interaction",
        f"{broken}: bad batch: not_json (line 1 column 2)",
    ]
    assert done.exit_code == 1
    said = [json.loads(line) for line in invoke("--json", lines, envelope, broken).stdout.splitlines()]
    assert [(Path(one["file"]).name, one["record"], one["batch"], one["reason"], one["detail"]) for one in said] == [
        ("lines.ndjson", None, 1, None, None),
        ("lines.ndjson", None, 2, "not_json", "line 2 column 2"),
        ("envelope.json", 1, 1, None, None),
        ("envelope.json", 2, 1, None, None),
        ("broken.json", None, 1, "not_json", "line 1 column 2"),
    ]


SHAPES = {
    "lambda": ({"Records": [{"messageId": "1"}]}, "AWS Lambda"),
    "firehose": ({"records": [], "deliveryStreamArn": "a"}, "Firehose"),
    "eventbridge": ({"detail": {}, "detail-type": "x", "source": "y"}, "EventBridge"),
    "sns": ({"Type": "Notification", "Message": "{}", "TopicArn": "a"}, "SNS"),
    "sqs": ({"messageId": "1", "receiptHandle": "2", "body": "{}"}, "SQS"),
    "warehouse": ({"mparticleuserid": 7, "eventid": 1}, "./broker backfill"),
    "event": (product_event(), "outside of a batch"),
    "json_in_json": (json.dumps(batch()), "encoded twice"),
}


@pytest.mark.parametrize(("document", "words"), SHAPES.values(), ids=SHAPES)
def test_another_programs_json_is_named(tmp_path: Path, document: Any, words: str) -> None:
    (tmp_path / "b.json").write_text(json.dumps(document))
    [said] = [json.loads(line) for line in invoke("--json", tmp_path / "b.json").stdout.splitlines()]
    assert said["reason"] == "not_a_batch"
    assert words in said["detail"]
    assert said["notes"] == []


def test_many_notes_are_cut_off_in_text_and_whole_in_json(tmp_path: Path) -> None:
    many = action("purchase", *[{"id": ""}] * 30)
    assert len(notes(tmp_path, many)) == 30
    assert f"{tmp_path / 'b.json'}: 10 more; --json has all of them" in invoke(tmp_path / "b.json").stdout


def test_nothing_in_a_file_can_write_to_the_terminal(tmp_path: Path) -> None:
    [note] = notes(tmp_path, action("\x1b[31m\ud83c"))
    assert note == "event 1: action '\\x1b[31m\\ud83c' is none of mParticle's"
    assert shown("x" * 100) == "'" + "x" * 59 + "…"


def test_known_words_are_not_misspelt() -> None:
    for known in ([word for word in ACTIONS if word != "remove_from_wish_list"], EVENT_TYPES):
        assert [word for word in known if meant(word, known) != word] == []
        assert [word for word in known if meant(word.upper().replace("_", "-"), known) != word] == []
    assert meant("Order Completed", ACTIONS) is None
    assert key_meant({"price": 1, "name": "a"}, "id") is None


def test_joined_batches_are_put_on_the_stream_as_one_record_each(tmp_path: Path) -> None:
    written = [json.dumps(visit(number)) for number in (1, 2, 3)]
    (tmp_path / "joined").write_text("".join(written))
    (tmp_path / "broken").write_text(f"{written[0]}{{")
    assert [record.data.decode() for record in one_batch_each((tmp_path / "joined",))] == written
    assert [record.data.decode() for record in one_batch_each((tmp_path / "broken",))] == [written[0], "{"]
