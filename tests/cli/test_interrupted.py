"""Ctrl-C while a command waits: it says what goes on, and the same command takes it up."""

import json
import signal
from collections.abc import Iterator, Mapping

import pytest

from local_stack.process import start_service
from tests.cli.test_commands import MAPPED, table
from tests.loop.clone import PATIENCE, Clone

BACKFILL = ("backfill", "shop.csv", *MAPPED)


def interrupted(clone: Clone, environment: Mapping[str, str], *arguments: str, at: str) -> tuple[int, str]:
    """Run a command up to a line on stderr, press Ctrl-C; return its exit code and what it said then."""
    with clone.start(*arguments, environment=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if at in line:
                break
        process.send_signal(signal.SIGINT)
        return process.wait(PATIENCE), process.stderr.read()


@pytest.fixture(scope="module")
def slow() -> Iterator[Mapping[str, str]]:
    """Return the variables of a local Personalize in which nothing is trained before somebody has pressed Ctrl-C."""
    with (
        start_service("local_stack.aws") as aws,
        start_service("personalize_local", ["--s3-endpoint", aws.url, "--training-delay", "15"]) as personalize,
    ):
        yield {"AWS_ENDPOINT_URL_S3": aws.url, "AWS_ENDPOINT_URL_PERSONALIZE": personalize.url}


def test_an_import_and_a_training_go_on_where_ctrl_c_left_them(clone: Clone, slow: Mapping[str, str]) -> None:
    table(clone.root, rows=50_000)

    code, rest = interrupted(clone, slow, *BACKFILL, at="dataset import job")
    assert code == 130
    assert "the dataset import job continues in Personalize. ./broker status shows it" in rest
    assert rest.lower().count("stopped") == 1
    again = clone.run(*BACKFILL, "--json", environment=slow)
    assert again.returncode == 0, again.stderr
    assert "converted and uploaded already" in again.stderr
    assert json.loads(again.stdout)["rows"] == 50_000

    code, rest = interrupted(clone, slow, "train", at="solution version")
    assert code == 130
    assert "the solution version continues in Personalize" in rest
    again = clone.run("train", "--json", environment=slow)
    assert again.returncode == 0, again.stderr
    assert "waiting for that one" in again.stderr
    there = json.loads(clone.run("status", "--json", environment=slow).stdout)["resources"]
    assert sum(one["kind"] == "dataset import job" for one in there) == 1
    versions = [one["arn"].split("/")[1] for one in there if one["kind"] == "solution version"]
    assert len(versions) == len(set(versions)), "one of the model, one of the popular list beside it"
