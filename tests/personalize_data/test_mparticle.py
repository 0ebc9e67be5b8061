"""mParticle's exports give the interactions that the stream gives, and tell what they leave out."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from broker.batch import Batch, decode
from broker.interactions import Interaction, Rules, extract

from personalize_data.conversion import Plan
from personalize_data.schema import Schema, SchemaError, read_schema
from personalize_data.table import Mapped, MappingError
from tests.loop.clone import ROOT
from tests.personalize_data.conversions import INTERACTIONS, NOW, converted, sources

SAMPLES = sorted(path for path in (ROOT / "events").iterdir() if path.suffix != ".md")


def plan(folder: Path, *files: str | bytes, schema: Schema = INTERACTIONS, rules: Rules | None = None) -> Plan:
    return Plan("interactions", sources(folder, *files), schema, rules=rules or Rules())


def streamed(data: bytes, rules: Rules) -> list[Interaction]:
    """Return what ``ingest`` would send for a record that holds the same."""
    batches = [batch for batch in decode(data, int(NOW * 1000)) if isinstance(batch, Batch)]
    return [interaction for batch in batches for interaction in extract(batch, rules)[0]]


def as_sent(interaction: Interaction) -> tuple[str, str, str, int, float | None, str]:
    return (
        interaction.user_id,
        interaction.item_id,
        interaction.event_type,
        interaction.sent_at,
        interaction.event_value,
        interaction.recommendation_id or "",
    )


def as_written(row: dict[str, str]) -> tuple[str, str, str, int, float | None, str]:
    value = float(row["EVENT_VALUE"]) if row["EVENT_VALUE"] else None
    return row["USER_ID"], row["ITEM_ID"], row["EVENT_TYPE"], int(row["TIMESTAMP"]), value, row["RECOMMENDATION_ID"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "rules", [Rules(), Rules(event_types={"purchase": "Buy"}, event_value=False)], ids=["as_it_comes", "renamed"]
)
def test_every_sample_gives_what_the_stream_gives_of_it(tmp_path: Path, sample: Path, rules: Rules) -> None:
    data = sample.read_bytes()
    lines, _, summary = converted(plan(tmp_path, data, rules=rules))
    timed = [interaction for interaction in streamed(data, rules) if interaction.time_ms != int(NOW * 1000)]

    assert [as_written(row) for row in csv.DictReader(io.StringIO("\n".join(lines)))] == [
        as_sent(interaction) for interaction in timed
    ]
    assert summary.rows == len(timed)


def batch(**changes: Any) -> dict[str, Any]:
    event = {
        "event_type": "commerce_event",
        "data": {
            "timestamp_unixtime_ms": 1_700_000_000_000,
            "product_action": {"action": "purchase", "products": [{"id": "a", "total_product_amount": 2.5}]},
        },
    }
    return {"mpid": 7, "environment": "production", "events": [event], **changes}


def test_exports_of_a_batch_a_line_are_read_packed_or_not_and_bad_lines_named(tmp_path: Path) -> None:
    good = json.dumps(batch())
    text = f"{good}\n\n{{broken\n{good}\n[]\n{json.dumps(batch(mpid=0))}\n"
    lines, _, summary = converted(plan(tmp_path, text, gzip.compress(good.encode())))

    assert lines[1:] == ["7,a,purchase,1700000000,7,2.5,,"] * 3
    assert summary.examples == [("file-1", 3, "not_json"), ("file-1", 5, "not_a_batch")]
    assert summary.skipped == {"no_customer": 1}


def test_a_broken_first_line_does_not_make_one_document_of_the_rest(tmp_path: Path) -> None:
    good = json.dumps(batch())
    _, _, summary = converted(plan(tmp_path, f"{good[:-5]}\n{good}\n{good}\n"))

    assert (summary.rows, summary.examples) == (2, [("file-1", 1, "not_json")])


@pytest.mark.parametrize("indent", [None, 2])
def test_one_document_over_many_lines_is_one_batch_or_a_list_of_them(tmp_path: Path, indent: int | None) -> None:
    listed = json.dumps([batch(), batch(mpid=8)], indent=indent)
    whole = json.dumps(batch(), indent=indent)

    assert converted(plan(tmp_path, listed, whole))[2].rows == 3


@pytest.mark.parametrize("between", ["", " "])
def test_batches_that_firehose_has_joined_are_read_and_a_broken_one_hides_no_other(
    tmp_path: Path, between: str
) -> None:
    good = json.dumps(batch())
    assert converted(plan(tmp_path, between.join([good] * 6)))[2].rows == 6

    _, _, summary = converted(plan(tmp_path, between.join([good, good, '{"events": [}', good, good])))
    assert (summary.rows, summary.bad) == (4, {"not_json": 1})


def test_joined_batches_beyond_what_one_record_may_hold_are_read(tmp_path: Path) -> None:
    assert converted(plan(tmp_path, json.dumps(batch()) * 10_001))[2].rows == 10_001


def test_an_event_without_any_time_is_left_out_and_not_given_todays(tmp_path: Path) -> None:
    untimed = batch()
    del untimed["events"][0]["data"]["timestamp_unixtime_ms"]
    lines, _, summary = converted(plan(tmp_path, json.dumps(untimed)))

    assert len(lines) == 1
    assert summary.skipped == {"no_time": 1}


def test_batches_take_no_mapping_and_fill_no_other_dataset(tmp_path: Path) -> None:
    (source,) = sources(tmp_path, json.dumps(batch()))
    with pytest.raises(MappingError, match="need no --column"):
        converted(Plan("interactions", [source], INTERACTIONS, Mapped({"USER_ID": "mpid"})))
    with pytest.raises(MappingError, match="not users"):
        converted(Plan("users", [source], None))


def test_tables_and_exports_are_not_mixed(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="one kind at a time"):
        converted(plan(tmp_path, json.dumps(batch()), "USER_ID\n"))


def test_a_column_that_no_batch_fills_must_be_allowed_to_be_empty(tmp_path: Path) -> None:
    schema = json.loads(INTERACTIONS.text)
    schema["fields"].append({"name": "DEVICE", "type": "string"})

    with pytest.raises(SchemaError, match="nothing for DEVICE"):
        converted(plan(tmp_path, json.dumps(batch()), schema=read_schema(json.dumps(schema), "interactions")))
