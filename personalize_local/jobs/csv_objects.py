"""Reads an object of S3 as CSV: what is wrong in it is said with its name and line."""

from collections.abc import Callable, Sequence

from personalize_local.data.csv_rows import BadLine, read_table
from personalize_local.jobs.failure import JobFailed
from personalize_local.jobs.s3 import Store, Stored


def read(store: Store, one: Stored, names: Sequence[str], add: Callable[[list[str]], object]) -> int:
    """Give each row behind the header, which has these names, to ``add``; return how many. Raises JobFailed."""
    with store.open(one) as stream:
        try:
            return read_table(stream, names, add)
        except BadLine as error:
            raise JobFailed(f"{one.name}, {error}") from error
