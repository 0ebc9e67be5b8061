"""The raw archive: nothing of it unless it is switched on, and then no further open than it must be."""

import json
import re
from decimal import Decimal
from typing import Any

from infra.cost.bill import ALARM_METRICS, ARCHIVE_ALARM_METRICS, bill
from infra.paths import ROOT
from infra.settings import Stage, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON, FULL, Synthesised
from tests.infra.test_cost import ONE_PER_SECOND, PRICES
from tests.infra.test_monitoring import alarms, metrics_of

ON = {"broker:archive": True}


def allowed(synthesised: Synthesised, role: str) -> dict[str, set[str]]:
    """Return for each action of a role the ends of what it is allowed on: a prefix, or the logical id."""
    found: dict[str, set[str]] = {}
    for statement in synthesised.statements(f"Archive{role}"):
        actions, resources = (
            [one] if not isinstance(one, list) else one for one in (statement["Action"], statement["Resource"])
        )
        for action in actions:
            found.setdefault(action, set()).update(map(end, resources))
    return found


def end(resource: dict[str, Any]) -> str:
    if "Fn::Join" in resource:
        assert "ArchiveBucket" in json.dumps(resource)
        return str(resource["Fn::Join"][1][-1])
    return re.sub(r"[0-9A-F]{8}$", "", resource["Fn::GetAtt"][0])


def test_it_is_off_by_default_and_changes_nothing_else(made: Synthesise) -> None:
    without, with_archive = made("collect").template["Resources"], made("collect", ON).template["Resources"]
    assert [id for id in without if "Archive" in id] == []
    added = {id for id in with_archive if id not in without}
    assert {id for id in added if not id.startswith(("Archive", "Alarmsarchive"))} == set()
    dashboards = {id for id in without if without[id]["Type"] == "AWS::CloudWatch::Dashboard"}
    assert {id for id in without if without[id] != with_archive[id]} <= dashboards


def test_firehose_reads_the_stream_and_writes_in_the_form_that_is_read(made: Synthesise) -> None:
    delivery = made("collect", ON).properties("KinesisFirehose::DeliveryStream")
    target = delivery["ExtendedS3DestinationConfiguration"]
    assert delivery["DeliveryStreamType"] == "KinesisStreamAsSource"
    assert (target["Prefix"], target["ErrorOutputPrefix"], target["CompressionFormat"]) == ("raw/", "errors/", "GZIP")
    assert target["ProcessingConfiguration"] == {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]}
    assert target["BufferingHints"] == {"IntervalInSeconds": 300, "SizeInMBs": 64}


def test_each_role_may_what_it_is_for(made: Synthesise) -> None:
    archive = made("collect", ON)
    key, raw, both = frozenset(["ArchiveKey"]), frozenset(["/raw/*"]), frozenset(["/raw/*", "/errors/*"])
    stream, bucket = frozenset(["EventsStream"]), frozenset(["ArchiveBucket"])
    of_stream = dict.fromkeys(("DescribeStream", "GetShardIterator", "GetRecords", "ListShards"), stream)
    assert allowed(archive, "DeliveryRole") == {
        **{f"kinesis:{action}": resources for action, resources in of_stream.items()},
        **dict.fromkeys(("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"), both),
        **dict.fromkeys(("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"), bucket),
        **dict.fromkeys(("kms:Decrypt", "kms:GenerateDataKey"), key),
        "logs:PutLogEvents": {"ArchiveLogs"},
    }
    reads = {"s3:GetObject": raw, "s3:ListBucket": bucket, "kms:Decrypt": key}
    assert allowed(archive, "Reader") == reads
    erases = {"s3:PutObject": raw, "s3:DeleteObject": both, "kms:GenerateDataKey": key}
    assert allowed(archive, "Eraser") == reads | erases


def test_records_are_forgotten_and_encrypted_with_a_key_of_their_own(made: Synthesise) -> None:
    bucket = made("collect", {**ON, "broker:archive_days": 7}).properties("S3::Bucket", "Archive")
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert "ArchiveKey" in json.dumps(encryption)
    assert bucket["LifecycleConfiguration"]["Rules"][0] == {"ExpirationInDays": 7, "Status": "Enabled"}
    assert made("collect", ON).properties("KMS::Key")["EnableKeyRotation"] is True


def test_only_firehose_of_this_account_takes_its_role_and_only_this_account_the_others(made: Synthesise) -> None:
    archive = made("collect", ON)
    (trust,) = archive.properties("IAM::Role", "ArchiveDeliveryRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "AWS::AccountId"}}}
    for role in ("ArchiveReader", "ArchiveEraser"):
        (trust,) = archive.properties("IAM::Role", role)["AssumeRolePolicyDocument"]["Statement"]
        assert json.dumps(trust["Principal"]).count("AWS::AccountId") == 1
        assert trust["Principal"]["AWS"]["Fn::Join"][1][-1] == ":root"


def test_the_commands_find_it_by_the_stacks_outputs(made: Synthesise) -> None:
    assert [name for name in made("collect").template["Outputs"] if name.startswith("Archive")] == []
    outputs = made("collect", {**ON, "broker:archive_days": 7}).template["Outputs"]
    assert outputs["ArchiveDays"]["Value"] == "7"
    for name, logical_id in (
        ("Bucket", "ArchiveBucket"),
        ("ReaderRoleArn", "ArchiveReader"),
        ("EraserRoleArn", "ArchiveEraser"),
    ):
        assert logical_id in json.dumps(outputs[f"Archive{name}"]["Value"])


def test_two_alarms_watch_firehose_and_each_has_its_section_in_the_runbook(made: Synthesise) -> None:
    found = alarms(made("collect", ON))
    late, behind = found["archive-late"], found["archive-behind"]
    assert (late["MetricName"], late["Threshold"]) == ("DeliveryToS3.DataFreshness", 1_800)
    assert (behind["MetricName"], behind["Threshold"]) == ("KinesisMillisBehindLatest", 1_800_000)
    for alarm in (late, behind):
        assert alarm["Dimensions"] == [{"Name": "DeliveryStreamName", "Value": {"Ref": "ArchiveDelivery"}}]
        assert (alarm["EvaluationPeriods"], alarm["Statistic"], alarm["TreatMissingData"]) == (
            2,
            "Maximum",
            "notBreaching",
        )
    sections = re.findall(r"^## `personalize-broker-(.+)`$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert {"archive-late", "archive-behind"} <= set(sections)
    number = sum(len(metrics_of(alarm)) for alarm in found.values())
    assert number == ALARM_METRICS[Stage.COLLECT] + ARCHIVE_ALARM_METRICS


def test_its_cost_is_what_it_is_by_hand() -> None:
    """2,628,000 records of 7 KB, which count as 10; 17.5436 GB, of which a fifth stays for 7 days."""

    def usd(**values: Any) -> dict[str, Decimal | None]:
        context = CDK_JSON["context"] | FULL | {f"broker:{key}": value for key, value in values.items()}
        traffic = ONE_PER_SECOND.having({"record_kb": Decimal(7)}, "test")
        return {item.name: item.usd for item in bill(traffic, read_settings(context, "collect", ROOT), PRICES).items}

    by_hand = {
        "Archive key": "1.00",
        "Archive read": "0.70175",  # 17.5436 GB at 0.04
        "Archive delivery": "0.72681",  # 25.0623 GB at 0.029
        "Archive storage": "0.018572",  # 17.5436 · 0.2 · 168/730 GB-months at 0.023
    }
    without, with_archive = usd(), usd(archive=True, archive_days=7)
    assert set(with_archive) - set(without) == set(by_hand)
    for name, cost in by_hand.items():
        assert abs((with_archive[name] or 0) - Decimal(cost)) < Decimal("0.0001"), name
    assert with_archive["CloudWatch alarms"] == without["CloudWatch alarms"] + 2 * Decimal("0.10")
    provisioned = usd(archive=True, stream_mode="provisioned", shards=2)
    assert "Archive read" not in provisioned
