"""Every kind of input at every door: the same answer, or the reason why that door answers otherwise.

A column has the answer of a door that leaves out the row, that of one that refuses the whole file, or what is taken.
``prepare`` refuses a file for what its owner can put right, and names the line; ``--impute`` and ``--null-value`` are
its ways to leave rows out. The stream has no owner to ask, so it leaves out, counts and, where it can be repaired,
quarantines. The local mParticle is what mParticle's own schema says: it forwards whatever that allows.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from broker.probe import PROBE

from evaluation.data import log
from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.table import MappingError
from tests.broker.stubs import NOW
from tests.doors.doors import DOORS, EVENTS, FORWARDED, REFUSED, REFUSED_UPLOAD, TAKEN, Row, converted, prepared

SECONDS = int(NOW) - 60
NO_ITEM = ("no_item_id", "no_item_id", REFUSED, "no_item_id", FORWARDED)
NO_USER = ("no_customer", "no_user_id", REFUSED, "no_user_id", REFUSED_UPLOAD)
# A spreadsheet has damaged the whole column: the file is exported again, while a stream's other records go on.
ROUNDED_ITEM = ("rounded_id", REFUSED, REFUSED, REFUSED, FORWARDED)
ROUNDED_USER = ("unreadable_customer", REFUSED, REFUSED, REFUSED, REFUSED_UPLOAD)
# A stream has the batch's or the arrival's time to fall back to; a table has no other.
OTHER_TIME = ("unusable_time, taken", "no_usable_time", REFUSED, REFUSED, FORWARDED)
NO_TIME = ("unusable_time, taken", "no_usable_time", REFUSED, REFUSED, REFUSED_UPLOAD)
# What is learned from views needs no amount; ``evaluate`` does not read it, but for its sign.
NO_AMOUNT = ("unreadable_amount, taken", "bad_value_in_EVENT_VALUE", REFUSED, TAKEN, REFUSED_UPLOAD)
# ``evaluate`` reads what an import reads: consent was decided when that file was made.
NO_CONSENT = ("no_consent", "no_consent", "no_consent", TAKEN, REFUSED_UPLOAD)
UNKNOWN = ("consent_unknown", "consent_unknown", "consent_unknown", TAKEN, REFUSED_UPLOAD)

MATRIX: dict[str, tuple[Row, tuple[str, ...]]] = {
    "good": (Row(), (TAKEN, TAKEN, TAKEN, TAKEN, FORWARDED)),
    **{
        f"item {word!r}": (Row(item=word), NO_ITEM)
        for word in ("", " ", "undefined", "null", "NULL", "NaN", "None", "[object Object]", "<NA>")
    },
    **{
        f"user {word!r}": (Row(user=word), NO_USER)
        for word in ("", " ", "undefined", "null", "NaN", "None", "[object Object]")
    },
    **{f"item {text}": (Row(item=text), ROUNDED_ITEM) for text in ("5.04E+18", "-5.04E+18", "5.04e+18")},
    **{f"user {text}": (Row(user=text), ROUNDED_USER) for text in ("5.04E+18", "-5.04E+18")},
    # An mpid is a 64-bit integer; other tables name their users as they like.
    "user 17850.5": (Row(user="17850.5"), ("unreadable_customer", TAKEN, TAKEN, TAKEN, REFUSED_UPLOAD)),
    "item too long": (Row(item="x" * 257), ("bad_event", "id_too_long", REFUSED, REFUSED, FORWARDED)),
    "item with NUL": (Row(item="a\0b"), ("bad_event", "id_with_control_character", REFUSED, REFUSED, FORWARDED)),
    # The stream never brings it: mParticle knows no such mpid.
    "the probe": (
        Row(user=PROBE),
        ("unreadable_customer", "broker_probe", "broker_probe", "broker_probe", REFUSED_UPLOAD),
    ),
    "seconds": (Row(time=SECONDS), (TAKEN, TAKEN, TAKEN, TAKEN, FORWARDED)),
    "milliseconds among seconds": (
        Row(time=SECONDS * 1000),
        (TAKEN, "other_time_unit", REFUSED, REFUSED, FORWARDED),  # mParticle's own unit
    ),
    "microseconds": (Row(time=SECONDS * 10**6), OTHER_TIME),
    "nanoseconds": (Row(time=SECONDS * 10**9), OTHER_TIME),
    "Excel's day": (Row(time="40513.3513889"), NO_TIME),
    "no time at all": (Row(time="yesterday"), NO_TIME),
    "the future": (Row(time=SECONDS + 3 * 86_400), OTHER_TIME),
    "a view below zero": (Row(amount="-2.5"), (TAKEN, TAKEN, TAKEN, TAKEN, REFUSED_UPLOAD)),
    "a purchase below zero": (
        Row(amount="-2.5", event_type="purchase"),
        ("returns", "returns", "returns", "returns", REFUSED_UPLOAD),
    ),
    # The other two read no quantity: the dataset of interactions has no such column.
    "a quantity below zero": (
        Row(quantity=-1, event_type="purchase"),
        ("returns", TAKEN, "returns", TAKEN, FORWARDED),
    ),
    "a decimal comma": (Row(amount="12,50", event_type="purchase"), NO_AMOUNT),
    "an amount in words": (Row(amount="free", event_type="purchase"), NO_AMOUNT),
    "consent": (Row(consent="true"), (TAKEN, TAKEN, TAKEN, TAKEN, REFUSED_UPLOAD)),
    **{f"consent {text!r}": (Row(consent=text), NO_CONSENT) for text in ("false", "FALSE", "0", "no")},
    **{f"consent {text!r}": (Row(consent=text), UNKNOWN) for text in ("maybe", "", "null")},
    # An import takes both, and Personalize counts one.
    "the same twice": (
        Row(repeats=2),
        ("duplicates, taken", TAKEN, "duplicates, taken", "duplicates, taken", FORWARDED),
    ),
}


@pytest.mark.parametrize(("row", "answers"), MATRIX.values(), ids=list(MATRIX))
def test_each_door_answers_each_kind_of_row_as_the_table_says(
    row: Row, answers: tuple[str, ...], tmp_path: Path
) -> None:
    assert tuple(door(row, tmp_path) for door in DOORS.values()) == answers


HEADER = b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"
ROWS = b"".join(b"u%d,i%d,%d,view\n" % (n, n, SECONDS) for n in range(20))
FILES: dict[str, tuple[bytes, str]] = {
    "an open quote": (HEADER + ROWS[:60] + b'u,"17 inch,1,view\n' + ROWS, "quote"),
    "UTF-16": ((HEADER + ROWS).decode().encode("utf-16"), "UTF-16"),
    "Latin-1": (HEADER + ROWS + b"u,M\xfcller,%d,view\n" % SECONDS, "UTF-8"),
    "no header": (ROWS, "looks like data"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + bytes(600), "Excel"),
    "a ZIP archive": (b"PK\x03\x04" + bytes(600), "ZIP"),
    "packed by zstd": (b"\x28\xb5\x2f\xfd" + bytes(60), "zstd"),
    "a page": (b"<!DOCTYPE html><html><table></table></html>", "HTML"),
    "whole fractions beside whole numbers": (
        HEADER + b"17850.0,i,%d,view\n17850,i,%d,view\n" % (SECONDS, SECONDS),
        "17850",
    ),
    "too few cells": (HEADER + ROWS + b"u9,i9\n", "columns"),
    "a name twice": (b"USER_ID,USER_ID,ITEM_ID,TIMESTAMP\n" + ROWS, "twice"),
    "nothing": (b"", "empty"),
}


READERS: dict[str, Callable[[Path], object]] = {
    "prepare": lambda path: prepared(path, EVENTS),
    "evaluate": lambda path: log.read(path, NOW),
    "backfill": converted,
}
# An import is streamed: it reads on, counts the row with its line, and ends with exit code 1.
COUNTED = {"Latin-1": "not_utf8", "too few cells": "broken_row"}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("door", READERS)
def test_each_door_for_tables_refuses_a_damaged_file_and_says_what_it_is(door: str, kind: str, tmp_path: Path) -> None:
    path, (data, word) = tmp_path / "table.csv", FILES[kind]
    path.write_bytes(data)
    if door == "backfill" and kind in COUNTED:
        assert converted(path).bad == {COUNTED[kind]: 1}
        return
    with pytest.raises((BadFile, InvalidRequest, MappingError)) as refused:
        READERS[door](path)
    assert word in str(refused.value)
    assert path.name in str(refused.value)
    assert "\n" not in str(refused.value)
