"""broker:paused: what costs by the hour goes, and all else stays where it is, until it is resumed."""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli import connection
from cli.pause import CDK_JSON, carry_out
from cli.pause_plan import PausePlan
from cli.settings_file import SettingsFile
from infra.cost.bill import bill
from infra.cost.prices import EXAMPLE, read_prices
from infra.cost.traffic import Shop, traffic
from infra.deploy_checks import read_assembly
from infra.settings import SettingsError
from local_stack.process import start_service
from tests.infra.conftest import Synthesise
from tests.infra.deployer import Deployer
from tests.infra.synthesis import GIVEN, Synthesised
from tests.infra.test_experiment import ALL_KINDS, CONTEXT, experiment
from tests.infra.test_personalize_resources import collect
from tests.infra.test_settings import read
from tests.infra.test_updates import replaced
from tests.personalize_local.served.clients import Aws
from tests.personalize_local.waiting import until

PAUSED = {"broker:paused": True}
# With campaigns of an experiment's variants, so that none of them is left behind.
COMPARED = CONTEXT | {"broker:experiment": json.dumps(experiment(ALL_KINDS, holdout_list="popular"))}
MAPPINGS = ("QueueMapping", "PurchaseMapping")
# What may differ: the campaigns, and what would ask or fill a queue that nobody reads.
DIFFERS = ("Personalize::Campaign", "Lambda::EventSourceMapping", "CloudWatch::", "Lambda::Version", "Lambda::Alias")

BY_THE_HOUR: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "Personalize::Campaign": lambda its: True,
    "Personalize::Recommender": lambda its: True,
    "Kinesis::Stream": lambda its: True,
    "Kinesis::StreamConsumer": lambda its: True,
    "EC2::NatGateway": lambda its: True,
    "EC2::VPCEndpoint": lambda its: its.get("VpcEndpointType") != "Gateway",
    "DynamoDB::Table": lambda its: its.get("BillingMode") != "PAY_PER_REQUEST",
    "Lambda::Alias": lambda its: "ProvisionedConcurrencyConfig" in its,
    "Lambda::EventSourceMapping": lambda its: "ProvisionedPollerConfig" in its,
}


def mapping(stack: Synthesised, name: str) -> Mapping[str, Any]:
    return stack.the("Lambda::EventSourceMapping", name)


def names(stack: Synthesised) -> list[str]:
    return sorted(one["Properties"]["Name"] for one in stack.of_type("Personalize::Campaign").values())


def test_every_campaign_goes_and_the_queues_are_kept_and_not_read(made: Synthesise) -> None:
    running, paused = made("recommend", COMPARED), made("recommend", COMPARED | PAUSED)

    assert len(running.of_type("Personalize::Campaign")) == 4
    assert paused.of_type("Personalize::Campaign") == {}
    for name in MAPPINGS:
        assert mapping(running, name)["Properties"]["Enabled"] is True
        assert mapping(paused, name)["Properties"] == mapping(running, name)["Properties"] | {"Enabled": False}
    assert "REFRESH_QUEUE_URL" not in paused.variables("Ingest")
    assert "PURCHASE_QUEUE_URL" not in paused.variables("Ingest")
    assert "sqs" not in json.dumps(paused.statements("Ingest"))
    assert "IngestStreamMapping" in paused.of_type("Lambda::EventSourceMapping")


def test_all_else_has_the_same_ids_and_the_same_properties(made: Synthesise) -> None:
    running, paused = (made("recommend", COMPARED | more).template["Resources"] for more in ({}, PAUSED))
    same = {id for id, one in running.items() if not one["Type"].removeprefix("AWS::").startswith(DIFFERS)}
    changed = {id for id in same if running[id] != paused.get(id)}

    assert {id for id in changed if not id.startswith(("Ingest", "DailyCheck"))} == set()
    assert {running[id]["Type"] for id in changed} == {"AWS::Lambda::Function", "AWS::IAM::Role"}
    assert {id for id in paused if "Refresh" in id and "Version" in id} == {
        id for id in running if "Refresh" in id and "Version" in id
    }


def test_from_running_to_paused_to_resumed_with_other_settings_nothing_is_replaced(made: Synthesise) -> None:
    """Over both updates each resource keeps its logical id, and no property changes that only a new one can have."""
    changed = COMPARED | {"broker:min_tps": 3}
    states = [made("recommend", context).template["Resources"] for context in (COMPARED, COMPARED | PAUSED, changed)]
    running, paused, resumed = (
        # A version of a function is of its code and its settings.
        {id: one for id, one in state.items() if one["Type"] != "AWS::Lambda::Version"}
        for state in states
    )
    campaigns = {id: one for id, one in running.items() if one["Type"] == "AWS::Personalize::Campaign"}

    assert replaced(running, paused) == {id: ["it is gone"] for id in campaigns}
    assert replaced(paused, resumed) == {}
    assert replaced(running, resumed) == {}
    assert resumed.keys() == running.keys()


def test_the_stream_is_read_on_while_it_is_paused(made: Synthesise) -> None:
    running, paused = made("recommend", COMPARED), made("recommend", COMPARED | PAUSED)

    assert mapping(paused, "IngestStreamMapping") == mapping(running, "IngestStreamMapping")
    assert mapping(paused, "IngestStreamMapping")["Properties"].get("Enabled", True) is True


def by_the_hour(stack: Synthesised) -> list[str]:
    """Return the types of what AWS bills by the hour, whether it is used or not (the services' pages of prices)."""
    return sorted(
        one["Type"]
        for one in stack.template["Resources"].values()
        if (is_so := BY_THE_HOUR.get(one["Type"].removeprefix("AWS::"))) and is_so(one["Properties"])
    )


def test_paused_nothing_is_billed_by_the_hour_but_the_stream(made: Synthesise) -> None:
    running, paused = (by_the_hour(made("recommend", COMPARED | state)) for state in ({}, PAUSED))

    assert paused == ["AWS::Kinesis::Stream"]
    assert running == ["AWS::Kinesis::Stream", *["AWS::Personalize::Campaign"] * 4]


def test_the_queues_are_read_again_only_once_the_campaigns_are_back(made: Synthesise) -> None:
    running = made("recommend", COMPARED)

    for name in MAPPINGS:
        assert set(running.of_type("Personalize::Campaign")) <= set(mapping(running, name)["DependsOn"])


def test_resumed_with_other_settings_the_campaigns_have_the_names_and_so_the_arns_from_before(made: Synthesise) -> None:
    running, resumed = made("recommend", COMPARED), made("recommend", COMPARED | {"broker:min_tps": 3})

    assert names(running) == names(resumed)
    arn = running.variables("Refresh")["CAMPAIGN_ARN"]
    assert arn == resumed.variables("Refresh")["CAMPAIGN_ARN"] == made("recommend", PAUSED).variables("Refresh")[
        "CAMPAIGN_ARN"
    ]  # fmt: skip
    assert "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in arn["Fn::Join"][1]) == (
        "arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>:campaign/personalize-broker"
    )


def test_the_alarms_of_profiles_tell_nobody_and_all_others_do(made: Synthesise) -> None:
    from infra.alarms import OF_PROFILES  # loads CDK

    running, paused = (
        {
            alarm["Properties"]
            .get("AlarmName", alarm["Properties"].get("CompositeAlarmName", ""))
            .removeprefix("personalize-broker-"): alarm["Properties"].get("ActionsEnabled", True)
            for kind in ("Alarm", "CompositeAlarm")
            for alarm in made("recommend", context).of_type(f"CloudWatch::{kind}").values()
        }
        for context in ({}, PAUSED)
    )

    assert set(OF_PROFILES) <= set(running)
    assert set(running.values()) == {True}
    assert {name for name, heard in paused.items() if not heard} == set(OF_PROFILES)


def test_the_stack_says_that_it_is_paused_and_has_no_campaign(made: Synthesise) -> None:
    running, paused = made("recommend").template["Outputs"], made("recommend", PAUSED).template["Outputs"]

    assert set(running) - set(paused) == {"CampaignArn"}
    assert set(paused) - set(running) == {"Paused"}
    assert [read_assembly(made("recommend", more).folder).paused for more in ({}, PAUSED)] == [False, True]
    assert "CAMPAIGN_ARN" not in made("recommend", PAUSED).variables("DailyCheck")
    assert "CAMPAIGN_ARN" in made("recommend").variables("DailyCheck")


def test_a_given_campaign_is_not_of_this_stack_and_only_nobody_asks_it(made: Synthesise) -> None:
    paused = made("recommend", GIVEN | PAUSED)

    assert paused.template["Outputs"]["CampaignArn"]["Value"] == GIVEN["broker:campaign_arn"]
    assert mapping(paused, "QueueMapping")["Properties"]["Enabled"] is False


@pytest.mark.parametrize("stage", ["collect", "train"])
def test_before_there_is_a_campaign_there_is_nothing_to_pause(stage: str) -> None:
    with pytest.raises(SettingsError, match=f"paused needs stage recommend: stage {stage} has no campaign"):
        read(stage, paused=True)


def items(**values: Any) -> dict[str, Decimal | None]:
    settings = read("recommend", **values)
    return {item.name: item.usd for item in bill(traffic(Shop(), settings), settings, read_prices(EXAMPLE)).items}


def test_the_bill_has_no_campaign_no_queue_and_no_profile_and_still_has_what_collects_and_trains() -> None:
    compared = {"recipe": CONTEXT["broker:recipe"], "experiment": experiment(ALL_KINDS, holdout_list="popular")}
    gone = set(items(**compared)) - set(items(paused=True, **compared))

    variants = {f"Experiment campaign, {name}" for name in ("bold", "trending", "holdout")}
    of_profiles = {"SQS requests", "DynamoDB reads", "DynamoDB writes", "mParticle write-back"}
    assert gone == {"Personalize campaign", *variants, *of_profiles}
    assert {"Kinesis stream", "Personalize training", "Experiment training, trending"} <= set(
        items(paused=True, **compared)
    )


def test_a_given_campaign_goes_on_costing_its_minimum() -> None:
    given = {key.removeprefix("broker:"): value for key, value in GIVEN.items()}

    assert items(paused=True, **given)["Personalize campaign"] == Decimal("394.20")  # 2,628 thousand at 0.15


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return clients of a service where nothing is."""
    with start_service("personalize_local", ["--lag", "0", "--disable", "throttling"]) as process:
        yield Aws(process.url)


def test_paused_changed_and_resumed_in_personalize_nothing_is_lost_and_the_newest_model_serves(
    aws: Aws, made: Synthesise, tmp_path: Path
) -> None:
    """The commands' own order, on a cdk.json, with another setting changed between them by hand."""
    file, deployer = cdk_json(tmp_path), Deployer(aws)
    created: list[list[str]] = []

    def deploy(command: list[str]) -> int:
        created.append(deployer.deploy(made("recommend", own_context(file)).template))
        return 0

    deployer.deploy(made("collect").template)
    (tracking_id,) = (answer["trackingId"] for answer in deployer.answers.values() if "trackingId" in answer)
    collect(aws, tracking_id)
    deployer.deploy(made("train").template)
    versions = [train(aws, deployer)]
    deploy([])
    before = {id: deployer.arn(id) for id in deployer.answers}
    campaign = deployer.the("Campaign")

    carry_out(plan(file, paused=True), dict, deploy)
    assert created.pop() == []
    assert aws.control.list_campaigns()["campaigns"] == []
    assert set(before.values()) - {deployer.arn(id) for id in deployer.answers} == {campaign}
    collect(aws, tracking_id)
    versions.append(train(aws, deployer))

    file.write_text(file.read_text().replace('"broker:min_tps": 1', '"broker:min_tps": 2'))
    carry_out(plan(file, paused=False), dict, deploy)
    assert created.pop() == ["Campaign"]
    assert own_context(file) == {"broker:paused": False, "broker:min_tps": 2}
    assert {id: deployer.arn(id) for id in deployer.answers} == before
    described = aws.describe("Campaign", campaign)
    assert (described["minProvisionedTPS"], described["solutionVersionArn"]) == (2, versions[1])
    known = {one["solutionVersionArn"] for one in aws.control.list_solution_versions()["solutionVersions"]}
    assert known == set(versions)
    until(lambda: len(aws.recommended(campaign, "u1", filterArn=deployer.the("Filter"))) == 10)


def plan(file: Path, *, paused: bool) -> PausePlan:
    settings = connection.settings((f"broker:paused={str(paused).lower()}", "broker:stage=recommend"))
    return PausePlan(
        paused, settings, SettingsFile(file), context=(), traffic=traffic(Shop(), settings),
        prices=read_prices(EXAMPLE), confirm="", ask_nothing=True,
    )  # fmt: skip


def cdk_json(folder: Path) -> Path:
    """Return a copy of cdk.json, to be changed."""
    path = folder / "cdk.json"
    path.write_text(CDK_JSON.read_text())
    return path


def own_context(file: Path) -> dict[str, Any]:
    """Return what differs in a changed cdk.json from the defaults, as it is written there."""
    context = json.loads(file.read_text())["context"]
    return {key: context[key] for key in ("broker:paused", "broker:min_tps")}


def train(aws: Aws, deployer: Deployer) -> str:
    solution = deployer.the("Solution")
    version = str(aws.control.create_solution_version(solutionArn=solution)["solutionVersionArn"])
    aws.wait_until_active("SolutionVersion", version)
    return version
