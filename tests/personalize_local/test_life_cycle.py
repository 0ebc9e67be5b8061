"""Resources go through the service's statuses by the clock, and keep its rules about each other."""

import json
from typing import Any

import pytest

from tests.personalize_local.world import RECIPE, Refused, World, schema

ARN = "arn:aws:personalize:us-east-1:123456789012:"


def refusal(world: World, operation: str, **request: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        world.call(operation, **request)
    return caught.value


def test_a_resource_is_pending_then_in_progress_then_active(world: World) -> None:
    arn = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
    assert arn == f"{ARN}dataset-group/shop"
    seen = []
    for _ in range(4):
        group = world.call("DescribeDatasetGroup", datasetGroupArn=arn)["datasetGroup"]
        seen.append((group["status"], group["lastUpdatedDateTime"] - group["creationDateTime"]))
        world.wait(1)
    assert seen == [("CREATE PENDING", 0), ("CREATE IN_PROGRESS", 1), ("CREATE IN_PROGRESS", 1), ("ACTIVE", 3)]


def test_a_deleted_resource_is_pending_then_in_progress_then_gone(world: World) -> None:
    arn = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
    world.wait(3)
    assert world.call("DeleteDatasetGroup", datasetGroupArn=arn) == {}
    assert refusal(world, "DeleteDatasetGroup", datasetGroupArn=arn).code == "ResourceInUseException"
    seen = []
    for _ in range(3):
        seen.append(world.call("DescribeDatasetGroup", datasetGroupArn=arn)["datasetGroup"]["status"])
        world.wait(1)
    assert seen == ["DELETE PENDING", "DELETE IN_PROGRESS", "DELETE IN_PROGRESS"]
    assert refusal(world, "DescribeDatasetGroup", datasetGroupArn=arn).code == "ResourceNotFoundException"
    assert world.call("ListDatasetGroups")["datasetGroups"] == []
    assert world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"] == arn


def test_a_dataset_group_must_be_active_before_anything_is_added(world: World) -> None:
    made = world.call("CreateSchema", name="s", schema=schema())["schemaArn"]
    group = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
    dataset = {"name": "d", "schemaArn": made, "datasetGroupArn": group, "datasetType": "Interactions"}
    tracker = {"name": "t", "datasetGroupArn": group}
    solution = {"name": "s", "datasetGroupArn": group, "recipeArn": RECIPE}
    adding = (("CreateDataset", dataset), ("CreateEventTracker", tracker), ("CreateSolution", solution))
    assert {refusal(world, name, **request).code for name, request in adding} == {"ResourceInUseException"}
    world.wait(3)
    for name, request in adding:
        world.call(name, **request)


def test_one_name_one_dataset_type_and_one_tracker_each(world: World) -> None:
    world.ready_to_collect()
    group = f"{ARN}dataset-group/shop"
    dataset = {"schemaArn": f"{ARN}schema/shop-interactions", "datasetGroupArn": group, "datasetType": "INTERACTIONS"}
    codes = [
        refusal(world, "CreateSchema", name="shop-interactions", schema=schema()).code,
        refusal(world, "CreateDatasetGroup", name="shop").code,
        refusal(world, "CreateDataset", name="other", **dataset).code,
        refusal(world, "CreateEventTracker", name="shop-events", datasetGroupArn=group).code,
        refusal(world, "CreateEventTracker", name="second", datasetGroupArn=group).code,
    ]
    assert codes == ["ResourceAlreadyExistsException"] * 4 + ["LimitExceededException"]


def test_dependants_must_be_deleted_first(world: World) -> None:
    tracking = world.ready_to_collect()
    world.fill(tracking)
    world.wait(2)
    solution = world.solution()
    campaign = world.campaign(world.trained(solution))
    arns = {
        "schemaArn": ("Schema", f"{ARN}schema/shop-interactions"),
        "datasetGroupArn": ("DatasetGroup", f"{ARN}dataset-group/shop"),
        "solutionArn": ("Solution", solution),
    }
    for key, (noun, arn) in arns.items():
        assert refusal(world, f"Delete{noun}", **{key: arn}).code == "ResourceInUseException"
    tracker = world.call("ListEventTrackers")["eventTrackers"][0]["eventTrackerArn"]
    for operation, arn in (
        ("Campaign", campaign),
        ("Solution", solution),
        ("EventTracker", tracker),
        ("Dataset", f"{ARN}dataset/shop/INTERACTIONS"),
        ("Schema", f"{ARN}schema/shop-interactions"),
        ("DatasetGroup", f"{ARN}dataset-group/shop"),
    ):
        key = f"{operation[0].lower()}{operation[1:]}Arn"
        world.call(f"Delete{operation}", **{key: arn})
        world.wait(3)
    for noun in ("Schemas", "DatasetGroups", "Datasets", "EventTrackers", "Solutions", "SolutionVersions", "Campaigns"):
        assert world.call(f"List{noun}") == {f"{noun[0].lower()}{noun[1:]}": []}


def test_what_a_training_reads_cannot_be_deleted_meanwhile(world: World) -> None:
    tracking = world.ready_to_collect()
    world.fill(tracking)
    world.wait(2)
    solution, dataset = world.solution(), f"{ARN}dataset/shop/INTERACTIONS"
    world.call("CreateSolutionVersion", solutionArn=solution)
    assert refusal(world, "DeleteSolution", solutionArn=solution).code == "ResourceInUseException"
    assert refusal(world, "DeleteDataset", datasetArn=dataset).code == "ResourceInUseException"
    world.wait(30)
    world.call("DeleteDataset", datasetArn=dataset)
    world.call("DeleteSolution", solutionArn=solution)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("DescribeSchema", {"schemaArn": f"{ARN}schema/none"}),
        ("DescribeCampaign", {"campaignArn": f"{ARN}campaign/none"}),
        ("DeleteSolution", {"solutionArn": f"{ARN}solution/none"}),
        ("CreateEventTracker", {"name": "t", "datasetGroupArn": f"{ARN}dataset-group/none"}),
        ("CreateSolutionVersion", {"solutionArn": f"{ARN}solution/none"}),
        ("CreateCampaign", {"name": "c", "solutionVersionArn": f"{ARN}solution/none/$LATEST"}),
        ("DescribeDatasetGroup", {"datasetGroupArn": f"{ARN}schema/shop-interactions"}),
    ],
)
def test_an_arn_that_names_nothing_is_not_found(world: World, operation: str, request_: dict[str, Any]) -> None:
    world.ready_to_collect()
    error = refusal(world, operation, **request_)
    assert (error.status, error.code) == (400, "ResourceNotFoundException")


@pytest.mark.parametrize(
    "avro",
    [
        "not json",
        "[]",
        '{"type": "record"}',
        schema(name="Purchases"),
        schema(drop="USER_ID"),
        schema(drop="ITEM_ID"),
        schema(drop="TIMESTAMP"),
        schema({"name": "TIMESTAMP", "type": "string"}, drop="TIMESTAMP"),
        schema({"name": "USER_ID", "type": "string"}),
        schema({"name": "COLOUR", "type": "array"}),
        schema({"name": "COLOUR", "type": []}),
        schema({"name": "COL OUR", "type": "string"}),
        schema({"name": "EVENT_VALUE", "type": "string"}),
        schema().replace("com.amazonaws", "com.example"),
        schema({"name": "GENDER", "type": {"type": "string"}}),
    ],
)
def test_a_schema_must_be_avro_with_the_required_fields(world: World, avro: str) -> None:
    assert refusal(world, "CreateSchema", name="s", schema=avro).code == "InvalidInputException"


def test_schemas_for_users_and_items_are_taken_for_their_own_datasets_only(world: World) -> None:
    world.ready_to_collect()
    fields = [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["null", "int"]}]
    users = json.loads(schema(name="Users")) | {"fields": fields}
    made = world.call("CreateSchema", name="users", schema=json.dumps(users))["schemaArn"]
    dataset = {"name": "users", "schemaArn": made, "datasetGroupArn": f"{ARN}dataset-group/shop"}
    assert refusal(world, "CreateDataset", **dataset, datasetType="Items").code == "InvalidInputException"
    arn = world.call("CreateDataset", **dataset, datasetType="Users")["datasetArn"]
    assert world.call("DescribeDataset", datasetArn=arn)["dataset"]["datasetType"] == "USERS"


def test_lists_come_in_pages_and_by_parent(world: World) -> None:
    for number in range(5):
        world.call("CreateSchema", name=f"s{number}", schema=schema())
    names: list[str] = []
    token: dict[str, str] = {}
    for size in (2, 2, 1):
        page = world.call("ListSchemas", maxResults=2, **token)
        assert len(page["schemas"]) == size
        names += [summary["name"] for summary in page["schemas"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    assert names == ["s0", "s1", "s2", "s3", "s4"]
    assert token == {}
    for bad in ("x", "YWZ0ZXI6", "MTIz"):
        assert refusal(world, "ListSchemas", nextToken=bad).code == "InvalidNextTokenException"


def test_a_name_that_is_used_again_comes_last_in_lists(world: World) -> None:
    for name in ("first", "second"):
        world.call("CreateSchema", name=name, schema=schema())
    world.call("DeleteSchema", schemaArn=f"{ARN}schema/first")
    world.call("CreateSchema", name="first", schema=schema())
    assert [summary["name"] for summary in world.call("ListSchemas")["schemas"]] == ["second", "first"]


def test_lists_show_only_what_belongs_to_the_parent(world: World) -> None:
    for name in ("one", "two"):
        world.fill(world.ready_to_collect(name=name))
        world.wait(2)
        world.campaign(world.trained(world.solution(name)), name)
    of_group = {"datasetGroupArn": f"{ARN}dataset-group/two"}
    of_solution = {"solutionArn": f"{ARN}solution/two"}
    for noun, parent in (
        ("Datasets", of_group),
        ("EventTrackers", of_group),
        ("Solutions", of_group),
        ("SolutionVersions", of_solution),
        ("Campaigns", of_solution),
    ):
        key = f"{noun[0].lower()}{noun[1:]}"
        assert len(world.call(f"List{noun}")[key]) == 2
        (only,) = world.call(f"List{noun}", **parent)[key]
        assert "two" in str(only)


def test_a_solution_keeps_and_shows_its_settings_and_other_recipes_are_refused(world: World) -> None:
    world.ready_to_collect()
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}}
    arn = world.solution(performAutoTraining=False, solutionConfig=config, tags=[{"tagKey": "a", "tagValue": "b"}])
    solution = world.call("DescribeSolution", solutionArn=arn)["solution"]
    assert (solution["performAutoTraining"], solution["solutionConfig"]) == (False, config)
    group = {"name": "other", "datasetGroupArn": f"{ARN}dataset-group/shop"}
    legacy = "arn:aws:personalize:::recipe/aws-hrnn"
    bad = {"eventType": "buy", "solutionConfig": {"eventValueThreshold": "high"}, "recipeArn": RECIPE}
    assert refusal(world, "CreateSolution", **group, recipeArn=legacy).code == "NotServedLocally"
    assert refusal(world, "CreateSolution", **group).code == "InvalidInputException"
    assert refusal(world, "CreateSolution", **group, **bad).code == "InvalidInputException"
