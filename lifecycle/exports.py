"""Export of a dataset: a job writes its content into the bucket as CSV, which is read without the broker's own probe.

https://docs.aws.amazon.com/personalize/latest/dg/export-data.html: one or more files, each with a header; how they are
called is not documented, so all of the job's folder are read.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle import resource_types
from lifecycle.bucket import EXPORTS, Bucket
from lifecycle.names import Names, short
from lifecycle.resources import Resources, State
from personalize_data import probe

MODES = ("all", "bulk", "put")
USER = "USER_ID"


class NoExport(Exception):
    """The files of a job are not what was documented; the message is one line."""


@dataclass(frozen=True)
class ExportStep:
    """A job's name, and its ARN if it is already running."""

    job: str
    arn: str | None = None

    @property
    def folder(self) -> str:
        """Return the folder of the job's files."""
        return f"{EXPORTS}/{self.job}/"


@dataclass(frozen=True)
class Export:
    """The size of a job's files; after they were read also the rows of users, and those of the probe, which are not."""

    keys: Sequence[str]
    bytes: int
    rows: int | None = None
    probe_rows: int | None = None


def decide(jobs: Iterable[State], names: Names, dataset: str, mode: str) -> ExportStep:
    """Return the job for this dataset: the running one, or a new one. Each run is a job of its own."""
    by_name = {job["jobName"]: job for job in jobs}
    identity = short(f"{dataset} {mode}")
    for attempt in range(1, len(by_name) + 2):
        name = names.job("export", identity, attempt)
        job = by_name.get(name)
        if job is None:
            return ExportStep(name)
        if job["status"] in ("CREATE PENDING", "CREATE IN_PROGRESS"):
            return ExportStep(name, job[resource_types.EXPORT_JOB.arn])
    raise AssertionError("more names than jobs")


def run(resources: Resources, bucket: Bucket, step: ExportStep, dataset_arn: str, mode: str) -> Export:
    """Run the job, or wait for the running one. Raises CreationFailed, NoExport, botocore's ClientError."""
    request: dict[str, Any] = {
        "jobName": step.job,
        "datasetArn": dataset_arn,
        "ingestionMode": mode.upper(),
        "roleArn": bucket.role_arn,
        "jobOutput": {"s3DataDestination": {"path": bucket.url(step.folder)}},
    }
    resources.wait(resource_types.EXPORT_JOB, step.arn or resources.create(resource_types.EXPORT_JOB, request))
    sizes = {key: bucket.size(key) or 0 for key in bucket.keys(step.folder) if key.endswith(".csv")}
    if not sizes:
        raise NoExport(f"the job is done, but there is no CSV in {bucket.url(step.folder)}")
    return Export(tuple(sizes), sum(sizes.values()))


def download(bucket: Bucket, export: Export, folder: Path, path: Path) -> Export:
    """Write all files as one CSV, without the probe's rows; return how many rows there are. Raises NoExport.

    ``folder``: for the files as they are, one at a time.
    """
    header: list[str] | None = None
    rows = probe_rows = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for key in export.keys:
            lines = _rows(bucket, key, folder / "part.csv")
            names = next(lines, None)
            if names is None or header not in (None, names):
                raise NoExport(f"{bucket.url(key)} has another header than the files before it")
            if header is None:
                writer.writerow(names)
            header = names
            user = names.index(USER) if USER in names else None
            for row in lines:
                if user is not None and probe.is_probe(row[user]):
                    probe_rows += 1
                    continue
                writer.writerow(row)
                rows += 1
    return Export(export.keys, export.bytes, rows, probe_rows)


def _rows(bucket: Bucket, key: str, path: Path) -> Iterator[list[str]]:
    bucket.s3.download_file(bucket.name, key, str(path))
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)
