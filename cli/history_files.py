"""The files that `./broker backfill` names, each with what identifies its content: those in S3 fetched, or listed."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from cli.local_conversion import SMALL
from cli.progress import WaitDisplay
from history_jobs import listing
from personalize_data import file_kinds, json_table
from personalize_data.conversion import Source
from personalize_data.errors import BadFile
from personalize_data.exports.part import SIZE
from personalize_data.files import digest


def gather(
    names: tuple[str, ...], s3: Callable[[], Any], folder: Path, waiting: WaitDisplay, *, by_part: bool = False
) -> list[Source]:
    """Return the files; ``s3://bucket/prefix/`` stands for all below it. Raises click.UsageError, BadFile.

    ``by_part``: of exports in S3, only the list is fetched, unless they are small.
    """
    sources = [source for name in names for source in _one(name, s3, folder, waiting, by_part)]
    if not sources:
        hint = "" if all(name.endswith("/") for name in names) else ": a folder in S3 ends with a slash"
        raise click.UsageError(f"nothing is at {', '.join(names)}{hint}")
    return sources


def _one(name: str, s3: Callable[[], Any], folder: Path, waiting: WaitDisplay, by_part: bool) -> Iterator[Source]:
    if name.startswith("s3://"):
        exports = _exports(name, s3(), folder) if by_part else []
        yield from exports or _fetched(name, s3(), folder, waiting)
        return
    path = Path(name)
    if not path.is_file():
        raise click.UsageError(
            f"{name} is {'a folder' if path.is_dir() else 'not there'}: give a file, or s3://bucket/key"
        )
    yield Source(name, path, digest(path, name))


def _exports(url: str, s3: Any, folder: Path) -> list[Source]:
    """Return exports in S3 that are not small; none where the first one is no export, or can't be read."""
    files = list(listing.files_in_s3(s3, url, SIZE))
    if sum(file.size for file in files) < SMALL:
        return []
    bucket, _, key = files[0].location.removeprefix("s3://").partition("/")
    head = folder / "head"
    head.write_bytes(s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{file_kinds.HEAD - 1}")["Body"].read())
    try:
        is_export = file_kinds.kind(head) in file_kinds.JSON and "events" in json_table.first_names(head, url)
    except BadFile:
        return []
    return [file.source for file in files] if is_export else []


def _fetched(url: str, s3: Any, folder: Path, waiting: WaitDisplay) -> Iterator[Source]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    listed = [summary for page in pages for summary in page.get("Contents", []) if summary["Size"]]
    for summary in (summary for summary in listed if summary["Key"] == key or not key or key.endswith("/")):
        path = Path(tempfile.mkstemp(dir=folder)[1])
        moved = waiting.growing(f"fetching {summary['Key']}", summary["Size"])
        s3.download_file(bucket, summary["Key"], str(path), Callback=moved)
        yield Source(f"s3://{bucket}/{summary['Key']}", path, f"{summary['ETag']}-{summary['Size']}")
