"""The files that `./broker backfill` names, each with what identifies its content; those in S3 are fetched."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from cli.progress import Waiting
from personalize_data.conversion import Source
from personalize_data.files import digest


def gather(names: tuple[str, ...], s3: Callable[[], Any], folder: Path, waiting: Waiting) -> list[Source]:
    """Return the files; ``s3://bucket/prefix/`` stands for all below it. Raises click.UsageError, BadFile."""
    found = [source for name in names for source in _one(name, s3, folder, waiting)]
    if not found:
        raise click.UsageError(f"nothing is below {', '.join(names)}")
    return found


def _one(name: str, s3: Callable[[], Any], folder: Path, waiting: Waiting) -> Iterator[Source]:
    if name.startswith("s3://"):
        yield from _fetched(name, s3(), folder, waiting)
        return
    path = Path(name)
    if not path.is_file():
        raise click.UsageError(
            f"{name} is {'a folder' if path.is_dir() else 'not there'}: give a file, or s3://bucket/key"
        )
    yield Source(name, path, digest(path, name))


def _fetched(url: str, s3: Any, folder: Path, waiting: Waiting) -> Iterator[Source]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    listed = [one for page in pages for one in page.get("Contents", []) if one["Size"]]
    for one in (one for one in listed if one["Key"] == key or not key or key.endswith("/")):
        path = Path(tempfile.mkstemp(dir=folder)[1])
        moved = waiting.growing(f"fetching {one['Key']}", one["Size"])
        s3.download_file(bucket, one["Key"], str(path), Callback=moved)
        yield Source(f"s3://{bucket}/{one['Key']}", path, f"{one['ETag']}-{one['Size']}")
