"""What commands print: JSON or text on standard output, and the log of the local services."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

# One a user: on a machine that several share, the other's file could not be written.
LOG = Path(tempfile.gettempdir()) / f"personalize-broker-{os.getuid()}.log"


EXACT = 2**53  # every whole number up to it is a float of its own


def exact(value: Any) -> Any:
    """Return a JSON value whose whole numbers beyond 2**53 are text: jq 1.6 and JavaScript would round them."""
    if isinstance(value, dict):
        return {key: exact(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [exact(member) for member in value]
    return str(value) if isinstance(value, int) and abs(value) > EXACT else value


def emit(result: Any, as_json: bool, human: Callable[[], None]) -> None:
    """Print the result of a command: as one JSON object, or by ``human`` as text for people."""
    if as_json:
        click.echo(json.dumps(exact(result)))
    else:
        human()


def discard_stdout() -> None:
    """Let what is left in the buffer go nowhere, or the interpreter tries again at its end, and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def service_log() -> Iterator[Callable[[str], None]]:
    """Yield what takes a line; the file is that of the newest run."""
    with LOG.open("w", encoding="utf-8", buffering=1) as file:
        yield lambda line: print(line, file=file)
