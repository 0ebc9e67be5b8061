"""A report as one HTML file that stands alone."""

from pathlib import Path

from evaluation.run import Result


def write(result: Result, path: Path, currency: str) -> None:
    raise NotImplementedError
