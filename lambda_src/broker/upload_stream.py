"""Lists on their way to profiles: a hundred of them are uploaded together, or what there is after a second."""

import threading
from collections.abc import Callable, Sequence

from broker.clock import Clock
from broker.profile import MAX_BATCHES, Upload, bulk_requests

WINDOW = 1.0  # seconds that a list waits for others at most


class UploadStream:
    """Gathers uploads from several threads; ``start(request)`` sends one request of them."""

    def __init__(self, start: Callable[[Sequence[Upload]], None], clock: Clock) -> None:
        self._start = start
        self._clock = clock
        self._lock = threading.Lock()
        self._gathered: list[Upload] = []
        self._since = 0.0

    def add(self, upload: Upload) -> None:
        """Gather an upload; start a request where one is full, or a list in it has waited for long enough."""
        with self._lock:
            if not self._gathered:
                self._since = self._clock.now()
            self._gathered.append(upload)
            *full, rest = bulk_requests(self._gathered)
            if len(rest) == MAX_BATCHES:
                full, rest = [*full, rest], []
            if full:
                self._gathered, self._since = rest, self._clock.now()
        for request in full:
            self._start(request)
        self.flush_due()

    def flush_due(self) -> None:
        """Start a request of what was gathered, if a list in it has waited for long enough."""
        if self._gathered and self._clock.now() >= self._since + WINDOW:
            self.flush()

    def flush(self) -> None:
        """Start a request of what was gathered."""
        with self._lock:
            gathered, self._gathered = self._gathered, []
        if gathered:
            self._start(gathered)
