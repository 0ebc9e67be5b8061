"""`./broker export` against the local service: what the file has, what it leaves out, and what cannot be exported."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from broker.probe import PROBE
from click.testing import CliRunner, Result

from cli.__main__ import main
from lifecycle import datasets, exports, resource_types
from lifecycle.bucket import Bucket
from lifecycle.exports import Export, ExportStep, NoExport
from lifecycle.names import Names
from lifecycle.resources import Resources
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.json_numbers import rounded

BEGAN, NOW = 1_700_000_000, 1_790_000_000
HEADER = [
    "USER_ID",
    "ITEM_ID",
    "EVENT_TYPE",
    "TIMESTAMP",
    "SESSION_ID",
    "EVENT_VALUE",
    "RECOMMENDATION_ID",
    "IMPRESSION",
]
IMPORTED = [(str(n % 40), f"i{n % 7}", "view_detail", str(BEGAN + n)) for n in range(1_200)]
STREAMED = [(str(-n), "i1", "purchase", str(NOW + n)) for n in range(1, 15)]
Broker = Callable[..., Result]


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Mapping[str, str]]:
    with (
        start_service("local_stack.aws") as aws,
        start_service("personalize_local", ["--s3-endpoint", aws.url, "--lag", "0"]) as personalize,
    ):
        suffixes = ("", "_EVENTS")
        yield {
            "AWS_ENDPOINT_URL_S3": aws.url,
            **{f"AWS_ENDPOINT_URL_PERSONALIZE{suffix}": personalize.url for suffix in suffixes},
        }


def runner(endpoints: Mapping[str, str], name: str) -> Broker:
    def run(*arguments: object) -> Result:
        every = [*map(str, arguments), "--name", name]
        return CliRunner(env=endpoints).invoke(main, every, catch_exceptions=False)

    return run


@pytest.fixture(scope="module")
def broker(endpoints: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Broker:
    """Return `./broker COMMAND …` of a broker with an import, streamed events, and two events of the probe."""
    run = runner(endpoints, "shop")
    path = tmp_path_factory.mktemp("history") / "shop.csv"
    path.write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *map(",".join, IMPORTED)]))
    assert run("backfill", path).exit_code == 0
    url = endpoints["AWS_ENDPOINT_URL_PERSONALIZE"]
    tracker = datasets.tracker(Resources(local_client("personalize", url)), Names("shop")).tracking_id
    events = local_client("personalize-events", url)
    for user, item, event_type, time in (*STREAMED, (PROBE, "i1", "purchase", NOW), (PROBE, "i2", "purchase", NOW)):
        event = {"eventType": event_type, "itemId": item, "sentAt": int(time), "eventId": f"{user} {item}"}
        events.put_events(trackingId=tracker, sessionId="s", userId=user, eventList=[event])
    return run


def said(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    assert rounded(found) == []
    return found


def rows(path: Path) -> Counter[tuple[str, ...]]:
    """Return the rows of an exported file, less the columns that are empty here."""
    with path.open(newline="") as file:
        header, *lines = csv.reader(file)
    assert header == HEADER
    assert not any("".join(line[4:]) for line in lines)
    return Counter(tuple(line[:4]) for line in lines)


@pytest.mark.parametrize(("mode", "expected"), [("bulk", IMPORTED), ("put", STREAMED), ("all", [*IMPORTED, *STREAMED])])
def test_each_mode_has_its_rows_once_and_none_of_the_probe(
    broker: Broker, tmp_path: Path, mode: str, expected: list[tuple[str, ...]]
) -> None:
    out = tmp_path / "out.csv"
    done = said(broker("export", "--mode", mode, "--out", out, "--json"))
    assert rows(out) == Counter(expected)
    assert (done["rows"], done["mode"], done["place"]) == (len(expected), mode, "local")
    assert done["left_out"] == ({} if mode == "bulk" else {"broker_probe": 2})


def test_without_out_it_says_where_the_files_are_and_that_they_have_the_probe(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    done = said(broker("export", "--mode", "put", "--json"))
    [url] = done["files"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    body = local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"]).get_object(Bucket=bucket, Key=key)["Body"].read()
    assert (done["bytes"], done["rows"], done["out"]) == (len(body), None, None)
    assert key.startswith(f"batch/output/exports/{done['job']}/")
    assert body.count(PROBE.encode()) == 2
    report = broker("export", "--mode", "put").stdout
    assert "the broker's own probe, too" in report
    assert report.startswith("exported from the local Personalize at ")


def test_what_is_exported_can_be_imported_by_another_broker_and_is_the_same(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    out, back = tmp_path / "out.csv", tmp_path / "back.csv"
    assert broker("export", "--out", out).exit_code == 0
    other = runner(endpoints, "other")
    imported = other("backfill", out, "--json")
    assert said(imported)["rows"] == len(IMPORTED) + len(STREAMED), imported.output
    assert other("export", "--mode", "bulk", "--out", back).exit_code == 0
    assert rows(back) == rows(out)


def test_each_run_is_a_further_job_and_a_running_one_is_waited_for(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    first = said(broker("export", "--json"))["job"]
    resources = Resources(local_client("personalize", endpoints["AWS_ENDPOINT_URL_PERSONALIZE"]))
    group = resources.find(resource_types.DATASET_GROUP, "shop")
    arn = datasets.find_dataset(resources, str(group), "interactions")
    step = exports.decide(
        resources.all(resource_types.EXPORT_JOB, datasetArn=str(arn)), Names("shop"), "interactions", "all"
    )
    assert step.job != first
    request = {
        "jobName": step.job,
        "datasetArn": arn,
        "roleArn": "arn:aws:iam::123456789012:role/local",
        "ingestionMode": "ALL",
        "jobOutput": {"s3DataDestination": {"path": f"s3://shop-imports/{step.folder}"}},
    }
    resources.create(resource_types.EXPORT_JOB, request)
    taken_up = broker("export", "--json")
    assert (said(taken_up)["job"], "under way" in taken_up.stderr) == (step.job, True)


def test_what_is_not_there_is_one_line(broker: Broker, endpoints: Mapping[str, str], tmp_path: Path) -> None:
    done = broker("export", "--dataset", "users")
    assert (done.exit_code, "shop has no dataset of users" in done.output) == (1, True)
    done = runner(endpoints, "nobody")("export")
    assert (done.exit_code, "nobody has no dataset of interactions" in done.output) == (1, True)
    done = broker("export", "--out", tmp_path / "missing" / "out.csv")
    assert (done.exit_code, "there is no folder" in done.output) == (2, True)


@pytest.fixture
def bucket(endpoints: Mapping[str, str]) -> Bucket:
    bucket = Bucket(local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"]), "files", "role")
    bucket.create_if_missing()
    return bucket


def test_several_files_become_one_and_other_columns_are_refused(bucket: Bucket, tmp_path: Path) -> None:
    for key, text in (("a", 'USER_ID,NAME\n1,"a\nb"\n'), ("b", f"USER_ID,NAME\n{PROBE},x\n2,c\n")):
        bucket.s3.put_object(Bucket="files", Key=key, Body=text.encode())
    out = tmp_path / "out.csv"
    read = exports.download(bucket, Export(("a", "b"), 0), tmp_path, out)
    assert (read.rows, read.probe_rows) == (2, 1)
    assert out.read_text() == 'USER_ID,NAME\n1,"a\nb"\n2,c\n'
    bucket.s3.put_object(Bucket="files", Key="c", Body=b"USER_ID\n3\n")
    with pytest.raises(NoExport, match="s3://files/c has another header"):
        exports.download(bucket, Export(("a", "c"), 0), tmp_path, out)


def test_a_job_without_a_file_is_no_export(bucket: Bucket) -> None:
    class Done:
        """A client whose job is done, and wrote nothing."""

        def create_dataset_export_job(self, **_: Any) -> dict[str, str]:
            return {"datasetExportJobArn": "arn"}

        def describe_dataset_export_job(self, **_: Any) -> dict[str, Any]:
            return {"datasetExportJob": {"status": "ACTIVE"}}

    with pytest.raises(NoExport, match="there is no CSV in s3://files/batch/output/exports/e/"):
        exports.run(Resources(Done()), bucket, ExportStep("e"), "arn", "all")
