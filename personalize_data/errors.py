"""The errors of data that cannot be used, each in one line: file, line, reason."""

from pathlib import Path


class BadFile(Exception):
    """A file that can't be used: its ``path``, the ``reason``, and the ``line``, None where it is no single line."""

    def __init__(self, path: Path | str, reason: str, line: int | None = None) -> None:
        super().__init__(path, reason, line)
        self.path, self.reason, self.line = path, reason, line

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


class InvalidRequest(Exception):
    """A question that these data can't answer; the message says what to do instead."""
