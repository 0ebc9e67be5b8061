"""The end of a process with its parent: for those that load no web server too."""

import contextlib
import os
import threading
from collections.abc import Callable


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Call ``stop()`` when standard input ends, which is when the parent process does."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                continue
        stop()

    threading.Thread(target=watch, name="stop-with-parent", daemon=True).start()
