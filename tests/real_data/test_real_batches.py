"""Real batches of others: the broker's verdict on each, and what it would train on had they been meant for it."""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from broker import batch as batches
from broker import interactions

from local_stack.audit import rows as ledger
from tests.real_data import ROOT

ARRIVED_MS = 1_789_380_000_123
CUSTOMER = -8713045162839027341


class Verdict(NamedTuple):
    """What `invoke` must say of one batch; all of these real ones are of nobody, of development, or bad."""

    skipped: dict[str, int]
    reason: str | None = None
    mpid: int | None = None


VERDICTS = {
    "01_docs_events_api_sample.json": [Verdict({"other_environment": 1}, mpid=-7636538281262557000)],
    "04_ios_multiple_purchases.json": [Verdict({"no_customer": 1})],
    "05_ios_custom_event.MALFORMED.json": [Verdict({}, "not_json")],
    "07_s2s_custom_event_no_timestamp.json": [Verdict({"no_customer": 1})],
    "10_commerce_purchase_string_int64_nulls.json": [Verdict({"other_environment": 1})],
    "12_mparticle_json_goodbatch.json": [Verdict({"no_customer": 1})],
    "15_docs_s3_output_lines.ndjson": [Verdict({"no_customer": 1}), Verdict({"no_customer": 1})],
    "17_portability_stored_batch.json": [Verdict({"other_environment": 1}, mpid=3764265693111170448)],
    "90_firehose_event_processing_request.OTHER_FORMAT.json": [Verdict({}, "no_well_formed_event")],
    "91_js_models_expanded_impression.NOT_WIRE.json": [Verdict({}, "not_a_batch")],
}

# (item, action, time in ms or None for the arrival's, mParticle's event id, product index) and the skipped, of the
# same batches once they come from production and from a known customer.
MEANT_FOR_US: dict[str, tuple[list[tuple[str, str, int | None, str, int]], dict[str, int]]] = {
    "01_docs_events_api_sample.json": (
        [("Product SKU", "purchase", 1558388284159, "6644003854898401924", 0)],
        {"other_event_type": 13},
    ),
    "04_ios_multiple_purchases.json": (
        [
            ("h1234", "purchase", 1494947961106, "6388709626641721553", 0),
            ("s1234", "purchase", None, "6388709626641721553", 0),  # dated 1974, as is its batch
        ],
        {},
    ),
    "07_s2s_custom_event_no_timestamp.json": ([], {"other_event_type": 1}),
    "10_commerce_purchase_string_int64_nulls.json": (
        [("Pants-19", "purchase", None, "2221053877798421919", 0)],
        {},
    ),
    "12_mparticle_json_goodbatch.json": (
        [("Product SKU", "purchase", None, "e2", 0)],
        {"other_event_type": 2},
    ),
    "17_portability_stored_batch.json": ([], {"other_event_type": 1}),
}


@pytest.fixture(scope="module")
def real_batches(test_data: Path) -> list[Path]:
    return sorted(path for path in (test_data / "mparticle").iterdir() if not path.name.startswith("schema."))


def test_there_is_a_verdict_for_every_real_batch(real_batches: list[Path]) -> None:
    assert [path.name for path in real_batches] == list(VERDICTS)


def test_invoke_gives_the_right_verdict_on_every_real_batch(real_batches: list[Path]) -> None:
    command = [str(ROOT / "broker"), "invoke", "--json", *map(str, real_batches)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)  # noqa: S603
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [answer(verdict) for verdicts in VERDICTS.values() for verdict in verdicts]
    assert [{name: said[name] for name in right} for said, right in zip(answers, expected, strict=True)] == expected
    assert done.returncode == 1


@pytest.mark.parametrize("name", MEANT_FOR_US)
def test_a_real_batch_from_production_and_a_known_customer_trains_as_the_reference_says(
    name: str, test_data: Path
) -> None:
    expected, expected_skips = MEANT_FOR_US[name]
    record = meant_for_us(test_data / "mparticle" / name)
    reported, skipped = extracted(record)
    rows = {
        ledger.Row(str(CUSTOMER), item, action, (time_ms or ARRIVED_MS) // 1000, event_id, index)
        for item, action, time_ms, event_id, index in expected
    }
    assert {ledger.from_put_event(interaction.user_id, interaction.as_event()) for interaction in reported} == rows
    assert skipped == expected_skips
    assert len({interaction.event_id for interaction in reported}) == len(rows)
    assert ledger.rows_from_bytes(record, ARRIVED_MS) == rows


def test_two_real_purchases_that_share_an_event_id_keep_their_ids_when_they_arrive_again(test_data: Path) -> None:
    record = meant_for_us(test_data / "mparticle" / "04_ios_multiple_purchases.json")
    first, again = extracted(record)[0], extracted(record, ARRIVED_MS + 5_000)[0]
    assert [interaction.event_id for interaction in first] == [interaction.event_id for interaction in again]
    assert len({interaction.event_id for interaction in first}) == 2


def answer(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": "bad_batch" if verdict.reason else "batch",
        "reason": verdict.reason,
        "mpid": None if verdict.mpid is None else str(verdict.mpid),
        "interactions": [],
        "skipped": verdict.skipped,
        "put_events": [],
    }


def meant_for_us(path: Path) -> bytes:
    return json.dumps(json.loads(path.read_bytes()) | {"environment": "production", "mpid": CUSTOMER}).encode()


def extracted(record: bytes, arrived_ms: int = ARRIVED_MS) -> tuple[list[interactions.Interaction], dict[str, int]]:
    [batch] = batches.decode(record, arrived_ms)
    assert isinstance(batch, batches.Batch)
    reported, skipped = interactions.extract(batch, interactions.Rules())
    return reported, dict(skipped)
