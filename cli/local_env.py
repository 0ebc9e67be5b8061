"""The file in which a running `./broker serve` says where its services are: `export` lines, as it prints them."""

import os
import shlex
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click

ACCESS_KEY = "local"  # no real one: AWS refuses it
FILE = Path(__file__).resolve().parents[1] / ".local.env"


def export_lines(values: Mapping[str, str]) -> str:
    """Return ``export NAME=value`` lines for a POSIX shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


@contextmanager
def written(values: Mapping[str, str]) -> Iterator[None]:
    """Keep the file while the block runs; another ``serve``'s that still answers is left alone, and pointed out."""
    if _answers(_values()):
        click.echo(f"another ./broker serve is running, and {FILE} stays its own: use the lines on stdout", err=True)
        yield
        return
    FILE.write_text(export_lines(values), encoding="utf-8")
    click.echo(f"the export lines are also in {FILE}", err=True)
    try:
        yield
    finally:
        FILE.unlink(missing_ok=True)


def read() -> dict[str, str]:
    """Return the running ``serve``'s values: the environment's where it has them, else the file's.

    Raises click.ClickException where none runs.
    """
    values = dict(os.environ) if "AWS_ENDPOINT_URL_LAMBDA" in os.environ else _values()
    if "AWS_ENDPOINT_URL_LAMBDA" not in values:
        if _answers(values):
            raise click.ClickException(
                f"the ./broker serve in {FILE.name} was started with --only personalize, and this needs all services. "
                "Stop it and start ./broker serve; or if a second one is running, paste its export lines in this shell"
            )
        raise click.ClickException("no ./broker serve is running: start it in another terminal first")
    return values


def running() -> dict[str, str]:
    """Return the values of the ``serve`` that is running; empty where none answers."""
    values = _values()
    return values if _answers(values) else {}


def _values() -> dict[str, str]:
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    words = [shlex.split(line)[1].partition("=") for line in lines]
    return {name: value for name, _, value in words}


def _answers(values: Mapping[str, str]) -> bool:
    address = urlsplit(values.get("AWS_ENDPOINT_URL_PERSONALIZE", ""))
    if not address.hostname or not address.port:
        return False
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
    except OSError:
        return False
    return True
