"""What the stages create in Personalize can be created there, from the template as it is, and deleted again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_stack import loopback
from local_stack.process import start_service
from tests.infra.conftest import Synthesise
from tests.infra.deployer import Deployer
from tests.personalize_local.served.clients import Aws
from tests.personalize_local.waiting import until

PRICE = {"name": "PRICE", "type": ["null", "float"]}
USERS = {
    "type": "record",
    "name": "Users",
    "namespace": "com.amazonaws.personalize.schema",
    "version": "1.0",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "SEGMENT", "type": ["null", "string"], "categorical": True},
    ],
}
ITEMS = {
    **USERS,
    "name": "Items",
    "fields": [{"name": "ITEM_ID", "type": "string"}, {"name": "NAME", "type": ["null", "string"]}, PRICE],
}
COLLECTED = {"Schema", "DatasetGroup", "Dataset", "EventTracker"}


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return clients of a service where nothing is."""
    with start_service("personalize_local", ["--lag", "0", "--disable", "throttling"]) as process:
        yield Aws(process.url)


def collect(aws: Aws, tracking_id: str) -> None:
    """Put a thousand events of forty shoppers: what the service wants before it trains."""
    now = int(time.time()) - 1000
    for start in range(0, 1000, 10):
        listed = [
            {"eventType": "purchase" if n % 5 == 0 else "view_detail", "itemId": f"i{n * 7 % 30}", "sentAt": now + n}
            for n in range(start, start + 10)
        ]
        user = f"u{start // 10 % 40}"
        aws.events.put_events(trackingId=tracking_id, sessionId=user, userId=user, eventList=listed)


@pytest.mark.parametrize("with_metadata", [False, True])
def test_each_stage_is_created_on_top_of_the_one_before_and_all_is_deleted_again(
    aws: Aws, made: Synthesise, tmp_path: Path, with_metadata: bool
) -> None:
    context: dict[str, Any] = {}
    if with_metadata:
        for name, schema in (("users", USERS), ("items", ITEMS)):
            (tmp_path / name).write_text(json.dumps(schema))
            context[f"broker:{name}_schema"] = str(tmp_path / name)
        context["broker:profile_columns"] = "NAME"
    deployer = Deployer(aws)

    collected = deployer.deploy(made("collect", context).template)
    assert set(collected) == COLLECTED
    assert collected.count("Dataset") == (3 if with_metadata else 1)
    (tracking_id,) = (answer["trackingId"] for answer in deployer.answers.values() if "trackingId" in answer)
    collect(aws, tracking_id)

    assert deployer.deploy(made("train", context).template) == ["Solution"]
    version = aws.control.create_solution_version(solutionArn=deployer.the("Solution"))["solutionVersionArn"]
    aws.wait_until_active("SolutionVersion", version)

    assert set(deployer.deploy(made("recommend", context).template)) == {"Campaign", "Filter"}
    campaign = aws.describe("Campaign", deployer.the("Campaign"))
    assert campaign["campaignConfig"]["syncWithLatestSolutionVersion"] is True
    assert campaign["solutionVersionArn"] == version
    assert campaign["campaignConfig"].get("enableMetadataWithRecommendations", False) is with_metadata
    until(lambda: len(aws.recommended(deployer.the("Campaign"), "u1", filterArn=deployer.the("Filter"))) == 10)

    assert len(deployer.delete()) == (11 if with_metadata else 7)
    assert aws.control.list_dataset_groups()["datasetGroups"] == aws.control.list_schemas()["schemas"] == []


FAILS = {"fault": "invalid", "operation": "personalize.CreateEventTracker", "times": 1}


def with_policy(template: dict[str, Any], policy: str) -> dict[str, Any]:
    """Return a template in which everything has another deletion policy."""
    resources = {id: one | {"DeletionPolicy": policy} for id, one in template["Resources"].items()}
    return template | {"Resources": resources}


def test_a_first_deployment_that_failed_can_be_repeated(aws: Aws, made: Synthesise) -> None:
    template, deployer = made("collect").template, Deployer(aws)
    loopback.post(f"{aws.url}/_local/faults", json={"faults": [FAILS]}).raise_for_status()
    with pytest.raises(aws.control.exceptions.InvalidInputException):
        deployer.deploy(template)
    assert set(deployer.roll_back(template)) == {"Dataset", "DatasetGroup", "Schema"}
    assert aws.control.list_dataset_groups()["datasetGroups"] == aws.control.list_schemas()["schemas"] == []

    assert set(deployer.deploy(template)) == COLLECTED


def test_with_a_policy_that_keeps_everything_it_could_not_be_repeated(aws: Aws, made: Synthesise) -> None:
    template, deployer = with_policy(made("collect").template, "Retain"), Deployer(aws)
    deployer.deploy(template)
    assert deployer.roll_back(template) == []

    with pytest.raises(aws.control.exceptions.ResourceAlreadyExistsException):
        deployer.deploy(template)


def test_the_whole_template_at_once_waits_for_what_only_data_can_bring(aws: Aws, made: Synthesise) -> None:
    deployer = Deployer(aws)
    with pytest.raises(aws.control.exceptions.ResourceNotFoundException, match="no solution version"):
        deployer.deploy(made("recommend").template)
    assert "Campaign" not in deployer.delete()
