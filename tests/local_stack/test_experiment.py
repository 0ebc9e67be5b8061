"""An experiment on the local stack: profiles say the variant, lists are its own, and the holdout loses its list."""

import functools
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from broker.experiment import HOLDOUT, Experiment, experiment_from
from click.testing import CliRunner

from blueprint.experiment import plan_from
from cli import local_env
from cli.__main__ import main
from cli.serve import exported
from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.lambda_api import LambdaApi
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from shop.panel.experiment import RunningExperiment
from shop.places import Places
from tests.diagnosis.test_why import profile, put
from tests.loop.clone import eventually
from tests.loop.trained import ITEMS, trained_stack

PLAN = plan_from(
    {
        "name": "autumn",
        "holdout": 25,
        "variants": {
            "control": {"weight": 1},
            "popular": {"weight": 1, "recipe": "aws-popularity-count"},
            "unbought": {
                "weight": 1,
                "filter_expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
            },
        },
    }
)
NAMES = (*PLAN.experiment.variants, HOLDOUT)
CUSTOMERS = {  # one of each variant, negative and positive
    name: next(mpid for mpid in range(-(2**62), 2**62, 2**40 + 1) if PLAN.experiment.variant_of(mpid) == name)
    for name in NAMES
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with trained_stack(LocalStackSettings(shards=1, experiment=PLAN)) as running:
        for mpid in CUSTOMERS.values():
            put(running, mpid, ITEMS[1], timestamp_unixtime_ms=int(1000 * time.time()))
        assert eventually(lambda: all("ml_variant" in profile(running, mpid) for mpid in CUSTOMERS.values()))
        yield running


@pytest.fixture
def experiment(stack: Stack) -> Experiment:
    return experiment_from(json.loads(stack.functions["refresh"].environment["EXPERIMENT"]))


def test_each_profile_says_its_variant_and_has_its_list(stack: Stack, experiment: Experiment) -> None:
    runtime = local_client("personalize-runtime", stack.personalize.url)
    for name, mpid in CUSTOMERS.items():
        attributes = profile(stack, mpid)
        assert attributes["ml_variant"] == name
        variant = experiment.list_of(name)
        if variant is None:
            assert "product_recs" not in attributes
            continue
        request = {"campaignArn": variant.campaign_arn or stack.campaign_arn, "userId": str(mpid), "numResults": 10}
        request |= {"filterArn": variant.filter_arn} if variant.filter_arn else {}
        listed = [item["itemId"] for item in runtime.get_recommendations(**request)["itemList"]]
        assert attributes["product_recs"] == listed
    assert ITEMS[1] not in profile(stack, CUSTOMERS["unbought"])["product_recs"]


def test_both_functions_know_the_same_experiment(stack: Stack, experiment: Experiment) -> None:
    of_ingest = experiment_from(json.loads(stack.ingest.environment["EXPERIMENT"]))
    assert of_ingest == experiment


@pytest.fixture
def endpoints(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    monkeypatch.setattr(local_env, "FILE", tmp_path / "none")
    with LambdaApi(stack.functions, rates=stack.recent_counts, logs=stack.lines) as api:
        yield exported(stack, api.url)


@pytest.mark.parametrize("name", NAMES)
def test_why_says_in_which_variant_a_user_is_and_what_their_campaign_says(
    endpoints: Mapping[str, str], name: str
) -> None:
    arguments = ["why", str(CUSTOMERS[name]), "--local", "--json"]
    done = CliRunner(env=endpoints).invoke(main, arguments, catch_exceptions=False)
    facts: list[Any] = json.loads(done.stdout)["facts"]
    said = [fact["says"] for fact in facts]
    assert f"{name}, in the experiment autumn (epoch 1)" in said
    assert f"the profile was told {name} last" in said
    of_campaign = "none, since the holdout has no list" if name == HOLDOUT else "the campaign's list now is "
    assert any(one.startswith(of_campaign) for one in said), said


def test_the_panel_says_of_the_running_experiment_what_the_command_says(
    endpoints: Mapping[str, str], experiment: Experiment
) -> None:
    done = CliRunner(env=endpoints).invoke(main, ["experiment", "--local", "--json"], catch_exceptions=False)
    said = json.loads(done.stdout)
    places = Places.from_variables({"QUARANTINE_BUCKET": "none", **endpoints})
    result = RunningExperiment(places, functools.cache(functools.partial(local_client, endpoint=places.aws))).result()
    assert result.sentences == [*said["faults"], *said["headlines"]]
    arms = said["populations"][said["main_population"]]["variants"]
    assert {line.arm.name: line.arm.customers for line in result.lines} == dict.fromkeys(NAMES, 1)
    assert {line.arm.name: line.arm.bought for line in result.lines} == {name: arms[name]["bought"] for name in NAMES}
    assert [line.arm.name for line in result.lines if line.difference is None] == [HOLDOUT]  # the control
    answer = loopback.get(f"{endpoints['AWS_ENDPOINT_URL_LAMBDA']}/_local/rates", params={"minutes": 5})
    assert answer.json()["stage"] == "recommend"
    own = {name: variant.campaign_arn for name, variant in experiment.variants.items() if variant.campaign_arn}
    assert {name: places.campaign_of(name) for name in NAMES} == dict.fromkeys(NAMES, places.campaign_arn) | own
