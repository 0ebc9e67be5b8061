"""The options of `prepare` that say what a file does not say about itself."""

import csv
from collections.abc import Callable
from typing import Any

import click
from broker.values.amounts import COMMA, DECIMALS, POINT

from personalize_data.prepare.reading import Reading

READING = ("null_value", "decimal", "columns", "encoding", "sheet")


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a Reading, which is what ``reading`` takes."""
    for option in (
        click.option("--null-value", multiple=True, metavar="TEXT", help="Read TEXT as a missing value, such as NA."),
        click.option(
            "--decimal", type=click.Choice(DECIMALS), default=POINT, help=f"The decimal mark; {COMMA} reads 1.234,50."
        ),
        click.option("--columns", metavar="NAME,NAME,…", help="The columns of a table without a header."),
        click.option("--encoding", metavar="NAME", help="Of a CSV: cp1252, latin-1, utf-16, …; default: UTF-8."),
        click.option("--sheet", metavar="NAME", help="Of an Excel workbook; default: the first that is not empty."),
    ):
        command = option(command)
    return command


def reading(
    null_value: tuple[str, ...], decimal: str, columns: str | None, encoding: str | None, sheet: str | None
) -> Reading:
    """Return what the options say. Raises click.UsageError for an encoding that Python does not know, and for names."""
    return Reading(null_value, _encoding(encoding), _columns(columns), sheet, decimal)


def _encoding(name: str | None) -> str | None:
    try:
        "".encode(name or "utf-8")
    except LookupError:
        raise click.UsageError(f"--encoding {name}: no such encoding; cp1252, latin-1 and utf-16 are some") from None
    return name


def _columns(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(name.strip() for name in next(csv.reader([text])))
    if not all(names) or len(set(names)) < len(names):
        raise click.UsageError(f"--columns {text}: names each column once, with commas between the names")
    return names
