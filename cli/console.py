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


def emit(result: Any, as_json: bool, human: Callable[[], None]) -> None:
    """Print the result of a command: as one JSON object, or by ``human`` as text for people."""
    if as_json:
        click.echo(json.dumps(result))
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
