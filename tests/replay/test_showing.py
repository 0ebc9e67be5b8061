"""`./broker replay --show`: an object's reasons and its records' build, and nothing that they say unless asked for."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.quarantined_object import DEEPEST, build
from cli.replay import command
from local_stack.aws.resources import ResourceSettings, create_resources
from local_stack.process import ServiceProcess, start_service
from replay.records import ON_FAILURE, QUARANTINE
from tests.json_numbers import rounded
from tests.replay.world import NAME, World, client, content, encoded, row


@pytest.fixture(scope="module")
def aws() -> Iterator[ServiceProcess]:
    with start_service("local_stack.aws") as service:
        yield service


@pytest.fixture
def world(aws: ServiceProcess, request: pytest.FixtureRequest) -> World:
    settings = ResourceSettings(f"t{abs(hash(request.node.name)) % 10**8}", shards=1)
    return World(aws.url, create_resources(aws.url, settings, client))


def show(world: World, key: str, *options: str) -> Result:
    """Run the command as in a shell with the local services' variables."""
    endpoint = world.s3.meta.endpoint_url
    variables = {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_PERSONALIZE": endpoint, "BROKER_NAME": "shop"}
    places = ["--quarantine-bucket", world.made.quarantine_bucket, "--on-failure-bucket", world.made.on_failure_bucket]
    return CliRunner(env=variables).invoke(command, ["--show", key, *places, *options])


def shown(world: World, key: str, *options: str) -> dict[str, Any]:
    result = show(world, key, "--json", *options)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert rounded(found) == []
    return found


def test_a_quarantined_record_is_shown_with_every_reason_and_its_build(world: World) -> None:
    world.quarantine(row(1), row(1, "not_json", index="second", raw=False), row(2))
    [key] = world.keys(QUARANTINE, "ingest/")
    found = shown(world, key)

    assert [one["id"].rpartition(":")[2] for one in found["records"]] == ["1", "2"]
    first = found["records"][0]
    assert [(one["reason"], one["detail"]) for one in first["reasons"]] == [
        ("refused", "PutEvents: InvalidInputException"),
        ("not_json", "PutEvents: InvalidInputException"),
    ]
    assert (first["bytes"], first["redriven"]) == (len(content(1)), False)
    [batch] = first["content"]
    assert batch["environment"] == "production"
    assert batch["user_attributes"] == {"…": "1 other name"}


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_that_a_record_says_is_shown_unless_it_is_asked_for(world: World, options: tuple[str, ...]) -> None:
    said = json.loads(content(1))
    world.quarantine(row(1), row(2, "not_json", record=encoded(2)[:40]))
    world.give_up(3)
    keys = world.keys(QUARANTINE, "ingest/") + world.keys(ON_FAILURE, "aws/")
    for key in keys:
        hidden, revealed = show(world, key, *options).stdout, show(world, key, *options, "--reveal").stdout
        assert NAME not in hidden
        assert "key-" not in hidden.replace(key, ""), "a partition key may be an mpid"
        assert str(said["events"][0]["data"]["product_action"]["products"][0]["id"]) not in hidden
        assert NAME in revealed


def test_what_lambda_gave_up_says_after_how_many_invocations(world: World) -> None:
    world.give_up(3, 4)
    [key] = world.keys(ON_FAILURE, "aws/")

    reasons = [one["reasons"] for one in shown(world, key)["records"]]
    assert reasons == 2 * [[{"part": "", "reason": "RecordAgeExceeded", "detail": "after 3 invocations"}]]


def test_a_redriven_record_says_so(world: World) -> None:
    world.quarantine(row(1))
    world.redrive()
    [key] = world.keys(QUARANTINE, "ingest/")

    assert [one["redriven"] for one in shown(world, key)["records"]] == [True]


def test_a_record_that_would_command_the_terminal_does_not(world: World) -> None:
    world.quarantine(row(1, "not_json", record=base64.b64encode(b"\x1b]0;title\x07 plain").decode()))
    [key] = world.keys(QUARANTINE, "ingest/")

    printed = show(world, key, "--reveal").stdout
    assert "plain" in printed
    assert "\x1b" not in printed


def test_a_key_that_is_none_is_answered_with_one_that_is(world: World) -> None:
    world.quarantine(row(1))
    [key] = world.keys(QUARANTINE, "ingest/")

    assert f"1 begin so, for example {key}" in show(world, key[:20]).stderr
    assert "./broker replay names some" in show(world, "ingest/1999/").stderr
    refused = show(world, "elsewhere/1")
    assert (refused.exit_code, "keys begin with one of ingest/" in refused.stderr) == (2, True)


def test_what_is_no_quarantine_file_is_named(world: World) -> None:
    world.s3.put_object(Bucket=world.made.quarantine_bucket, Key="ingest/odd", Body=b"hello")

    failed = show(world, "ingest/odd")
    assert (failed.exit_code, "neither a quarantine file" in failed.stderr) == (1, True)


@pytest.mark.parametrize("options", [["--reveal"], ["--show", "ingest/1", "--redrive"], ["--show", "a", "--key", "b"]])
def test_options_that_do_not_go_together_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(command, options).exit_code == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"environment": "production"}, {"environment": "production"}),
        ({"environment": "Jane"}, {"environment": "text of 4 characters"}),
        ({"action": "purchase", "Jane": 1}, {"action": "purchase", "…": "1 other name"}),
        ({"mpid": -123}, {"mpid": "whole number of 3 digits"}),
        ({"mpid": True, "id": 1.5, "ip": None}, {"mpid": "true or false", "id": "number with a fraction", "ip": None}),
        ({"products": [{"id": "a"}] * 21}, {"products": [{"id": "text of 1 character"}] * 20 + ["1 more"]}),
    ],
)
def test_a_value_is_told_by_its_kind(value: Any, expected: Any) -> None:
    assert build(value) == expected


def test_what_is_nested_without_end_ends() -> None:
    deep: Any = "Jane"
    for _ in range(900):
        deep = [deep]

    assert json.dumps(build(deep)).count("[") == DEEPEST
