"""A running ``./broker serve``: its lines work in a shell, for any AWS SDK, and it takes everything down with it."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from local_stack import loopback
from local_stack.aws.session import local_client
from tests.json_numbers import rounded
from tests.loop.clone import PATIENCE, ROOT, Clone, eventually
from tests.loop.conftest import NOBODY_LISTENS
from tests.loop.guide_commands import NOT_LOCAL, Script, reason, scripts
from tests.real_data import wire
from tests.replay.world import row

AWS_CLI = ROOT / ".venv/clients/bin/aws"
EVAL = 'eval "$(./broker outputs --export)"'
SHOWN_KEY = "ingest/2026/11/20/shardId-000000000000-1f0c.ndjson"  # in the runbook
RUNNABLE = list({script.runnable: script for script in scripts(ROOT / "docs") if script.runnable}.values())
CUSTOMER = -6_917_529_027_641_081_857

# What a developer's own program may do: nothing in it knows of local services.
OWN_PROGRAM = """
import json, os, sys, boto3
record, customer = sys.argv[1:]
boto3.client("personalize-events").put_events(
    trackingId=os.environ["TRACKING_ID"], userId="1", sessionId="1",
    eventList=[{"eventId": "own", "eventType": "view_detail", "itemId": "own", "sentAt": 1700000000}],
)
boto3.client("kinesis").put_record(StreamName=os.environ["STREAM_NAME"], Data=record, PartitionKey=customer)
answer = boto3.client("personalize-runtime").get_recommendations(
    campaignArn=os.environ["CAMPAIGN_ARN"], userId="1", numResults=5
)
campaigns = boto3.client("personalize").list_campaigns()["campaigns"]
print(json.dumps({"items": answer["itemList"], "campaigns": [one["campaignArn"] for one in campaigns]}))
"""


@dataclass(frozen=True)
class Serving:
    """A ``serve`` that is ready, and what it has said."""

    process: subprocess.Popen[str]
    lines: list[str]
    values: Mapping[str, str]


def serve(clone: Clone, *arguments: str, environment: Mapping[str, str] | None = None) -> Serving:
    process = clone.start("serve", *arguments, environment=environment)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "# ready\n":
            break
    assert lines[-1:] == ["# ready\n"], process.stderr and process.stderr.read()
    exports = [shlex.split(line) for line in lines[:-1]]
    assert {export[0] for export in exports} == {"export"}
    return Serving(process, lines, dict(export[1].split("=", 1) for export in exports))


@pytest.fixture(scope="module")
def serving(clone: Clone) -> Iterator[Serving]:
    running = serve(clone)
    with running.process as process:
        yield running
        process.kill()


def in_shell(clone: Clone, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a shell that has the file's exports, behind a proxy that can't reach this machine."""
    script = '. ./.local.env && exec "$0" -c "$@"'
    return subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", script, sys.executable, program, *arguments],
        cwd=clone.root,
        env=in_quiet(clone),
        capture_output=True,
        text=True,
        check=True,
    )


def in_quiet(clone: Clone) -> dict[str, str]:
    """Return the environment of a shell that has nothing but a proxy that can't reach this machine."""
    return {"PATH": os.defpath, "HOME": str(clone.temporary), "HTTP_PROXY": NOBODY_LISTENS}


def record() -> str:
    event = wire.product_event(
        action="add_to_cart", products=[{"id": "own"}], event_id=7, session="s", time_ms=int(time.time() * 1000)
    )
    return wire.record(wire.batch(customer="own", mpid=CUSTOMER, events=[event], time_ms=0)).decode()


def test_the_file_holds_what_was_printed_for_every_service(clone: Clone, serving: Serving) -> None:
    assert clone.local_env.read_text() == "".join(serving.lines[:-1])
    endpoints = {f"AWS_ENDPOINT_URL{suffix}" for suffix in ("", "_PERSONALIZE", "_PERSONALIZE_EVENTS")}
    assert set(serving.values) >= endpoints | {
        *("AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"),
        *("AWS_DEFAULT_REGION", "STREAM_NAME", "TRACKING_ID", "CAMPAIGN_ARN", "STATE_TABLE", "MPARTICLE_URL"),
    }
    urls = [value for value in serving.values.values() if "://" in value]
    assert all(url.startswith("http://127.0.0.1:") for url in urls)


def test_a_program_that_knows_nothing_of_local_services_works_in_a_shell_with_the_exports(
    clone: Clone, serving: Serving
) -> None:
    done = in_shell(clone, OWN_PROGRAM, record(), str(CUSTOMER))
    said = json.loads(done.stdout)
    assert len(said["items"]) == 5
    assert said["campaigns"] == [serving.values["CAMPAIGN_ARN"]]
    profile = f"{serving.values['MPARTICLE_URL']}/userprofile/v1/org/account/workspace/{CUSTOMER}"
    assert eventually(lambda: "product_recs" in loopback.get(profile, params={"fields": "user_attributes"}).text)


def test_a_sample_event_through_the_real_functions_prints_the_customers_profile(clone: Clone, serving: Serving) -> None:
    done = clone.run("invoke", "--local", "--json", "events/purchase.json")
    assert done.returncode == 0, done.stderr
    [said] = [json.loads(line) for line in done.stdout.splitlines()]
    assert said["answer"] == {"batchItemFailures": []}
    assert said["profile"]["mpid"] == said["mpid"] == "5103277684950218837"
    assert rounded(said) == []
    assert len(said["profile"]["user_attributes"]["product_recs"]) == 10
    accepted = loopback.get(f"{serving.values['AWS_ENDPOINT_URL_PERSONALIZE']}/_local/events", params={"limit": 10_000})
    ids = {event["eventId"] for event in accepted.json()["events"]}
    assert {one["eventId"] for one in said["interactions"]} <= ids


def test_status_says_how_much_of_each_quota_the_running_functions_use(clone: Clone, serving: Serving) -> None:
    done = clone.run("status", "--local", "--json")
    assert done.returncode == 0, done.stderr
    rates = json.loads(done.stdout)["rates"]
    assert rates["reported"] > 0
    assert rates["put_events"]["quota"] == 1000
    assert 0 < rates["put_events"]["per_second"] <= rates["reported"]
    assert rates["postponed"] is not None, "refresh runs, so its rates are known"
    in_words = clone.run("status", "--local").stdout
    assert "refreshes postponed" in in_words
    assert "GetRecommendations calls" in in_words


def test_cost_takes_its_inputs_from_what_the_running_functions_count(clone: Clone, serving: Serving) -> None:
    done = clone.run("cost", "--local", "--json", "--stage", "recommend", "--record-kb", "2")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    known = {name: one["from"].partition(" minutes of ")[0] for name, one in said["inputs"].items()}
    counted = (
        "events_per_second",
        "records_per_event",
        "reported_per_event",
        "refreshes_per_event",
        "writes_per_event",
    )
    assert {known[name] for name in (*counted, "trained_interactions")} == {"the last 5"}
    assert (known["record_kb"], known["wait_ms"]) == ("option", "default")
    assert float(said["inputs"]["events_per_second"]["value"]) > 0
    assert float(said["inputs"]["trained_interactions"]["value"]) > 0


def test_faults_and_replay_find_the_running_services_by_themselves(clone: Clone, serving: Serving) -> None:
    for operation in ("personalize.PutEvents", "mparticle.BulkUploadEvents", "sqs.SendMessageBatch"):
        assert clone.run("faults", "add", "throttling", operation, "--start", "900").returncode == 0
    listed = clone.run("faults", "list", "--json")
    assert len(json.loads(listed.stdout)["faults"]) == 3
    cleared = json.loads(clone.run("faults", "clear", "--json").stdout)
    assert len(cleared["cleared"]) == 3
    assert rounded([json.loads(listed.stdout), cleared]) == []
    done = clone.run("replay", "--redrive", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["chosen"] == {"records": 0, "users": 0, "bytes": 0}


@pytest.mark.skipif(not shutil.which("curl"), reason="the guide's recipe needs curl")
def test_the_guides_recipe_reads_a_list_line_by_line(clone: Clone, serving: Serving) -> None:
    account, local, token, read, _metadata, _seeding, upload, resolve = shell_blocks(clone.root / "docs/use.md")
    assert "https://api.mparticle.com" in account
    lines = "\n".join(("set -e", f"{{\n{local}}} >/dev/null", token, read, "echo", upload, resolve))
    done = subprocess.run(  # noqa: S603 - our own guide
        ["/bin/sh", "-c", lines], cwd=clone.root, env=in_quiet(clone), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    by_mpid, by_customer = (json.loads(line) for line in done.stdout.splitlines())
    assert len(by_mpid["user_attributes"]["product_recs"]) == 10
    path = f"{serving.values['MPARTICLE_URL']}/userprofile/v1/org/account/workspace/{by_customer['mpid']}"
    assert eventually(lambda: "product_recs" in loopback.get(path, params={"fields": "user_attributes"}).text)


@pytest.fixture(scope="module")
def variables(clone: Clone, serving: Serving) -> str:
    """Return what the guides' first command evaluates: a script of its own tries that command itself."""
    done = clone.run("outputs", "--export")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not AWS_CLI.exists(), reason="the guides' commands need the AWS CLI of tests/clients")
@pytest.mark.parametrize("script", RUNNABLE, ids=lambda script: script.runnable[-1][:60])
def test_the_commands_of_a_guide_run_beside_the_local_stack(
    clone: Clone, serving: Serving, variables: str, script: Script
) -> None:
    """Version 1 of the AWS CLI ignores the variables for SQS, as the runbook says: there it needs the endpoint."""
    local_client("s3", serving.values["AWS_ENDPOINT_URL"]).put_object(
        Bucket=serving.values["QUARANTINE_BUCKET"], Key=SHOWN_KEY, Body=json.dumps(asdict(row(1))).encode()
    )
    aws = 'aws() { [ "$1" = sqs ] && set -- "$@" --endpoint-url "$AWS_ENDPOINT_URL"; command aws "$@"; }'
    lines = "\n".join(("set -eu", ". ./.local.env", aws, variables, *script.runnable))
    environment = in_quiet(clone) | {"PATH": f"{AWS_CLI.parent}:{os.defpath}", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(  # noqa: S603 - our own guide
        ["/bin/sh", "-c", lines], cwd=clone.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_each_command_that_does_not_run_here_is_one_that_a_guide_has() -> None:
    lines = [line for script in scripts(ROOT / "docs") for line in script.lines]

    assert [begins for begins in NOT_LOCAL if not any(line.startswith(begins) for line in lines)] == []
    assert sum(reason(line) is None for line in lines) >= 10
    assert any(EVAL in script.runnable for script in RUNNABLE)


def shell_blocks(page: Path) -> list[str]:
    """Return the lines to type of a guide, block by block."""
    return [textwrap.dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```$", page.read_text(), re.M | re.S)]


def test_sigterm_takes_everything_down_and_the_file_away(clone: Clone, serving: Serving) -> None:
    assert clone.local_env.exists()
    serving.process.terminate()
    assert serving.process.wait(PATIENCE) == 0
    assert not clone.local_env.exists()
    assert clone.processes() == []


def test_personalize_alone_serves_a_boto3_client_though_all_that_aws_reads_is_wrong(
    quiet_clone: Clone, hostile_environment: Mapping[str, str]
) -> None:
    running = serve(quiet_clone, "--only", "personalize", environment=hostile_environment)
    with running.process as process:
        assert quiet_clone.local_env.exists()
        assert "AWS_ENDPOINT_URL" not in running.values
        program = "import boto3; print(boto3.client('personalize').list_campaigns()['campaigns'])"
        assert in_shell(quiet_clone, program).stdout == "[]\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        said = process.stderr.read().splitlines()
        assert said[-1] == "stopped: all services are down"
        assert not any("Traceback" in line for line in said)
