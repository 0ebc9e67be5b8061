"""Rows in JSON that orjson reads: the same texts as ``json`` gives, or none."""

import json
import random
import struct

import pytest

from personalize_data.prepare.formats import json_rows, quick_rows
from personalize_data.prepare.formats.blocks import Cells

USUAL = [
    '{"a":"x","n":1,"f":2.5,"t":true,"e":null}',
    '{"a": "x", "n": -9223372036854775808, "f": 17850.0, "t": false}',
    '{"a": "Z\\u00fcrich \\"1\\"", "n": 18446744073709551615}',
    '{"a":"Zürich","f":1e-7}',
    '{"b": 0.0001, "a": 123456789012345.0}',
    "{}",
]
UNSURE = [
    '{"a": 1, "a": 2}',
    '{"a": "x", "a": 2}',
    '{"a": 18446744073709551616}',
    '{"a": 1e400}',
    '{"a": -0}',
    '{"a": 1.50}',
    '{"a": 1E5}',
    '{"a": "\\u00fc", "f": 1e-07}',
    '{"a": NaN}',
    '{"a": "x, "}',
    '{ "a" : 1 }',
    '{"a": [1]}',
    '{"a": {"b": 1}}',
    '{"mpid": 1, "events": null}',
    '{"a": "\\ud800"}',
    '{"a": 1}{"a": 2}',
    '{"a": 1',
    "[1]",
    "5",
    "",
]


def by_json(line: str) -> list[tuple[str, str | None]]:
    """Return the names and texts of a row as ``json_rows`` reads them one by one."""
    values = json_rows.DECODER.decode(line)
    return [(name, str(value).lower() if isinstance(value, bool) else value) for name, value in values.items()]


def texts(cells: Cells) -> list[tuple[str, str | None]]:
    """Return the names and texts of a row that was read at once."""
    return [(name, quick_rows.column(name, [value])[0]) for name, value in cells.items()]


@pytest.mark.parametrize("line", USUAL)
def test_usual_rows_have_the_texts_that_json_gives(line: str) -> None:
    [cells] = quick_rows.rows([line.encode()])
    assert cells is not None
    assert texts(cells) == by_json(line)


@pytest.mark.parametrize("line", UNSURE)
def test_rows_that_are_not_sure_are_left_to_json_alone_and_among_others(line: str) -> None:
    assert quick_rows.rows([line.encode()]) == [None]
    rows = quick_rows.rows([USUAL[0].encode(), line.encode(), USUAL[1].encode()])
    assert [cells is None for cells in rows] == [False, True, False]


def test_two_lines_that_are_one_object_are_none() -> None:
    assert quick_rows.rows([b'{"a": [1', b"2]}", b"{},{}"]) == [None, None, None]


def test_numbers_of_all_sizes_keep_their_text() -> None:
    draw = random.Random(5)
    numbers = [struct.unpack("d", draw.randbytes(8))[0] for _ in range(2_000)] + [draw.uniform(-1e6, 1e6)] * 9
    numbers += [10.0**power for power in range(-30, 30)]
    lines = [json.dumps({"f": number, "n": draw.getrandbits(64) - 2**63}) for number in numbers if number == number]
    rows = quick_rows.rows([line.encode() for line in lines])
    read = [(line, cells) for line, cells in zip(lines, rows, strict=True) if cells is not None]
    assert len(read) > 60
    assert all(texts(cells) == by_json(line) for line, cells in read)


def test_a_column_of_several_kinds_is_text() -> None:
    values = [1, "b", None, 2.5, 2**64 - 1, True]
    assert quick_rows.column("a", values).to_list() == ["1", "b", None, "2.5", "18446744073709551615", "true"]
    assert quick_rows.column("a", [2**64 - 1, -1]).to_list() == ["18446744073709551615", "-1"]
