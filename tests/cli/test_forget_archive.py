"""`./broker forget --archive` on the local stack: whoever is forgotten is in no object of the raw archive."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import archive
from cli.__main__ import main
from cli.connection import Target
from lifecycle.archive import Archive
from lifecycle.names import Names
from local_stack.settings import LocalStackSettings
from local_stack.stack import ARCHIVE_BUCKET, NAME, Stack
from tests.broker.lambda_events import visit
from tests.broker.stubs import AwsClient, always
from tests.loop.clone import eventually

MPID = -7346244611012968789
Broker = Callable[..., Result]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(LocalStackSettings(shards=2, archive=True)) as stack:
        yield stack


def broker(stack: Stack, *arguments: object, archive: str = ARCHIVE_BUCKET) -> Result:
    endpoints = {
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_ENDPOINT_URL_PERSONALIZE": stack.personalize.url,
        "STATE_TABLE": stack.resources.state_table,
        "ARCHIVE_BUCKET": archive,
    }
    every = ["forget", *map(str, arguments), "--name", NAME, "--local", "--yes"]
    return CliRunner(env=endpoints).invoke(main, every, catch_exceptions=False)


def archived(stack: Stack) -> list[int]:
    """Return whose batches the archive has."""
    opened = Archive(stack.client("s3"), ARCHIVE_BUCKET)
    documents = [part.document for stored in opened.objects() for part in opened.parts(stored)]
    return sorted(int(document["mpid"]) for document in documents)


def put(stack: Stack, *users: int) -> None:
    kinesis, before = stack.client("kinesis"), len(archived(stack))
    for user in users:
        data = json.dumps(visit(user)).encode()
        kinesis.put_record(StreamName=stack.resources.stream_name, PartitionKey=str(user), Data=data)
    assert eventually(lambda: len(archived(stack)) == before + len(users))


def test_forgotten_users_are_in_no_object_of_the_archive(stack: Stack) -> None:
    put(stack, 1, MPID, 2, MPID, 3)
    assert archived(stack) == sorted([1, MPID, 2, MPID, 3])

    dry = json.loads(broker(stack, MPID, "--archive", "--dry-run", "--json").stdout)
    assert dry["archive"] == {"bucket": ARCHIVE_BUCKET, "days": None, "erased": None}
    without = broker(stack, MPID)
    assert f"the raw archive {ARCHIVE_BUCKET} may have records of them: --archive takes them out" in without.stdout
    assert archived(stack).count(MPID) == 2

    done = json.loads(broker(stack, MPID, "--archive", "--json").stdout)
    assert done["archive"]["erased"]["records"] == 2
    assert archived(stack) == [1, 2, 3]
    put(stack, MPID)  # whoever comes back is archived again, and found again
    report = broker(stack, MPID, 3, "--archive").stdout
    assert "forgotten in the raw archive items4u-archive: 2 records in" in report
    assert archived(stack) == [1, 2]


def test_without_an_archive_the_option_is_wrong_use_and_nothing_is_said_of_one(stack: Stack) -> None:
    refused = broker(stack, 5, "--archive", archive="")
    assert (refused.exit_code, "only broker:archive makes one" in refused.output) == (2, True)
    done = broker(stack, 5, archive="")
    assert (done.exit_code, "archive" in done.stdout) == (0, False)


def test_on_aws_the_archive_is_opened_with_the_role_of_the_stack() -> None:
    outputs = {"ArchiveBucket": "archive", "ArchiveDays": "7", archive.ERASER: "arn:eraser"}
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    soon = datetime.now(UTC) + timedelta(minutes=1)
    numbers = itertools.count(1)

    def keys(_: Mapping[str, Any]) -> dict[str, Any]:
        secret = {"SecretAccessKey": "s", "SessionToken": "t", "Expiration": soon}
        return {"Credentials": {"AccessKeyId": f"ASIA-{next(numbers)}", **secret}}

    clients: dict[str, Any] = {
        "cloudformation": AwsClient(describe_stacks=always({"Stacks": [{"Outputs": listed}]})),
        "sts": AwsClient(assume_role=keys),
        "s3": SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-1")),
    }
    target = Target(Names("shop"), clients.__getitem__, None)
    opened = archive.opened(target, archive.ERASER)
    assert opened is not None
    assert opened.bucket == "archive"
    assert clients["sts"].requests[0]["RoleArn"] == "arn:eraser"
    credentials = opened._s3._request_signer._credentials
    assert [credentials.get_frozen_credentials().access_key for _ in range(2)] == ["ASIA-2", "ASIA-3"], (
        "renewed in time"
    )
    assert opened._s3.meta.region_name == "eu-west-1"
    known = archive.known(target)
    assert known is not None
    assert "for at most 7 days" in archive.report(known.outcome(None))[0]
