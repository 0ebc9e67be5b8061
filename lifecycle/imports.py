"""The import of one CSV into a dataset; an interrupted run is resumed.

The job's name is derived from the imported data. A later run finds a converted or uploaded file, or a running job, by
that name, in the bucket and in the service.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from lifecycle import resource_types
from lifecycle.bucket import IMPORTS, Bucket, Moved, summary_key
from lifecycle.names import Names
from lifecycle.resources import Resources, State
from personalize_data.import_summary import ImportSummary
from personalize_data.quotas import MAX_INCREMENTAL_IMPORT_BYTES, MIN_IMPORT_INTERACTIONS

FULL, INCREMENTAL = "FULL", "INCREMENTAL"


@dataclass(frozen=True)
class ImportStep:
    """The next step of an import: the job's name and mode, and the existing job, if any."""

    job: str
    mode: str
    arn: str | None = None
    done: bool = False


def decide(jobs: list[State], names: Names, dataset: str, identity: str, mode: str | None) -> ImportStep:
    """Return the next step, from the dataset's import jobs. ``mode``: the requested mode, None for the default.

    FULL replaces the rows of all earlier jobs, so the default is INCREMENTAL once a job is ACTIVE. (Streamed events
    stay either way.) A job that failed, or that a later FULL job has replaced, is repeated under a further name.
    """
    by_name = {job["jobName"]: job for job in jobs}
    any_active = any(job["status"] == "ACTIVE" for job in jobs)
    chosen = mode or (INCREMENTAL if any_active else FULL)
    prefix = dataset if mode is None else f"{dataset}-{mode.lower()}"
    for attempt in range(1, len(jobs) + 2):
        name = names.job(prefix, identity, attempt)
        job = by_name.get(name)
        if job is None:
            return ImportStep(name, chosen)
        if not job["status"].endswith("FAILED") and not _replaced(job, jobs):
            return ImportStep(
                name, job.get("importMode", FULL), job[resource_types.IMPORT_JOB.arn], job["status"] == "ACTIVE"
            )
    raise AssertionError("more names than jobs")


def _replaced(job: State, jobs: list[State]) -> bool:
    return any(
        other["status"] == "ACTIVE"
        and other.get("importMode", FULL) == FULL
        and other["creationDateTime"] > job["creationDateTime"]
        for other in jobs
    )


def warnings(step: ImportStep, dataset: str, rows: int, size: int) -> list[str]:
    """Return warnings of AWS's limits that would make the job fail; the service itself decides."""
    messages = []
    if dataset == "interactions" and rows < MIN_IMPORT_INTERACTIONS:
        messages.append(f"{rows} rows: AWS imports {MIN_IMPORT_INTERACTIONS} interactions or more at a time")
    if step.mode == INCREMENTAL and size > MAX_INCREMENTAL_IMPORT_BYTES:
        messages.append(f"{size / 1e9:.1f} GB: AWS takes 1 GB at a time in mode incremental; cut the files up")
    return messages


def stored(bucket: Bucket, step: ImportStep) -> ImportSummary | None:
    """Return the summary of a CSV that is complete in the bucket, None if there is none.

    Once the job has begun only the summary counts: the CSV itself expires.
    """
    if bucket.size(summary_key(step.job)) is None:
        return None
    summary = ImportSummary.from_json(bucket.read(summary_key(step.job)))
    return summary if step.arn or summary.bytes == bucket.size(csv_key(step)) else None


def store(bucket: Bucket, step: ImportStep, csv: Path, summary: ImportSummary, moved: Moved) -> ImportSummary:
    """Upload a CSV with its summary, which is there first: a CSV that is there is complete."""
    stored_summary = replace(summary, job=step.job, mode=step.mode, bytes=csv.stat().st_size)
    bucket.write(summary_key(step.job), stored_summary.as_json())
    bucket.upload(csv, csv_key(step), moved)
    return stored_summary


def start(resources: Resources, bucket: Bucket, step: ImportStep, dataset_arn: str, location: str | None = None) -> str:
    """Create the import job of a stored CSV unless it exists; return its ARN.

    ``location``: a folder of CSVs instead, of which Personalize imports the files at its first level.
    """
    if step.arn:
        return step.arn
    request = {
        "jobName": step.job,
        "datasetArn": dataset_arn,
        "dataSource": {"dataLocation": location or bucket.url(csv_key(step))},
        "roleArn": bucket.role_arn,
        "importMode": step.mode,
    }
    return resources.create(resource_types.IMPORT_JOB, request)


def csv_key(step: ImportStep) -> str:
    """Return the key of a job's CSV."""
    return f"{IMPORTS}/{step.job}/data.csv"
