"""Where the local services' and functions' own output goes while a command runs."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# One a user: on a machine that several share, the other's file could not be written.
LOG = Path(tempfile.gettempdir()) / f"personalize-broker-{os.getuid()}.log"


@contextmanager
def service_log() -> Iterator[Callable[[str], None]]:
    """Yield what takes a line; the file is that of the newest run."""
    with LOG.open("w", encoding="utf-8", buffering=1) as file:
        yield lambda line: print(line, file=file)
