"""The order of calls of the public tutorials, unchanged but for the endpoint, in our own words.

Amazon Personalize Developer Guide, "Getting started (SDK for Python)", with the filter and the batch inference job of
aws-samples/amazon-personalize-samples (getting_started, core_use_cases). They wait exactly where this test waits: not
after a dataset or a solution was created.
"""

import json
import random
from typing import Any

from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.served.clients import Aws, csv

ROLE = "arn:aws:iam::123456789012:role/PersonalizeRole"
SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}
EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'


def ratings() -> list[tuple[str, str, str, int]]:
    """Return what 120 users watched: even users even films, odd users odd ones, and clicks on some."""
    chance, seen = random.Random(7), []
    for user in range(120):
        films = chance.sample(range(user % 2, 60, 2), 12)
        times = sorted(chance.randrange(1_560_000_000, 1_570_000_000) for _ in films)
        kinds = ["watch"] * 8 + ["click"] * 4
        seen += [(str(user), f"film{film}", kind, time) for film, kind, time in zip(films, kinds, times, strict=True)]
    return seen


def test_the_tutorial_runs_with_nothing_changed_but_the_endpoint(aws: Aws, bucket: Bucket) -> None:
    personalize, runtime = aws.control, aws.runtime
    recipes = {recipe["name"]: recipe["recipeArn"] for recipe in personalize.list_recipes()["recipes"]}

    schema = personalize.create_schema(name="getting-started-schema", schema=json.dumps(SCHEMA))["schemaArn"]
    group = personalize.create_dataset_group(name="getting-started")["datasetGroupArn"]
    aws.wait_until_active("DatasetGroup", group)
    dataset = personalize.create_dataset(
        datasetType="Interactions", datasetGroupArn=group, schemaArn=schema, name="getting-started-dataset"
    )["datasetArn"]
    location = bucket.put("ratings.csv", csv("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", ratings()))
    job = personalize.create_dataset_import_job(
        jobName="first-import", datasetArn=dataset, dataSource={"dataLocation": location}, roleArn=ROLE
    )["datasetImportJobArn"]
    aws.wait_until_active("DatasetImportJob", job)

    solution = personalize.create_solution(
        name="getting-started-solution", recipeArn=recipes["aws-user-personalization"], datasetGroupArn=group
    )["solutionArn"]
    assert personalize.describe_solution(solutionArn=solution)["solution"]["status"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    aws.wait_until_active("SolutionVersion", version)
    metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    assert set(metrics) == {
        "coverage",
        "mean_reciprocal_rank_at_25",
        *(
            f"{name}_{cut}"
            for name in ("normalized_discounted_cumulative_gain_at", "precision_at")
            for cut in (5, 10, 25)
        ),
    }
    campaign = personalize.create_campaign(
        name="getting-started-campaign", solutionVersionArn=version, minProvisionedTPS=1
    )["campaignArn"]
    aws.wait_until_active("Campaign", campaign)

    answer = runtime.get_recommendations(campaignArn=campaign, userId="83")
    films = [item["itemId"] for item in answer["itemList"]]
    assert len(films) == 25
    assert all(int(film[4:]) % 2 for film in films[:15]), "an odd user's films"
    seen = {film for user, film, kind, _ in ratings() if user == "83" and kind == "watch"}
    assert seen & set(films)

    kept = personalize.create_filter(name="unwatched", datasetGroupArn=group, filterExpression=EXPRESSION)["filterArn"]
    aws.wait_until_active("Filter", kept)
    unseen = aws.recommended(campaign, "83", 25, filterArn=kept)
    assert len(unseen) == 25
    assert not seen & set(unseen)

    said = batch(aws, bucket, version, kept, ["83", "nobody"])
    assert [line["input"]["userId"] for line in said] == ["83", "nobody"]
    assert said[0]["output"]["recommendedItems"] == unseen[:10]
    assert [line["error"] for line in said] == [None, None]
    clean_up(aws, campaign=campaign, filters=kept, solution=solution, dataset=dataset, group=group, schema=schema)


def batch(aws: Aws, bucket: Bucket, version: str, filter_arn: str, users: list[str]) -> list[dict[str, Any]]:
    """Ask for ten items for each user by a file; return the lines of the answer."""
    source = bucket.put("batch/users.json", "".join(json.dumps({"userId": user}) + "\n" for user in users))
    job = aws.control.create_batch_inference_job(
        jobName="getting-started-batch",
        solutionVersionArn=version,
        numResults=10,
        filterArn=filter_arn,
        jobInput={"s3DataSource": {"path": source}},
        jobOutput={"s3DataDestination": {"path": bucket.at("out/")}},
        roleArn=ROLE,
    )["batchInferenceJobArn"]
    aws.wait_until_active("BatchInferenceJob", job)
    return [json.loads(line) for line in bucket.get("out/users.json.out").splitlines()]


def clean_up(aws: Aws, *, campaign: str, filters: str, solution: str, dataset: str, group: str, schema: str) -> None:
    """Delete in the order of the guide's "Requirements for deleting resources", and wait until all is gone."""
    personalize = aws.control
    personalize.delete_campaign(campaignArn=campaign)
    aws.wait_until_gone("Campaign", campaign)
    personalize.delete_solution(solutionArn=solution)
    personalize.delete_filter(filterArn=filters)
    personalize.delete_dataset(datasetArn=dataset)
    for kind, arn in (("Solution", solution), ("Filter", filters), ("Dataset", dataset)):
        aws.wait_until_gone(kind, arn)
    personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset_group(datasetGroupArn=group)
    aws.wait_until_gone("DatasetGroup", group)
    assert personalize.list_dataset_groups()["datasetGroups"] == []
    assert personalize.list_schemas()["schemas"] == []
