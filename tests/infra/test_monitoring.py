"""Alarms and dashboard: every metric is one that somebody writes, under the very name and dimensions."""

import io
import json
import re
from contextlib import redirect_stdout
from typing import Any

import pytest
from broker.metric_names import Metric
from broker.reasons import QuarantineReason
from broker.telemetry import Counts, Telemetry

from infra.paths import LAMBDA_SRC, ROOT
from tests.broker.lambda_events import lambda_context
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import Synthesised

# Of AWS: Lambda's function and event source mapping metrics, Kinesis's stream metrics, SQS's.
OF_AWS = {
    "AWS/Lambda": {
        "Errors",
        "Throttles",
        "IteratorAge",
        "DestinationDeliveryFailures",
        "OnFailureDestinationDeliveredEventCount",
    },
    "AWS/Firehose": {"DeliveryToS3.DataFreshness", "KinesisMillisBehindLatest"},
    "AWS/Kinesis": {"IncomingRecords", "IncomingBytes", "WriteProvisionedThroughputExceeded"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
}


def alarms(synthesised: Synthesised) -> dict[str, dict[str, Any]]:
    """Return the properties of all alarms that tell somebody, by what follows the stack's name in theirs."""
    found = [alarm["Properties"] for alarm in synthesised.of_type("CloudWatch::Alarm").values()]
    named = {one["AlarmName"].removeprefix("personalize-broker-"): one for one in found}
    return {name: one for name, one in named.items() if "rollback-" not in name}


# Where each function counts.
MODULES = {
    "ingest": ("ingest", "intake", "telemetry"),
    "refresh": ("refresh", "profile_comparison", "telemetry"),
    "daily check": ("daily_check",),
    "impressions": ("impression_matching",),  # of ingest, where it reads any
    "metadata": ("metadata/collector",),  # likewise
    "put metadata": ("metadata/sender",),
}


def counted(function: str) -> set[str]:
    """Return the names of the metrics that the modules of a function mention."""
    source = "".join((LAMBDA_SRC / "broker" / f"{module}.py").read_text() for module in MODULES[function])
    return {Metric[member] for member in re.findall(r"\bMetric\.([A-Z_]+)", source)}


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics of an alarm, of one by metric math all in the expression."""
    if "Metrics" not in alarm:
        return [alarm]
    return [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]


def flow(function_name: Any) -> str:
    """Return which of the functions a reference names."""
    named = {"RefreshFunction": "refresh", "DailyCheckFunction": "daily check", "IngestFunction": "ingest"}
    return next(name for id, name in named.items() if id in str(function_name))


def dashboard_metrics(synthesised: Synthesised) -> list[list[Any]]:
    """Return the metrics of all graphs: namespace, name, then dimensions."""
    (body,) = (value["Properties"]["DashboardBody"] for value in synthesised.of_type("CloudWatch::Dashboard").values())
    text = "".join(
        part if isinstance(part, str) else json.dumps(part).replace('"', "'") for part in body["Fn::Join"][1]
    )
    return [metric for widget in json.loads(text)["widgets"] for metric in widget["properties"].get("metrics", [])]


def test_every_metric_is_counted_by_a_function() -> None:
    assert set.union(*map(counted, MODULES)) == set(Metric)


def test_there_is_an_alarm_for_every_way_to_fail(made: Synthesise) -> None:
    for_each = {"errors", "throttles", "configuration", "quarantine"}
    early = {
        "records-not-read",
        "iterator-age",
        "training-late",
        "few-accepted",
        "stream-writes-refused",
        "put-events-quota",
        "on-failure",
        "on-failure-lost",
        "no-events-accepted",
        "mparticle-connected",
    } | {f"ingest-{one}" for one in for_each}

    daily = {"training-failed", "model-old", "old-model-served", "personalize-not-active"}
    daily |= {"accepted-share-fell", "daily-check-errors"}

    assert set(alarms(made("collect"))) == early
    assert set(alarms(made("train"))) == early | daily
    late = {"dead-letters", "refresh-retrying", "refresh-state", "refreshes-not-queued"} | {
        "refreshes-late",
        "purchases-late",
        "profiles-late",
        "no-profiles-written",
        "profiles-behind",
        "get-recommendations-quota",
        "mparticle-quota",
    }
    assert set(alarms(made("recommend"))) == early | daily | late | {f"refresh-{one}" for one in for_each}


def test_each_queue_has_an_alarm_on_its_oldest_message_and_is_on_the_dashboard(made: Synthesise) -> None:
    recommend = made("recommend")
    oldest = {
        name: metric["Dimensions"][0]["Value"]
        for name, alarm in alarms(recommend).items()
        for metric in metrics_of(alarm)
        if metric["MetricName"] == "ApproximateAgeOfOldestMessage"
    }
    shown = {str(metric[3]) for metric in dashboard_metrics(recommend) if metric[0] == "AWS/SQS"}

    assert oldest.keys() == {"refreshes-late", "purchases-late"}
    assert "Purchases" in str(oldest["purchases-late"])
    assert "Purchases" not in str(oldest["refreshes-late"])
    assert len(shown) == 3, "both queues, and their dead letters"


def test_every_metric_of_an_alarm_is_one_of_this_stack(made: Synthesise) -> None:
    for name, alarm in alarms(made("recommend")).items():
        for metric in metrics_of(alarm):
            assert metric["Dimensions"], name


def test_every_metric_of_an_alarm_or_a_graph_is_written_by_somebody(made: Synthesise) -> None:
    recommend = made("recommend")
    shown = [
        (
            dashboard_metric[0],
            dashboard_metric[1],
            dict(zip(dashboard_metric[2::2], dashboard_metric[3::2], strict=False)),
        )
        for dashboard_metric in dashboard_metrics(recommend)
    ]
    for metric in (metric for alarm in alarms(recommend).values() for metric in metrics_of(alarm)):
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        shown.append((metric["Namespace"], metric["MetricName"], dimensions))

    for namespace, name, dimensions in shown:
        written = OF_AWS[namespace] if namespace in OF_AWS else counted(flow(dimensions["service"]))
        assert name in written, (namespace, name)
    assert len(shown) > 40


@pytest.mark.parametrize("function", ["ingest", "refresh"])
def test_the_functions_write_under_the_alarms_namespace_and_dimensions(made: Synthesise, function: str) -> None:
    with redirect_stdout(io.StringIO()) as printed:
        counts = Counts()
        counts.add(Metric.QUARANTINED, 2, QuarantineReason.REFUSED)
        telemetry, context = Telemetry(function), lambda_context(function)
        telemetry.publish(counts, context)
        telemetry.misconfigured(ValueError("wrong tracker"), context)
    objects = [json.loads(line) for line in printed.getvalue().splitlines() if "CloudWatchMetrics" in line]
    written = {
        (directive["Namespace"], metric["Name"], tuple((name, one[name]) for name in dimensions))
        for one in objects
        for directive in one["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }

    for name in "quarantine", "configuration":
        alarm = alarms(made("recommend"))[f"{function}-{name}"]
        dimensions = tuple((one["Name"], flow(one["Value"])) for one in alarm["Dimensions"])
        assert (alarm["Namespace"], alarm["MetricName"], dimensions) in written


def test_the_commands_of_the_mails_find_the_lines_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a term, CloudWatch finds the lines that have it as a word; a daily check's line is tested where it runs."""
    from infra.alarm_maker import LINES

    telemetry, context = Telemetry("mails"), lambda_context("mails")
    telemetry.publish(Counts(), context)
    telemetry.misconfigured(ValueError("20 of 20 refused, so the configuration is wrong"), context)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"message"' in line]

    assert set(LINES.values()) == {"outcomes", "check"}
    assert [line["message"] for line in lines if "outcomes" in line] == ["invocation"]
    failed = [line for line in lines if re.search(r"\bfailed\b", json.dumps(line))]
    assert [line["reason"] for line in failed] == ["20 of 20 refused, so the configuration is wrong"]


def test_silence_for_an_hour_is_an_alarm_and_so_is_no_metric_at_all(made: Synthesise) -> None:
    no_events = alarms(made("collect"))["no-events-accepted"]

    assert no_events["TreatMissingData"] == "breaching"
    assert [query.get("Expression") for query in no_events["Metrics"]] == ["FILL(accepted, 0)", None]
    assert no_events["Metrics"][1]["MetricStat"]["Period"] == 3600
    assert (no_events["ComparisonOperator"], no_events["Threshold"]) == ("LessThanThreshold", 1)


MAX_DESCRIPTION = 1_024  # characters (CloudWatch, PutMetricAlarm); ids of a deployment are longer than logical ones
FLOORS = {"no-events-accepted", "few-accepted"}
CONNECTED = "mparticle-connected"  # no failure, but a state


def test_no_other_alarm_rings_because_nothing_happens(made: Synthesise) -> None:
    others = {name: one for name, one in alarms(made("recommend")).items() if name not in {*FLOORS, CONNECTED}}

    assert {value["TreatMissingData"] for value in others.values()} == {"notBreaching"}
    assert {one["ComparisonOperator"] for one in others.values()} == {"GreaterThanThreshold"}


def test_what_is_given_up_is_counted_for_the_streams_mapping(made: Synthesise) -> None:
    collect = made("collect")
    mapping = collect.properties("Lambda::EventSourceMapping")

    assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}
    assert alarms(collect)["on-failure"]["Dimensions"] == [
        {"Name": "EventSourceMappingUUID", "Value": {"Fn::GetAtt": ["IngestStreamMapping", "Id"]}}
    ]


EMAIL = {"broker:alarm_email": "shop@example.com"}
TOPIC, PAGER = (f"arn:aws:sns:us-east-1:210987654321:{name}" for name in ("alarms", "pager"))
BY_TOPIC, BY_PAGER = {"broker:alarm_topic_arn": TOPIC}, {"broker:page_topic_arn": PAGER}
MAIL = "mail"  # stands for the topic that the stack makes
PAGES = {
    "records-not-read",
    "on-failure",
    "on-failure-lost",
    "no-events-accepted",
    "no-profiles-written",
    "profiles-behind",
    "ingest-configuration",
    "refresh-configuration",
}


@pytest.mark.parametrize("stage", ["collect", "train", "recommend"])
@pytest.mark.parametrize(
    ("told", "pages", "tickets"),
    [
        (EMAIL, [MAIL], [MAIL]),
        (BY_TOPIC, [TOPIC], [TOPIC]),
        (BY_PAGER, [PAGER], [PAGER]),
        (EMAIL | BY_TOPIC, [MAIL, TOPIC], [MAIL, TOPIC]),
        (EMAIL | BY_PAGER, [PAGER], [MAIL]),
        (BY_TOPIC | BY_PAGER, [PAGER], [TOPIC]),
        (EMAIL | BY_TOPIC | BY_PAGER, [PAGER], [MAIL, TOPIC]),
    ],
)
def test_every_alarm_has_an_action_and_its_class_says_which(
    made: Synthesise, stage: str, told: dict[str, str], pages: list[str], tickets: list[str]
) -> None:
    synthesised = made(stage, {"broker:alarm_email": ""} | told)
    (mail,) = [{"Ref": id} for id in synthesised.of_type("SNS::Topic")] or [None]
    assert (mail is not None) == ("broker:alarm_email" in told)

    shown_by_pages = PAGES | {CONNECTED}
    for name, alarm in alarms(synthesised).items():
        expected = None if name in shown_by_pages else [mail if topic == MAIL else topic for topic in tickets]
        assert alarm.get("AlarmActions") == alarm.get("OKActions") == expected, name
    for page in composites(synthesised).values():
        assert page["AlarmActions"] == page["OKActions"] == [mail if topic == MAIL else topic for topic in pages]


def composites(synthesised: Synthesised) -> dict[str, dict[str, Any]]:
    """Return the properties of all composite alarms, by what follows the stack's name in theirs."""
    found = [alarm["Properties"] for alarm in synthesised.of_type("CloudWatch::CompositeAlarm").values()]
    return {one["AlarmName"].removeprefix("personalize-broker-"): one for one in found}


def text_of(description: Any) -> str:
    """Return what a mail says; what only a deployment knows is named by its logical id."""
    if isinstance(description, str):
        return description
    return "".join(part if isinstance(part, str) else part["Ref"] for part in description["Fn::Join"][1])


def test_a_mail_says_what_is_wrong_the_next_command_the_class_and_the_section_of_the_runbook(made: Synthesise) -> None:
    sections = set(re.findall(r"^## `(.+)`$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    shop = made("recommend", {"broker:name": "shop"})

    for full, alarm in (alarms(shop) | composites(shop)).items():
        name = full.removeprefix("shop-")
        text = text_of(alarm["AlarmDescription"])
        assert len(text) < MAX_DESCRIPTION - 200, name
        if name == CONNECTED:
            continue
        kind = "page" if name in PAGES or "AlarmRule" in alarm else "ticket"
        said = re.fullmatch(r"[^\n]+\.\nNext: (.+)\n(?:Or: .+\n)?What to do \((\w+)\): docs/runbook.md#(.+)", text)
        assert said, text
        assert said.groups()[1:] == (kind, f"personalize-broker-{name}")
        assert said[1].startswith(("aws logs tail ", "aws lambda ", "aws cloudwatch ", "./broker ")), name
        assert said[3] in sections
        assert ("AlarmRule" in alarm) == ("\nOr: ./broker failures --name shop --aws\n" in text), text
        assert all("--name shop --aws" in line for line in text.splitlines() if "./broker " in line), text


def test_a_page_names_the_alarms_that_show_it_and_each_of_them_shows_one_page(made: Synthesise) -> None:
    recommend = made("recommend")
    pages = composites(recommend)
    shown = [re.findall(r"is on: (.+)\.$", page["AlarmDescription"], re.MULTILINE)[0] for page in pages.values()]

    assert set(pages) == {"nothing-reaches-personalize", "records-lost", "profiles-stand-still"}
    assert set(composites(made("collect"))) == {"nothing-reaches-personalize", "records-lost"}
    assert sorted(name for one in shown for name in one.split(", ")) == sorted(PAGES)


def test_the_descriptions_lead_to_a_copy_of_the_runbook(made: Synthesise) -> None:
    described = alarms(made("collect", {"broker:runbook_url": "https://wiki.example/runbook"}))

    assert len(described) > 10
    for name, alarm in described.items():
        address = f"https://wiki.example/runbook#personalize-broker-{name}"
        assert text_of(alarm["AlarmDescription"]).endswith(address)


def test_the_address_gets_a_mail_from_a_topic_of_the_stack(made: Synthesise) -> None:
    assert made("recommend").properties("SNS::Subscription")["Endpoint"] == "shop@example.com"


def test_cloudwatch_may_publish_to_a_topic_that_has_a_policy_of_its_own(made: Synthesise) -> None:
    statements = made("recommend").properties("SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_without_a_receiver_there_is_no_topic_and_no_action(made: Synthesise) -> None:
    quiet = made("collect", {"broker:alarm_email": ""})

    assert not quiet.of_type("SNS::Topic")
    assert all("AlarmActions" not in alarm for alarm in (alarms(quiet) | composites(quiet)).values())
