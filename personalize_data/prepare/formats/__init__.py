"""The formats of tables: CSV, Parquet, Excel and JSON, told apart by their first bytes."""

from pathlib import Path

from personalize_data import file_kinds
from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.file_kinds import FileKind
from personalize_data.prepare.formats import csv_table, json_rows, parquet, workbook
from personalize_data.prepare.formats.format import Format
from personalize_data.prepare.reading import Reading

ROWS_OF_JSON = (FileKind.JSON_LINES, FileKind.JSON_ARRAY)
# What an option may be given for.
FOR = {
    "--encoding": (FileKind.TABLE,),
    "--decimal": (FileKind.TABLE, FileKind.PARQUET),
    "--columns": (FileKind.TABLE, FileKind.EXCEL),
    "--sheet": (FileKind.EXCEL,),
}


def opened(path: Path, reading: Reading, scratch: Path | None) -> Format:
    """Return a file whose columns are known. ``scratch``: an empty folder for what has to be converted; None: nothing.

    Raises BadFile, and InvalidRequest for an option that is for another format.
    """
    kind = _kind(path, reading)
    _check(path, kind, reading)
    if kind in (FileKind.TABLE, FileKind.EMPTY):
        return csv_table.opened(path, reading, scratch)
    if kind is FileKind.PARQUET:
        return parquet.opened(path)
    if scratch and kind is FileKind.EXCEL:
        return workbook.opened(path, reading, scratch)
    if kind in (*ROWS_OF_JSON, FileKind.JSON_DOCUMENT) and json_rows.is_batches(path):
        raise BadFile(path, json_rows.BATCHES)
    if scratch and kind in ROWS_OF_JSON:
        return json_rows.opened(path, kind, scratch)
    raise BadFile(path, f"this is {kind.label}: {kind.remedy}")


def _kind(path: Path, reading: Reading) -> FileKind:
    try:
        kind = file_kinds.kind(path)
    except BadFile:  # a packed file that is broken: what reads its rows knows the line
        return FileKind.TABLE
    return FileKind.TABLE if kind is FileKind.UTF_16 and reading.encoding else kind


def _check(path: Path, kind: FileKind, reading: Reading) -> None:
    given = {
        "--encoding": reading.encoding,
        "--decimal": reading.decimal != Reading.decimal,
        "--columns": reading.columns,
        "--sheet": reading.sheet,
    }
    for option, value in given.items():
        if value and kind is not FileKind.EMPTY and kind not in FOR[option]:
            kinds = " or ".join(of.label for of in FOR[option])
            raise InvalidRequest(f"{option} is for {kinds}; {path} is {kind.label}")
