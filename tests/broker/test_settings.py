"""The environment variables: every good and bad value, and one error that names all that is wrong."""

import inspect
import json
from dataclasses import fields
from typing import Any

import pytest
from broker import ingest, refresh
from broker.environment_reader import SettingsError
from broker.experiment import Experiment, Variant
from broker.settings import IngestSettings, RefreshSettings, ingest_settings, refresh_settings, rewind_settings

from tests.broker.lambda_events import lambda_context, message

INGEST = {"TRACKING_ID": "tracker-1", "QUARANTINE_BUCKET": "quarantine"}
CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"
FILTER = "arn:aws:personalize:us-east-1:123456789012:filter/shop"
SECRET = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:mparticle-AbCdEf"
REFRESH = {
    "CAMPAIGN_ARN": CAMPAIGN,
    "MPARTICLE_SECRET_ARN": SECRET,
    "QUARANTINE_BUCKET": "quarantine",
    "STATE_TABLE": "state",
}
FOUR = {action: action for action in ("view_detail", "add_to_cart", "add_to_wishlist", "purchase")}


def of_ingest(**variables: str) -> IngestSettings:
    return ingest_settings(INGEST | variables)


def of_refresh(**variables: str) -> RefreshSettings:
    return refresh_settings(REFRESH | variables)


def test_without_any_other_variable_ingest_has_the_defaults() -> None:
    settings = of_ingest()
    assert (settings.tracking_id, settings.quarantine_bucket) == ("tracker-1", "quarantine")
    rules = settings.rules
    assert (rules.event_types, rules.environment, rules.event_value) == (FOUR, "production", True)
    assert (rules.consent_purpose, rules.consent_unknown, rules.honour_ccpa) == (None, "skip", True)
    assert (settings.refresh_queue_url, settings.refresh_actions, settings.concurrency) == (None, set(FOUR), 16)
    assert settings.view_sample == 1


def test_without_any_other_variable_refresh_has_the_defaults() -> None:
    expected = RefreshSettings(
        campaign_arn=CAMPAIGN,
        filter_arn=None,
        num_results=10,
        environment="production",
        mparticle_secret_arn=SECRET,
        mparticle_url="https://s2s.us1.mparticle.com",
        write_back_event=True,
        probe_mpid=None,
        quarantine_bucket="quarantine",
        state_table="state",
        concurrency=16,
        get_recommendations_per_second=500,
        mparticle_batches_per_second=270,
        maximum_concurrency=4,
        refreshes_per_day=None,
        suppression=None,
        correlation_table=None,
        experiment=None,
    )
    assert of_refresh() == expected
    unset = dict.fromkeys(["FILTER_ARN", "NUM_RESULTS", "MPARTICLE_POD", "MPARTICLE_URL", "WRITE_BACK_EVENT"], " ")
    assert of_refresh(**unset) == expected, "an empty variable is an unset one"


@pytest.mark.parametrize(
    ("variable", "text", "read", "expected"),
    [
        ("TRACKING_ID", " abc-1 ", lambda s: s.tracking_id, "abc-1"),
        ("EVENT_TYPES", "purchase", lambda s: s.rules.event_types, {"purchase": "purchase"}),
        (
            "EVENT_TYPES",
            "view_detail:View, purchase : Purchase ,click:,",
            lambda s: s.rules.event_types,
            {"view_detail": "View", "purchase": "Purchase", "click": "click"},
        ),
        ("EVENT_TYPES", "purchase:a:b", lambda s: s.rules.event_types, {"purchase": "a:b"}),
        ("EVENT_TYPES", "purchase", lambda s: s.refresh_actions, {"purchase"}),
        ("EVENT_VALUE", "off", lambda s: s.rules.event_value, False),
        ("EVENT_VALUE", "True", lambda s: s.rules.event_value, True),
        ("HONOUR_CCPA", "No", lambda s: s.rules.honour_ccpa, False),
        ("HONOUR_CCPA", "0", lambda s: s.rules.honour_ccpa, False),
        ("ENVIRONMENT", "DEVELOPMENT", lambda s: s.rules.environment, "development"),
        ("ENVIRONMENT", "Production", lambda s: s.rules.environment, "production"),
        ("CONSENT_PURPOSE", "Personal Ads", lambda s: s.rules.consent_purpose, "Personal Ads"),
        ("CONSENT_UNKNOWN", "skip", lambda s: s.rules.consent_unknown, "skip"),
        ("CONSENT_UNKNOWN", " SEND ", lambda s: s.rules.consent_unknown, "send"),
        ("REFRESH_ACTIONS", "purchase, add_to_cart", lambda s: s.refresh_actions, {"purchase", "add_to_cart"}),
        ("VIEW_SAMPLE", "0.25", lambda s: s.view_sample, 0.25),
        ("VIEW_SAMPLE", "0.0001", lambda s: s.view_sample, 0.0001),
        ("VIEW_SAMPLE", "0", lambda s: s.view_sample, 0),
        ("VIEW_SAMPLE", "1.0", lambda s: s.view_sample, 1),
        ("RECOMMENDATION_ID_ATTRIBUTE", " recs list ", lambda s: s.rules.recommendation_id_attribute, "recs list"),
        ("METRIC_ATTRIBUTION", "on", lambda s: s.metric_attribution, True),
        ("CONCURRENCY", "1", lambda s: s.concurrency, 1),
        ("CONCURRENCY", "256", lambda s: s.concurrency, 256),
    ],
)
def test_a_good_value_for_ingest(variable: str, text: str, read: Any, expected: Any) -> None:
    assert read(of_ingest(**{variable: text})) == expected


@pytest.mark.parametrize(
    ("variable", "text", "read", "expected"),
    [
        ("FILTER_ARN", FILTER, lambda s: s.filter_arn, FILTER),
        ("NUM_RESULTS", "500", lambda s: s.num_results, 500),
        ("ENVIRONMENT", "Development", lambda s: s.environment, "development"),
        ("WRITE_BACK_EVENT", "OFF", lambda s: s.write_back_event, False),
        ("PROBE_MPID", "-7346244611012968789", lambda s: s.probe_mpid, -7346244611012968789),
        ("PROBE_MPID", str(2**63 - 1), lambda s: s.probe_mpid, 2**63 - 1),
        ("MPARTICLE_POD", "EU1", lambda s: s.mparticle_url, "https://s2s.eu1.mparticle.com"),
        ("MPARTICLE_POD", "us2", lambda s: s.mparticle_url, "https://s2s.us2.mparticle.com"),
        ("MPARTICLE_POD", "au1", lambda s: s.mparticle_url, "https://s2s.au1.mparticle.com"),
        ("MPARTICLE_URL", "https://proxy.example/mp/", lambda s: s.mparticle_url, "https://proxy.example/mp"),
        ("MPARTICLE_URL", "http://127.0.0.1:8080", lambda s: s.mparticle_url, "http://127.0.0.1:8080"),
        ("MPARTICLE_URL", "http://[::1]:80/", lambda s: s.mparticle_url, "http://[::1]:80"),
        ("MPARTICLE_URL", "http://LOCALHOST", lambda s: s.mparticle_url, "http://LOCALHOST"),
        ("STATE_TABLE", " Broker-State_1.a ", lambda s: s.state_table, "Broker-State_1.a"),
        ("PROFILE_COLUMNS", "NAME, UNIT_PRICE,", lambda s: s.profile_columns, ("NAME", "UNIT_PRICE")),
    ],
)
def test_a_good_value_for_refresh(variable: str, text: str, read: Any, expected: Any) -> None:
    assert read(of_refresh(**{variable: text})) == expected


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TRACKING_ID", "two words"),
        ("TRACKING_ID", "x" * 257),
        ("EVENT_TYPES", "view"),
        ("EVENT_TYPES", "purchase,Purchase"),
        ("EVENT_TYPES", ","),
        ("EVENT_TYPES", ":View"),
        ("EVENT_TYPES", "purchase:" + "x" * 257),
        ("EVENT_VALUE", "maybe"),
        ("HONOUR_CCPA", "2"),
        ("ENVIRONMENT", "staging"),
        ("CONSENT_UNKNOWN", "maybe"),
        ("CONSENT_UNKNOWN", "yes"),
        ("REFRESH_ACTIONS", "refund"),
        ("REFRESH_ACTIONS", "views"),
        ("REFRESH_ACTIONS", ","),
        ("QUARANTINE_BUCKET", "s3://quarantine"),
        ("QUARANTINE_BUCKET", "Quarantine"),
        ("VIEW_SAMPLE", "25 %"),
        ("VIEW_SAMPLE", "1.5"),
        ("VIEW_SAMPLE", "-0.5"),
        ("VIEW_SAMPLE", "0.00001"),
        ("VIEW_SAMPLE", "1e-4"),
        ("VIEW_SAMPLE", "0,25"),
        ("VIEW_SAMPLE", ".5"),
        ("CONCURRENCY", "0"),
        ("CONCURRENCY", "257"),
        ("CONCURRENCY", "-1"),
        ("CONCURRENCY", "1.5"),
    ],
)
def test_a_bad_value_for_ingest_is_named(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^settings of ingest: {variable} [^;]+$"):
        of_ingest(**{variable: text})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CAMPAIGN_ARN", "shop"),
        ("CAMPAIGN_ARN", FILTER),
        ("CAMPAIGN_ARN", CAMPAIGN.replace("personalize", "sqs")),
        ("FILTER_ARN", CAMPAIGN),
        ("NUM_RESULTS", "501"),
        ("NUM_RESULTS", "ten"),
        ("NUM_RESULTS", "٣"),
        ("MPARTICLE_SECRET_ARN", "mparticle"),
        ("MPARTICLE_POD", "us3"),
        ("MPARTICLE_URL", "http://s2s.mparticle.com"),
        ("MPARTICLE_URL", "http://127.0.0.1.example.com"),
        ("MPARTICLE_URL", "http://127.0.0.1@example.com"),
        ("MPARTICLE_URL", "http://localhost.example.com"),
        ("MPARTICLE_URL", "http://10.0.0.1"),
        ("MPARTICLE_URL", "ftp://127.0.0.1"),
        ("MPARTICLE_URL", "https://"),
        ("MPARTICLE_URL", "https://["),
        ("MPARTICLE_URL", "s2s.mparticle.com"),
        ("WRITE_BACK_EVENT", "-"),
        ("PROFILE_COLUMNS", "ITEM_ID"),
        ("PROFILE_COLUMNS", "id"),
        ("PROFILE_COLUMNS", "UNIT PRICE"),
        ("PROFILE_COLUMNS", "NAME,name"),
        ("PROFILE_COLUMNS", ",".join(f"C{number}" for number in range(11))),
        ("PROBE_MPID", "0"),
        ("PROBE_MPID", str(2**63)),
        ("PROBE_MPID", "1.5"),
        ("PROBE_MPID", "broker-probe"),
        ("STATE_TABLE", "ab"),
        ("STATE_TABLE", "x" * 256),
        ("STATE_TABLE", "arn:aws:dynamodb:us-east-1:123456789012:table/state"),
    ],
)
def test_a_bad_value_for_refresh_is_named(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^settings of refresh: {variable} [^;]+$"):
        of_refresh(**{variable: text})


@pytest.mark.parametrize("url", ["https://sqs.eu-central-1.amazonaws.com/1/q", "http://127.0.0.1:5000/1/q"])
def test_a_queue_is_reached_by_https_or_on_loopback(url: str) -> None:
    settings = of_ingest(REFRESH_QUEUE_URL=url, PURCHASE_QUEUE_URL=f"{url}-purchases")
    assert (settings.refresh_queue_url, settings.purchase_queue_url) == (url, f"{url}-purchases")


@pytest.mark.parametrize("url", ["my-queue", "http://sqs.us-east-1.amazonaws.com/1/q"])
@pytest.mark.parametrize("wrong", ["REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL"])
def test_a_queues_url_that_is_none_is_named(wrong: str, url: str) -> None:
    good = dict.fromkeys(("REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL"), "https://sqs.eu-central-1.amazonaws.com/1/q")
    with pytest.raises(SettingsError, match=rf"^settings of ingest: {wrong} [^;]+$"):
        of_ingest(**good | {wrong: url})


@pytest.mark.parametrize(
    ("connect", "settings"),
    [((ingest._ingest, ingest.connect), IngestSettings), ((refresh._refresh, refresh._user_lists), RefreshSettings)],
)
def test_each_setting_is_handed_on_to_the_steps(connect: Any, settings: Any) -> None:
    source = "".join(inspect.getsource(inspect.unwrap(function)) for function in connect)
    assert [field.name for field in fields(settings) if f"settings.{field.name}" not in source] == []


def test_columns_come_with_at_most_fifty_items() -> None:
    assert of_refresh(PROFILE_COLUMNS="NAME", NUM_RESULTS="50").num_results == 50
    with pytest.raises(SettingsError, match="NUM_RESULTS must be at most 50 with PROFILE_COLUMNS"):
        of_refresh(PROFILE_COLUMNS="NAME", NUM_RESULTS="51")


def test_rewind_has_the_settings_of_ingest_and_needs_a_suppression_list() -> None:
    listed = {"CONTROL_BUCKET": "control", "SUPPRESSION_KEY_ARN": SECRET}
    assert rewind_settings(INGEST | listed) == of_ingest(**listed)
    with pytest.raises(
        SettingsError, match=r"^settings of rewind: CONTROL_BUCKET is missing; SUPPRESSION_KEY_ARN is m"
    ):
        rewind_settings(INGEST)
    with pytest.raises(SettingsError, match=r"^settings of rewind: SUPPRESSION_KEY_ARN is missing$"):
        rewind_settings(INGEST | {"CONTROL_BUCKET": "control"})


def test_a_refresh_action_has_to_be_a_reported_one() -> None:
    assert of_ingest(EVENT_TYPES="click,purchase", REFRESH_ACTIONS="click").refresh_actions == {"click"}
    with pytest.raises(SettingsError, match="REFRESH_ACTIONS names an action that EVENT_TYPES does not report: click"):
        of_ingest(REFRESH_ACTIONS="click,purchase")


@pytest.mark.parametrize(
    ("there", "missing"), [("REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL"), ("PURCHASE_QUEUE_URL", "REFRESH_QUEUE_URL")]
)
def test_the_two_queues_go_together(there: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^settings of ingest: {missing} is missing$"):
        of_ingest(**{there: "https://sqs.eu-central-1.amazonaws.com/1/q"})


@pytest.mark.parametrize(
    ("there", "missing"), [("IMPRESSION_LIST", "IMPRESSIONS_TABLE"), ("IMPRESSIONS_TABLE", "IMPRESSION_LIST")]
)
def test_the_impression_list_and_its_table_go_together(there: str, missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^settings of ingest: {missing} is missing$"):
        of_ingest(**{there: "slot"})
    settings = of_ingest(IMPRESSION_LIST="home page", IMPRESSIONS_TABLE="impressions")
    assert (settings.rules.impression_list, settings.impressions_table) == ("home page", "impressions")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("RECOMMENDATION_ID_ATTRIBUTE", "x" * 257),
        ("METRIC_ATTRIBUTION", "maybe"),
        ("IMPRESSIONS_TABLE", "ab"),
        ("IMPRESSION_LIST", "x" * 257),
    ],
)
def test_what_cannot_be_an_attribute_a_list_or_a_table_is_named(variable: str, text: str) -> None:
    both = {"IMPRESSION_LIST": "slot", "IMPRESSIONS_TABLE": "impressions"}
    with pytest.raises(SettingsError, match=rf"^settings of ingest: {variable} [^;]+$"):
        of_ingest(**both | {variable: text})


def test_one_error_names_everything_that_is_missing_or_wrong() -> None:
    with pytest.raises(SettingsError) as ingests:
        ingest_settings({"EVENT_TYPES": "view", "EVENT_VALUE": "maybe", "CONCURRENCY": "0", "QUARANTINE_BUCKET": " "})
    expected = ["CONCURRENCY", "EVENT_TYPES", "EVENT_VALUE", "QUARANTINE_BUCKET is missing", "TRACKING_ID is missing"]
    problems = sorted(ingests.value.problems)
    assert [problem.startswith(start) for problem, start in zip(problems, expected, strict=True)] == [True] * 5
    assert all(problem in str(ingests.value) for problem in problems)
    with pytest.raises(SettingsError) as refreshs:
        refresh_settings({"MPARTICLE_POD": "mars", "ENVIRONMENT": "test"})
    expected = ["CAMPAIGN_ARN is missing", "MPARTICLE_SECRET_ARN is missing", "MPARTICLE_POD", "ENVIRONMENT"]
    assert all(start in str(refreshs.value) for start in expected)


@pytest.mark.parametrize(
    ("handler", "event", "missing"),
    [
        (ingest.handler, {"Records": []}, "TRACKING_ID"),
        (refresh.handler, {"Records": [message("m")]}, "CAMPAIGN_ARN"),
    ],
    ids=["ingest", "refresh"],
)
def test_a_function_without_its_settings_says_which(
    handler: Any, event: Any, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (*INGEST, *REFRESH):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVIRONMENT", "staging")
    for _ in range(2):  # not only at the first invocation of a process
        with pytest.raises(SettingsError, match=f"{missing} is missing.*ENVIRONMENT must be"):
            handler(event, lambda_context(f"without-{missing}"))
    assert capsys.readouterr().out.count('"ConfigurationErrors":[1.0]') == 2, "and the alarm on it rings"


def test_both_functions_read_the_experiment() -> None:
    value = {"name": "autumn", "variants": {"control": {"weight": 1}, "b": {"weight": 1, "campaign_arn": CAMPAIGN}}}
    expected = Experiment("autumn", {"control": Variant(1), "b": Variant(1, CAMPAIGN)})
    assert of_ingest(EXPERIMENT=json.dumps(value)).experiment == expected
    assert of_refresh(EXPERIMENT=json.dumps(value)).experiment == expected
    assert of_ingest().experiment is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("autumn", "EXPERIMENT must be a JSON object, not 'autumn'"),
        ("[]", "EXPERIMENT must be an object like"),
        ('{"name": "autumn", "variants": {"a": {"weight": 0}}}', "EXPERIMENT variant a: weight must be"),
        (
            '{"name": "autumn", "holdout_list": "popular", "holdout": 5, "variants": {"a": {"weight": 1}}}',
            "EXPERIMENT has holdout_list popular, but no holdout_campaign_arn",
        ),
    ],
)
def test_a_wrong_experiment_is_named_by_refresh(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        of_refresh(EXPERIMENT=text)
