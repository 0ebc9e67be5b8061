"""What is wrong with a request, a file or an expression comes back as one clear error of the service."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_stack.process import start_service
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.jobs.schemas import ITEMS
from tests.personalize_local.served.clients import Aws, csv
from tests.personalize_local.world import RECIPE, schema

ROLE = "arn:aws:iam::123456789012:role/any"
HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"
GOOD = [(f"u{n}", f"i{n % 30}", "view", 1_700_000_000 + n) for n in range(1200)]
NAMES = (f"job{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def shop(aws: Aws) -> dict[str, str]:
    """Create a dataset group with datasets of interactions and items; return the ARNs."""
    control = aws.control
    group = aws.wait_until_active("DatasetGroup", control.create_dataset_group(name="shop")["datasetGroupArn"])
    arns = {"group": group}
    for kind, avro in (("Interactions", schema()), ("Items", ITEMS)):
        shaped = control.create_schema(name=kind, schema=avro)["schemaArn"]
        made = {"name": kind, "datasetGroupArn": group, "schemaArn": shaped, "datasetType": kind}
        arns[kind] = aws.wait_until_active("Dataset", control.create_dataset(**made)["datasetArn"])
    return arns


def imported(aws: Aws, dataset: str, location: str) -> dict[str, Any]:
    """Import a file; return the job's description once it has ended."""
    job = {"jobName": next(NAMES), "datasetArn": dataset, "roleArn": ROLE, "dataSource": {"dataLocation": location}}
    return aws.wait_until_settled(
        "DatasetImportJob", aws.control.create_dataset_import_job(**job)["datasetImportJobArn"]
    )


# What else can be wrong with a file, ``jobs/test_importing.py`` tries without a service.
BROKEN = {
    "a wrong header": (csv("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", GOOD), ["all.csv", "EVENT_TYPE"]),
    "a time that is no number": (
        csv(HEADER, [*GOOD, ("u", "i", "view", "yesterday")]),
        ["all.csv", "line 1202", "TIMESTAMP"],
    ),
    "too few rows": (csv(HEADER, GOOD[:999]), ["1000", "999"]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_does_not_fit_fails_its_import_and_says_where(
    aws: Aws, shop: dict[str, str], bucket: Bucket, what: str
) -> None:
    content, said = BROKEN[what]
    job = imported(aws, shop["Interactions"], bucket.put("all.csv", content))
    assert job["status"] == "CREATE FAILED"
    assert [part for part in said if part not in job["failureReason"]] == [], job["failureReason"]
    assert "\n" not in job["failureReason"]
    assert "Traceback" not in job["failureReason"]


def test_a_wrong_type_in_an_item_fails_its_import_and_says_where(
    aws: Aws, shop: dict[str, str], bucket: Bucket
) -> None:
    names = "ITEM_ID,PRICE,GENRE,STOCK,NEW,CREATION_TIMESTAMP,TEXT"
    rows = [("i1", 1.5, "a", 3, "true", 1_700_000_000, "t"), ("i2", "cheap", "a", 3, "true", 1_700_000_000, "t")]
    job = imported(aws, shop["Items"], bucket.put("items.csv", csv(names, rows)))
    assert job["status"] == "CREATE FAILED"
    assert "line 3" in job["failureReason"]
    assert "PRICE" in job["failureReason"]
    assert "cheap" not in job["failureReason"], "values may be personal"


@pytest.mark.parametrize("location", ["missing.csv", "no-folder/"])
def test_a_file_that_is_not_there_fails_its_import(
    aws: Aws, shop: dict[str, str], bucket: Bucket, location: str
) -> None:
    job = imported(aws, shop["Interactions"], bucket.at(location))
    assert job["failureReason"] == f"There is no object at {bucket.at(location)}"


def test_a_bucket_that_is_not_there_fails_its_import(aws: Aws, shop: dict[str, str]) -> None:
    job = imported(aws, shop["Interactions"], "s3://nobodys-bucket/all.csv")
    assert job["status"] == "CREATE FAILED"
    assert "nobodys-bucket" in job["failureReason"]


def test_after_failed_imports_a_good_one_is_taken(aws: Aws, shop: dict[str, str], bucket: Bucket) -> None:
    assert imported(aws, shop["Interactions"], bucket.put("all.csv", csv(HEADER, GOOD)))["status"] == "ACTIVE"


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """Return the code and the message that a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_a_schema_without_a_timestamp_is_refused(aws: Aws) -> None:
    code, message = refusal(aws.control.create_schema, name="s", schema=schema(drop="TIMESTAMP"))
    assert (code, "TIMESTAMP" in message) == ("InvalidInputException", True)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYP IN ("buy")', "EVENT_TYP"),
        ('EXCLUDE ItemID WHERE Interaction.EVENT_TYPE IN ("buy")', "Interaction"),
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy"', ""),
        ('EXLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")', "EXLUDE"),
    ],
)
def test_a_filter_with_a_typo_is_refused(aws: Aws, shop: dict[str, str], expression: str, said: str) -> None:
    made = {"name": "f", "datasetGroupArn": shop["group"], "filterExpression": expression}
    code, message = refusal(aws.control.create_filter, **made)
    assert code == "InvalidInputException"
    assert said in message
    assert "\n" not in message


def test_a_campaign_on_a_version_that_is_not_trained_is_refused(aws: Aws, shop: dict[str, str]) -> None:
    made = {"name": "s", "datasetGroupArn": shop["group"], "recipeArn": RECIPE, "performAutoTraining": False}
    solution = aws.control.create_solution(**made)["solutionArn"]
    version = aws.control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    code, message = refusal(aws.control.create_campaign, name="c", solutionVersionArn=version)
    assert (code, version in message) == ("ResourceInUseException", True)
    # Users with one interaction each: it will never be trained.
    failed = aws.wait_until_settled("SolutionVersion", version)
    assert failed["status"] == "CREATE FAILED"
    assert "25 users" in failed["failureReason"]
    code, message = refusal(aws.control.create_campaign, name="c", solutionVersionArn=version)
    assert (code, "CREATE FAILED" in message) == ("ResourceInUseException", True)
    code, _ = refusal(aws.control.create_campaign, name="c", solutionVersionArn=f"{solution}/$LATEST")
    assert code == "ResourceNotFoundException"


@pytest.fixture(scope="module")
def without_s3() -> Iterator[Aws]:
    """Return clients of a service that was not told where S3 is."""
    with start_service("personalize_local", ["--lag", "0"]) as process:
        yield Aws(process.url)


def test_an_import_without_an_s3_says_what_is_missing(without_s3: Aws) -> None:
    control = without_s3.control
    group = without_s3.wait_until_active("DatasetGroup", control.create_dataset_group(name="shop")["datasetGroupArn"])
    shaped = control.create_schema(name="shop", schema=schema())["schemaArn"]
    made = {"name": "d", "datasetGroupArn": group, "schemaArn": shaped, "datasetType": "Interactions"}
    job = imported(without_s3, control.create_dataset(**made)["datasetArn"], "s3://shop/all.csv")
    assert job["status"] == "CREATE FAILED"
    assert "S3" in job["failureReason"]
    assert "--s3-endpoint" in job["failureReason"]
