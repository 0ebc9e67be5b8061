"""`./broker forget` against the local service: who is forgotten, who is not, and what is left behind."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from cli.__main__ import main
from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.process import start_service

BEGAN = 1_700_000_000
USERS = [*range(-10, 0), *range(1, 31)]
OF_EACH = 30
Broker = Callable[..., Result]


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Mapping[str, str]]:
    with (
        start_service("local_stack.aws") as aws,
        start_service("personalize_local", ["--s3-endpoint", aws.url, "--lag", "0"]) as personalize,
    ):
        yield {"AWS_ENDPOINT_URL_S3": aws.url, "AWS_ENDPOINT_URL_PERSONALIZE": personalize.url}


@pytest.fixture(scope="module")
def broker(endpoints: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Broker:
    """Return `./broker COMMAND …` of a broker that knows forty users."""

    def run(*arguments: object) -> Result:
        every = [*map(str, arguments), "--name", "shop", "--local"]
        return CliRunner(env=endpoints).invoke(main, every, catch_exceptions=False)

    path = tmp_path_factory.mktemp("history") / "shop.csv"
    rows = [f"{user},i{number % 7},{BEGAN + number},view_detail" for number in range(OF_EACH) for user in USERS]
    path.write_text("\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", *rows]))
    assert run("backfill", path).exit_code == 0
    return run


def known(endpoints: Mapping[str, str]) -> tuple[int, int]:
    """Return how many users and interactions the service knows."""
    [group] = loopback.get(f"{endpoints['AWS_ENDPOINT_URL_PERSONALIZE']}/_local/status").json()["datasetGroups"]
    return group["users"], group["interactions"]


def left_in_the_bucket(endpoints: Mapping[str, str]) -> list[str]:
    s3 = local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"])
    listed = s3.list_objects_v2(Bucket="shop-imports").get("Contents", [])
    return [one["Key"] for one in listed if "forget" in one["Key"]]


def said(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_users_are_forgotten_negative_ones_too_and_others_are_not(broker: Broker, endpoints: Mapping[str, str]) -> None:
    users, interactions = known(endpoints)
    done = broker("forget", -3, 7, 7, "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert (said(done)["users"], said(done)["deleted"]) == (2, 2 * OF_EACH)
    assert said(done)["place"] == "local"
    assert known(endpoints) == (users - 2, interactions - 2 * OF_EACH)
    assert left_in_the_bucket(endpoints) == []


def test_a_file_names_users_and_a_second_run_is_a_further_job(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    users, _ = known(endpoints)
    path = tmp_path / "erase.csv"
    path.write_text("USER_ID\n11\n-5\n")
    first = said(broker("forget", path, "--yes", "--json"))
    assert known(endpoints)[0] == users - 2
    second = said(broker("forget", path, "--yes", "--json"))
    assert second["job"] == f"{first['job']}-2"
    assert second["deleted"] == 0


def test_a_table_is_refused_before_anything_is_deleted(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    before = known(endpoints)
    path = tmp_path / "customers.csv"
    path.write_text("USER_ID,COUNTRY\n12,DE\n")
    done = broker("forget", path, "--yes")
    assert (done.exit_code, "several columns" in done.output) == (2, True)
    assert known(endpoints) == before


def test_a_job_that_finds_nothing_says_so_and_where_it_looked(broker: Broker, endpoints: Mapping[str, str]) -> None:
    where = f"the local Personalize at {endpoints['AWS_ENDPOINT_URL_PERSONALIZE']}"
    report = broker("forget", 404, "--yes").stdout
    assert report.startswith(f"forgotten in {where}: 1 user, 0 records deleted\nnothing was known")
    assert "nothing was known" not in broker("forget", 28, "--yes").stdout


def test_it_says_what_is_not_yet_done(broker: Broker) -> None:
    output = broker("forget", 29, "--yes").stdout
    for word in ("./broker train", "does not promise", "pause the stream", "mParticle has erased", "docs/privacy.md"):
        assert word in output


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nobody.csv"], "nobody.csv"),
        (["1", "nobody.csv"], "nobody.csv"),
        (["9223372036854775808"], "neither"),
        (["1.5", "2"], "1.5"),
        ([], "Missing argument"),
    ],
)
def test_what_is_neither_an_id_nor_a_file_deletes_nothing(
    broker: Broker, endpoints: Mapping[str, str], arguments: list[str], word: str
) -> None:
    before = known(endpoints)
    done = broker("forget", *arguments, "--yes")
    assert done.exit_code == 2
    assert word in done.output
    assert known(endpoints) == before


def test_without_yes_and_with_nobody_to_ask_nothing_is_deleted(broker: Broker, endpoints: Mapping[str, str]) -> None:
    before = known(endpoints)
    done = broker("forget", 20)
    assert (done.exit_code, "--yes" in done.output) == (2, True)
    assert known(endpoints) == before


def test_a_file_that_names_nobody_is_wrong_use(broker: Broker, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("USER_ID\n")
    assert broker("forget", path, "--yes").exit_code == 2


def test_what_the_service_refuses_is_one_line_and_leaves_no_list_behind(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    url = f"{endpoints['AWS_ENDPOINT_URL_PERSONALIZE']}/_local/faults"
    fault = {"fault": "invalid", "operation": "personalize.CreateDataDeletionJob", "times": 1}
    loopback.post(url, json={"faults": [fault]}).raise_for_status()
    done = broker("forget", 21, "--yes")
    assert done.exit_code == 1
    assert "CreateDataDeletionJob: InvalidInputException" in done.output
    assert left_in_the_bucket(endpoints) == []


def test_a_broker_that_is_not_there_has_nobody_to_forget(endpoints: Mapping[str, str]) -> None:
    done = CliRunner(env=endpoints).invoke(main, ["forget", "1", "--yes", "--local", "--name", "other"])
    assert (done.exit_code, "dataset group other not found: no users to delete" in done.output) == (1, True)
    with pytest.raises(ClientError):
        local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"]).head_bucket(Bucket="other-imports")
