"""What is known of a user of the local stack, and how surely; with the log lines, and without a source."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import local_env
from cli.__main__ import main
from cli.serve import exported
from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.lambda_api import LambdaApi
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.json_numbers import rounded
from tests.loop.clone import eventually
from tests.loop.trained import ITEMS, trained_stack

MPID = -7_346_244_611_012_968_789
NOBODY = 4_417_293_011_884_320_115
REFUSES = 5_103_277_684_950_218_837
Facts = list[Mapping[str, Any]]


def put(stack: Stack, mpid: int, item: str, **fields: Any) -> None:
    data = {"event_id": item, "product_action": {"action": "purchase", "products": [{"id": item}]}}
    batch = {"mpid": mpid, "environment": "production", "events": [{"event_type": "commerce_event", "data": data}]}
    kinesis = local_client("kinesis", stack.aws.url)
    record = json.dumps(batch | fields)
    kinesis.put_record(StreamName=stack.resources.stream_name, Data=record, PartitionKey=str(mpid))


def profile(stack: Stack, mpid: int) -> dict[str, Any]:
    url = f"{stack.mparticle.url}/userprofile/v1/org/account/workspace/{mpid}"
    answer = loopback.get(url, params={"fields": "user_attributes"})
    found: dict[str, Any] = answer.json().get("user_attributes", {})
    return found


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with trained_stack(LocalStackSettings(shards=1, queue_delay=0, record_logs=True)) as running:
        put(running, MPID, ITEMS[1])
        put(running, REFUSES, ITEMS[2], events=[{"event_type": "opt_out", "data": {"is_opted_out": True}}])
        assert eventually(lambda: "product_recs" in profile(running, MPID))
        assert eventually(lambda: any("skipped.no_consent" in line for _, _, line in running.lines._lines))
        yield running


@pytest.fixture
def endpoints(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    monkeypatch.setattr(local_env, "FILE", tmp_path / "none")
    with LambdaApi(stack.functions, rates=stack.recent_counts, logs=stack.lines) as api:
        yield exported(stack, api.url)
        loopback.delete(f"{stack.aws.url}/_local/faults")


def why(values: Mapping[str, str], mpid: int, *arguments: str) -> Result:
    return CliRunner(env=values).invoke(main, ["why", str(mpid), "--local", *arguments], catch_exceptions=False)


def facts(result: Result) -> Facts:
    found: Facts = json.loads(result.stdout)["facts"]
    return found


def about(found: Facts, *topics: str) -> list[tuple[str, str]]:
    return [(fact["says"], fact["certainty"]) for fact in found if fact["about"] in topics]


def test_of_a_user_with_a_list_it_says_what_and_since_when(stack: Stack, endpoints: Mapping[str, str]) -> None:
    done = why(endpoints, MPID, "--json")
    assert done.exit_code == 0, done.stderr
    found = facts(done)
    assert len(found) >= 8
    assert rounded(json.loads(done.stdout)) == []
    assert {fact["certainty"] for fact in found} == {"known", "inferred", "cannot be known"}
    [(taken, sure)] = about(found, "taken")
    assert (taken.startswith("1 events (1 purchase)"), sure) == (True, "known")
    on_profile = f"on the profile: {', '.join(profile(stack, MPID)['product_recs'])}"
    assert (on_profile, "known") in about(found, "list")
    assert ("it is the list that refresh wrote last", "known") in about(found, "list")
    assert about(found, "written")[0][0].startswith("the newest list was requested at 20")
    assert "generation 1, 1 that day" in about(found, "written")[0][0]
    [(asked, how)] = about(found, "came in")
    assert (asked.startswith("an event that asks for a refresh, before 20"), how) == (True, "inferred")


def test_deep_finds_the_users_own_lines_and_no_others(stack: Stack, endpoints: Mapping[str, str]) -> None:
    found = facts(why(endpoints, MPID, "--deep", "--json"))
    (line, sure), *write_backs = about(found, "came in")
    assert (("1 accepted" in line and "shardId-000000000000" in line), sure) == (True, "known")
    assert all("own_write_back" in back for back, _ in write_backs), "the list's own event comes in, too"
    [written] = [says for says, _ in about(found, "written") if "generation 1, list " in says]
    assert " written, " in written

    [(line, _)] = about(facts(why(endpoints, REFUSES, "--deep", "--json")), "came in")
    assert "1 skipped.no_consent" in line

    [(line, sure)] = about(facts(why(endpoints, NOBODY, "--deep", "--json")), "came in")
    assert (line.startswith("no line since 20"), sure) == (True, "known")


def test_of_nobody_it_says_so(endpoints: Mapping[str, str]) -> None:
    done = why(endpoints, NOBODY, "--json")
    assert done.exit_code == 0
    said = [says for says, _ in about(facts(done), "taken", "list", "written")]
    assert "no event" in said
    assert "mParticle has no such profile in production" in said
    assert any(says.startswith("refresh remembers nothing") for says in said)


def test_a_list_of_another_program_is_not_taken_for_the_brokers(stack: Stack, endpoints: Mapping[str, str]) -> None:
    before = profile(stack, MPID)["product_recs"]
    for items in (["theirs"], before):
        upload = {"environment": "production", "mpid": MPID, "user_attributes": {"product_recs": items}}
        url = f"{stack.mparticle.url}/v2/events"
        assert loopback.call("POST", url, json=upload, auth=("till-key", "till-secret")).status_code == 202
        [said] = [
            (says, sure)
            for says, sure in about(facts(why(endpoints, MPID, "--json")), "list")
            if says.startswith("it is")
        ]
        is_theirs = items == ["theirs"]
        assert said[0].startswith("it is not the list" if is_theirs else "it is the list")
        assert said[1] == ("inferred" if is_theirs else "known")


def test_a_source_that_refuses_costs_its_own_lines_and_no_others(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault = {"fault": "denied", "operation": "dynamodb.GetItem"}
    loopback.post(f"{stack.aws.url}/_local/faults", json={"faults": [fault]}).raise_for_status()
    done = why(endpoints, MPID, "--json")
    assert done.exit_code == 0
    assert about(facts(done), "written") == [("not answered: GetItem: AccessDeniedException", "cannot be known")]
    assert any(says.startswith("on the profile: ") for says, _ in about(facts(done), "list"))


def test_without_the_setting_no_line_is_to_be_found(stack: Stack, endpoints: Mapping[str, str]) -> None:
    with_logs = {name: function.environment for name, function in stack.functions.items()}
    for function in stack.functions.values():
        function.update_environment({k: v for k, v in function.environment.items() if k != "CORRELATION_TABLE"})
    try:
        found = facts(why(endpoints, MPID, "--deep", "--json"))
    finally:
        for name, function in stack.functions.items():
            function.update_environment(with_logs[name])
    assert about(found, "came in") == [("broker:record_logs is off, so no line is per record", "cannot be known")]


def test_people_get_a_table_and_wrong_use_a_line(endpoints: Mapping[str, str]) -> None:
    text = why(endpoints, MPID).stdout
    assert "how surely" in text
    assert "cannot be known" in text
    wrong = CliRunner(env=endpoints).invoke(main, ["why", "ada", "--local"])
    assert (wrong.exit_code, wrong.stderr.splitlines()[-1]) == (2, "Error: ada is no mParticle id (a 64-bit number)")
    assert why(endpoints, MPID, "--days", "3").exit_code == 2


def test_no_line_of_the_functions_holds_an_mpid(stack: Stack) -> None:
    lines = [line for _, _, line in stack.lines._lines]
    assert any('"record"' in line for line in lines)
    assert any('"refresh"' in line for line in lines)
    assert not [line for line in lines if str(MPID) in line or str(REFUSES) in line or ITEMS[1] in line]
