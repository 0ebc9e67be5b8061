"""What boto3 makes of the service: its paginators over several pages, and its typed exceptions."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.personalize_local.served.clients import Aws, csv
from tests.personalize_local.world import RECIPE, schema

ROLE = "arn:aws:iam::123456789012:role/any"
NOWHERE = "arn:aws:personalize:us-east-1:123456789012:nothing/there"
AFFINITY = "arn:aws:personalize:::recipe/aws-item-affinity"
USE_CASE = "arn:aws:personalize:::recipe/aws-ecomm-popular-items-by-views"
METRICS = [{"metricName": f"m{number}", "eventType": "view", "expression": "SAMPLECOUNT()"} for number in range(3)]
USERS = json.dumps(
    {
        "type": "record",
        "name": "Users",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}],
    }
)
LISTED = {  # how many of each the shop has, and what each is listed by
    "ListSchemas": (5, "schemas"),
    "ListDatasetGroups": (4, "datasetGroups"),
    "ListDatasets": (4, "datasets"),
    "ListEventTrackers": (3, "eventTrackers"),
    "ListDatasetImportJobs": (3, "datasetImportJobs"),
    "ListDatasetExportJobs": (3, "datasetExportJobs"),
    "ListSolutions": (4, "solutions"),
    "ListSolutionVersions": (4, "solutionVersions"),
    "ListCampaigns": (3, "campaigns"),
    "ListFilters": (3, "Filters"),
    "ListBatchInferenceJobs": (3, "batchInferenceJobs"),
    "ListBatchSegmentJobs": (3, "batchSegmentJobs"),
    "ListRecommenders": (3, "recommenders"),
    "ListMetricAttributions": (3, "metricAttributions"),
}


@pytest.fixture(scope="module")
def aws(s3_endpoint: str) -> Iterator[Aws]:
    """Return clients of a service that trains on next to nothing."""
    arguments = ["--s3-endpoint", s3_endpoint, "--lag", "0", "--disable", "minimums"]
    with start_service("personalize_local", arguments) as process:
        yield Aws(process.url)


@pytest.fixture(scope="module")
def shop(aws: Aws, s3_endpoint: str) -> dict[str, str]:
    """Create three of everything; return the ARNs of the first."""
    control = aws.control
    groups = [control.create_dataset_group(name=f"shop{n}")["datasetGroupArn"] for n in range(3)]
    shapes = [control.create_schema(name=f"shop{n}", schema=schema())["schemaArn"] for n in range(4)]
    datasets = []
    for number, group in enumerate(groups):
        aws.wait_until_active("DatasetGroup", group)
        made = {"name": f"shop{number}", "datasetGroupArn": group}
        datasets.append(control.create_dataset(**made, schemaArn=shapes[0], datasetType="Interactions")["datasetArn"])
        control.create_event_tracker(**made)
        control.create_filter(**made, filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")')
        control.create_solution(**made, recipeArn=RECIPE)
        aws.wait_until_active("Dataset", datasets[-1])
        control.create_metric_attribution(**made, metrics=METRICS, metricsOutputConfig={"roleArn": ROLE})
    solution = control.list_solutions()["solutions"][0]["solutionArn"]
    _interactions(s3_endpoint)
    jobs = []
    for number in range(3):
        source = {"dataLocation": "s3://typed/all.csv"}
        job = {"jobName": f"job{number}", "roleArn": ROLE}
        jobs.append(control.create_dataset_import_job(**job, datasetArn=datasets[0], dataSource=source))
        aws.wait_until_active("DatasetImportJob", jobs[-1]["datasetImportJobArn"])
        version = control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    aws.wait_until_active("SolutionVersion", version)
    affinity = control.create_solution(name="affinity", datasetGroupArn=groups[0], recipeArn=AFFINITY)["solutionArn"]
    segments = control.create_solution_version(solutionArn=affinity)["solutionVersionArn"]
    aws.wait_until_active("SolutionVersion", segments)
    domain = _domain(aws)
    for number in range(3):
        control.create_recommender(name=f"r{number}", datasetGroupArn=domain, recipeArn=USE_CASE)
        place = {"s3DataDestination": {"path": "s3://typed/"}}
        job = {"jobName": f"job{number}", "roleArn": ROLE, "jobOutput": place}
        export = control.create_dataset_export_job(**job, datasetArn=datasets[0])["datasetExportJobArn"]
        aws.wait_until_settled("DatasetExportJob", export)  # which refuses a deletion
        asked = {"s3DataSource": {"path": "s3://typed/none.json"}}
        control.create_batch_segment_job(**job, solutionVersionArn=segments, jobInput=asked)
        control.create_campaign(name=f"shop{number}", solutionVersionArn=version)
        control.create_batch_inference_job(
            jobName=f"job{number}",
            solutionVersionArn=version,
            jobInput={"s3DataSource": {"path": "s3://typed/none.json"}},
            jobOutput={"s3DataDestination": {"path": "s3://typed/"}},
            roleArn=ROLE,
        )
    return {"group": groups[0], "domain": domain, "dataset": datasets[0], "solution": solution, "version": version}


def _domain(aws: Aws) -> str:
    """Create a dataset group of a domain; return its ARN."""
    control = aws.control
    group = control.create_dataset_group(name="domain", domain="ECOMMERCE")["datasetGroupArn"]
    shape = control.create_schema(name="domain", schema=schema(), domain="ECOMMERCE")["schemaArn"]
    aws.wait_until_active("DatasetGroup", group)
    made = {"name": "domain", "datasetGroupArn": group, "schemaArn": shape, "datasetType": "Interactions"}
    aws.wait_until_active("Dataset", control.create_dataset(**made)["datasetArn"])
    return str(group)


def _interactions(s3_endpoint: str) -> None:
    client = local_client("s3", s3_endpoint)
    client.create_bucket(Bucket="typed")
    rows = ((f"u{n % 7}", f"i{n % 11}", "view", 1_700_000_000 + n) for n in range(100))
    client.put_object(Bucket="typed", Key="all.csv", Body=csv("USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", rows).encode())


def test_every_paginator_that_boto3_has_for_what_is_served_goes_over_all_pages(aws: Aws, shop: dict[str, str]) -> None:
    for operation, (count, key) in LISTED.items():
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
        pages = list(aws.control.get_paginator(words).paginate(PaginationConfig={"PageSize": 2}))
        assert [len(page[key]) for page in pages] == [2] * (count // 2) + [1] * (count % 2), operation
        created = [one["creationDateTime"] for page in pages for one in page[key]]
        assert created == sorted(created), operation


def test_the_metrics_of_an_attribution_come_in_pages(aws: Aws, shop: dict[str, str]) -> None:
    attribution = aws.control.list_metric_attributions()["metricAttributions"][0]["metricAttributionArn"]
    paginator = aws.control.get_paginator("list_metric_attribution_metrics")
    pages = list(paginator.paginate(metricAttributionArn=attribution, PaginationConfig={"PageSize": 2}))
    assert [[metric["metricName"] for metric in page["metrics"]] for page in pages] == [["m0", "m1"], ["m2"]]


def test_the_recipes_come_in_pages_too(aws: Aws) -> None:
    pages = list(aws.control.get_paginator("list_recipes").paginate(PaginationConfig={"PageSize": 4}))
    names = [recipe["name"] for page in pages for recipe in page["recipes"]]
    assert len(pages) > 2
    assert names == sorted(set(names))


def test_a_list_without_a_paginator_comes_in_pages_by_its_token(aws: Aws, shop: dict[str, str]) -> None:
    group = {"datasetGroupArn": shop["group"], "dataSource": {"dataLocation": "s3://typed/nobody.csv"}, "roleArn": ROLE}
    for number in range(2):
        job = aws.control.create_data_deletion_job(jobName=f"job{number}", **group)["dataDeletionJobArn"]
        aws.wait_until_settled("DataDeletionJob", job)
    first = aws.control.list_data_deletion_jobs(maxResults=1)
    second = aws.control.list_data_deletion_jobs(maxResults=1, nextToken=first["nextToken"])
    found = [page["dataDeletionJobs"][0]["jobName"] for page in (first, second)]
    assert (found, "nextToken" in second) == (["job0", "job1"], False)


@pytest.mark.parametrize("parent", ["dataset", "group", "solution", "version"])
def test_a_list_shows_what_belongs_to_its_parent_alone(aws: Aws, shop: dict[str, str], parent: str) -> None:
    control, arn = aws.control, shop[parent]
    asked: dict[str, list[tuple[Callable[..., Any], str, str, int]]] = {
        "dataset": [
            (control.list_dataset_import_jobs, "datasetArn", "datasetImportJobs", 3),
            (control.list_dataset_export_jobs, "datasetArn", "datasetExportJobs", 3),
        ],
        "group": [
            (control.list_datasets, "datasetGroupArn", "datasets", 1),
            (control.list_event_trackers, "datasetGroupArn", "eventTrackers", 1),
            (control.list_filters, "datasetGroupArn", "Filters", 1),
            (control.list_solutions, "datasetGroupArn", "solutions", 2),
            (control.list_metric_attributions, "datasetGroupArn", "metricAttributions", 1),
            (control.list_recommenders, "datasetGroupArn", "recommenders", 0),
        ],
        "solution": [
            (control.list_solution_versions, "solutionArn", "solutionVersions", 3),
            (control.list_campaigns, "solutionArn", "campaigns", 3),
        ],
        "version": [(control.list_batch_inference_jobs, "solutionVersionArn", "batchInferenceJobs", 3)],
    }
    for call, key, listed_as, count in asked[parent]:
        assert len(call(**{key: arn})[listed_as]) == count, listed_as
        assert call(**{key: NOWHERE})[listed_as] == [], listed_as


def test_the_exceptions_of_the_control_plane_are_typed(aws: Aws, shop: dict[str, str]) -> None:
    control = aws.control
    errors = control.exceptions
    import_job = {"datasetArn": shop["dataset"], "dataSource": {"dataLocation": "s3://typed/all.csv"}, "roleArn": ROLE}
    with pytest.raises(errors.ResourceNotFoundException):
        control.describe_solution_version(solutionVersionArn=NOWHERE)
    with pytest.raises(errors.ResourceAlreadyExistsException):
        control.create_dataset_import_job(jobName="job0", **import_job)
    with pytest.raises(errors.ResourceInUseException):
        control.delete_solution(solutionArn=shop["solution"])
    with pytest.raises(errors.InvalidInputException):
        control.create_filter(name="f", datasetGroupArn=shop["group"], filterExpression="EXCLUDE")
    with pytest.raises(errors.LimitExceededException):
        control.create_event_tracker(name="another", datasetGroupArn=shop["group"])
    with pytest.raises(errors.InvalidNextTokenException):
        control.list_campaigns(nextToken="nonsense")
    tags = [{"tagKey": f"k{number}", "tagValue": ""} for number in range(51)]
    with pytest.raises(errors.TooManyTagsException):
        control.tag_resource(resourceArn=shop["solution"], tags=tags)
    with pytest.raises(errors.TooManyTagKeysException):
        control.untag_resource(resourceArn=shop["solution"], tagKeys=[tag["tagKey"] for tag in tags])
    with pytest.raises(errors.ResourceInUseException):
        control.stop_solution_version_creation(solutionVersionArn=shop["version"])
    with pytest.raises(errors.ResourceAlreadyExistsException):
        control.create_recommender(name="r0", datasetGroupArn=shop["domain"], recipeArn=USE_CASE)


def test_the_exceptions_of_the_data_planes_are_typed(aws: Aws, shop: dict[str, str]) -> None:
    with pytest.raises(aws.events.exceptions.ResourceNotFoundException):
        aws.events.put_users(datasetArn=NOWHERE, users=[{"userId": "u"}])
    with pytest.raises(aws.events.exceptions.InvalidInputException):
        aws.events.put_items(datasetArn=shop["dataset"], items=[{"itemId": "i"}])
    with pytest.raises(aws.runtime.exceptions.ResourceNotFoundException):
        aws.runtime.get_personalized_ranking(campaignArn=NOWHERE, userId="u", inputList=["i"])
    with pytest.raises(aws.runtime.exceptions.ResourceNotFoundException):
        aws.runtime.get_recommendations(recommenderArn=NOWHERE, userId="u")
    with pytest.raises(aws.runtime.exceptions.ResourceNotFoundException):
        aws.runtime.get_action_recommendations(campaignArn=NOWHERE, userId="u")
    with pytest.raises(aws.events.exceptions.ResourceNotFoundException):
        aws.events.put_actions(datasetArn=NOWHERE, actions=[{"actionId": "a"}])
    with pytest.raises(aws.runtime.exceptions.InvalidInputException):
        aws.runtime.get_recommendations(userId="u")


def test_a_call_too_many_is_throttled_in_the_words_that_boto3_repeats(aws: Aws, shop: dict[str, str]) -> None:
    made = aws.control.create_schema(name="users", schema=USERS)["schemaArn"]
    named = {"name": "users", "datasetGroupArn": shop["group"], "datasetType": "Users"}
    users = aws.wait_until_active("Dataset", aws.control.create_dataset(**named, schemaArn=made)["datasetArn"])

    def put_many() -> None:
        for number in range(100):
            aws.events.put_users(datasetArn=users, users=[{"userId": f"u{number}", "properties": '{"age": 7}'}])

    with pytest.raises(ClientError, match=r"ThrottlingException.*Rate exceeded"):
        put_many()
