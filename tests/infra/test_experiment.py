"""broker:experiment: what it may say, what the stack makes of it, and what each variant costs at least."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from broker.experiment import HOLDOUT, experiment_from

from infra.cost.bill import bill
from infra.cost.floors import floors
from infra.cost.prices import EXAMPLE, read_prices
from infra.cost.traffic import Shop, traffic
from infra.settings import Settings, SettingsError
from local_stack.process import start_service
from tests.infra.conftest import Synthesise
from tests.infra.deployer import Deployer
from tests.infra.synthesis import GIVEN, Synthesised
from tests.infra.test_permissions import may
from tests.infra.test_personalize_resources import collect
from tests.infra.test_settings import CAMPAIGN, EXPRESSION, FILTER, read
from tests.personalize_local.served.clients import Aws

V1 = "aws-user-personalization"
CONTROL = {"control": {"weight": 50}}
PRICES = read_prices(EXAMPLE)


def experiment(variants: dict[str, Any] | None = None, **own: Any) -> dict[str, Any]:
    return {"name": "autumn", "holdout": 10, "variants": CONTROL | (variants or {})} | own


def problems(value: Any, stage: str = "recommend", **own: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        read(stage, experiment=value, **own)
    return str(raised.value)


def running(**variants: Any) -> Settings:
    return read("recommend", experiment=experiment(variants))


def test_without_it_there_is_no_experiment_and_it_may_be_text() -> None:
    assert read("recommend").experiment is None
    typed, as_text = (read("recommend", experiment=one) for one in (experiment(), json.dumps(experiment())))
    assert typed == as_text
    assert typed.experiment
    assert typed.experiment.experiment == experiment_from(experiment())


@pytest.mark.parametrize(
    ("value", "own", "message"),
    [
        ("autumn", {}, "experiment must be an object, or one as JSON, not 'autumn'"),
        (["a"], {}, "experiment must be an object like"),
        (experiment(name="Autumn"), {}, "experiment name must be"),
        (experiment({"b": {"weight": 1, "share": 2}}), {}, "experiment variant b has no share"),
        (experiment({"b": {"weight": 1, "filter_expression": "INCLUDE"}}), {}, "variant b: filter_expression is not a"),
        (experiment({"b": {"weight": 1, "recipe": "aws-sims"}}), {}, "variant b: recipe must be one of"),
        (experiment({"b": {"weight": 1, "exploration_weight": 2}}), {"recipe": V1}, "a number from 0 to 1, not 2"),
        (
            experiment({"b": {"weight": 1, "exploration_weight": 0.5}}),
            {},
            "exploration_weight of variant b, which only campaigns of aws-user-personalization take: recipe is "
            "aws-user-personalization-v2",
        ),
        (experiment({"b": {"weight": 1, "recipe": V1}}), {"recipe": V1}, "the recipe of all users: leave it out"),
        (
            experiment({"b": {"weight": 1, "recipe": V1, "filter_expression": EXPRESSION}}),
            {},
            "variant b differs in filter_expression, recipe: one variant, one difference",
        ),
        (experiment(holdout=0, holdout_list="popular"), {}, "holdout_list is popular, but holdout is 0"),
        (experiment(prepare=True), {}, "experiment has prepare, but no solution to train: leave it out"),
        (experiment(prepare="yes"), {}, "experiment prepare must be true or false, not 'yes'"),
        (
            experiment({f"r{number}": {"weight": 1, "recipe": V1} for number in range(5)}),
            {},
            "experiment makes 6 campaigns of its dataset group, and Personalize's quota is 5",
        ),
        (
            experiment({f"f{number}": {"weight": 1, "filter_expression": EXPRESSION} for number in range(10)}),
            {"filter_expression": EXPRESSION},
            "experiment makes 11 filters of its dataset group, and Personalize's quota is 10",
        ),
        (
            experiment({"b": {"weight": 1, "filter_expression": EXPRESSION}}, holdout_list="popular"),
            {key.removeprefix("broker:"): value for key, value in GIVEN.items()},
            "has holdout_list popular, but tracking_id names existing resources: give holdout_campaign_arn",
        ),
        (
            experiment({f"{'long' * 9}-{number:02}": {"weight": 1, "campaign_arn": CAMPAIGN} for number in range(19)}),
            {},
            "too many variants, or too long names",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_synthesised(value: Any, own: dict[str, Any], message: str) -> None:
    assert message in problems(value, **own)


@pytest.mark.parametrize("stage", ["collect", "train"])
def test_it_needs_the_stage_in_which_users_have_lists(stage: str) -> None:
    assert "experiment needs stage recommend: before, nobody has a list" in problems(experiment(), stage)


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = experiment({"b": {"weight": 1, "recipe": "aws-sims"}, "c": {"weight": 1, "filter_expression": "INCLUDE"}})
    said = problems(wrong)
    assert "variant b: recipe must be" in said
    assert "variant c: filter_expression is not" in said


def test_the_largest_experiment_within_the_quotas_is_let_through() -> None:
    variants = {f"f{number}": {"weight": 1, "filter_expression": EXPRESSION} for number in range(10)}
    variants |= {f"r{number}": {"weight": 1, "recipe": V1} for number in range(3)}
    settings = read("recommend", experiment=experiment(variants, holdout_list="popular"))
    assert settings.experiment
    assert len(settings.experiment.needs) == 14


ALL_KINDS = {
    "cheap": {"weight": 20, "filter_expression": EXPRESSION},
    "bold": {"weight": 20, "exploration_weight": 0.8},
    "trending": {"weight": 20, "recipe": "aws-trending-now"},
    "given": {"weight": 20, "campaign_arn": CAMPAIGN, "filter_arn": FILTER},
}
CONTEXT = {"broker:recipe": V1, "broker:filter_expression": ""}


def synthesised(made: Synthesise, value: dict[str, Any], **context: Any) -> Synthesised:
    return made("recommend", CONTEXT | {"broker:experiment": json.dumps(value)} | context)


PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


def resolved(variable: Any) -> Any:
    """Return a variable with the logical id of what a reference is about in its place."""
    if isinstance(variable, str):
        return json.loads(variable)
    region = "arn:aws:personalize:us-east-1:123456789012"
    _, parts = variable["Fn::Join"]
    text = "".join(
        part
        if isinstance(part, str)
        else PSEUDO[part["Ref"]]
        if "Ref" in part
        else f"{region}:{kind_of(part['Fn::GetAtt'])}/{part['Fn::GetAtt'][0]}"
        for part in parts
    )
    return json.loads(text)


def kind_of(reference: list[str]) -> str:
    return reference[1].removesuffix("Arn").lower()


def test_each_variant_gets_what_it_needs_and_both_functions_know_the_experiment(made: Synthesise) -> None:
    stack = synthesised(made, experiment(ALL_KINDS, holdout_list="popular"))
    counts = {kind: len(stack.of_type(f"Personalize::{kind}")) for kind in ("Campaign", "Solution", "Filter")}
    assert counts == {"Campaign": 4, "Solution": 3, "Filter": 1}

    of_refresh = resolved(stack.variables("Refresh")["EXPERIMENT"])
    read_by_refresh = experiment_from(of_refresh)
    assert read_by_refresh.variants["cheap"].filter_arn.rpartition("/")[2] in stack.of_type("Personalize::Filter")  # type: ignore[union-attr]
    campaigns = {one["Properties"]["Name"]: id for id, one in stack.of_type("Personalize::Campaign").items()}
    for variant, named in (("bold", "Campaignbold"), ("trending", "Campaigntrending")):
        arn = read_by_refresh.variants[variant].campaign_arn
        assert arn
        assert named in campaigns[arn.rpartition(":campaign/")[2]]
    assert read_by_refresh.variants["given"].campaign_arn == CAMPAIGN
    assert read_by_refresh.holdout_campaign_arn
    assert "Campaignholdout" in campaigns[read_by_refresh.holdout_campaign_arn.rpartition(":campaign/")[2]]

    of_ingest = experiment_from(resolved(stack.variables("Ingest")["EXPERIMENT"]))
    assert [of_ingest.variant_of(mpid) for mpid in range(200)] == [read_by_refresh.variant_of(n) for n in range(200)]
    assert len(may(stack, "Refresh", "personalize:GetRecommendations")) == 1 + 3 + 1 + 2

    bold = next(one["Properties"] for id, one in stack.of_type("Personalize::Campaign").items() if "bold" in id)
    assert bold["CampaignConfig"]["ItemExplorationConfig"] == {"explorationWeight": "0.8"}
    recipes = {one["Properties"]["RecipeArn"]["Fn::Join"][1][-1].rpartition("/")[2]
               for one in stack.of_type("Personalize::Solution").values()}  # fmt: skip
    assert recipes == {V1, "aws-trending-now", "aws-popularity-count"}


def test_no_tag_reaches_what_is_made_and_it_waits_for_the_datasets(made: Synthesise) -> None:
    value = json.dumps(experiment(ALL_KINDS))
    stack = made("recommend", CONTEXT | {"broker:experiment": value}, tag="shop")
    datasets = set(stack.of_type("Personalize::Dataset"))
    found = {
        id: one
        for kind in ("Campaign", "Solution", "Filter")
        for id, one in stack.of_type(f"Personalize::{kind}").items()
    }
    assert len(found) == 6
    for id, one in found.items():
        assert "Tags" not in one["Properties"], id
        assert datasets <= set(one["DependsOn"]), id
        assert len(one["Properties"]["Name"]) <= 63


def names(stack: Synthesised) -> dict[str, str]:
    kinds = ("Campaign", "Solution", "Filter")
    found = {id: one for kind in kinds for id, one in stack.of_type(f"Personalize::{kind}").items() if "Variants" in id}
    return {id: one["Properties"]["Name"] for id, one in found.items()}


def test_names_stay_while_weights_change_and_what_cannot_be_changed_gets_a_new_one(made: Synthesise) -> None:
    before = names(synthesised(made, experiment(ALL_KINDS)))
    reweighed = ALL_KINDS | {"bold": {"weight": 30, "exploration_weight": 0.1}}
    assert names(synthesised(made, experiment(reweighed, epoch=2))) == before
    other = ALL_KINDS | {"cheap": {"weight": 20, "filter_expression": EXPRESSION.replace("purchase", "add_to_cart")}}
    changed = names(synthesised(made, experiment(other)))
    assert {id for id in before if before[id] != changed[id]} == {id for id in before if "Filter" in id}


def test_while_it_is_prepared_solutions_train_and_nobody_is_in_it(made: Synthesise) -> None:
    stack = synthesised(made, experiment(ALL_KINDS, holdout_list="popular", prepare=True))
    counts = {kind: len(stack.of_type(f"Personalize::{kind}")) for kind in ("Campaign", "Solution", "Filter")}
    assert counts == {"Campaign": 1, "Solution": 3, "Filter": 0}
    assert "EXPERIMENT" not in stack.variables("Ingest")
    assert "EXPERIMENT" not in stack.variables("Refresh")


def test_existing_resources_are_asked_as_they_are(made: Synthesise) -> None:
    value = experiment(
        {"given": {"weight": 20, "campaign_arn": CAMPAIGN}}, holdout_list="popular", holdout_campaign_arn=CAMPAIGN
    )
    stack = made("recommend", GIVEN | {"broker:experiment": json.dumps(value)})
    assert stack.of_type("Personalize::Campaign") == {}
    read_by_refresh = experiment_from(resolved(stack.variables("Refresh")["EXPERIMENT"]))
    assert (read_by_refresh.variants["given"].campaign_arn, read_by_refresh.holdout_campaign_arn) == (CAMPAIGN,) * 2
    assert CAMPAIGN in may(stack, "Refresh", "personalize:GetRecommendations")


def test_without_an_experiment_nothing_is_made_and_no_function_knows_of_one(made: Synthesise) -> None:
    stack = made("recommend")
    assert "EXPERIMENT" not in stack.variables("Refresh")
    assert len(stack.of_type("Personalize::Campaign")) == 1


def test_each_variant_says_what_it_costs_at_least() -> None:
    settings = read("recommend", recipe=V1, experiment=experiment(ALL_KINDS, holdout_list="popular"))
    said = floors(settings, PRICES)
    assert {name: text.partition(" per month")[0] for name, text in said.items()} == {
        "control": "nothing by the hour",
        "cheap": "nothing by the hour",
        "bold": "a campaign, at least 146.00 USD",  # 730 hours at 0.20
        "trending": "a campaign, at least 146.00 USD",
        "given": "what the given campaign costs anyway",
        HOLDOUT: "a campaign, at least 146.00 USD",
    }
    assert "a solution" in said["trending"]
    assert "a solution" not in said["bold"]
    assert floors(read("recommend"), PRICES) == {}


def test_a_synthesis_says_so_too(made: Synthesise) -> None:
    stack = synthesised(made, experiment(ALL_KINDS))
    manifest = json.loads((stack.folder / "manifest.json").read_text())
    told = json.dumps(manifest) + "".join(path.read_text() for path in stack.folder.glob("*.metadata.json"))
    assert "broker:experiment, bold: a campaign, at least 146.00 USD per month" in told


def test_the_bill_has_the_campaigns_and_trainings_of_variants_and_requests_are_shared() -> None:
    def items(settings: Settings, rate: int) -> dict[str, Any]:
        inputs = traffic(Shop(events_per_second=rate), settings)  # type: ignore[arg-type]
        return {item.name: item.quantity for item in bill(inputs, settings, PRICES).items}

    alone, shared = read("recommend"), running(other={"weight": 50, "recipe": "aws-trending-now"})
    few, many = items(shared, 1), items(shared, 1_000)
    assert {name for name in few if name not in items(alone, 1)} == {
        "Experiment campaign, other",
        "Experiment training, other",
    }
    assert few["Experiment campaign, other"] == 730  # hours of the minimum throughput
    share = many["Personalize campaign"] / items(alone, 1_000)["Personalize campaign"]
    assert abs(float(share) - 0.45) < 0.001  # half of the 90 % that the holdout leaves


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return clients of a service where nothing is."""
    with start_service("personalize_local", ["--lag", "0", "--disable", "throttling"]) as process:
        yield Aws(process.url)


def test_the_template_is_created_in_personalize_once_the_solutions_are_trained(aws: Aws, made: Synthesise) -> None:
    value, deployer = experiment(ALL_KINDS, holdout_list="popular"), Deployer(aws)
    deployer.deploy(made("collect", CONTEXT).template)
    (tracking_id,) = (answer["trackingId"] for answer in deployer.answers.values() if "trackingId" in answer)
    collect(aws, tracking_id)
    deployer.deploy(made("train", CONTEXT).template)
    aws.wait_until_active(
        "SolutionVersion",
        aws.control.create_solution_version(solutionArn=deployer.the("Solution"))["solutionVersionArn"],
    )
    deployer.deploy(made("recommend", CONTEXT).template)
    prepared = synthesised(
        made, experiment(ALL_KINDS | {"trending": ALL_KINDS["cheap"]}, holdout_list="popular", prepare=True)
    )
    assert deployer.deploy(prepared.template) == ["Solution"]
    (popular,) = (id for id in prepared.of_type("Personalize::Solution") if "holdout" in id)
    version = aws.control.create_solution_version(solutionArn=deployer.arn(popular))["solutionVersionArn"]
    aws.wait_until_active("SolutionVersion", version)

    whole = synthesised(made, value | {"variants": value["variants"] | {"trending": ALL_KINDS["cheap"]}})
    assert sorted(deployer.deploy(whole.template)) == ["Campaign", "Campaign", "Filter", "Filter"]
    bold = next(id for id in whole.of_type("Personalize::Campaign") if "bold" in id)
    described = aws.describe("Campaign", deployer.arn(bold))
    assert described["campaignConfig"]["itemExplorationConfig"] == {"explorationWeight": "0.8"}
