"""broker:events_config and broker:training_schedule: what they may say, and what is wanted of which solution."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.apply_tuning import main
from infra.cost.bill import bill
from infra.cost.prices import EXAMPLE, read_prices
from infra.cost.traffic import Shop, traffic
from infra.paths import ROOT
from infra.settings import SettingsError, Stage
from infra.tuning import read_tuning_file, wanted, write_tuning
from lifecycle.tuning import Wanted
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import GIVEN
from tests.infra.test_experiment import V1, experiment
from tests.infra.test_settings import read

WEIGHTS = {"view_detail": 0.2, "add_to_cart": 0.5, "add_to_wishlist": 0, "purchase": {"weight": 1, "threshold": 5}}
EVENTS = (
    {"eventType": "view_detail", "weight": 0.2},
    {"eventType": "add_to_cart", "weight": 0.5},
    {"eventType": "add_to_wishlist", "weight": 0.0},
    {"eventType": "purchase", "weight": 1.0, "eventValueThreshold": 5.0},
)


def test_by_default_nothing_is_wanted() -> None:
    assert wanted(read("recommend")) == []


@pytest.mark.parametrize("value", [WEIGHTS, json.dumps(WEIGHTS)])
def test_each_event_type_has_its_weight_and_perhaps_a_threshold(value: Any) -> None:
    assert wanted(read("recommend", events_config=value)) == [Wanted("personalize-broker", EVENTS)]


@pytest.mark.parametrize(
    ("value", "schedule"),
    [("rate(3 days)", "rate(3 days)"), ("rate(1 day)", "rate(1 day)"), ("rate(1 days)", "rate(1 day)"), ("off", "off")],
)
def test_trainings_come_every_so_many_days_or_not_by_themselves(value: str, schedule: str) -> None:
    assert wanted(read("train", training_schedule=value)) == [Wanted("personalize-broker", None, schedule)]


ONLY = {"events_config": {"purchase": 1}, "event_types": "purchase"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"events_config": {"purchase": 1}}, "events_config says nothing of view_detail, which is reported"),
        (
            {"events_config": {"view_detail": 1}, "event_types": "view_detail:View"},
            "events_config says nothing of View, which is reported: give its weight, or 0",
        ),
        (ONLY | {"recipe": V1}, f"events_config is for recipes that end in -v2, not for {V1}"),
        (ONLY | {"events_config": {"purchase": 2}}, "purchase: weight must be a number from 0 to 1, not 2"),
        (ONLY | {"events_config": {"purchase": True}}, "weight must be a number from 0 to 1, not True"),
        (ONLY | {"events_config": {"purchase": {"threshold": 1}}}, "must be a weight, or an object with weight"),
        (ONLY | {"events_config": {"purchase": {"weight": 1, "least": 1}}}, "must be a weight, or an object with"),
        (
            ONLY | {"events_config": {"purchase": {"weight": 1, "threshold": "1"}}},
            "threshold must be a number, not '1'",
        ),
        (ONLY | {"events_config": {"purchase": 0}}, "has no weight above 0"),
        (ONLY | {"events_config": {f"t{number}": 1 for number in range(11)}}, "has 11 event types"),
        (ONLY | {"events_config": "purchase"}, "events_config must be an object, or one as JSON, not 'purchase'"),
        (ONLY | {"events_config": ["purchase"]}, "events_config must be an object such as"),
        (
            ONLY | {"events_config": {"purchase": {"weight": 1, "threshold": 5}}, "event_value": False},
            "events_config has a threshold, but event_value is false",
        ),
        ({"training_schedule": "weekly"}, r"training_schedule must be rate\(1 day\) to rate\(30 days\), or off"),
        ({"training_schedule": "rate(0 days)"}, "training_schedule must be rate"),
        ({"training_schedule": "rate(31 days)"}, "training_schedule must be rate"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read("recommend", **values)


def test_with_given_resources_there_is_no_solution_to_tune() -> None:
    given = {key.removeprefix("broker:"): value for key, value in GIVEN.items()}
    with pytest.raises(SettingsError) as raised:
        read("recommend", **given, **ONLY, training_schedule="off")
    for key in ("events_config", "training_schedule"):
        assert f"{key} is for resources that are created" in str(raised.value)


def test_a_solution_of_a_variant_is_tuned_too_by_what_its_recipe_takes(made: Synthesise) -> None:
    variants = {"old": {"weight": 20, "recipe": V1}}
    its = {"events_config": WEIGHTS, "training_schedule": "rate(2 days)", "experiment": experiment(variants)}
    own, other = wanted(read("recommend", **its))

    assert own == Wanted("personalize-broker", EVENTS, "rate(2 days)")
    assert (other.events, other.schedule) == (None, "rate(2 days)")
    stack = made("recommend", {"broker:experiment": json.dumps(experiment(variants))})
    solutions = {one["Properties"]["Name"] for one in stack.of_type("Personalize::Solution").values()}
    assert {own.solution, other.solution} == solutions


def test_a_deployment_finds_beside_the_template_what_is_wanted_once_there_is_a_solution(tmp_path: Path) -> None:
    for stage, found in ((Stage.COLLECT, []), (Stage.TRAIN, [Wanted("personalize-broker", EVENTS, "off")])):
        write_tuning(tmp_path, read(stage, events_config=WEIGHTS, training_schedule="off"))
        assert read_tuning_file(tmp_path) == ("personalize-broker", found)
    assert read_tuning_file(tmp_path / "nothing") == ("", [])


def test_where_nothing_is_wanted_aws_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))  # a client without a region is an error
    write_tuning(tmp_path, read("recommend"))
    assert main([str(tmp_path)]) == 0
    write_tuning(tmp_path, read("recommend", training_schedule="off"))
    assert main([str(tmp_path), "--require-approval=never"]) == 1


def test_make_deploy_tunes_after_cloudformation_by_the_same_profile() -> None:
    command = ["make", "--dry-run", "deploy", "FLAGS=--profile shop"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    lines = [line for line in done.stdout.splitlines() if "cdk deploy" in line or "apply_tuning" in line]

    assert lines == [
        "./cdk deploy --app cdk.out --profile shop",
        ".venv/bin/python -m infra.apply_tuning cdk.out --profile shop",
    ]


def trainings(**values: Any) -> Any:
    settings = read("train", **values)
    bought = bill(traffic(Shop(), settings), settings, read_prices(EXAMPLE)).items
    return {item.name: item.quantity for item in bought}.get("Personalize training")


def test_the_bill_has_as_many_trainings_as_there_are() -> None:
    assert abs(trainings(training_schedule="rate(14 days)") * 2 - trainings()) < trainings() / 10**9
    assert trainings(training_schedule="off") is None


def test_the_alarm_on_an_old_model_follows_the_schedule(made: Synthesise) -> None:
    def oldest(**context: str) -> list[int]:
        alarms = made("train", context).of_type("CloudWatch::Alarm").values()
        found = [one["Properties"] for one in alarms if one["Properties"]["AlarmName"].endswith("-model-old")]
        return [alarm["Threshold"] for alarm in found]

    assert oldest() == [10]
    assert oldest(**{"broker:training_schedule": "rate(30 days)"}) == [33]
    assert oldest(**{"broker:training_schedule": "off"}) == []
