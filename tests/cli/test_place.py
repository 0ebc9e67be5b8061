"""Where a command that deletes works while a local `serve` runs: where it is told to, and nowhere by a guess."""

import os
import pty
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import local_env
from cli.__main__ import main
from local_stack import loopback
from tests.loop.clone import Clone

OF_EACH = 30
USERS = range(1, 41)
NOBODY = dict.fromkeys(
    ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"), ""
) | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
# A profile that is not there: whoever goes to AWS with it is told so before a request is made.
CUSTOMER_OF_AWS = NOBODY | {"AWS_PROFILE": "nonexistent"}
ADD = "Both could be meant: add --aws or --local"


def test_local_without_a_running_serve_fails_and_does_not_go_to_aws(clone: Clone) -> None:
    done = clone.run("forget", "1", "--yes", "--local", environment=CUSTOMER_OF_AWS)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: --local, but no ./broker serve is running")


def test_what_a_killed_serve_left_is_no_reason_to_go_to_aws(clone: Clone) -> None:
    clone.local_env.write_text("export AWS_ENDPOINT_URL_PERSONALIZE=http://127.0.0.1:9\n")
    try:
        done = clone.run("forget", "1", "--yes", environment=CUSTOMER_OF_AWS)
    finally:
        clone.local_env.unlink()

    assert done.returncode == 2
    assert ADD in done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def shop(served: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a clone with a running `serve` that knows forty users."""
    path = tmp_path_factory.mktemp("history") / "shop.csv"
    rows = [f"{user},i{number % 7},{1_700_000_000 + number},view" for number in range(OF_EACH) for user in USERS]
    path.write_text("\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", *rows]))
    done = served.run("backfill", path, environment=NOBODY)
    assert done.returncode == 0, done.stderr
    assert served.run("filter", "bought", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")').returncode == 0
    return served


Broker = Callable[..., Result]


@pytest.fixture
def broker(shop: Clone, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Return `./broker COMMAND …` beside the running `serve`, in this process: another takes half a second to start."""
    monkeypatch.setattr(local_env, "FILE", shop.local_env)

    def run(*arguments: str, environment: Mapping[str, str]) -> Result:
        return CliRunner(env=os.environ | environment).invoke(main, arguments, catch_exceptions=False)

    return run


def exports(clone: Clone) -> dict[str, str]:
    """Return what a shell knows after `. ./.local.env`."""
    lines = clone.local_env.read_text().splitlines()
    return dict(line.removeprefix("export ").partition("=")[::2] for line in lines)


def known(clone: Clone) -> int:
    [group] = loopback.get(f"{exports(clone)['AWS_ENDPOINT_URL_PERSONALIZE']}/_local/status").json()["datasetGroups"]
    return int(group["interactions"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["forget", "1", "--yes"],
        ["forget", "1", "--yes", "--json"],
        ["forget", "1"],
        ["filter", "bought", "--delete"],
        ["backfill", "nothing.csv", "--mode", "full"],
        ["secret", "--stdin"],
    ],
)
@pytest.mark.parametrize(
    "environment",
    [
        CUSTOMER_OF_AWS,
        NOBODY | {"AWS_REGION": "eu-central-1"},
        NOBODY | {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
    ],
    ids=["profile", "region", "keys"],
)
def test_in_a_script_nothing_is_deleted_where_both_could_be_meant(
    shop: Clone, broker: Broker, environment: Mapping[str, str], arguments: list[str]
) -> None:
    before = known(shop)
    done = broker(*arguments, environment=environment)

    assert (done.exit_code, done.stdout) == (2, "")
    assert ADD in done.stderr.splitlines()[-1]
    assert known(shop) == before


def test_a_file_with_profiles_is_a_sign_of_aws_too(shop: Clone, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile shop]\nregion = eu-central-1\n")

    assert ADD in shop.run("forget", "1", "--yes", environment=NOBODY | {"AWS_CONFIG_FILE": str(config)}).stderr


def test_what_deletes_nothing_is_not_asked(broker: Broker) -> None:
    assert broker("filter", environment=CUSTOMER_OF_AWS).exit_code == 0
    assert broker("status", environment=CUSTOMER_OF_AWS).exit_code == 0


def test_with_local_it_is_erased_there_and_the_report_says_so(shop: Clone, broker: Broker) -> None:
    before = known(shop)
    done = broker("forget", "2", "--yes", "--local", environment=CUSTOMER_OF_AWS)

    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("forgotten in the local Personalize at http://127.0.0.1:")
    assert known(shop) == before - OF_EACH


def test_where_nothing_speaks_of_aws_nobody_is_asked(broker: Broker) -> None:
    done = broker("forget", "3", "--yes", environment=NOBODY)

    assert done.exit_code == 0, done.stderr


def test_with_aws_it_goes_to_aws_or_fails_and_erases_nothing_here(shop: Clone, broker: Broker) -> None:
    before = known(shop)
    done = broker("forget", "4", "--yes", "--aws", environment=CUSTOMER_OF_AWS)

    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Error: AWS can't be used:")
    assert known(shop) == before


def test_a_shell_that_has_read_the_exports_cannot_reach_aws_by_aws(shop: Clone, broker: Broker) -> None:
    before = known(shop)
    sourced = CUSTOMER_OF_AWS | exports(shop)
    guessed = broker("forget", "5", "--yes", environment=sourced)
    refused = broker("forget", "5", "--yes", "--aws", environment=sourced)
    asked = broker("status", "--aws", environment=sourced)

    assert (guessed.exit_code, refused.exit_code, asked.exit_code) == (2, 1, 1)
    assert ADD in guessed.stderr.splitlines()[-1]
    for done in (refused, asked):
        assert "--aws, but AWS_ENDPOINT_URL_PERSONALIZE names a local service" in done.stderr.splitlines()[-1]
    assert known(shop) == before
    alone = NOBODY | exports(shop)  # no profile beside it: only the local one can be meant
    assert broker("forget", "5", "--yes", environment=alone).exit_code == 0


@pytest.mark.parametrize(
    ("typed", "code", "erased", "said"),
    [
        ("local\ny\n", 0, OF_EACH, "Delete for good all that the local Personalize at"),
        ("aws\n", 1, 0, "AWS can't be used"),
        ("here\nlocal\nn\n", 1, 0, "'here' is not one of 'aws', 'local'"),
    ],
)
def test_in_a_terminal_it_asks_where(shop: Clone, typed: str, code: int, erased: int, said: str) -> None:
    before = known(shop)
    done = in_a_terminal(shop, typed, "forget", "6", environment=CUSTOMER_OF_AWS)

    assert "Erase in (aws, local): " in done.stderr
    assert said in done.stderr
    assert (done.returncode, known(shop)) == (code, before - erased), done.stderr


def in_a_terminal(
    clone: Clone, typed: str, *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard input is a terminal in which this is typed."""
    ours, its = pty.openpty()
    try:
        os.write(ours, typed.encode())
        return subprocess.run(  # noqa: S603 - our own command
            ["./broker", *arguments],
            cwd=clone.root,
            env=os.environ | environment,
            stdin=its,
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(its)


def test_both_flags_at_once_are_wrong_use() -> None:
    done = CliRunner().invoke(main, ["forget", "1", "--yes", "--aws", "--local"])

    assert done.exit_code == 2
    assert "--aws and --local exclude each other" in done.stderr
