"""`./broker forget` against the local service: who is forgotten, who is not, and what is left behind."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from broker.clock import Clock
from broker.suppression import SuppressionList
from broker.suppression_store import SuppressionStore
from click.testing import CliRunner, Result

from cli.__main__ import main
from lifecycle.state import KEY
from local_stack import loopback
from local_stack.aws.resources import ResourceSettings, create_resources
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
        resources = create_resources(aws.url, ResourceSettings(prefix="shop"))
        yield {
            "AWS_ENDPOINT_URL_S3": aws.url,
            "AWS_ENDPOINT_URL_DYNAMODB": aws.url,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.url,
            "AWS_ENDPOINT_URL_PERSONALIZE": personalize.url,
            "STATE_TABLE": resources.state_table,
            "CONTROL_BUCKET": resources.control_bucket,
            "SUPPRESSION_KEY_ARN": resources.suppression_key_arn,
        }


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


@pytest.fixture
def remembered(endpoints: Mapping[str, str]) -> Callable[[], set[int]]:
    """Return a function to whom the table knows: all users before the test begins."""
    table, dynamodb = endpoints["STATE_TABLE"], local_client("dynamodb", endpoints["AWS_ENDPOINT_URL_DYNAMODB"])
    for user in USERS:
        dynamodb.put_item(TableName=table, Item={KEY: {"N": str(user)}, "expires": {"N": "1"}})
    return lambda: {int(item[KEY]["N"]) for item in dynamodb.scan(TableName=table)["Items"]}


def fail(url: str, operation: str, fault: str) -> None:
    """Let a service refuse the next request of an operation."""
    rule = {"fault": fault, "operation": operation, "times": 1}
    loopback.post(f"{url}/_local/faults", json={"faults": [rule]}).raise_for_status()


def requests_of_table(endpoints: Mapping[str, str]) -> int:
    """Return how often the table was written to in batches."""
    counts = loopback.get(f"{endpoints['AWS_ENDPOINT_URL_DYNAMODB']}/_local/requests").json()
    return int(counts.get("dynamodb.BatchWriteItem", 0))


def suppressed(endpoints: Mapping[str, str]) -> SuppressionList:
    """Return the suppression list as a function reads it that starts now."""
    s3, secrets = (local_client(name, endpoints["AWS_ENDPOINT_URL_S3"]) for name in ("s3", "secretsmanager"))
    clock = Clock(time.time, time.sleep, lambda: 0.5)
    places = endpoints["CONTROL_BUCKET"], endpoints["SUPPRESSION_KEY_ARN"]
    return SuppressionStore(lambda: s3, lambda: secrets, *places, clock).current(float("inf"))


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


def test_who_is_forgotten_is_on_the_suppression_list_and_a_backfill_does_not_bring_them_back(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    assert said(broker("forget", -7, 3, "--yes", "--json"))["suppression_list"] == endpoints["CONTROL_BUCKET"]
    assert [suppressed(endpoints).covers(user) for user in (-7, 3, 8, -6)] == [True, True, False, False]
    before = known(endpoints)
    path = tmp_path / "again.csv"
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + f"-7,i1,{BEGAN},view_detail\n3,i1,{BEGAN},view_detail\n")
    again = broker("backfill", path, "--json")
    assert (again.exit_code, said(again)["rows"], said(again)["skipped"]) == (1, 0, {"suppressed": 2})
    assert known(endpoints) == before


def test_a_user_can_be_put_on_the_list_alone_and_be_taken_off_again(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    before = known(endpoints)
    assert broker("forget", -2, "--opted-out", "--dry-run").exit_code == 0
    assert not suppressed(endpoints).covers(-2)
    assert said(broker("forget", -2, "--opted-out", "--json"))["lift"] is False
    assert suppressed(endpoints).covers(-2)
    assert broker("forget", -2, "--lift").output.endswith("taken off the suppression list in shop-control: 1 user\n")
    assert not suppressed(endpoints).covers(-2)
    assert broker("forget", -2, "--lift", "--opted-out").exit_code == 2
    assert known(endpoints) == before


def test_what_refresh_remembers_of_them_is_forgotten_before_the_job_and_after_it(
    broker: Broker, endpoints: Mapping[str, str], remembered: Callable[[], set[int]]
) -> None:
    before = requests_of_table(endpoints)
    done = broker("forget", -8, 9, 404, "--yes", "--json")
    assert said(done)["state_table"] == endpoints["STATE_TABLE"]
    assert remembered() == set(USERS) - {-8, 9}
    assert requests_of_table(endpoints) == before + 2
    assert f"forgotten in the table {endpoints['STATE_TABLE']}: 1 user\n" in broker("forget", -8, "--yes").stdout


def test_what_users_were_shown_is_forgotten_where_impressions_are_kept(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    dynamodb, table = local_client("dynamodb", endpoints["AWS_ENDPOINT_URL_DYNAMODB"]), "shop-impressions"
    for user in (405, 406):
        dynamodb.put_item(TableName=table, Item={KEY: {"N": str(user)}, "shown": {"S": "{}"}})
    kept = {**endpoints, "IMPRESSIONS_TABLE": table}
    given = ["forget", "405", "--yes", "--local", "--name", "shop"]
    done = CliRunner(env=kept).invoke(main, [*given, "--json"])
    assert (said(done)["state_table"], said(done)["impressions_table"]) == (endpoints["STATE_TABLE"], table)
    assert [item[KEY]["N"] for item in dynamodb.scan(TableName=table)["Items"]] == ["406"]
    assert f"forgotten in the table {table}: 1 user\n" in CliRunner(env=kept).invoke(main, given).stdout
    assert said(broker("forget", 405, "--yes", "--json"))["impressions_table"] is None


def test_what_is_known_of_users_for_their_dataset_is_forgotten_and_items_of_the_same_name_stay(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    dynamodb, table = local_client("dynamodb", endpoints["AWS_ENDPOINT_URL_DYNAMODB"]), "shop-metadata"
    for key in ("users:405", "users:406", "items:405"):
        dynamodb.put_item(TableName=table, Item={"id": {"S": key}})
    given = ["forget", "405", "--yes", "--local", "--name", "shop"]
    done = CliRunner(env={**endpoints, "METADATA_TABLE": table}).invoke(main, [*given, "--json"])
    assert said(done)["metadata_table"] == table
    assert sorted(item["id"]["S"] for item in dynamodb.scan(TableName=table)["Items"]) == ["items:405", "users:406"]
    assert said(broker("forget", 405, "--yes", "--json"))["metadata_table"] is None


def test_a_table_that_refuses_is_known_before_there_is_a_job(
    broker: Broker, endpoints: Mapping[str, str], remembered: Callable[[], set[int]]
) -> None:
    before = known(endpoints)
    fail(endpoints["AWS_ENDPOINT_URL_DYNAMODB"], "dynamodb.BatchWriteItem", "denied")
    done = broker("forget", 10, "--yes")
    assert (done.exit_code, "BatchWriteItem: AccessDeniedException" in done.output) == (1, True)
    assert (known(endpoints), remembered()) == (before, set(USERS))


def test_a_dry_run_says_what_would_be_deleted_where_and_deletes_nothing(
    broker: Broker, endpoints: Mapping[str, str], remembered: Callable[[], set[int]]
) -> None:
    before = known(endpoints)
    plan = said(broker("forget", 13, 14, "--dry-run", "--json"))
    assert (plan["dry_run"], plan["users"], plan["deleted"], plan["next"]) == (True, 2, None, [])
    report = broker("forget", 13, 14, "--dry-run").stdout
    where = f"the local Personalize at {endpoints['AWS_ENDPOINT_URL_PERSONALIZE']}"
    assert report.splitlines() == [
        f"would be forgotten in {where}: 2 users",
        f"would be forgotten in the table {endpoints['STATE_TABLE']}: 2 users",
        f"would be put on the suppression list in {endpoints['CONTROL_BUCKET']}: 2 users",
        "dry run: nothing was deleted",
    ]
    assert (known(endpoints), remembered()) == (before, set(USERS))
    done = said(broker("forget", 13, 14, "--yes", "--json"))
    assert done["job"] == plan["job"], "it is the plan of the run that follows"


def test_where_refresh_has_no_table_that_is_said(endpoints: Mapping[str, str], broker: Broker) -> None:
    alone = {**endpoints, "STATE_TABLE": ""}
    done = CliRunner(env=alone).invoke(main, ["forget", "15", "--yes", "--local", "--name", "shop"])
    assert (done.exit_code, "refresh has no table here" in done.stdout) == (0, True)
    given = ["forget", "15", "--yes", "--local", "--name", "shop", "--state-table", endpoints["STATE_TABLE"], "--json"]
    assert said(CliRunner(env=alone).invoke(main, given))["state_table"] == endpoints["STATE_TABLE"]


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
    fail(endpoints["AWS_ENDPOINT_URL_PERSONALIZE"], "personalize.CreateDataDeletionJob", "invalid")
    done = broker("forget", 21, "--yes")
    assert done.exit_code == 1
    assert "CreateDataDeletionJob: InvalidInputException" in done.output
    assert left_in_the_bucket(endpoints) == []


def test_a_broker_that_is_not_there_has_nobody_to_forget(endpoints: Mapping[str, str]) -> None:
    done = CliRunner(env=endpoints).invoke(main, ["forget", "1", "--yes", "--local", "--name", "other"])
    assert (done.exit_code, "dataset group other not found: no users to delete" in done.output) == (1, True)
    with pytest.raises(ClientError):
        local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"]).head_bucket(Bucket="other-imports")
