"""The raw archive of a deployment or of the local stack, for commands that read it or erase users from it."""

import os
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

from cli.connection import RETRIES, Target
from lifecycle import archive
from lifecycle.archive import Archive

READER, ERASER = "ArchiveReaderRoleArn", "ArchiveEraserRoleArn"
LEFT = (
    "the raw archive {bucket} may have records of them{until}: --archive takes them out, and so does time, if nothing "
    "of them comes in any more"
)


@dataclass(frozen=True)
class KnownArchive:
    """The archive that ``forget`` tells of; ``days``: for how long it keeps a record, None locally."""

    bucket: str
    days: str | None

    def outcome(self, done: archive.Erasure | None) -> dict[str, Any]:
        """Return it as JSON."""
        return {"bucket": self.bucket, "days": self.days and int(self.days), "erased": done and done.counts}


def known(target: Target) -> KnownArchive | None:
    """Return the archive, None where there is none. Raises ClientError."""
    bucket = _bucket(target)
    days = None if target.local_url else target.outputs.get("ArchiveDays")
    return KnownArchive(bucket, days) if bucket else None


def opened(target: Target, role: str) -> Archive | None:
    """Return the archive behind a client with that role's permissions; None where there is none. Raises ClientError."""
    bucket = _bucket(target)
    if not bucket:
        return None
    s3 = target.client("s3") if target.local_url else _as_role(target, target.outputs[role])
    return Archive(s3, bucket)


def report(outcome: dict[str, Any]) -> list[str]:
    """Return what people are told of the archive after ``forget``."""
    bucket, done, days = outcome["bucket"], outcome["erased"], outcome["days"]
    if not done:
        return [LEFT.format(bucket=bucket, until=f", for at most {days} days" if days else "")]
    lines = [
        f"forgotten in the raw archive {bucket}: {done['records']:,} records in {done['objects']:,} objects, of which "
        f"{done['rewritten']:,} were rewritten and {done['deleted']:,} deleted"
    ]
    if done["unreadable"]:
        lines.append(
            f"{done['unreadable']:,} unreadable parts of these objects were deleted, too: they may be of anybody"
        )
    return lines


def _bucket(target: Target) -> str | None:
    return target.known("ARCHIVE_BUCKET", "ArchiveBucket")


def _as_role(target: Target, arn: str) -> Any:
    """Return an S3 client with a role's permissions, renewed before they expire: a large archive takes long."""
    sts, session_name = target.client("sts"), f"personalize-broker-{os.getpid()}"

    def keys() -> dict[str, str]:
        answer = sts.assume_role(RoleArn=arn, RoleSessionName=session_name)["Credentials"]
        expiry = answer["Expiration"].isoformat()
        secret = {"secret_key": answer["SecretAccessKey"], "token": answer["SessionToken"]}
        return {"access_key": answer["AccessKeyId"], "expiry_time": expiry, **secret}

    session = botocore.session.get_session()
    session._credentials = RefreshableCredentials.create_from_metadata(keys(), keys, "sts-assume-role")
    region = target.client("s3").meta.region_name
    return boto3.Session(botocore_session=session, region_name=region).client("s3", config=Config(retries=RETRIES))
