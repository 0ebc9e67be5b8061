"""`./broker secret`: puts mParticle's key and secret into Secrets Manager, from a prompt or standard input alone."""

import json
import os
import sys

import click
from botocore.exceptions import ClientError
from broker.failures import Misconfigured
from broker.mparticle import key_and_secret

from cli import connection, local_env, place
from cli.console import emit
from cli.errors import service_errors

FORM = '{"key": "…", "secret": "…"}'
ON_THE_COMMAND_LINE = (
    "key and secret are not taken from the command line, since the shell's history and the list of processes show it: "
    "type them when asked, or use --stdin. If they were the real ones, have mParticle issue others"
)
HINTS = {
    "ResourceNotFoundException": "there is no such secret there",
    "AccessDeniedException": "secretsmanager:PutSecretValue is not allowed to you",
}


@click.command(
    "secret",
    short_help="mParticle's key and secret into Secrets Manager.",
    context_settings={"allow_extra_args": True},
)
@click.option("--stdin", "from_stdin", is_flag=True, help=f"Read {FORM} from standard input.")
@click.option("--secret-id", metavar="ARN", help="The secret to write to; default: the stack's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on stdout.")
@place.options
@click.pass_context
def command(
    invocation: click.Context,
    *,
    from_stdin: bool,
    secret_id: str | None,
    as_json: bool,
    name: str | None,
    context: tuple[str, ...],
    aws: bool,
    local: bool,
) -> None:
    """Put the key and the secret of mParticle's custom feed where `refresh` reads them: into the stack's secret in AWS
    Secrets Manager. It asks for both, without showing them; with --stdin it reads them as JSON. They are never part of
    a command line, and nothing prints them. While a ./broker serve runs, say where: --aws or --local.

    The value before stays in Secrets Manager as AWSPREVIOUS. Nothing needs a restart.

    \b
    Examples:
      ./broker secret
      your-password-manager show mparticle | ./broker secret --stdin --aws

    Exit code: 0 written, 1 it failed, 2 wrong use.
    """
    if invocation.args:
        raise click.UsageError(ON_THE_COMMAND_LINE)
    if not from_stdin and not sys.stdin.isatty():
        raise click.UsageError(f"nobody can be asked here: add --stdin, and give {FORM} on standard input")
    target = place.find(name, context, aws=aws, local=local, verb="Write", ask=not from_stdin)
    with service_errors():
        secret_id = secret_id or _known(target)
        pair = _pair(sys.stdin.buffer.read().decode("utf-8-sig", "replace") if from_stdin else _typed())
        arn = _write(target, secret_id, *pair)
    where = f"the {place.LOCAL} Secrets Manager" if target.local_url else "AWS Secrets Manager"
    text = f"mParticle's key and secret are written to {where}: {arn}"
    emit({"place": target.place, "where": where, "secret": arn}, as_json, lambda: click.echo(text))


def _known(target: connection.Target) -> str:
    """Return the secret's ARN: of a running ``serve``, or of the stack. Raises click.UsageError."""
    if target.local_url:
        known = os.environ.get("MPARTICLE_SECRET_ARN") or local_env.running().get("MPARTICLE_SECRET_ARN")
    else:
        known = target.outputs.get("MParticleSecretArn")
    if not known:
        missing = f"no stack {target.names.broker} with a secret is deployed here"
        missing = (
            "this ./broker serve has no secret (with --only it serves Personalize alone)"
            if target.local_url
            else missing
        )
        raise click.UsageError(f"{missing}: give --secret-id")
    return known


def _typed() -> str:
    fields = {name: click.prompt(f"mParticle's {name}", hide_input=True, err=True) for name in ("key", "secret")}
    return json.dumps({name: text.strip() for name, text in fields.items()})


def _pair(text: str) -> tuple[str, str]:
    """Return key and secret by the rule with which `refresh` reads them. Raises click.UsageError."""
    try:
        return key_and_secret(text)
    except Misconfigured as error:
        raise click.UsageError(f"nothing was written: {error}") from None


def _write(target: connection.Target, secret_id: str, key: str, secret: str) -> str:
    """Write a new version; return the secret's ARN. A refusal is its code alone: the text may repeat what was sent."""
    value = json.dumps({"key": key, "secret": secret})
    try:
        answer = target.client("secretsmanager").put_secret_value(SecretId=secret_id, SecretString=value)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        hint = f": {HINTS[code]}" if code in HINTS else ""
        raise click.ClickException(f"PutSecretValue: {code}{hint}") from None
    return str(answer["ARN"])
