"""Delivery to Kinesis as in mParticle: at least once, one record per batch, retried until it is delivered."""

import heapq
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 30.0
COPY_DELAY_SECONDS = 2.0


class DeliveryFailed(Exception):
    """The stream did not accept the record; a later attempt may succeed."""


class Refused(Exception):
    """The stream will never accept the record: it is larger than the stream allows."""


@dataclass(order=True)
class _Delivery:
    due: float
    number: int
    key: str = field(compare=False)
    data: bytes = field(compare=False)
    attempts: int = field(default=0, compare=False)
    is_copy: bool = field(default=False, compare=False)


class Forwarder:
    """The records to deliver. Thread-safe; without its own threads, clock or network.

    ``put(partition_key, data)`` delivers a record, or raises DeliveryFailed or Refused; ``chance()`` is a number from 0
    to 1, for jitter and for the occasional second delivery of the same record (``copies`` is their share).
    """

    def __init__(
        self,
        put: Callable[[str, bytes], None],
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
        copies: float = 0.0,
    ) -> None:
        self._put = put
        self._clock = clock
        self._chance = chance
        self._copies = copies
        self._lock = threading.Lock()
        self._waiting: list[_Delivery] = []
        self._in_flight = 0
        self._number = 0
        self._counts = {"forwarded": 0, "copies": 0, "failed_attempts": 0, "refused": 0}

    def offer(self, batch: dict[str, Any]) -> None:
        """Queue a batch in output form as one UTF-8 JSON record with its mpid as the partition key."""
        text = json.dumps(batch, ensure_ascii=False, separators=(",", ":"))
        self._add(self._clock(), str(batch["mpid"]), text.encode("utf-8", "replace"))

    def deliver_due(self) -> bool:
        """Try to deliver the record that is due first; return False if none is due."""
        delivery = self._next()
        if delivery is None:
            return False
        try:
            self._put(delivery.key, delivery.data)
        except DeliveryFailed:
            self._again(delivery)
        except Refused:
            self._drop()
        else:
            self._done(delivery)
        return True

    def next_due(self) -> float | None:
        """Return when the next record is due (epoch seconds), or None if none waits."""
        with self._lock:
            return self._waiting[0].due if self._waiting else None

    def counts(self) -> dict[str, int]:
        """Return the counts of records (delivered, copies among them, refused, undelivered) and of failed attempts."""
        with self._lock:
            return {**self._counts, "waiting": len(self._waiting) + self._in_flight}

    def _add(self, due: float, key: str, data: bytes, *, is_copy: bool = False) -> None:
        with self._lock:
            self._number += 1
            heapq.heappush(self._waiting, _Delivery(due, self._number, key, data, is_copy=is_copy))

    def _next(self) -> _Delivery | None:
        with self._lock:
            if not self._waiting or self._waiting[0].due > self._clock():
                return None
            self._in_flight += 1
            return heapq.heappop(self._waiting)

    def _again(self, delivery: _Delivery) -> None:
        longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**delivery.attempts)
        delivery.attempts = min(delivery.attempts + 1, 16)
        with self._lock:
            delivery.due = self._clock() + longest * (0.5 + 0.5 * self._chance())
            heapq.heappush(self._waiting, delivery)
            self._counts["failed_attempts"] += 1
            self._in_flight -= 1

    def _drop(self) -> None:
        with self._lock:
            self._counts["refused"] += 1
            self._in_flight -= 1

    def _done(self, delivery: _Delivery) -> None:
        with self._lock:
            twice = not delivery.is_copy and self._chance() < self._copies
            delay = self._chance() * COPY_DELAY_SECONDS if twice else 0.0
        if twice:
            self._add(self._clock() + delay, delivery.key, delivery.data, is_copy=True)
        with self._lock:
            self._counts["copies" if delivery.is_copy else "forwarded"] += 1
            self._in_flight -= 1
