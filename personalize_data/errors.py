"""The errors of data that cannot be used, each in one line: file, line, reason."""

from pathlib import Path


class BadFile(Exception):
    """A file that can't be used; the message names it, the line if there is one, and the reason."""

    def __init__(self, path: Path | str, reason: str, line: int | None = None) -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {reason}")


class InvalidRequest(Exception):
    """A question that these data can't answer; the message says what to do instead."""
