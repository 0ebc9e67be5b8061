"""Lists on their way to profiles: a hundred of them are uploaded together, or what there is after a second."""

import threading
from collections.abc import Callable, Sequence

from broker.clock import Clock
from broker.profile import MAX_BATCHES, MAX_REQUEST_BYTES, Upload

WINDOW = 1.0  # seconds that a list waits for others at most


class UploadStream:
    """Gathers uploads from several threads; ``start(request)`` sends one request of them."""

    def __init__(self, start: Callable[[Sequence[Upload]], None], clock: Clock) -> None:
        self._start = start
        self._clock = clock
        self._lock = threading.Lock()
        self._gathered: list[Upload] = []
        self._room = 0  # bytes that a request of them has left
        self._since = 0.0

    def add(self, upload: Upload) -> None:
        """Gather an upload; start a request where one is full, or a list in it has waited for long enough."""
        size = len(upload.body) + len(",")
        full: list[list[Upload]] = []
        with self._lock:
            if self._gathered and self._room < size:
                full.append(self._take())
            if not self._gathered:
                self._room, self._since = MAX_REQUEST_BYTES - len("[]"), self._clock.now()
            self._gathered.append(upload)
            self._room -= size
            if len(self._gathered) == MAX_BATCHES:  # a batch has at most one event, so 100 batches are 100
                full.append(self._take())
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
            gathered = self._take()
        if gathered:
            self._start(gathered)

    def _take(self) -> list[Upload]:
        gathered, self._gathered = self._gathered, []
        return gathered
