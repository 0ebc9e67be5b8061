"""The header of a CSV that the evaluation reads: the names of its columns, or what is wrong with the file."""

from collections.abc import Sequence
from pathlib import Path

from personalize_data import csv_reader, file_kinds
from personalize_data.errors import BadFile
from personalize_data.file_kinds import FileKind

TABLES = (FileKind.TABLE, FileKind.EMPTY)


def names(path: Path, needed: Sequence[str], hint: str = "") -> list[str]:
    """Return the columns' names. Raises BadFile for another kind of file, and where one that is needed is missing.

    ``hint``: what the message adds to the columns that there are.
    """
    if (kind := file_kinds.kind(path)) not in TABLES:
        raise BadFile(path, kind.refusal)
    columns = csv_reader.header(path)
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadFile(
            path,
            f"no column {' and no '.join(missing)} (there are: {', '.join(columns)}{hint})"
            f"{csv_reader.separator_note(columns)}{csv_reader.first_line_note(columns, './broker prepare')}",
            1,
        )
    return columns
