"""An Excel workbook: one of its sheets, each cell as the text that stands for exactly its value."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.prepare.formats import blocks
from personalize_data.prepare.formats.blocks import Blocks, Cells
from personalize_data.prepare.formats.format import first_line
from personalize_data.prepare.reading import Reading

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

ROW = "row"
# Excel keeps 15 digits of a number: https://support.microsoft.com/office/1672db5d-acf7-4297-9bc7-87c76b10ff28
DIGITS = 15
HALF_SECOND = timedelta(milliseconds=500)
Numbered = tuple[int, list[Any]]


def opened(path: Path, reading: Reading, scratch: Path) -> Blocks:
    """Read a sheet. Rows have the numbers that Excel shows.

    Raises BadFile, and InvalidRequest for a sheet that is not there, or has no rows.
    """
    from python_calamine import CalamineError, CalamineWorkbook  # for workbooks alone

    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            sheet, notes = _chosen(path, book, reading.sheet)
            rows = _not_empty(sheet)
            names = list(reading.columns) or _names(path, next(rows, (0, [])))
            cells = _cells(path, rows, names)
            own_names = [name for name in names if name]
            columns = blocks.write(path, blocks.tables(cells), scratch / "blocks", own_names)
    except CalamineError as error:
        raise BadFile(path, f"it can't be read as an Excel workbook: {first_line(error)}") from None
    return Blocks(path, columns, scratch / "blocks", ROW, notes=notes)


def _chosen(path: Path, book: "CalamineWorkbook", name: str | None) -> "tuple[CalamineSheet, tuple[str, ...]]":
    """Return a sheet: the named one, or the first with anything in it, those that people see before hidden ones."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    about = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    shown = sorted(about, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
    names = [sheet.name for sheet in shown]
    if name is not None:
        if name not in names:
            raise InvalidRequest(f"--sheet {name}: {path} has no such sheet; it has {', '.join(names)}")
        return book.get_sheet_by_name(name), ()
    for choice in names:
        sheet = book.get_sheet_by_name(choice)
        if sheet.height:
            others = ", ".join(other for other in names if other != choice)
            note = f"of the sheets, {choice!r} was read, the first that is not empty; --sheet names another: {others}"
            return sheet, (note,) if others else ()
    raise InvalidRequest(f"{path} has no rows")


def _not_empty(sheet: "CalamineSheet") -> Iterator[Numbered]:
    """Yield the rows from the first with a value on, with their numbers from 0."""
    begun = False
    for number, cells in enumerate(sheet.iter_rows()):
        begun = begun or any(cell != "" for cell in cells)
        if begun:
            yield number, cells


def _names(path: Path, header: Numbered) -> list[str]:
    """Return the columns' names, empty where there is none. Raises BadFile for a name that comes twice."""
    number, cells = header
    names = [(_text(cell) or "").strip() for cell in cells]
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        raise blocks.bad(path, ROW, number, f"the header names {', '.join(map(repr, twice))} twice")
    return names


def _cells(path: Path, rows: Iterator[Numbered], names: Sequence[str]) -> Iterator[tuple[int, Cells]]:
    for number, cells in rows:
        if len(cells) != len(names):
            raise blocks.bad(path, ROW, number, f"--columns has {len(names)} names, and the sheet {len(cells)} columns")
        yield number, {name: _text(cell) for name, cell in zip(names, cells, strict=True) if name}


def _text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        return _number(float(cell))
    if isinstance(cell, datetime):  # a cell's fraction of a day is not exact to the second
        return (cell + HALF_SECOND).replace(microsecond=0).isoformat(" ")
    return _span(cell) if isinstance(cell, timedelta) else _day_or_time(cell)


def _number(number: float) -> str:
    """Return a number's text, 17850 for 17850.0; in scientific notation where Excel has rounded it."""
    if not number.is_integer():
        return repr(number)
    return str(int(number)) if abs(number) < 10**DIGITS else f"{number:.{DIGITS - 1}E}"


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _day_or_time(cell: date | time) -> str:
    return cell.isoformat() if isinstance(cell, date) else cell.isoformat("seconds")
