"""Who gets a list, by tables and by batches: consent fails closed, and the newest answer counts."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from broker.interactions import Rules

from personalize_data.consent import Consent
from personalize_data.errors import BadFile
from personalize_data.plan import Source
from personalize_data.table import MappingError
from seeding.customers import Activity, Columns, choose, job_input, read
from tests.broker.stubs import NOW
from tests.seeding.world import DAY

AGREED = Columns(consent=Consent("agreed"))
PURPOSE = Rules(consent_purpose="recs")


def read_text(tmp_path: Path, text: str, columns: Columns = AGREED, rules: Rules = PURPOSE) -> Activity:
    path = tmp_path / "file"
    path.write_text(text)
    return read([Source("file", path, "x")], columns, rules, NOW)


def chosen(found: Activity, days: float = 30) -> list[int]:
    return choose(found, NOW - days * DAY, lambda _: None)[0]


def rows(*fields: tuple[object, float, object]) -> str:
    lines = [f"{user},{int(NOW - days * DAY)},{answer}" for user, days, answer in fields]
    return "\n".join(["USER_ID,TIMESTAMP,agreed", *lines])


@pytest.mark.parametrize(
    ("told", "gets_one"),
    [
        ([(3, "true")], True),
        ([(3, "1")], True),
        ([(3, "no")], False),
        ([(3, "")], False),
        ([(3, "granted")], False),
        ([(31, "yes")], False),
        ([(31, "yes"), (3, "yes")], True),
        ([(9, "no"), (3, "yes")], True),
        ([(9, "yes"), (3, "no")], False),
        ([(9, "yes"), (3, "")], False),
        ([(3, "yes"), (3, "no")], False),
        ([(3, "no"), (3, "yes")], False),
    ],
)
def test_an_active_user_whose_newest_answer_is_a_yes_gets_a_list(
    tmp_path: Path, told: list[tuple[float, str]], gets_one: bool
) -> None:
    found = read_text(tmp_path, rows(*((-7, days, answer) for days, answer in told)))
    assert chosen(found) == ([-7] if gets_one else [])


def test_the_reasons_of_whoever_gets_none_are_counted_by_user(tmp_path: Path) -> None:
    text = rows((1, 3, "yes"), (2, 3, "no"), (2, 3, "no"), (3, 3, "?"), (4, 40, "yes"), (5, 3, "yes"), (6, 40, "no"))
    users, left_out = choose(read_text(tmp_path, text), NOW - 30 * DAY, {5: "suppressed"}.get)
    assert users == [1]
    assert left_out == {"no_consent": 2, "consent_unknown": 1, "inactive": 1, "suppressed": 1}


def test_a_no_without_a_time_that_can_be_read_counts_as_the_newest(tmp_path: Path) -> None:
    found = read_text(tmp_path, f"{rows((1, 3, 'yes'), (2, 3, 'yes'))}\n1,soon,no\n2,soon,yes")
    assert chosen(found) == [2]
    assert found.left_out == {"no_usable_time": 2}


def test_rows_of_nobody_at_mparticle_and_of_the_probe_are_counted_and_left_out(tmp_path: Path) -> None:
    found = read_text(
        tmp_path, rows(("made-up-3", 1, "yes"), ("broker-probe", 1, "yes"), ("", 1, "yes"), (0, 1, "yes"))
    )
    assert chosen(found) == []
    assert found.left_out == {"no_mparticle_id": 2, "broker_probe": 1, "no_user_id": 1}


def test_ids_that_a_spreadsheet_has_rounded_refuse_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"file:2: USER_ID is '-7\.34E\+18'"):
        read_text(tmp_path, rows(("-7.34E+18", 1, "yes")))


def test_where_a_purpose_is_named_a_table_must_say_who_has_consented(tmp_path: Path) -> None:
    text = rows((1, 3, "no"))
    with pytest.raises(MappingError, match="--consent COLUMN"):
        read_text(tmp_path, text, Columns())
    assert chosen(read_text(tmp_path, text, Columns(consent=Consent(given=True)))) == [1]
    assert chosen(read_text(tmp_path, text, Columns(), Rules())) == [1]
    assert chosen(read_text(tmp_path, text, AGREED, Rules())) == [], "a column that is named is obeyed in any case"
    with pytest.raises(MappingError, match="no such column"):
        read_text(tmp_path, text, Columns(consent=Consent("consents")))


def test_columns_have_other_names_times_other_units_and_json_rows_are_rows(tmp_path: Path) -> None:
    documents = [
        {"id": -(2**63), "seen": "2026-09-10T12:00:00Z", "ok": True},
        {"id": "9", "seen": "2026-09-10", "ok": False},
    ]
    text = "\n".join(map(json.dumps, documents))
    columns = Columns("id", "seen", consent=Consent("ok"))
    assert chosen(read_text(tmp_path, text, columns)) == [-(2**63)]
    with pytest.raises(MappingError, match="--column USER_ID="):
        read_text(tmp_path, text, Columns("mpid", "seen", consent=Consent("ok")))


def batch(mpid: object, days: float, agreed: object = None, **fields: Any) -> str:
    time_ms = int((NOW - days * DAY) * 1000)
    product_action = {"action": "view_detail", "products": [{"id": "lamp"}]}
    data = {"timestamp_unixtime_ms": time_ms, "product_action": product_action}
    consent = {} if agreed is None else {"consent_state": {"gdpr": {"recs": {"consented": agreed}}}}
    event = {"event_type": "commerce_event", "data": data}
    return json.dumps({"mpid": mpid, "environment": "production", "events": [event]} | consent | fields)


def test_a_batchs_own_consent_state_decides_and_an_unknown_one_is_never_a_yes(tmp_path: Path) -> None:
    opted_out = [{"event_type": "opt_out", "data": {"is_opted_out": True}}]
    lines = [
        batch("-9107871506589424318", 3, agreed=True),
        batch(2, 3, agreed=False),
        batch(3, 3),
        batch(4, 9, agreed=True),
        batch(4, 3, agreed=False, events=[], timestamp_unixtime_ms=int((NOW - 3 * DAY) * 1000)),
        batch(5, 9, agreed=True),
        batch(5, 3, agreed=True, events=opted_out),
        batch(6, 9),
        batch(6, 3, agreed=True),
        batch(7, 3, agreed=True, environment="development"),
        batch(8, 40, agreed=True),
        "no batch",
    ]
    path = tmp_path / "export.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    send = Rules(consent_purpose="recs", consent_unknown="send")
    for rules in (PURPOSE, send):
        found = read([Source("export", path, "x")], Columns(), rules, NOW)
        users, left_out = choose(found, NOW - 30 * DAY, lambda _: None)
        assert users == [-9107871506589424318, 6]
        assert left_out == {"no_consent": 3, "consent_unknown": 1, "inactive": 1}
        assert found.left_out == {"not_json": 1}
    assert chosen(read([Source("export", path, "x")], Columns(), Rules(), NOW)) == [-9107871506589424318, 2, 3, 4, 6]


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="Parquet"):
        read_text(tmp_path, "PAR1\x00\x00")


def test_a_jobs_input_names_each_user_as_text() -> None:
    assert [json.loads(line) for line in job_input([-7, 8])] == [{"userId": "-7"}, {"userId": "8"}]
