"""Batch inference: one output line per line of the input files, by a trained version, without a campaign."""

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from personalize_local.data.history import Imported
from personalize_local.errors import InvalidInput, JobFailed
from personalize_local.filters import language
from personalize_local.jobs import s3
from personalize_local.jobs.answering import Batch, Properties, Select
from personalize_rules.filters.rules import Columns
from recommender_models import models
from recommender_models.record_columns import RecordColumns
from recommender_models.selection import EventSelection

DEFAULT_RESULTS, MOST_RESULTS = 25, 500
MAX_LINE = 1_048_576  # bytes
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class RecordSnapshot(dict[str, Properties]):
    """The records of a dataset at the start of the job: ``version`` never changes."""

    version = 0


def run(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write ``NAME.out`` below the output location for every input file; return how many lines there were and failed.

    ``spec``: ``version`` (the training's folder), ``data_location``, ``output_location``, ``s3_endpoint``,
    ``num_results``, ``filter``, ``users``, ``items``, and perhaps ``columns`` (dataset type -> column -> Avro types, by
    which the filter's values are checked) and ``solution``, whose events' weights are used: without
    it all weights are equal. An invalid line gets an error and does not fail the job. Raises JobFailed.
    """
    return run_with(models.load(Path(spec["version"]) / "model"), spec, folder)


def run_with(model: Any, spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Run the job with a loaded model."""
    store = s3.Store(spec["s3_endpoint"])
    output = _output_folder(spec["output_location"])
    batch = _batch(model, spec)
    counts = [_answer(store, stored, output, batch, folder) for stored in store.objects(spec["data_location"])]
    lines, failed = (sum(column) for column in zip(*counts, strict=True))
    if not lines:
        raise JobFailed(f"There is no line in {spec['data_location']}")
    return {"lines": lines, "failed": failed}


def _batch(model: Any, spec: Mapping[str, Any]) -> Batch:
    limit = spec.get("num_results") or DEFAULT_RESULTS
    if not 0 < limit <= MOST_RESULTS:
        raise JobFailed(f"numResults must be 1 to {MOST_RESULTS}")
    try:
        weigh = EventSelection.of(spec.get("solution") or {}).weigh
        select = _select(spec, _records(spec["items"])) if spec.get("filter") else None
    except (InvalidInput, ValueError) as error:
        raise JobFailed(str(error)) from error
    history = Imported(Path(spec["version"])).for_user
    return Batch(model, limit, history, weigh, _records(spec.get("users")), select)


def _select(spec: Mapping[str, Any], items: RecordSnapshot) -> Select:
    expression, columns = language.parse(spec["filter"]), _columns(spec.get("columns"))
    return lambda values, own, user, item: expression.bind(values, columns).select(items, own, user, current_item=item)


def _columns(columns: Mapping[str, Mapping[str, list[str]]] | None) -> Columns | None:
    if columns is None:
        return None
    return {kind: {name: frozenset(types) for name, types in own.items()} for kind, own in columns.items()}


def _records(path: str | None) -> RecordSnapshot:
    return RecordSnapshot(RecordColumns.load(path).properties())


def _output_folder(location: str) -> s3.S3Object:
    destination = s3.parse(location)
    key = destination.key if not destination.key or destination.key.endswith("/") else f"{destination.key}/"
    return s3.S3Object(destination.bucket, key)


def _answer(store: s3.Store, stored: s3.S3Object, output: s3.S3Object, batch: Batch, folder: Path) -> tuple[int, int]:
    """Answer one file; the answers are stored as one object at the end."""
    count = failed = 0
    with tempfile.TemporaryFile(dir=folder) as answers:
        with store.open(stored) as stream:
            for number, line in _lines(stream):
                answer, good = batch.answer(number, line)
                answers.write(answer.encode() + b"\n")
                count, failed = count + 1, failed + (not good)
        answers.seek(0)
        name = stored.key.rpartition("/")[2]
        store.put(s3.S3Object(output.bucket, f"{output.key}{name}.out"), answers)  # type: ignore[arg-type]
    return count, failed


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines that are not blank, with their numbers; None for one that is too long."""
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
