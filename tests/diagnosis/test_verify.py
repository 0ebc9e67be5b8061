"""A probe through the local stack: it says that all hops work, and with a fault, which one does not."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import local_env
from cli.__main__ import main
from cli.serve import exported
from diagnosis.answers import NOT_ASKED, POINTS
from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.lambda_api import LambdaApi
from local_stack.settings import PROBE_MPID, LocalStackSettings
from local_stack.stack import Stack
from tests.json_numbers import rounded
from tests.loop.trained import trained_stack
from tests.real_data import ROOT

HOPS = ["stream", "ingest", "tracker", "campaign", "upload", "profile"]
SETTINGS = LocalStackSettings(shards=1, queue_delay=0, probe_mpid=PROBE_MPID)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with trained_stack(SETTINGS) as running:
        yield running


@contextmanager
def served(stack: Stack) -> Iterator[Mapping[str, str]]:
    """Yield what `./broker serve` exports for a stack."""
    with LambdaApi(stack.functions, rates=stack.recent_counts, logs=stack.lines) as api:
        yield exported(stack, api.url)


@pytest.fixture
def endpoints(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    monkeypatch.setattr(local_env, "FILE", tmp_path / "none")
    with served(stack) as values:
        yield values
        for url in (stack.personalize.url, stack.mparticle.url, stack.aws.url):
            loopback.delete(f"{url}/_local/faults")


def verify(values: Mapping[str, str], *arguments: str) -> Result:
    return CliRunner(env=values).invoke(main, ["verify", "--local", "--yes", *arguments], catch_exceptions=False)


def states(result: Result) -> dict[str, str]:
    return {hop["hop"]: hop["state"] for hop in json.loads(result.stdout)["hops"]}


def details(result: Result) -> dict[str, str]:
    return {hop["hop"]: hop["detail"] for hop in json.loads(result.stdout)["hops"]}


def fault(url: str, kind: str, operation: str, **more: Any) -> None:
    loopback.post(f"{url}/_local/faults", json={"faults": [{"fault": kind, "operation": operation, **more}]})


def test_every_hop_works_and_the_assumptions_are_answered(stack: Stack, endpoints: Mapping[str, str]) -> None:
    for _ in range(2):  # the second list is the same one, and mParticle must take it all the same
        done = verify(endpoints, "--json")
        assert done.exit_code == 0, done.stdout
        assert states(done) == dict.fromkeys(HOPS, "ok")
    assert set(json.loads(done.stdout)["answers"].values()) == {"yes"}
    assert rounded(json.loads(done.stdout)) == []
    in_words = verify(endpoints).stdout
    assert [line.split()[1] for line in in_words.splitlines()[:6]] == HOPS
    assert "events of all 4 types are accepted" in in_words
    assert "say nothing of AWS and mParticle" in in_words


def test_the_probe_trains_once_and_is_nobody_else(stack: Stack, endpoints: Mapping[str, str]) -> None:
    assert verify(endpoints).exit_code == 0
    assert verify(endpoints).exit_code == 0
    url = f"{stack.personalize.url}/_local/events"
    events = loopback.get(url, params={"limit": 10_000}).json()["events"]
    probes = {(event["userId"], event["eventId"]) for event in events if not event["eventId"].startswith("made-up-")}
    assert {user for user, _ in probes} == {"broker-probe", str(PROBE_MPID)}
    assert len(probes) == 2


def test_without_an_identity_for_it_nothing_behind_the_campaign_is_verified(
    stack: Stack, endpoints: Mapping[str, str]
) -> None:
    refresh = stack.functions["refresh"]
    with_probe = refresh.environment
    refresh.update_environment({name: value for name, value in with_probe.items() if name != "PROBE_MPID"})
    try:
        done = verify(endpoints, "--json")
    finally:
        refresh.update_environment(with_probe)

    assert done.exit_code == 0
    assert states(done) == {**dict.fromkeys(HOPS, "ok"), "upload": "not verified", "profile": "not verified"}
    assert "broker:probe_mpid is not set" in details(done)["upload"]
    assert NOT_ASKED in json.loads(done.stdout)["answers"].values()


def test_a_wrong_tracker_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault(stack.personalize.url, "invalid", "personalize.PutEvents")
    done = verify(endpoints, "--json", "--wait", "5")
    assert done.exit_code == 1
    assert {name for name, state in states(done).items() if state == "failed"} == {"tracker"}
    assert "is the tracker another one, or deleted?" in details(done)["tracker"]


def test_a_campaign_that_is_gone_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    refresh = stack.functions["refresh"]
    right = refresh.environment
    refresh.update_environment({**right, "CAMPAIGN_ARN": f"{right['CAMPAIGN_ARN']}-gone"})
    try:
        done = verify(endpoints, "--json")
    finally:
        refresh.update_environment(right)
    assert done.exit_code == 1
    assert states(done)["campaign"] == "failed"
    assert "ResourceNotFoundException. it is not there" in details(done)["campaign"]
    assert states(done)["upload"] == "not verified"
    assert {states(done)[name] for name in ("stream", "ingest", "tracker")} == {"ok"}


def test_mparticle_refusing_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault(stack.mparticle.url, "denied", "mparticle.BulkUploadEvents")
    done = verify(endpoints, "--json", "--wait", "10")
    assert done.exit_code == 1
    assert {name for name, state in states(done).items() if state == "failed"} == {"upload"}
    assert "mParticle refuses the key in the secret" in details(done)["upload"]
    assert states(done)["profile"] == "not verified"


def test_a_profile_api_that_does_not_answer_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault(stack.mparticle.url, "unavailable", "mparticle.GetProfile")
    done = verify(endpoints, "--json", "--wait", "30")
    assert {name for name, state in states(done).items() if state == "failed"} == {"profile"}
    assert "answers 503" in details(done)["profile"]


def test_a_stream_that_takes_nothing_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault(stack.aws.url, "denied", "kinesis.PutRecord")
    done = verify(endpoints, "--json")
    assert done.exit_code == 1
    assert states(done)["stream"] == "failed"
    assert states(done)["ingest"] == "not verified"
    assert "AccessDeniedException" in details(done)["stream"]


def test_where_nobody_can_be_asked_nothing_is_written(stack: Stack, endpoints: Mapping[str, str]) -> None:
    def records() -> int:
        return int(loopback.get(f"{stack.aws.url}/_local/requests").json().get("kinesis.PutRecord", 0))

    before = records()
    done = CliRunner(env=endpoints).invoke(main, ["verify", "--local"], input="y\n")
    assert done.exit_code == 2
    assert "Say --yes where nobody can be asked" in done.stderr
    assert records() == before


def test_a_stream_without_a_reader_and_the_stage_collect() -> None:
    with Stack(replace(SETTINGS, probe_mpid=None)) as stack, served(stack) as values:
        done = verify(values, "--json")
        assert done.exit_code == 0
        assert states(done) == {**dict.fromkeys(HOPS[:3], "ok"), **dict.fromkeys(HOPS[3:], "not verified")}
        assert "the stage is collect" in details(done)["campaign"]

        stack.stream_pollers.stop()
        done = verify(values, "--json", "--wait", "2")
        assert done.exit_code == 1
        assert {name for name, state in states(done).items() if state == "failed"} == {"ingest"}
        assert "Nobody reads the stream" in details(done)["ingest"]
        assert local_client("kinesis", stack.aws.url).list_streams()["StreamNames"]


def test_the_guide_marks_what_is_answered() -> None:
    guide = (ROOT / "docs/unverified.md").read_text()
    cells = [line.split("|")[1].strip() for line in guide.splitlines() if line.startswith("| ")]
    marked = [cell.removesuffix(" (`verify`)") for cell in cells if cell.endswith(" (`verify`)")]
    assert sorted(marked) == sorted(POINTS)
