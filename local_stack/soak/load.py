"""A steady load: the shop's visits at a rate of interactions per second, and sometimes unusable records."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import HTTPClientError

from local_stack.items4u.client import Client, NotDelivered
from local_stack.items4u.sessions import Session

CONCURRENCY = 12
POISON = (b"no JSON at all", b'{"events": 7}', b"\xff\xfe", b"[" * 2000)
POISON_EVERY = 5.0  # seconds


class Load:
    """Visits until ``seconds`` are over. ``interactions`` and ``records_put`` (directly on the stream) are counts.

    ``took``: the seconds that the visits really took, which are more where the machine does not hold the rate.
    """

    def __init__(self, mparticle_url: str, kinesis: Any, stream: str, *, rate: float, seconds: float) -> None:
        """``rate``: interactions per second that a broker should train on."""
        self._client = Client(mparticle_url, sleep=self._pause)
        self._kinesis = kinesis
        self._stream = stream
        self._rate = rate
        self._seconds = seconds
        self._over = threading.Event()
        self.interactions = 0
        self.records_put = 0
        self.took = 0.0

    def play(self, sessions: Iterator[Session]) -> None:
        """Play sessions at the rate; return when the time is over and all begun sessions are delivered."""
        begin = time.monotonic()
        visits = self._client.play_all(self._paced(sessions, begin), concurrency=CONCURRENCY)
        try:
            for played in visits:
                self.interactions += played.interactions
        finally:
            self._over.set()
            visits.close()
            self.took = time.monotonic() - begin

    def poison(self) -> None:
        """Put unusable records on the stream until the visits are over."""
        while not self._over.wait(POISON_EVERY):
            number = self.records_put
            # The server closes a connection that was idle too long: the next record comes five seconds later.
            with contextlib.suppress(HTTPClientError):
                self._kinesis.put_record(
                    StreamName=self._stream, Data=POISON[number % len(POISON)], PartitionKey=f"poison-{number}"
                )
                self.records_put += 1

    def stop(self) -> None:
        """Begin no more visits."""
        self._over.set()

    def _paced(self, sessions: Iterator[Session], begin: float) -> Iterator[Session]:
        expected = 0
        for session in sessions:
            due = begin + expected / self._rate
            if due >= begin + self._seconds or self._over.wait(max(0.0, due - time.monotonic())):
                return
            # The interactions of a visit are known before it is played, from its uploads.
            usable = session.consents and session.environment == "production"
            expected += sum(len(upload.interactions) for upload in session.uploads) if usable else 0
            yield session

    def _pause(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise NotDelivered("the soak is over")
