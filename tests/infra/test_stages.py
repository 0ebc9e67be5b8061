"""The traps of a deployment in stages: what holds data never changes, what needs data waits for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Synthesise
from tests.infra.synthesis import GIVEN, Synthesised

CREATE_ONLY = ("Schema", "DatasetGroup", "Dataset", "EventTracker", "Solution")
CREATE_ONLY_TYPES = tuple(f"Personalize::{one}" for one in CREATE_ONLY)
KEPT = ("Kinesis::Stream", "S3::Bucket", "SecretsManager::Secret", *CREATE_ONLY_TYPES[:4])


def as_bytes(synthesised: Synthesised, *types: str) -> dict[str, str]:
    """Return every resource of these types, letter by letter."""
    resources = synthesised.template["Resources"]
    return {id: json.dumps(one) for id, one in resources.items() if one["Type"] in {f"AWS::{kind}" for kind in types}}


def personalize(*kinds: str) -> tuple[str, ...]:
    return tuple(f"Personalize::{kind}" for kind in kinds)


def test_what_holds_data_is_what_it_was_in_every_release(made: Synthesise) -> None:
    """Another logical id or property here would, at the next deployment, replace what teams have collected.

    ``never_change.json`` is part of every release since the first; it only grows. What happens to a resource when it
    leaves the stack may change: that replaces nothing.
    """
    released = json.loads((Path(__file__).parent / "never_change.json").read_text())
    resources = made("train").template["Resources"]

    def as_created(resource: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in resource.items() if key not in ("DeletionPolicy", "UpdateReplacePolicy")}

    assert {id: as_created(resources[id]) for id in released} == {id: as_created(released[id]) for id in released}
    assert {
        id for id, one in resources.items() if one["Type"].removeprefix("AWS::") in (*KEPT, *CREATE_ONLY_TYPES)
    } == set(released)


@pytest.mark.parametrize("tag", [None, "shop"])
@pytest.mark.parametrize("stage", ["train", "recommend"])
def test_a_later_stage_leaves_everything_that_holds_data_as_it_is(
    made: Synthesise, stage: str, tag: str | None
) -> None:
    before, after = as_bytes(made("collect"), *KEPT), as_bytes(made(stage, tag=tag), *KEPT)

    without_taggable = {id: text for id, text in before.items() if "AWS::Personalize" in text}
    assert len(before) == 9
    assert {id: after[id] for id in without_taggable} == without_taggable
    if tag is None:
        assert after == before


def test_the_solution_is_the_same_with_and_without_a_campaign_and_a_tag(made: Synthesise) -> None:
    (solution,) = as_bytes(made("train"), *personalize("Solution")).values()

    assert list(as_bytes(made("recommend"), *personalize("Solution")).values()) == [solution]
    assert list(as_bytes(made("recommend", tag="shop"), *personalize("Solution")).values()) == [solution]


def test_a_tag_on_the_whole_application_reaches_no_personalize_resource_and_not_the_stack(made: Synthesise) -> None:
    tagged = made("recommend", tag="shop")
    all_personalize = [value for value in tagged.template["Resources"].values() if "Personalize" in value["Type"]]

    assert len(all_personalize) == 7
    assert not [one for one in all_personalize if "Tags" in one["Properties"]]
    # CloudFormation would pass a stack's own tags on to every resource.
    assert tagged.stack_tags == {}
    assert {"Key": "cost-centre", "Value": "shop"} in tagged.properties("Kinesis::Stream")["Tags"]


@pytest.mark.parametrize(
    "change",
    [
        {"broker:python": "3.14"},
        {"broker:environment": "development", "broker:num_results": 25, "broker:event_types": "view_detail:View"},
        {"broker:filter_expression": ""},
        {"broker:min_tps": 5, "broker:alarm_email": "other@example.com"},
        {"broker:mparticle_organisation": "77", "broker:mparticle_role": "existing"},
    ],
)
def test_a_changed_setting_leaves_everything_that_holds_data_as_it_is(made: Synthesise, change: dict[str, Any]) -> None:
    changed = made("recommend", change)

    assert changed.template != made("recommend").template
    assert as_bytes(changed, *KEPT, *personalize("Solution")) == as_bytes(
        made("recommend"), *KEPT, *personalize("Solution")
    )


def test_a_users_dataset_changes_nothing_of_the_interactions(made: Synthesise, tmp_path_factory: Any) -> None:
    schema = tmp_path_factory.mktemp("schema") / "users.avsc"
    schema.write_text(json.dumps(USERS))
    with_users = made("recommend", {"broker:users_schema": str(schema)})

    before = as_bytes(made("recommend"), *KEPT)
    after = as_bytes(with_users, *KEPT)
    assert len(after) == len(before) + 2
    assert {id: after[id] for id in before} == before
    users = next(id for id in with_users.of_type("Personalize::Dataset") if "Users" in id)
    assert users in with_users.the("Personalize::Solution")["DependsOn"]


USERS = {
    "type": "record",
    "name": "Users",
    "namespace": "com.amazonaws.personalize.schema",
    "version": "1.0",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "AGE_GROUP", "type": "string", "categorical": True}],
}


@pytest.mark.parametrize("kind", ["EventTracker", "Solution", "Filter", "Campaign"])
def test_whatever_names_only_the_dataset_group_waits_for_the_dataset(made: Synthesise, kind: str) -> None:
    recommend = made("recommend")
    (dataset,) = recommend.of_type("Personalize::Dataset")

    assert dataset in recommend.the(f"Personalize::{kind}")["DependsOn"]


@pytest.mark.parametrize(
    ("stage", "there"),
    [("collect", (0, 0, 0)), ("train", (1, 0, 0)), ("recommend", (1, 1, 1))],
)
def test_each_stage_adds_what_the_one_before_made_possible(
    made: Synthesise, stage: str, there: tuple[int, ...]
) -> None:
    kinds = "Solution", "Campaign", "Filter"

    assert tuple(len(made(stage).of_type(f"Personalize::{kind}")) for kind in kinds) == there


@pytest.mark.parametrize("stage", ["collect", "train"])
def test_before_there_is_a_campaign_there_is_no_queue_and_nobody_to_refresh(made: Synthesise, stage: str) -> None:
    early = made(stage)

    assert "REFRESH_QUEUE_URL" not in early.variables("Ingest")
    assert "PURCHASE_QUEUE_URL" not in early.variables("Ingest")
    assert not early.of_type("DynamoDB::Table")
    assert len(early.of_type("Lambda::EventSourceMapping")) == 1
    assert [id for id in early.of_type("Lambda::Function") if "Refresh" in id] == []
    assert not early.of_type("SQS::Queue")
    assert "sqs" not in json.dumps(early.statements("Ingest"))


def test_the_daily_check_begins_with_the_first_model_and_runs_once_a_day(made: Synthesise) -> None:
    assert not made("collect").of_type("Events::Rule")
    for stage, variables in (("train", set()), ("recommend", {"CAMPAIGN_ARN"})):
        rule = made(stage).properties("Events::Rule")
        (target,) = rule["Targets"]

        assert rule["ScheduleExpression"] == "rate(1 day)"
        assert target["Arn"]["Fn::GetAtt"][0] in made(stage).of_type("Lambda::Function")
        always = {"BROKER_VERSION", "INGEST_FUNCTION", "SOLUTION_ARN", "EVENT_TRACKER_ARN"}
        assert made(stage).variables("DailyCheck").keys() == always | variables


def test_the_campaign_follows_the_newest_version(made: Synthesise) -> None:
    campaign = made("recommend").properties("Personalize::Campaign")

    assert campaign["CampaignConfig"] == {"SyncWithLatestSolutionVersion": True}
    assert campaign["SolutionVersionArn"]["Fn::Join"][1][-1] == "/$LATEST"
    assert campaign["MinProvisionedTPS"] == 1


def test_another_filter_expression_is_another_filter(made: Synthesise) -> None:
    one = made("recommend").properties("Personalize::Filter")
    other = made("recommend", {"broker:filter_expression": 'INCLUDE ItemID WHERE Items.SALE IN ("y")'})

    assert one["Name"].startswith("personalize-broker-")
    assert other.properties("Personalize::Filter")["Name"] != one["Name"]


def test_the_stream_mapping_has_the_same_name_whatever_is_set(made: Synthesise, each_stage: Synthesised) -> None:
    assert "IngestStreamMapping" in each_stage.of_type("Lambda::EventSourceMapping")


def test_what_holds_data_is_kept_unless_asked_otherwise(made: Synthesise) -> None:
    kept, deleted = made("recommend"), made("recommend", {"broker:on_destroy": "delete"})

    for synthesised, on_deletion, on_replacement in (
        (kept, "RetainExceptOnCreate", "Retain"),
        (deleted, "Delete", "Delete"),
    ):
        resources = {id: json.loads(text) for id, text in as_bytes(synthesised, *KEPT).items()}
        assert len(resources) == 9
        for id, one in resources.items():
            assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == (on_deletion, on_replacement), id


def test_nothing_stays_behind_where_its_own_creation_is_rolled_back(each_stage: Synthesised) -> None:
    policies = {id: one.get("DeletionPolicy", "Delete") for id, one in each_stage.template["Resources"].items()}

    assert [id for id, policy in policies.items() if policy not in ("Delete", "RetainExceptOnCreate")] == []


def test_what_refresh_remembers_of_users_is_never_kept(made: Synthesise) -> None:
    table = made("recommend").the("DynamoDB::Table")

    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Delete", "Delete")


@pytest.mark.parametrize("kind", ["Solution", "Campaign", "Filter"])
def test_what_can_be_made_again_and_goes_on_costing_is_never_kept(made: Synthesise, kind: str) -> None:
    assert made("recommend").the(f"Personalize::{kind}").get("DeletionPolicy", "Delete") == "Delete"


def test_given_personalize_resources_are_used_and_none_is_created(made: Synthesise) -> None:
    given = made("recommend", GIVEN)

    assert not [value for value in given.template["Resources"].values() if "Personalize" in value["Type"]]
    assert given.variables("Ingest")["TRACKING_ID"] == GIVEN["broker:tracking_id"]
    assert given.variables("Refresh")["CAMPAIGN_ARN"] == GIVEN["broker:campaign_arn"]
    assert given.variables("Refresh")["FILTER_ARN"] == GIVEN["broker:filter_arn"]


def test_the_schema_is_the_one_that_the_functions_write_by(made: Synthesise) -> None:
    schema = json.loads(made("collect").properties("Personalize::Schema")["Schema"])
    required = [field["name"] for field in schema["fields"] if isinstance(field["type"], str)]

    assert required == ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"]
    assert {field["name"] for field in schema["fields"]} - set(required) == {
        "SESSION_ID",
        "EVENT_VALUE",
        "RECOMMENDATION_ID",
        "IMPRESSION",
    }
