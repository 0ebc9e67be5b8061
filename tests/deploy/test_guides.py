"""The guides for operators leave nothing out: each alarm has its section, each setting its line; their code works."""

import base64
import json
import re
import subprocess
import sys

import pytest

from infra.paths import ROOT
from infra.settings import PREFIX
from local.audit.services import stream_records
from local.aws.session import local_client
from local.process import scrubbed_environment, start_service
from tests.infra.conftest import Synthesise
from tests.infra.conftest import made as made

DEPLOY, RUNBOOK = ((ROOT / "docs" / name).read_text() for name in ("deploy.md", "runbook.md"))


def test_every_alarm_has_a_section_of_its_name_in_the_runbook_and_every_such_section_an_alarm(made: Synthesise) -> None:
    alarms = [alarm["Properties"]["AlarmName"] for alarm in made("recommend").of_type("CloudWatch::Alarm").values()]

    assert sorted(re.findall(r"^## `(.+)`$", RUNBOOK, re.MULTILINE)) == sorted(alarms)


def test_every_output_that_a_guide_names_is_one_of_the_stacks(made: Synthesise) -> None:
    outputs = made("recommend").template["Outputs"]
    named = re.findall(r"outputs? `(\w+)`", DEPLOY + RUNBOOK)

    assert len(named) >= 10
    assert set(named) <= set(outputs)


def test_every_setting_of_cdk_json_has_its_line_in_the_deployment_guide_and_every_such_line_a_setting() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    settings = [key for key in context if key.startswith(PREFIX)]

    assert re.findall(rf"^\| `({PREFIX}\w+)`", DEPLOY, re.MULTILINE) == settings


def test_every_link_of_a_guide_leads_somewhere() -> None:
    for text in (DEPLOY, RUNBOOK):
        headings = {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        for link in re.findall(r"\]\(([^)]+)\)", text):
            path, _, heading = link.partition("#")
            assert (ROOT / "docs" / path).exists() if path else heading in headings, link


@pytest.mark.parametrize("as_text", [True, False])
def test_the_code_that_puts_an_on_failure_object_back_puts_all_its_records_on_the_stream(as_text: bool) -> None:
    (code,) = re.findall(r"^```python\n(# put_back.py.*?)^```$", RUNBOOK, re.MULTILINE | re.DOTALL)
    records = {"münze": "mpid-1", '{"events": []}': "mpid-2"}
    event = {
        "Records": [
            {"kinesis": {"data": base64.b64encode(data.encode()).decode(), "partitionKey": key}}
            for data, key in records.items()
        ]
    }
    document = {"KinesisBatchInfo": {}, "payload": json.dumps(event) if as_text else event}

    with start_service("local.aws") as aws:
        s3, kinesis = (local_client(service, aws.url) for service in ("s3", "kinesis"))
        s3.create_bucket(Bucket="given-up")
        s3.put_object(Bucket="given-up", Key="aws/lambda/a", Body=json.dumps(document))
        kinesis.create_stream(StreamName="events", ShardCount=1)
        environment = scrubbed_environment({"AWS_ENDPOINT_URL": aws.url})
        command = [sys.executable, "-c", code, "given-up", "aws/lambda/a", "events"]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)  # noqa: S603

        assert [record.data.decode() for record in stream_records(kinesis, "events")] == list(records)
