"""The commands around a model against the local service: what they make of it, and of what goes wrong."""

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import history_files
from cli.__main__ import main
from infra.apply_tuning import apply_all
from lifecycle import datasets, resource_types, training
from lifecycle.names import USER_PERSONALIZATION, Names
from lifecycle.resources import Resources
from lifecycle.tuning import TuningFailed, Wanted
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.history_jobs import made_up
from tests.json_numbers import rounded
from tests.loop.clone import eventually

Broker = Callable[..., Result]
COLUMNS = ("USER_ID=customer", "ITEM_ID=code", "TIMESTAMP=at")
MAPPED = [word for column in COLUMNS for word in ("--column", column)] + ["--constant", "EVENT_TYPE=purchase"]
BEGAN = 1_700_000_000


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Mapping[str, str]]:
    """Return the variables of a local Personalize with an S3 beside it."""
    with (
        start_service("local_stack.aws") as aws,
        start_service("personalize_local", ["--s3-endpoint", aws.url, "--lag", "0"]) as personalize,
    ):
        suffixes = ("", "_EVENTS", "_RUNTIME")
        yield {
            "AWS_ENDPOINT_URL_S3": aws.url,
            **{f"AWS_ENDPOINT_URL_PERSONALIZE{suffix}": personalize.url for suffix in suffixes},
        }


@pytest.fixture
def broker(endpoints: Mapping[str, str], request: pytest.FixtureRequest) -> Broker:
    """Return `./broker COMMAND …` of a broker of this test's own."""
    name = f"t{abs(hash(request.node.name)) % 10**8}"

    def run(command: str, *arguments: object) -> Result:
        every = [command, *map(str, arguments), "--name", name]
        return CliRunner(env=endpoints).invoke(main, every, catch_exceptions=False)

    return run


def said(result: Result) -> dict[str, Any]:
    """Return the one object on stdout."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def table(folder: Path, rows: int = 2_000, seed: int = 1, name: str = "shop.csv") -> Path:
    """Write purchases in which customers keep to a few items each."""
    chance = random.Random(seed)
    lines = [
        f"c{customer},i{(customer * 7 + chance.randrange(12)) % 60},{BEGAN + 1_000 * seed + number}"
        for number, customer in enumerate(chance.randrange(100) for _ in range(rows))
    ]
    path = folder / name
    path.write_text("\n".join(["customer,code,at", *lines]))
    return path


def test_history_becomes_a_model_that_answers_for_users_items_and_files_of_users(
    broker: Broker, tmp_path: Path
) -> None:
    assert said(broker("status", "--json"))["next"]["command"] == "./broker backfill FILE"
    imported = said(broker("backfill", table(tmp_path, rows=4_000), *MAPPED, "--json"))
    assert (imported["rows"], imported["mode"], imported["state"]) == (4_000, "FULL", "imported")
    status = said(broker("status", "--json"))
    assert (status["stage"], status["next"]["command"]) == ("collect", "./broker train")
    assert status["interactions"]["interactions"] == 4_000
    assert status["interactions"]["users_with_two"] == 100

    trained = said(broker("train", "--json"))
    popular = trained["baseline"]["metrics"]
    ndcg = "normalized_discounted_cumulative_gain_at_25"  # the ten test users may hit none of the first five
    assert 0 < popular[ndcg] < trained["metrics"][ndcg] <= 1  # customers keep to a few items
    assert popular.keys() == trained["metrics"].keys()
    found = said(broker("recommend", "c1", "--num-results", "3", "--json"))
    assert len(found["items"]) == 3
    assert broker("train", "--recipe", "aws-similar-items").exit_code == 0
    similar = broker("similar", "i1").stdout
    assert "Similar to i1" in similar
    assert "score" not in similar  # a recipe for similar items gives none
    assert "score" in broker("recommend", "c1").stdout
    assert "For user -7883222808092557024\n" in broker("recommend", "-7883222808092557024").stdout
    unknown = "The model knows no interactions of '17850.0': these are the popular items.\n"
    assert unknown in broker("recommend", "17850.0", "--json").stderr
    assert "The model knows no" not in broker("recommend", "c1").stderr

    users, out = tmp_path / "users", tmp_path / "out"
    users.write_text("c1\nc2\n")
    answers = broker("batch", users, "--num-results", "3", "--out", out, "--json").stdout.splitlines()
    assert [json.loads(line)["user"] for line in answers] == ["c1", "c2"]
    assert json.loads(answers[0])["items"] == [one["item"] for one in found["items"]]
    assert len(out.read_text().splitlines()) == 2
    assert said(broker("status", "--json"))["stage"] == "recommend"


def test_a_second_file_adds_and_mode_full_replaces(broker: Broker, tmp_path: Path) -> None:
    first, second = table(tmp_path, 1_200), table(tmp_path, 1_100, seed=2, name="more.csv")

    assert said(broker("backfill", first, *MAPPED, "--json"))["mode"] == "FULL"
    assert said(broker("backfill", second, *MAPPED, "--json"))["mode"] == "INCREMENTAL"
    assert said(broker("status", "--json"))["interactions"]["interactions"] == 2_300
    assert said(broker("train", "--json"))["campaign_serves_it"]
    assert said(broker("status", "--json"))["next"]["command"] == "./broker recommend USER"
    assert said(broker("backfill", second, *MAPPED, "--mode", "full", "--local", "--json"))["mode"] == "FULL"
    status = said(broker("status", "--json"))
    assert status["interactions"]["interactions"] == 1_100
    assert status["next"]["command"] == "./broker train"  # the model does not know the last import


def test_an_import_that_fails_has_said_before_what_was_left_out(broker: Broker, tmp_path: Path) -> None:
    shop = table(tmp_path, 30)
    shop.write_text(shop.read_text() + "\nc1,i1,never" * 20)
    result = broker("backfill", shop, *MAPPED)

    assert result.exit_code == 1
    assert "left out: 20 no_usable_time, the first at" in result.stderr


def test_the_same_again_does_nothing_and_says_so(broker: Broker, tmp_path: Path) -> None:
    shop = table(tmp_path, 1_200)
    assert broker("backfill", shop, *MAPPED).exit_code == 0
    again = broker("backfill", shop, *MAPPED)

    assert (again.exit_code, again.stderr.count("CREATE")) == (0, 0)
    assert "was there already" in again.stdout


def test_solutions_are_tuned_as_cdk_json_wants_and_status_says_where_they_are_not(
    broker: Broker, endpoints: Mapping[str, str]
) -> None:
    name = said(broker("status", "--json"))["name"]
    wanted = ("-c", f"broker:name={name}", "-c", f"broker:events_config={json.dumps(WEIGHTS)}")
    wanted += ("-c", "broker:training_schedule=rate(3 days)")
    assert said(broker("tune", *wanted, "--json"))["without_solution"] == [name]
    control = local_client("personalize", endpoints["AWS_ENDPOINT_URL_PERSONALIZE"])
    resources = Resources(control)
    group = resources.ensure(resource_types.DATASET_GROUP, name, {})["datasetGroupArn"]
    weekly = training.Training(USER_PERSONALIZATION, auto=True)
    arn = {"solutionArn": training.solution(resources, Names(name), group, weekly)}
    (weights, schedule) = said(broker("status", *wanted, "--json"))["differences"]
    assert (weights["setting"], schedule["setting"]) == ("events_config", "training_schedule")
    assert schedule["found"] == "every 7 days"

    planned = said(broker("tune", *wanted, "--dry-run", "--json"))
    assert planned["differences"] == [weights, schedule]
    assert rounded(planned) == []
    assert said(broker("status", *wanted, "--json"))["differences"] == [weights, schedule]
    assert "is now every 3 days" in broker("tune", *wanted).stdout
    assert said(broker("status", *wanted, "--json"))["differences"] == []
    assert broker("tune", *wanted).stdout == "nothing differs\n"

    control.update_solution(**arn, performAutoTraining=False)
    result = broker("status", *wanted).stdout
    assert f"Not as in cdk.json: solution {name}, training_schedule: off in Personalize, every 3 days wanted" in result
    assert said(broker("tune", *wanted, "--json"))["differences"][0]["setting"] == "training_schedule"
    described = control.describe_solution(**arn)["solution"]
    assert described["performAutoTraining"] is True
    assert {one["eventType"]: one["weight"] for one in events_of(described)} == WEIGHTS
    assert broker("tune").exit_code == 2  # cdk.json is another broker's

    wanted_once = [Wanted(name, None, "rate(2 days)")]  # as a deployment finds it
    assert [line.partition(": ")[2] for line in apply_all(resources, name, wanted_once)] == [
        "every 3 days in Personalize, every 2 days wanted"
    ]
    assert apply_all(resources, name, wanted_once) == []
    assert {
        one["eventType"]: one["weight"] for one in events_of(control.describe_solution(**arn)["solution"])
    } == WEIGHTS
    with pytest.raises(TuningFailed, match="there is no solution other"):
        apply_all(resources, name, [Wanted("other", None, "off")])


WEIGHTS = {"view_detail": 0.2, "add_to_cart": 0.5, "add_to_wishlist": 0, "purchase": 1}


def events_of(solution: Mapping[str, Any]) -> list[Any]:
    return list(solution["latestSolutionUpdate"]["solutionUpdateConfig"]["eventsConfig"]["eventParametersList"])


def test_a_failure_is_one_line_with_the_services_own_reason_and_status_shows_it(broker: Broker, tmp_path: Path) -> None:
    imported = broker("backfill", table(tmp_path, 30), *MAPPED)
    trained = broker("train")

    assert (imported.exit_code, trained.exit_code) == (1, 1)
    assert "warning: 30 rows: AWS imports 1000 interactions or more at a time" in imported.stderr
    assert "is CREATE FAILED: The import needs at least 1000 rows" in imported.stderr.splitlines()[-1]
    assert "is CREATE FAILED: Training needs at least 1000 interactions" in trained.stderr.splitlines()[-1]
    status = said(broker("status", "--json"))
    assert status["next"]["command"] == "./broker backfill FILE"
    reasons = [one["reason"] for one in status["resources"] if one["status"] == "CREATE FAILED"]
    assert [reason[:10] for reason in reasons] == ["The import", "Training n"]


def test_history_that_overlaps_with_streamed_events_counts_once(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    url = endpoints["AWS_ENDPOINT_URL_PERSONALIZE"]
    name = said(broker("status", "--json"))["name"]
    tracker = datasets.tracker(Resources(local_client("personalize", url)), Names(name))
    shop = table(tmp_path, 600)
    header, *lines = shop.read_text().splitlines()
    events = local_client("personalize-events", url)
    for number, line in enumerate(lines[:5]):
        user, item, at = line.split(",")
        event = {"eventId": str(number), "eventType": "purchase", "itemId": item, "sentAt": int(at)}
        events.put_events(trackingId=tracker.tracking_id, userId=user, sessionId="s", eventList=[event])
    assert eventually(lambda: said(broker("status", "--json"))["interactions"]["interactions"] == 5)

    # An import has a thousand rows at least: the same again, so that a training must find six hundred in all.
    shop.write_text("\n".join([header, *lines, *lines]))
    assert broker("backfill", shop, *MAPPED).exit_code == 0
    assert "Training needs at least 1000 interactions; there are 600" in broker("train").stderr


def test_users_get_a_schema_from_their_values_and_keep_it(broker: Broker, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("id,AGE,CITY\nc1,31,Bonn\nc2,45,Ulm\n")
    imported = said(broker("backfill", users, "--dataset", "users", "--column", "USER_ID=id", "--json"))
    assert [field["name"] for field in json.loads(imported["schema"])["fields"]] == ["USER_ID", "AGE", "CITY"]
    users.write_text("id,AGE\nc1,31\n")
    other = broker("backfill", users, "--dataset", "users", "--column", "USER_ID=id")

    assert other.exit_code == 2
    assert "no column CITY" in other.stderr


def test_a_schema_other_than_the_datasets_is_refused(broker: Broker, tmp_path: Path) -> None:
    users, schema = tmp_path / "users.csv", tmp_path / "users.avsc"
    users.write_text("USER_ID,AGE\nc1,31\n")
    assert broker("backfill", users, "--dataset", "users").exit_code == 0
    fields = [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "string"}]
    schema.write_text(json.dumps({"type": "record", "name": "Users", "fields": fields}))
    result = broker("backfill", users, "--dataset", "users", "--schema", schema)

    assert result.exit_code == 2
    assert "a dataset's schema can't be changed" in result.stderr


def test_files_in_s3_are_read_and_a_folder_stands_for_all_in_it(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    s3 = local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"])
    s3.create_bucket(Bucket="exports")
    for number in (1, 2):
        s3.put_object(
            Bucket="exports", Key=f"a/{number}.csv.gz", Body=gzip.compress(table(tmp_path, 600, number).read_bytes())
        )
    s3.put_object(Bucket="exports", Key="ab/other.csv", Body=b"customer")
    imported = said(broker("backfill", "s3://exports/a/", *MAPPED, "--json"))

    assert imported["rows"] == 1_200
    assert imported["files"] == ["s3://exports/a/1.csv.gz", "s3://exports/a/2.csv.gz"]
    nothing = [broker("backfill", url, *MAPPED) for url in ("s3://exports/none/", "s3://exports/a")]
    assert [result.exit_code for result in nothing] == [2, 2]
    assert "Error: nothing is at s3://exports/none/\n" in nothing[0].stderr
    assert "Error: nothing is at s3://exports/a: a folder in S3 ends with a slash\n" in nothing[1].stderr


def test_large_exports_in_s3_are_converted_in_parts_and_imported_as_files_that_are_here(
    broker: Broker, endpoints: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_files, "SIZE", 100_000)
    monkeypatch.setattr(history_files, "SMALL", 10_000)
    s3 = local_client("s3", endpoints["AWS_ENDPOINT_URL_S3"])
    s3.create_bucket(Bucket="parts")
    folder = made_up.exports(tmp_path / "exports")
    for path in folder.iterdir():
        s3.upload_file(str(path), "parts", f"2026/{path.name}")
    expected = made_up.in_one_process(folder)[1]
    imported = said(broker("backfill", "s3://parts/2026/", "--work", tmp_path / "work", "--json"))

    assert (imported["rows"], imported["state"]) == (expected.rows, "imported")
    assert (imported["bad"], imported["skipped"]) == (expected.bad, expected.skipped)
    again = said(broker("backfill", "s3://parts/2026/", "--work", tmp_path / "work", "--json"))
    assert again["state"] == "was there already"


@pytest.mark.parametrize(
    ("content", "arguments", "code", "message"),
    [
        ("a,b\n1,2\n", MAPPED, 2, "has no column customer, code, at; it has a, b"),
        ("", MAPPED, 2, "is empty"),
        ("customer,code,at\nc,i,yesterday\n", MAPPED, 1, "not one row"),
        ("customer,code,at\n", MAPPED, 1, "not one row of interactions could be made of"),
        ("{broken", [], 1, "not one row"),
        ("customer,code,at\n", [*MAPPED, "--column", "USER_ID=code"], 2, "--column USER_ID=… is given twice"),
        ("customer,code,at\n", [*MAPPED, "--constant", "USER_ID=1"], 2, "USER_ID can't be both"),
        ("customer,code,at\n", [*MAPPED, "-c", "broker:stage"], 2, "-c broker:stage: must be KEY=VALUE"),
        ("customer,code,at\n", ["--column", "USER_ID"], 2, "--column USER_ID: must be NAME=…"),
        ("customer,code,at\n", [*MAPPED, "-c", "broker:stage=never"], 2, "stage must be one of"),
    ],
)
def test_what_cannot_be_imported_creates_nothing(
    broker: Broker, tmp_path: Path, content: str, arguments: list[str], code: int, message: str
) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(content)
    result = broker("backfill", path, *arguments)

    assert result.exit_code == code
    assert message in result.stderr
    assert said(broker("status", "--json"))["resources"] == []


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train"], "./broker backfill first"),
        (["recommend", "c1"], "no trained model called"),
        (["similar", "i1"], "./broker train --recipe aws-similar-items first"),
        (["recommend", "c1", "--filter", "x"], "there is no filter x; there is: none"),
        (["recommend", "-7883222808092557024"], "no trained model called"),
        (["recommend", "--jsn"], "No such option"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_makes_it(
    broker: Broker, command: list[str], message: str
) -> None:
    result = broker(*command)

    assert result.exit_code in (1, 2)
    assert message in result.stderr


def test_a_dry_run_counts_and_asks_no_service(tmp_path: Path) -> None:
    runner = CliRunner(env={"AWS_ENDPOINT_URL_PERSONALIZE": "http://127.0.0.1:9"})
    result = runner.invoke(main, ["backfill", str(table(tmp_path)), *MAPPED, "--dry-run", "--json"])

    assert (result.exit_code, said(result)["rows"], said(result)["state"]) == (0, 2_000, "dry run")


def test_beside_a_local_personalize_no_other_service_is_asked_at_aws(
    endpoints: Mapping[str, str], tmp_path: Path
) -> None:
    alone = {name: None if name.endswith("S3") else url for name, url in endpoints.items()}
    result = CliRunner(env=alone).invoke(main, ["backfill", str(table(tmp_path)), *MAPPED, "--name", "alone"])

    assert result.exit_code == 1
    assert "AWS_ENDPOINT_URL_S3 is missing" in result.stderr


def test_a_service_that_does_not_answer_is_one_line() -> None:
    result = CliRunner(env={"AWS_ENDPOINT_URL_PERSONALIZE": "http://127.0.0.1:9"}).invoke(main, ["status"])

    assert result.exit_code == 1
    assert "Could not connect" in result.stderr.splitlines()[-1]


def test_without_region_and_local_service_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL_PERSONALIZE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    result = CliRunner().invoke(main, ["status", "--aws"])

    assert result.exit_code == 1
    assert "./broker serve --only personalize starts one" in result.stderr


def test_a_recipe_that_is_not_there_is_wrong_use_and_names_those_that_are(broker: Broker, tmp_path: Path) -> None:
    assert broker("backfill", table(tmp_path), *MAPPED).exit_code == 0
    result = broker("train", "--recipe", "aws-similar-itms")

    assert result.exit_code == 2
    assert "there is no recipe aws-similar-itms; there are" in result.stderr
    assert "aws-similar-items" in result.stderr


def test_answers_that_cannot_be_kept_are_said_before_a_job_is_made(broker: Broker, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("c1\n")
    assert "no trained model" in broker("batch", users, "--out", tmp_path / "out").stderr
    result = broker("batch", users, "--out", tmp_path / "none" / "out")

    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


def test_a_command_that_is_nearly_one_is_guessed() -> None:
    result = CliRunner().invoke(main, ["trian"])

    assert result.exit_code == 2
    assert "Did you mean train?" in result.stderr
