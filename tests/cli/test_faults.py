"""`./broker faults` against running services: what is on, what it does, and what cannot be."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from cli.__main__ import main
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.json_numbers import rounded

Faults = Callable[..., Result]


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Mapping[str, str]]:
    """Return the variables of `./broker serve --only personalize`: there is no mParticle."""
    with start_service("local_stack.aws") as aws, start_service("personalize_local") as personalize:
        yield {"AWS_ENDPOINT_URL_S3": aws.url, "AWS_ENDPOINT_URL_PERSONALIZE": personalize.url, "MPARTICLE_URL": ""}


@pytest.fixture
def faults(endpoints: Mapping[str, str]) -> Iterator[Faults]:
    def run(*arguments: object) -> Result:
        return CliRunner(env=endpoints).invoke(main, ["faults", *map(str, arguments)], catch_exceptions=False)

    yield run
    assert run("clear").exit_code == 0


def said(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_fault_is_on_at_once_counted_in_the_list_and_off_when_cleared(
    faults: Faults, endpoints: Mapping[str, str]
) -> None:
    client = local_client("personalize", endpoints["AWS_ENDPOINT_URL_PERSONALIZE"])
    added = said(faults("add", "throttling", "personalize.ListSchemas", "--every", 2, "--json"))
    assert rounded(added) == []
    client.list_schemas()
    with pytest.raises(ClientError, match="Throttling"):
        client.list_schemas()
    [listed] = said(faults("list", "--json"))["faults"]
    assert (listed["id"], listed["met"], listed["struck"]) == (added["id"], 2, 1)
    assert added["id"] in faults("list").stdout
    assert said(faults("clear", added["id"], "--json")) == {"cleared": [added["id"]], "unknown": []}
    client.list_schemas()
    client.list_schemas()
    assert faults("list").stdout == "no fault is on\n"


def test_a_pattern_stands_for_operations_and_an_unknown_id_clears_nothing_and_claims_nothing(faults: Faults) -> None:
    assert faults("add", "reset", "personalize.put*").exit_code == 0
    cleared = faults("clear", "nope")
    assert (cleared.exit_code, cleared.stdout) == (2, "")
    assert len(said(faults("list", "--json"))["faults"]) == 1


def test_every_option_reaches_the_service_that_the_operation_belongs_to(
    faults: Faults, endpoints: Mapping[str, str]
) -> None:
    options = "--chance .5 --every 3 --times 4 --start 100 --for 20 --user 1 --item a* --item b --event e --key k"
    more = "--seconds 2 --status 500 --retry-after 7 --late"
    done = faults("add", "unavailable", "sqs.*", *options.split(), *more.split())
    assert done.exit_code == 0
    [listed] = said(faults("list", "--json"))["faults"]
    expected = {
        "fault": "unavailable",
        "operation": "sqs.*",
        "match": {"user": ["1"], "item": ["a*", "b"], "event": ["e"], "key": ["k"]},
        "chance": 0.5,
        "every": 3,
        "times": 4,
        "from": 100,
        "to": 120,
        "when": "after",
        "seconds": 2,
        "status": 500,
        "retry_after": 7,
    }
    assert {name: listed[name] for name in expected} == expected
    assert listed["id"].startswith("aws-")


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["add", "explode", "sqs.*"], 2, "explode"),
        (["add", "reset", "PutEvents"], 2, "SERVICE.OPERATION"),
        (["add", "reset", "redshift.*"], 2, "secretsmanager"),
        (["add", "reset", "sqs."], 2, "SERVICE.OPERATION"),
        (["add", "reset", "personalize.PutEvent"], 2, "did you mean personalize.PutEvents?"),
        (["add", "reset", "s3.PutEvents"], 2, "s3 has no operation PutEvents"),
        (["add", "reset", "mparticle.BulkUpload"], 2, "did you mean mparticle.BulkUploadEvents?"),
        (["add", "half-reply", "sqs.*", "--chance", "2"], 2, "chance"),
        (["add", "reset", "mparticle.*"], 1, "not running"),
        (["clear", "aws-99"], 2, "aws-99"),
    ],
)
def test_wrong_use_is_said_in_a_line_and_nothing_is_on(
    faults: Faults, arguments: list[str], code: int, word: str
) -> None:
    done = faults(*arguments)
    assert done.exit_code == code
    assert word in done.output
    assert said(faults("list", "--json")) == {"faults": []}


def test_help_names_every_fault_and_gives_examples_that_work(faults: Faults) -> None:
    examples = [line for line in faults("--help").stdout.splitlines() if "./broker faults add" in line]
    assert len(examples) > 4
    for example in examples:
        arguments = example.split("#")[0].split()[2:]
        if "mparticle" not in example:
            assert faults(*arguments).exit_code == 0, example
    assert "half-reply" in faults("add", "--help").stdout
