"""What the command reads from services: the local stream, and the raw archive, without whom nobody may analyse."""

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from cli.experiment import command
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.experiments.files import SLOT, batch
from tests.experiments.shop import AUTUMN, START, Shop, rows

pytestmark = pytest.mark.server

STREAM, BUCKET = "experiment-events", "experiment-archive"
EXPERIMENT = {"name": "autumn", "from": "2023-11-06", "variants": {"control": {"weight": 1}, "fresh": {"weight": 1}}}
BATCHES = [json.dumps(batch(row)).encode() for row in rows(Shop(customers=150), AUTUMN.variant_of) if row[0] != "last"]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the options that name the experiment and its slot."""
    file = tmp_path_factory.mktemp("experiment") / "autumn.json"
    file.write_text(json.dumps(EXPERIMENT))
    return ["--experiment", str(file), "--impression-list", SLOT, "--json"]


@pytest.fixture(scope="module")
def environment() -> Iterator[Mapping[str, str]]:
    """Return the variables of local services with a stream and an archive that have the same batches."""
    with start_service("local_stack.aws") as aws:
        kinesis, s3 = (local_client(service, aws.url) for service in ("kinesis", "s3"))
        kinesis.create_stream(StreamName=STREAM, ShardCount=2)
        for start in range(0, len(BATCHES), 500):
            records = [{"Data": data, "PartitionKey": str(len(data))} for data in BATCHES[start : start + 500]]
            kinesis.put_records(StreamName=STREAM, Records=records)
        s3.create_bucket(Bucket=BUCKET)
        for hour, part in enumerate((BATCHES[::2], BATCHES[1::2])):
            body = gzip.compress(b"\n".join(part) + b"\n")
            s3.put_object(Bucket=BUCKET, Key=f"raw/2023/11/07/{hour:02}/part", Body=body)
        arn = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamARN"]
        yield {"AWS_ENDPOINT_URL": aws.url, "STREAM_ARN": arn, "ARCHIVE_BUCKET": BUCKET}


def analysed(environment: Mapping[str, str], *words: str) -> dict[str, Any]:
    result = CliRunner(env=environment).invoke(command, [*words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_stream_and_the_archive_of_the_same_batches_give_the_same(
    environment: Mapping[str, str], words: list[str]
) -> None:
    stream, archive = analysed(environment, "--local", *words), analysed(environment, "--local", "--archive", *words)
    assert stream["populations"] == archive["populations"]
    variants = stream["populations"]["triggered"]["variants"]
    came = {mpid: AUTUMN.variant_of(mpid) for mpid in range(1, 151)}
    for name, arm in variants.items():
        assert (
            0.9 * sum(own == name for own in came.values())
            <= arm["customers"]
            <= sum(own == name for own in came.values())
        )
    assert stream["start_ms"] == START


def test_the_stream_of_serve_is_read_with_the_experiment_and_the_list_that_it_runs_with(
    environment: Mapping[str, str], words: list[str]
) -> None:
    running = {**environment, "EXPERIMENT": json.dumps(EXPERIMENT), "IMPRESSION_LIST": SLOT}
    assert analysed(running, "--local", "--json") == analysed(environment, "--local", *words)


def test_a_serve_without_an_experiment_says_how_to_have_one(environment: Mapping[str, str]) -> None:
    result = CliRunner(env=environment).invoke(command, ["--local"])
    assert result.exit_code == 2
    assert "has no experiment: start it with --experiment" in result.output


def test_a_stack_without_an_archive_says_what_makes_one(environment: Mapping[str, str], words: list[str]) -> None:
    without = {**environment, "ARCHIVE_BUCKET": ""}
    result = CliRunner(env=without).invoke(command, ["--local", "--archive", *words])
    assert result.exit_code == 2
    assert "only broker:archive makes one" in result.output
