"""Wrong settings: each is named in one message, all of them at once, before anything is synthesised."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.paths import ROOT
from infra.settings import Settings, SettingsError, Stage, read_settings
from tests.infra.synthesis import CDK_JSON

CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"
FILTER = "arn:aws:personalize:us-east-1:123456789012:filter/shop"
TOPIC = "arn:aws:sns:us-east-1:210987654321:alarms"
EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'


def read(stage: str | None = None, **own: Any) -> Settings:
    """Read cdk.json's context with some settings of one's own."""
    return read_settings(CDK_JSON["context"] | {f"broker:{key}": value for key, value in own.items()}, stage, ROOT)


def test_cdk_json_as_it_comes_is_right_and_begins_by_collecting() -> None:
    settings = read()

    assert settings.stage is Stage.COLLECT
    assert settings.mparticle.is_example
    assert settings.retain


def test_the_stage_of_the_command_line_goes_before_that_of_cdk_json() -> None:
    assert read("recommend").stage is Stage.RECOMMEND


@pytest.mark.parametrize(
    ("stage", "own", "gradual"),
    [
        ("collect", {}, False),
        ("train", {}, False),
        ("recommend", {}, True),
        ("recommend", {"deployment": "all-at-once"}, False),
        ("recommend", {"deployment": ""}, True),
    ],
)
def test_versions_take_over_gradually_where_customers_are_served(
    stage: str, own: dict[str, str], gradual: bool
) -> None:
    assert read(stage, **own).gradual is gradual
    assert read(stage, **own).hotfix is False


def test_text_of_the_command_line_means_the_same_as_json() -> None:
    typed = read(num_results=5, event_value=False, event_types=["view_detail", "purchase"], min_tps=2, view_sample=0.25)
    as_text = read(
        num_results="5", event_value="false", event_types="view_detail,purchase", min_tps="2", view_sample="0.25"
    )

    assert typed == as_text


@pytest.mark.parametrize(
    ("stage", "own", "message"),
    [
        (None, {"deployment": "canary"}, "broker:deployment must be one of linear, all-at-once, not 'canary'"),
        (None, {"hotfix": "yes"}, "broker:hotfix must be true or false, not 'yes'"),
        ("later", {}, "broker:stage must be one of collect, train, recommend, not 'later'"),
        (None, {"mparticle_pod": "mars1"}, "broker:mparticle_pod must be one of us1, us2, eu1, au1, not 'mars1'"),
        (None, {"mparticle_organisation": ""}, "broker:mparticle_organisation is missing"),
        (None, {"rewind": True}, "broker:rewind needs suppression_list: true: without it, a rewind brings erased"),
        (
            None,
            {"second_tracking_id": "t"},
            "broker:second_tracking_id needs suppression_list: true: without it, erased",
        ),
        (None, {"second_tracking_id": "a b"}, "broker:second_tracking_id must be an event tracker's tracking id"),
        (
            None,
            {"suppression_list": True, "tracking_id": "t", "second_tracking_id": "t"},
            "broker:second_tracking_id is tracking_id, too: after the switch, remove it",
        ),
        (None, {"suppression_list": "perhaps"}, "broker:suppression_list must be"),
        (None, {"rewind_share": 0}, "broker:rewind_share must be a whole number from 1 to 100"),
        (None, {"mparticle_organisation": "12 345"}, "broker:mparticle_organisation must be mParticle's number"),
        (None, {"mparticle_organisation": "orgid:12"}, "broker:mparticle_organisation must be mParticle's number"),
        (None, {"mparticle_pod": "us2"}, "broker:mparticle_principals is missing"),
        (None, {"mparticle_pod": "eu1"}, "broker:mparticle_principals is missing"),
        (None, {"mparticle_pod": "au1"}, "broker:mparticle_principals is missing"),
        (None, {"mparticle_principals": "*"}, "broker:mparticle_principals must be an ARN like arn:aws:iam"),
        (
            None,
            {"mparticle_principals": "arn:aws:iam::583371261087:root"},
            "broker:mparticle_principals must be an ARN like arn:aws:iam:…:role/",
        ),
        (
            None,
            {"mparticle_principals": "arn:aws:iam::583371261087:role/*"},
            "broker:mparticle_principals must name each role",
        ),
        (None, {"mparticle_principals": {"a": 1}}, "broker:mparticle_principals must be a list"),
        (None, {"mparticle_principals": "[1"}, "broker:mparticle_principals"),
        (None, {"mparticle_role": "theirs"}, "broker:mparticle_role must be one of create, existing"),
        (None, {"consent_purpose": "  "}, "broker:consent_purpose must be a purpose's name, not '  '"),
        (None, {"consent_unknown": "maybe"}, "broker:consent_unknown must be one of skip, send, not 'maybe'"),
        (None, {"environment": "staging"}, "broker:environment must be one of production, development, not 'staging'"),
        (None, {"name": "Shop_1"}, "broker:name must be at most 40 small letters"),
        (None, {"name": "a" * 41}, "broker:name must be at most 40 small letters"),
        (None, {"python": "3.12"}, "broker:python must be one of 3.13, 3.14, not '3.12'"),
        (None, {"on_destroy": "explode"}, "broker:on_destroy must be one of keep, delete"),
        (None, {"stream_mode": "provisioned"}, "broker:shards goes with stream_mode provisioned"),
        (None, {"shards": 4}, "broker:shards goes with stream_mode provisioned"),
        (None, {"stream_mode": "provisioned", "shards": 0}, "broker:shards must be a whole number from 1 to 200"),
        (None, {"num_results": 501}, "broker:num_results must be a whole number from 1 to 500, not 501"),
        (None, {"put_events_per_second": 0}, "broker:put_events_per_second must be a whole number from 1"),
        (None, {"parallelization_factor": 11}, "broker:parallelization_factor must be a whole number from 1 to 10"),
        (None, {"stream_window": 301}, "broker:stream_window must be a whole number from 0 to 300, not 301"),
        (None, {"refresh_concurrency": 1}, "broker:refresh_concurrency must be a whole number from 4 to 1000"),
        (None, {"ingest_memory": 64}, "broker:ingest_memory must be a whole number from 128 to 10240, not 64"),
        (None, {"num_results": True}, "broker:num_results must be a whole number"),
        (None, {"min_tps": 0.5}, "broker:min_tps must be a whole number"),
        (None, {"event_value": "perhaps"}, "broker:event_value must be true or false, not 'perhaps'"),
        (None, {"event_types": "viewed"}, "broker:event_types names no product action of mParticle's: viewed"),
        (None, {"refresh_actions": "click"}, "broker:refresh_actions names an action that event_types does not report"),
        (None, {"view_sample": 25}, "broker:view_sample must be a share from 0 to 1, with at most four decimals, not"),
        (None, {"view_sample": True}, "broker:view_sample must be a share from 0 to 1"),
        (None, {"view_sample": "a quarter"}, "broker:view_sample must be a share from 0 to 1"),
        (None, {"probe_mpid": "me"}, "broker:probe_mpid must be the mParticle id of an identity of your own"),
        (None, {"probe_mpid": -7346244611012968789}, "broker:probe_mpid must be in quotes"),
        (None, {"runbook_url": "wiki.example"}, "broker:runbook_url must be an https address without #"),
        (None, {"runbook_url": "https://wiki.example/#a"}, "broker:runbook_url must be an https address without #"),
        (None, {"accepted_floor": 101}, "broker:accepted_floor must be a whole number from 0 to 100, not 101"),
        (None, {"record_logs": "perhaps"}, "broker:record_logs must be true or false, not 'perhaps'"),
        (None, {"why_principals": "support"}, "broker:why_principals must be an ARN like arn:aws:iam"),
        (
            None,
            {"why_principals": ["arn:aws:iam::123456789012:role/*"]},
            "broker:why_principals must name each role or user, without wildcards",
        ),
        (None, {"alarm_email": "nobody"}, "broker:alarm_email must be an e-mail address, not 'nobody'"),
        (None, {"alarm_topic_arn": "alarms"}, "broker:alarm_topic_arn must be the ARN of a standard SNS topic"),
        (None, {"alarm_topic_arn": f"{TOPIC}.fifo"}, "broker:alarm_topic_arn must be the ARN of a standard SNS topic"),
        (None, {"page_topic_arn": CAMPAIGN}, "broker:page_topic_arn must be the ARN of a standard SNS topic"),
        (None, {"page_topic_arn": f"{TOPIC}:3f2a"}, "broker:page_topic_arn must be the ARN of a standard SNS topic"),
        (
            None,
            {"alarm_topic_arn": TOPIC, "page_topic_arn": TOPIC.replace("us-east-1", "eu-west-1")},
            "broker:alarm_topic_arn in us-east-1 and page_topic_arn in eu-west-1: an alarm reaches topics of its own",
        ),
        (None, {"users_schema": "nowhere.avsc"}, "broker:users_schema must name a file with an Avro schema"),
        (None, {"users_schema": "lambda_src/broker/interactions.avsc"}, "broker:users_schema must name a schema"),
        (None, {"items_schema": "lambda_src/broker/interactions.avsc"}, "broker:items_schema must name a schema"),
        (None, {"profile_columns": ["ID"]}, "broker:profile_columns names what can be no column on a profile: ID"),
        (None, {"profile_columns": "NAME"}, "broker:profile_columns names NAME, but items_schema is missing"),
        (
            None,
            {"tracking_id": "t", "profile_columns": "NAME", "num_results": 51},
            "broker:num_results must be at most 50 with profile_columns",
        ),
        (None, {"num_result": 5}, "broker:num_result is no setting"),
        (None, {"recipe": "aws-nope"}, "broker:recipe must be one of aws-user-personalization-v2, aws-user-personal"),
        (None, {"recipe": 3}, "broker:recipe must be one of aws-user-personalization-v2, aws-user-personal"),
        (None, {"filter_expression": 5}, "broker:filter_expression must be text, not 5"),
        (
            None,
            {"filter_expression": "EXCLUDE ItemID WERE x"},
            "broker:filter_expression is not a valid filter expression: column 16: expected WHERE, found 'WERE'",
        ),
        (
            None,
            {"filter_expression": "x" * 2501},
            "broker:filter_expression is not a valid filter expression: it must have 1 to 2500 characters",
        ),
        (
            None,
            {"filter_expression": "EXCLUDE ItemID WHERE Items.PRICE = $P"},
            "broker:filter_expression has the parameter $P, but refresh gives no values",
        ),
        (
            None,
            {"filter_expression": "INCLUDE ItemID WHERE Items.BRAND = CurrentItem.BRAND"},
            "broker:filter_expression has CurrentItem, but refresh asks for a user's items",
        ),
        (
            None,
            {"filter_expression": "INCLUDE UserID WHERE Users.AGE > 18"},
            "broker:filter_expression filters by UserID, but refresh asks for items",
        ),
        (None, {"tracking_id": "t t"}, "broker:tracking_id must be an event tracker's tracking id"),
        ("recommend", {"tracking_id": "t", "campaign_arn": "shop"}, "broker:campaign_arn must be an ARN"),
        ("recommend", {"tracking_id": "t"}, "broker:campaign_arn is missing"),
        ("train", {"tracking_id": "t"}, "broker:stage train creates a solution, but tracking_id names existing"),
        (None, {"tracking_id": "t", "filter_expression": EXPRESSION}, "broker:filter_expression is for resources that"),
        (None, {"tracking_id": "t", "min_tps": 5}, "broker:min_tps is for resources that are created"),
        (
            None,
            {"campaign_arn": CAMPAIGN},
            "broker:campaign_arn names an existing resource, but tracking_id is missing",
        ),
        (None, {"filter_arn": FILTER}, "broker:filter_arn names an existing resource, but tracking_id is missing"),
        (
            "recommend",
            {"tracking_id": "t", "campaign_arn": CAMPAIGN, "filter_arn": FILTER, "filter_expression": EXPRESSION},
            "broker:filter_arn and filter_expression are both there",
        ),
    ],
)
def test_a_wrong_setting_is_named(stage: str | None, own: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(stage, **own)

    lines = str(error.value).splitlines()
    assert [line for line in lines if line.strip().startswith(message)], lines
    # One cause, one line; only a filter that is both given and created contradicts two rules.
    assert len(lines) == (2 if "filter_arn" in own and "filter_expression" in own else 1), lines


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        read("later", mparticle_pod="mars1", environment="staging", num_result=5, event_types="viewed")

    assert len(str(error.value).splitlines()) == 5


def test_context_and_region_reach_the_stack_through_the_cdk_command_line(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [str(ROOT / "cdk"), "synth", "--output", str(tmp_path), "-c", f"broker:alarm_topic_arn={TOPIC}"],
        env=os.environ | {"AWS_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "broker:alarm_topic_arn is in us-east-1, but the stack goes to eu-west-1" in done.stderr


def test_a_topic_of_another_account_is_taken_and_one_of_another_region_is_not() -> None:
    context = CDK_JSON["context"] | {"broker:page_topic_arn": TOPIC}

    assert read_settings(context, None, ROOT).receivers.page_topic_arn == TOPIC
    assert read_settings(context, None, ROOT, "us-east-1").receivers.page_topic_arn == TOPIC
    with pytest.raises(SettingsError, match="page_topic_arn is in us-east-1, but the stack goes to eu-west-1"):
        read_settings(context, None, ROOT, "eu-west-1")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("aws-user-personalisation-v2", "; did you mean aws-user-personalization-v2?"),
        ("user-personalization", "; did you mean aws-user-personalization?"),
        ("aws-similar-items", ": aws-similar-items does not recommend items to users"),
        ("aws-nope", "not 'aws-nope'"),
    ],
)
def test_a_recipe_that_cannot_serve_users_is_refused_with_the_nearest_that_can(name: str, hint: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(recipe=name)

    assert str(error.value).endswith(hint)


def test_a_region_without_the_resource_types_is_refused_unless_personalize_is_given() -> None:
    context = CDK_JSON["context"]

    assert read_settings(context, None, ROOT, "eu-central-1").stage is Stage.COLLECT
    with pytest.raises(SettingsError, match="the stack goes to eu-west-3, where CloudFormation can't create") as error:
        read_settings(context, None, ROOT, "eu-west-3")
    assert "us-west-2" in str(error.value)
    assert read_settings(context | {"broker:tracking_id": "t"}, None, ROOT, "eu-west-3").personalize.tracking_id == "t"


LOADED = """
import sys
sys.path.insert(0, "lambda_src")
from infra.settings import read_settings
import json
context = json.load(open("cdk.json"))["context"]
expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
assert read_settings(context | {"broker:filter_expression": expression}).personalize.filter_expression == expression
print(*sorted({"numpy", "scipy", "starlette", "personalize_local"} & sys.modules.keys()))
"""


def test_the_settings_are_checked_without_the_local_service_and_numpy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603

    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_given_resources_and_principals_are_taken() -> None:
    principals = ["arn:aws:iam::583371261087:role/one"]
    settings = read(
        "recommend", tracking_id="t", campaign_arn=CAMPAIGN, filter_arn=FILTER, mparticle_pod="EU1",
        mparticle_principals=principals,
    )  # fmt: skip

    assert settings.personalize.tracking_id == "t"
    assert settings.mparticle.principals == tuple(principals)
    assert settings.options.mparticle_pod == "eu1"


def test_the_probe_of_uploads_is_an_id_of_64_bits_in_quotes_and_there_is_none_by_default() -> None:
    assert read().options.probe_mpid is None
    assert read(probe_mpid="-7346244611012968789").options.probe_mpid == -7346244611012968789
    assert read(probe_mpid=5).options.probe_mpid == 5


def test_a_wrong_setting_ends_the_synthesis_with_one_message_and_no_traceback(tmp_path: Path) -> None:
    """The context comes as the CDK command line hands it over."""
    context = CDK_JSON["context"] | {"broker:environment": "staging"}
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path), "STAGE": "later"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Wrong settings, nothing was synthesised (cdk.json, -c or STAGE):",
        "  broker:stage must be one of collect, train, recommend, not 'later'",
        "  broker:environment must be one of production, development, not 'staging'",
    ]
    assert not list(tmp_path.iterdir())
