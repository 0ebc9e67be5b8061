"""The files that `./broker backfill` names, each with what identifies its content; those in S3 are fetched."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from cli.progress import WaitDisplay
from personalize_data.conversion import Source
from personalize_data.files import digest


def gather(names: tuple[str, ...], s3: Callable[[], Any], folder: Path, waiting: WaitDisplay) -> list[Source]:
    """Return the files; ``s3://bucket/prefix/`` stands for all below it. Raises click.UsageError, BadFile."""
    sources = [source for name in names for source in _one(name, s3, folder, waiting)]
    if not sources:
        raise click.UsageError(f"nothing is below {', '.join(names)}")
    return sources


def _one(name: str, s3: Callable[[], Any], folder: Path, waiting: WaitDisplay) -> Iterator[Source]:
    if name.startswith("s3://"):
        yield from _fetched(name, s3(), folder, waiting)
        return
    path = Path(name)
    if not path.is_file():
        raise click.UsageError(
            f"{name} is {'a folder' if path.is_dir() else 'not there'}: give a file, or s3://bucket/key"
        )
    yield Source(name, path, digest(path, name))


def _fetched(url: str, s3: Any, folder: Path, waiting: WaitDisplay) -> Iterator[Source]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    listed = [summary for page in pages for summary in page.get("Contents", []) if summary["Size"]]
    for summary in (summary for summary in listed if summary["Key"] == key or not key or key.endswith("/")):
        path = Path(tempfile.mkstemp(dir=folder)[1])
        moved = waiting.growing(f"fetching {summary['Key']}", summary["Size"])
        s3.download_file(bucket, summary["Key"], str(path), Callback=moved)
        yield Source(f"s3://{bucket}/{summary['Key']}", path, f"{summary['ETag']}-{summary['Size']}")
