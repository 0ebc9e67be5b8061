"""The files of a batch job: each line of the input is answered by one line of ``NAME.out`` at the output location."""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from personalize_local.errors import JobFailed
from personalize_local.jobs import s3

MAX_LINE = 1_048_576  # bytes
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Line = tuple[int, bytes | None]
"""The number of a line that is not blank, and its text; None for one that is too long."""
Answers = Callable[[Iterable[Line]], Iterable[tuple[str, bool]]]
"""Takes the lines of a file; returns for each a line of JSON, and whether it succeeded."""


def answer_files(spec: Mapping[str, Any], folder: Path, answers: Answers) -> dict[str, int]:
    """Answer all files of a location; return how many lines there were and failed.

    ``spec``: ``data_location``, ``output_location``, ``s3_endpoint``. Raises JobFailed where there is no line.
    """
    store, output = s3.store_at(spec["s3_endpoint"]), _output_folder(spec["output_location"])
    count = failed = 0
    for stored in store.objects(spec["data_location"]):
        with tempfile.TemporaryFile(dir=folder) as answered:
            with store.open(stored) as stream:
                for answer, good in answers(_lines(stream)):
                    answered.write(answer.encode() + b"\n")
                    count, failed = count + 1, failed + (not good)
            answered.seek(0)
            name = stored.key.rpartition("/")[2]
            store.put(s3.S3Object(output.bucket, f"{output.key}{name}.out"), answered)  # type: ignore[arg-type]
    if not count:
        raise JobFailed(f"There is no line in {spec['data_location']}")
    return {"lines": count, "failed": failed}


def _output_folder(location: str) -> s3.S3Object:
    destination = s3.parse(location)
    key = destination.key if not destination.key or destination.key.endswith("/") else f"{destination.key}/"
    return s3.S3Object(destination.bucket, key)


def _lines(stream: BinaryIO) -> Iterator[Line]:
    for number in itertools.count(1):
        line = stream.readline(MAX_LINE + 1)
        if not line:
            return
        too_long = len(line) > MAX_LINE and not line.endswith(b"\n")
        rest = line
        while too_long and rest and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE)
        text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
        if too_long or text.strip():
            yield number, None if too_long else text
