"""`./broker secret` against the local Secrets Manager: what it writes, what it refuses, and that nothing shows it."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError
from broker.mparticle import key_and_secret
from click.testing import CliRunner, Result

from cli.__main__ import main
from cli.connection import Target
from cli.secret import _known, _write
from infra.paths import ROOT
from lifecycle.names import Names
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.cli.test_connection import Cloud
from tests.json_numbers import rounded

KEY, SECRET = "us1-0f3c5e", "s3cr3t-8d21"
PAIR = json.dumps({"key": KEY, "secret": SECRET})
STARTED: list[str] = []  # what every process that this one has started was given


def _audit(event: str, details: tuple[Any, ...]) -> None:
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}:
        STARTED.append(repr(details))


sys.addaudithook(_audit)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with start_service("local_stack.aws") as aws:
        yield aws.url


@pytest.fixture
def arn(endpoint: str, request: pytest.FixtureRequest) -> str:
    """Return a secret of this test's own, with an older pair in it."""
    secrets = local_client("secretsmanager", endpoint)
    value = json.dumps({"key": "old", "secret": "old"})
    return str(secrets.create_secret(Name=f"s{abs(hash(request.node.name))}", SecretString=value)["ARN"])


def value(endpoint: str, arn: str) -> str:
    return str(local_client("secretsmanager", endpoint).get_secret_value(SecretId=arn)["SecretString"])


def environment(endpoint: str, arn: str) -> Mapping[str, str]:
    return {"AWS_ENDPOINT_URL": endpoint, "MPARTICLE_SECRET_ARN": arn}


def secret(endpoint: str, arn: str, *arguments: str, given: str | bytes = PAIR) -> Result:
    every = ["secret", "--local", *arguments]
    return CliRunner(env=environment(endpoint, arn)).invoke(main, every, input=given, catch_exceptions=False)


def test_the_pair_of_standard_input_is_what_refresh_reads(endpoint: str, arn: str) -> None:
    done = secret(endpoint, arn, "--stdin")

    assert done.exit_code == 0, done.output
    assert key_and_secret(value(endpoint, arn)) == (KEY, SECRET)
    assert done.stdout == f"mParticle's key and secret are written to the local Secrets Manager: {arn}\n"


def test_neither_output_nor_any_command_line_holds_the_pair(endpoint: str, arn: str) -> None:
    before = len(STARTED)
    done = secret(endpoint, arn, "--stdin", "--json")

    assert rounded(json.loads(done.stdout)) == []
    assert json.loads(done.stdout) == {"place": "local", "where": "the local Secrets Manager", "secret": arn}
    for text in (done.output, *sys.argv, *STARTED[before:]):
        assert KEY not in text
        assert SECRET not in text


def test_a_secret_can_be_named(endpoint: str, arn: str) -> None:
    other = local_client("secretsmanager", endpoint).create_secret(Name=f"{arn[-6:]}-other")["ARN"]
    done = secret(endpoint, arn, "--stdin", "--secret-id", other)

    assert other in done.stdout
    assert key_and_secret(value(endpoint, other)) == (KEY, SECRET)
    assert key_and_secret(value(endpoint, arn)) == ("old", "old")


@pytest.mark.parametrize(
    "given",
    [
        "",
        SECRET,
        json.dumps([KEY, SECRET]),
        json.dumps({"key": KEY}),
        json.dumps({"key": "", "secret": SECRET}),
        json.dumps({"key": 7, "secret": SECRET}),
        json.dumps({"key": KEY, "secret": f"{SECRET}ß"}),
        PAIR.encode("utf-16"),
    ],
)
def test_what_refresh_could_not_read_is_wrong_use_and_not_repeated(endpoint: str, arn: str, given: str | bytes) -> None:
    done = secret(endpoint, arn, "--stdin", given=given)

    assert done.exit_code == 2
    assert "nothing was written: the mParticle secret is not of the form" in done.stderr.splitlines()[-1]
    assert SECRET not in done.output
    assert KEY not in done.output
    assert key_and_secret(value(endpoint, arn)) == ("old", "old")


@pytest.mark.parametrize(
    "arguments", [[KEY, SECRET], [PAIR], ["--stdin", PAIR], [f"--key={SECRET}"], ["--key", SECRET]]
)
def test_a_pair_on_the_command_line_is_refused_and_not_repeated(endpoint: str, arn: str, arguments: list[str]) -> None:
    done = secret(endpoint, arn, *arguments)

    assert done.exit_code == 2
    assert SECRET not in done.output
    assert key_and_secret(value(endpoint, arn)) == ("old", "old")


def test_where_nobody_can_be_asked_the_option_is_named(endpoint: str, arn: str) -> None:
    done = secret(endpoint, arn)

    assert done.exit_code == 2
    assert "add --stdin" in done.stderr.splitlines()[-1]


def test_a_secret_that_is_not_there_is_one_line(endpoint: str, arn: str) -> None:
    done = secret(endpoint, arn, "--stdin", "--secret-id", "nowhere")

    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: PutSecretValue: ResourceNotFoundException: there is no such secret there"
    )


class Refusing:
    """A stub of Secrets Manager whose refusal repeats what was sent."""

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:
        message = f"Value '{SecretString}' failed to satisfy constraint"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "PutSecretValue")


def test_a_refusal_that_repeats_what_was_sent_is_its_code_alone() -> None:
    with pytest.raises(click.ClickException) as raised:
        _write(Target(Names("shop"), lambda _: Refusing(), None), "arn", KEY, SECRET)

    assert raised.value.message == "PutSecretValue: ValidationException"


def test_on_aws_it_is_the_stacks_secret() -> None:
    deployed = Target(Names("shop"), Cloud({"MParticleSecretArn": "arn:stacks"}).client, None)

    assert _known(deployed) == "arn:stacks"
    with pytest.raises(click.UsageError, match="no stack shop with a secret is deployed here: give --secret-id"):
        _known(Target(Names("shop"), Cloud().client, None))


def test_in_a_terminal_it_asks_for_both_and_shows_neither(endpoint: str, arn: str) -> None:
    ours, its = pty.openpty()
    with subprocess.Popen(
        ["./broker", "secret", "--local"],
        cwd=ROOT,
        env=os.environ | environment(endpoint, arn),
        stdin=its,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=0,
        start_new_session=True,
    ) as process:
        os.close(its)
        assert process.stderr is not None
        said = ""
        for word, typed in (("key", KEY), ("secret", f" {SECRET} ")):
            while not said.endswith(f"mParticle's {word}: "):
                letter = process.stderr.read(1)
                assert letter, said
                said += letter
            os.write(ours, f"{typed}\n".encode())
        out, rest = process.communicate(timeout=60)
    shown = _shown(ours)
    os.close(ours)

    assert process.returncode == 0, said + rest
    assert key_and_secret(value(endpoint, arn)) == (KEY, SECRET)
    for text in (said, rest, out, shown):
        assert KEY not in text
        assert SECRET not in text


def _shown(terminal: int) -> str:
    """Return what a terminal that nobody uses any more has shown."""
    try:
        return os.read(terminal, 10_000).decode()
    except OSError:  # how Linux says that there is nothing
        return ""
