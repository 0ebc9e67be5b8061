"""The threads that run a Forwarder in real time."""

import threading
import time
from collections.abc import Callable
from typing import Any

from local_stack.mparticle.forwarding.forwarder import Forwarder


class Workers:
    """A fixed number of threads that deliver due records and sleep until the next one is due."""

    def __init__(self, forwarder: Forwarder, *, threads: int, clock: Callable[[], float] = time.time) -> None:
        self._forwarder = forwarder
        self._clock = clock
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"forward-{index}", daemon=True) for index in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each thread finish its current record, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def offer(self, batch: dict[str, Any]) -> None:
        """Hand a batch to the forwarder and wake a thread for it."""
        self._forwarder.offer(batch)
        with self._changed:
            self._changed.notify()

    def _work(self) -> None:
        while not self._stopping:
            if not self._forwarder.deliver_due():
                self._rest()

    def _rest(self) -> None:
        with self._changed:
            due = self._forwarder.next_due()
            if self._stopping or (due is not None and due <= self._clock()):
                return
            self._changed.wait(None if due is None else due - self._clock())
