"""A new item of the catalogue over HTTP, as boto3 has it: files in, a list out, and a filter on a price."""

import json
from collections.abc import Iterator
from itertools import product

from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.served.clients import Aws, csv

ROLE = "arn:aws:iam::123456789012:role/PersonalizeRole"
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
INTERACTIONS = schema("Interactions", ("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"))
ITEMS = schema("Items", ("ITEM_ID", "string"), ("KIND", "string", "categorical"), ("PRICE", "float"))
KINDS = ("lamp", "vase")
CHEAP = "INCLUDE ItemID WHERE Items.PRICE < 10"


def taken() -> Iterator[tuple[str, str, int]]:
    """Yield what 50 users took: each 24 times of one kind, and each of 12 items of it twice."""
    for user, step in product(range(50), range(24)):
        yield f"u{user}", f"{KINDS[user % 2]} {(user + step) % 12}", 1_600_000_000 + 1000 * user + step


def items() -> Iterator[tuple[str, str, float]]:
    """Yield the catalogue: 12 items of each kind that are taken, and a new one."""
    for kind, number in product(KINDS, range(12)):
        yield f"{kind} {number}", kind, 5.0 + 2 * number
    yield from ((f"new {kind}", kind, 7.0) for kind in KINDS)


def deployed(aws: Aws, bucket: Bucket) -> tuple[str, str]:
    """Import, train and deploy; return the ARNs of the campaign and of the filter."""
    control = aws.control
    group = control.create_dataset_group(name="catalogue")["datasetGroupArn"]
    aws.wait_until_active("DatasetGroup", group)
    files = {
        "Interactions": (INTERACTIONS, csv("USER_ID,ITEM_ID,TIMESTAMP", taken())),
        "Items": (ITEMS, csv("ITEM_ID,KIND,PRICE", items())),
    }
    for kind, (avro, text) in files.items():
        shaped = control.create_schema(name=f"catalogue-{kind}", schema=avro)["schemaArn"]
        made = {"name": kind, "datasetType": kind, "datasetGroupArn": group, "schemaArn": shaped}
        dataset = control.create_dataset(**made)["datasetArn"]
        aws.wait_until_active("Dataset", dataset)
        source = {"dataLocation": bucket.put(f"catalogue/{kind}.csv", text)}
        job = control.create_dataset_import_job(jobName=kind, datasetArn=dataset, dataSource=source, roleArn=ROLE)
        aws.wait_until_active("DatasetImportJob", job["datasetImportJobArn"])
    solution = control.create_solution(name="catalogue", recipeArn=RECIPE, datasetGroupArn=group)["solutionArn"]
    aws.wait_until_active("Solution", solution)
    version = control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    aws.wait_until_active("SolutionVersion", version)
    # After the training, and before the first request: the model is told with that one.
    late = {"itemId": "late lamp", "properties": json.dumps({"kind": "lamp", "price": 8.5})}
    aws.events.put_items(datasetArn=dataset, items=[late])
    found = control.create_campaign(name="catalogue", solutionVersionArn=version)["campaignArn"]
    kept = control.create_filter(name="cheap", datasetGroupArn=group, filterExpression=CHEAP)["filterArn"]
    return aws.wait_until_active("Campaign", found), aws.wait_until_active("Filter", kept)


def test_new_items_reach_those_whom_they_fit_from_a_file_and_from_put_items(aws: Aws, bucket: Bucket) -> None:
    campaign, kept = deployed(aws, bucket)
    for user in range(20):
        found = aws.recommended(campaign, f"u{user}", 10)
        own, other = (f"new {kind}" for kind in (KINDS if user % 2 == 0 else KINDS[::-1]))
        assert own in found
        assert other not in found
        assert ("late lamp" in found) == (user % 2 == 0)
    cheap = [name for name, _, price in items() if price < 10]
    found = aws.recommended(campaign, "u0", 25, filterArn=kept)
    assert set(found) == {*cheap, "late lamp"}
    assert {"new lamp", "late lamp"} <= set(found[:5])
