"""Reads the users of a data deletion job."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.control.avro import Field
from personalize_local.data.cells import parser
from personalize_local.errors import JobFailed
from personalize_local.jobs import s3

MOST_BYTES = 100 * 1024 * 1024  # Developer Guide, "Deleting users and their data": all files together
USER_ID = Field("USER_ID", frozenset({"string"}))


def run(spec: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the ``users`` of all CSV files at a location, each once, in their order. Nothing is written.

    ``spec``: ``data_location``, ``s3_endpoint``. Raises JobFailed.
    """
    store = s3.store_at(spec["s3_endpoint"])
    files = store.objects(spec["data_location"], subfolders=True)
    size = sum(file.size for file in files)
    if size > MOST_BYTES:
        raise JobFailed(f"A data deletion job reads at most {MOST_BYTES} bytes; there are {size}")
    parse = parser(USER_ID)
    users: dict[str, None] = {}
    for file in files:
        s3.read(store, file, [USER_ID.name], lambda row: users.setdefault(parse(row[0])))
    if not users:
        raise JobFailed(f"There is no user in {spec['data_location']}")
    return {"users": list(users)}
