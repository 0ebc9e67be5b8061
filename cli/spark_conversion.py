"""The conversion of `./broker backfill --spark`: on a cluster, by a client in an environment of its own."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cli.connection import ROOT
from cli.progress import WaitDisplay
from history_jobs import listing, spark_job, start, storage
from history_jobs.request import ROWS, Request
from personalize_data.exports import mparticle
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.exports.users import KEPT_OF_PART
from personalize_data.import_summary import ImportSummary
from personalize_data.plan import Plan
from personalize_data.schema import check_reserved
from personalize_data.spark_session import end_of
from personalize_data.table import MappingError

CLIENT = ROOT / ".venv" / "spark" / "bin" / "python"


@dataclass(frozen=True)
class SparkOptions:
    """``remote``: an ``sc://`` URL; or ``job``: the file for a job to submit. ``out``: where the rows go."""

    remote: str | None = None
    job: Path | None = None
    out: str | None = None

    @property
    def is_chosen(self) -> bool:
        """Return whether Spark converts."""
        return bool(self.remote or self.job)

    def check(self, *, dry_run: bool) -> None:
        """Raise click.UsageError where the options do not fit together."""
        if self.remote and self.job:
            raise click.UsageError("--spark connects, --spark-job writes a job to submit: give one of them")
        if self.is_chosen != bool(self.out):
            raise click.UsageError("--out says where Spark writes the rows, and goes with --spark or --spark-job")
        if self.remote and not dry_run and "://" not in str(self.out):
            raise click.UsageError(
                f"Personalize imports from S3, and not from --out {self.out}: --dry-run converts alone"
            )
        if self.remote and not CLIENT.exists():
            raise click.UsageError("Spark's client is not installed: make spark installs it, half a gigabyte")

    def files(self, names: Sequence[str], s3: Callable[[], Any]) -> Iterator[listing.ListedFile]:
        """Yield the files of the command line. Raises click.UsageError for one that is not there, and BadFile."""
        for name in names:
            if name.startswith("s3://"):
                yield from listing.files_in_s3(s3(), name)
            elif Path(name).exists():
                yield from listing.files_here(Path(name))
            else:
                raise click.UsageError(f"{name} is not there: give a file, a folder, or s3://bucket/key")


class SparkConversion:
    """A conversion of files by Spark. Raises MappingError and SchemaError."""

    def __init__(self, plan: Plan, files: Sequence[listing.ListedFile], options: SparkOptions) -> None:
        if plan.schema is None or plan.dataset != "interactions":
            raise MappingError("Spark converts mParticle's exports, which hold interactions")
        mparticle.check_schema(plan.schema)
        check_reserved(plan.schema)
        conversion = Conversion(plan.schema, plan.rules, time.time(), KEPT_OF_PART, plan.suppressed)
        self._plan, self._options, self._files = plan, options, [file.location for file in files]
        parts = [part for file in files for part in file.parts]
        self._request = Request(parts, conversion, str(options.out), start.identity(plan, parts))

    @property
    def writes_job(self) -> bool:
        """Return whether nothing is converted now."""
        return self._options.job is not None

    @property
    def rows_url(self) -> str:
        """Return the URL of the folder with the rows, without what it says to Spark alone, after a question mark."""
        return f"{storage.below(self._request.out.partition('?')[0], ROWS)}/"

    def summary(self, waiting: WaitDisplay) -> ImportSummary:
        """Convert, or write the job; return the summary. Raises click.ClickException with what Spark says."""
        if self._options.job:
            self._options.job.touch(0o600)
            self._options.job.write_text(spark_job.script(self._request), encoding="utf-8")
            return self._summary(Report(), f"written: {self._options.job}")
        waiting.tell(f"Spark: {len(self._request.parts):,} parts of {len(self._files):,} files", "IN PROGRESS")
        return self._summary(self._by_client(), f"rows in {self.rows_url}")

    def _summary(self, report: Report, state: str) -> ImportSummary:
        return report.summary(
            self._plan.dataset,
            files=self._files,
            notes=report.all_notes(),
            consent=self._plan.consent.as_json(self._plan.rules.consent_purpose),
            schema=self._request.conversion.schema.text,
            state=state,
        )

    def _by_client(self) -> Report:
        command = [str(CLIENT), "-W", "ignore", "-m", "history_jobs.spark_client", str(self._options.remote)]
        request = json.dumps(self._request.as_json())
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "lambda_src")))}
        done = subprocess.run(  # noqa: S603 - our own program
            command, input=request, capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode:
            raise click.ClickException(f"Spark: {end_of(done.stderr) or f'exit code {done.returncode}'}")
        answer = json.loads(done.stdout)
        if "refused" in answer:
            raise click.ClickException(answer["refused"])
        return Report.from_json(answer["report"])
