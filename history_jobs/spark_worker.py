"""What Spark's machines run: parts in, and out how many rows each of them has. The rows are files of text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from history_jobs import part_files
from history_jobs.storage import ArrowStorage
from personalize_data.exports.part import Part
from personalize_data.exports.settings import Conversion


def converted(batches: Iterable[Any], conversion: Mapping[str, Any], out: str) -> Iterator[Any]:
    """Convert the parts in record batches (``number``, ``part`` as JSON); yield a record batch for each part."""
    import pyarrow

    settings, storage = Conversion.from_json(conversion), ArrowStorage(out)
    for batch in batches:
        for row in batch.to_pylist():
            report = part_files.convert(row["number"], Part(**json.loads(row["part"])), settings, storage)
            yield pyarrow.record_batch({"number": [row["number"]], "rows": [report.rows]})
