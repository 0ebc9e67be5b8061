"""Tables in a narrow terminal: every number whole, every verdict there, no line beyond the edge."""

import io

import pytest
from rich.console import Console
from rich.markup import escape

from cli import wide_table

NUMBERS = [f"0.{number:04}" for number in range(12)]
VERDICT = "inconclusive: this test finds differences of 0.014 or more"


def printed(width: int, name: str = "ease-history") -> list[str]:
    table = wide_table.table("1 user", "recommender", *(f"P@{number}" for number in range(12)))
    table.add_column("verdict")
    table.add_row(escape(name), *NUMBERS, VERDICT)
    table.add_row("random", *([""] * 12), "")
    file = io.StringIO()
    wide_table.show(Console(file=file, width=width), table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 50, 80, 120])
def test_a_narrow_terminal_gets_the_columns_in_parts_with_nothing_cut(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert [word for word in words if word in NUMBERS] == NUMBERS
    assert [word for word in words if word in VERDICT.split()] == VERDICT.split()
    assert "…" not in "".join(lines)
    assert sum("ease-history" in line for line in lines) == sum("recommender" in line for line in lines) > 1


def test_a_wide_one_gets_a_table_in_one_piece() -> None:
    assert sum("recommender" in line for line in printed(200)) == 1


def test_a_name_that_is_as_wide_as_the_terminal_is_wrapped_and_stands_there_whole() -> None:
    name = "[x] " + "a" * 60
    lines = printed(50, name)
    assert max(map(len, lines)) <= 50
    assert "".join(line.split()[0] for line in lines if "a" * 4 in line).startswith("a" * 60)
    assert any("[x]" in line for line in lines)


def test_what_cannot_be_made_narrower_goes_on_beyond_the_edge() -> None:
    assert "0.0011" in "".join(printed(10))
