"""A run in which everything fails at some time: whatever people read of it holds nobody's identity and no secret.

Searched: every line that functions and services write (logs, metrics, errors), why something was quarantined and under
which key, what `./broker replay` says, the faults' page. Not the raw records, which the quarantine is there to keep.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from cli.replay import command
from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Post
from local_stack.mparticle.inputs import BROKER_FEED, INPUTS
from local_stack.settings import LocalStackSettings
from local_stack.stack import NAME, Stack
from tests.loop.clone import eventually
from tests.loop.trained import ITEMS, trained_stack

MPIDS = [-7_346_244_611_012_968_789 - number for number in range(12)]
IDENTITIES = ["ada.lovelace@shop.example", "LOYALTY-8812345678", "Lovelace", "+49 30 5550199", "198.51.100.23"]
ATTRIBUTES = ["Aromantic Sofa Club", "AAAA1111-BBBB-2222-CCCC-333344445555", "diabetic"]
FEED = INPUTS[BROKER_FEED]
SECRETS = [FEED.secret, base64.b64encode(f"{FEED.key}:{FEED.secret}".encode()).decode()]
PERSONAL = [*IDENTITIES, *ATTRIBUTES, *map(str, MPIDS), *SECRETS]
PUT, RECOMMEND, UPLOAD = "personalize.PutEvents", "personalize.GetRecommendations", "mparticle.BulkUploadEvents"
FAULTS: Mapping[str, list[dict[str, Any]]] = {
    "personalize": [
        {"fault": "invalid", "operation": PUT, "match": {"item": "BAD-*"}},
        {"fault": "denied", "operation": PUT, "times": 2},
        *({"fault": kind, "operation": PUT, "every": 4, "times": 3} for kind in ("throttling", "unavailable", "reset")),
        *({"fault": kind, "operation": RECOMMEND, "every": 3, "times": 2} for kind in ("half-reply", "throttling")),
        {"fault": "reset", "operation": RECOMMEND, "times": 2},
        {"fault": "latency", "operation": "personalize.*", "seconds": 0.05},
    ],
    "mparticle": [
        {"fault": "denied", "operation": UPLOAD, "times": 1},
        {"fault": "throttling", "operation": UPLOAD, "times": 1, "retry_after": 1},
        {"fault": "invalid", "operation": UPLOAD, "match": {"user": str(MPIDS[0])}},
        {"fault": "reset", "operation": UPLOAD, "times": 2, "when": "after"},
        {"fault": "half-reply", "operation": UPLOAD, "times": 1},
    ],
    "aws": [
        {"fault": "entries", "operation": "sqs.SendMessageBatch", "chance": 0.5, "times": 6},
        {"fault": "denied", "operation": "s3.PutObject", "times": 1},
        {"fault": "unavailable", "operation": "secretsmanager.GetSecretValue", "times": 1},
        {"fault": "half-reply", "operation": "kinesis.GetRecords", "every": 9, "times": 3},
    ],
}


@dataclass(frozen=True)
class Run:
    """What the run wrote where people read it, line by line; which faults struck; how much was quarantined and why."""

    lines: list[str]
    struck: Mapping[str, int]
    reasons: set[str]


@pytest.fixture(scope="module")
def run() -> Run:
    lines: list[str] = []
    with trained_stack(LocalStackSettings(shards=1, queue_delay=0), log=lines.append) as stack:
        urls = {"personalize": stack.personalize.url, "mparticle": stack.mparticle.url, "aws": stack.aws.url}
        for service, faults in FAULTS.items():
            loopback.post(f"{urls[service]}/_local/faults", json={"faults": faults}).raise_for_status()
        for turn in range(3):
            visits(stack, turn)
            assert eventually(lambda: stack.metrics.sum("Records") > 0)
        malformed(stack)
        assert eventually(lambda: quarantined(stack, "refresh/"))
        assert eventually(lambda: quarantined(stack, "ingest/"))
        shown = [loopback.get(f"{url}/_local/faults").json()["faults"] for url in urls.values()]
        for url in urls.values():
            requests.delete(f"{url}/_local/faults", timeout=60).raise_for_status()
        assert eventually(stack.is_idle)
        rows = [row for key in quarantined(stack) for row in quarantine_rows(stack, key)]
        lines += [json.dumps(row | {"record": "", "partition_key": ""}) for row in rows]
        lines += [*quarantined(stack), *replay(stack), *replay(stack, "--redrive")]
    struck = {f"{fault['fault']} {fault['operation']}": fault["struck"] for faults in shown for fault in faults}
    return Run(lines, struck, {row["reason"] for row in rows})


def visits(stack: Stack, turn: int) -> None:
    """Have every customer look at things on the web site, through mParticle, with all that it knows of them."""
    client = Client(stack.mparticle.url)
    for place, mpid in enumerate(MPIDS):
        items = [ITEMS[(turn * 7 + place) % len(ITEMS)], ITEMS[place], *(["BAD-1"] if place == turn else [])]
        client.post(Post("web", batch(mpid, turn, items), ()))


def batch(mpid: int, turn: int, items: list[str]) -> dict[str, Any]:
    mail, loyalty, name, phone, address = IDENTITIES
    product_action = {"action": "view_detail", "products": [{"id": item} for item in items]}
    event = {
        "timestamp_unixtime_ms": int(time.time() * 1000),
        "product_action": product_action,
        "custom_attributes": {"club": ATTRIBUTES[0], "diet": ATTRIBUTES[2]},
    }
    return {
        "environment": "production",
        "source_request_id": f"privacy-{mpid}-{turn}",
        "mpid": mpid,
        "user_identities": {"email": mail, "customer_id": loyalty},
        "user_attributes": {"$LastName": name, "$Mobile": phone, "club": ATTRIBUTES[0]},
        "device_info": {"android_uuid": ATTRIBUTES[1]},
        "ip": address,
        "events": [{"event_type": "commerce_event", "data": event}],
    }


def malformed(stack: Stack) -> None:
    """Put on the stream what nobody can read, as full of them as it can be."""
    told = json.dumps({"customer": MPIDS[1], "names": PERSONAL[:-2]})
    odd = json.dumps({"mpid": MPIDS[1], "events": [{"event_type": name, "data": name} for name in PERSONAL[:-2]]})
    for data in (told[:-9], told, odd, told + "\udcff", "\n".join(PERSONAL)):
        record = data.encode("utf-8", "surrogateescape")
        stack.client("kinesis").put_record(
            StreamName=stack.resources.stream_name, Data=record, PartitionKey=str(MPIDS[1])
        )
        stack.put_directly += 1


def quarantined(stack: Stack, prefix: str = "") -> list[str]:
    listed = stack.client("s3").list_objects_v2(Bucket=stack.resources.quarantine_bucket, Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", [])]


def quarantine_rows(stack: Stack, key: str) -> list[dict[str, Any]]:
    s3 = local_client("s3", stack.aws.url)
    body = s3.get_object(Bucket=stack.resources.quarantine_bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def replay(stack: Stack, *arguments: str) -> list[str]:
    environment = {
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_ENDPOINT_URL_PERSONALIZE": stack.personalize.url,
        "BROKER_NAME": NAME,
        "STREAM_NAME": stack.resources.stream_name,
        "QUARANTINE_BUCKET": stack.resources.quarantine_bucket,
        "ON_FAILURE_BUCKET": stack.resources.on_failure_bucket,
        "REFRESH_QUEUE_URL": stack.resources.queue_url,
    }
    done = CliRunner().invoke(command, list(arguments), env=environment)
    assert done.exit_code == 0, done.output
    assert "refused" in done.output
    return done.output.splitlines()


def test_everything_failed_at_some_time(run: Run) -> None:
    assert [fault for fault, times in run.struck.items() if not times] == []
    assert run.reasons >= {"refused", "not_json", "not_utf8", "not_a_batch", "no_well_formed_event"}


def test_logs_and_metrics_were_written_and_say_what_went_wrong(run: Run) -> None:
    text = "\n".join(run.lines)
    assert '"_aws"' in text, "metrics"
    for word in ("invocation failed", "Accepted", "Quarantined"):
        assert word in text


@pytest.mark.parametrize("word", PERSONAL)
def test_nothing_that_people_read_holds_an_identity_an_attribute_or_a_secret(run: Run, word: str) -> None:
    assert [line for line in run.lines if word in line] == []
