"""The ledger of nothing lost: each interaction that was ever on the stream, and where it is now."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_stack import loopback
from local_stack.audit.reconciliation import Audit, audit
from local_stack.audit.rows import StreamRecord
from local_stack.audit.services import PAGE, holdings
from shop.panel.stream import StreamReader
from shop.places import Places


@dataclass(frozen=True)
class Checked:
    """The result of a check: ``counts`` by place, and whether the law holds."""

    counts: Mapping[str, int]
    entries: int
    lost: int
    unexpected: int
    twice: int
    holds: bool
    seconds: float

    @classmethod
    def of(cls, result: Audit, seconds: float) -> "Checked":
        """Return what a page shows of an audit."""
        return cls(
            counts={place: result.count(place) for place in Audit.PLACES},
            entries=result.entries,
            lost=result.count("lost"),
            unexpected=len(result.unexpected),
            twice=len(result.duplicated),
            holds=result.holds,
            seconds=seconds,
        )


@dataclass
class Ledger:
    """Checks by code that shares nothing with the broker. What was read once is kept. Thread-safe."""

    places: Places
    clients: Callable[[str], Any]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _records: list[StreamRecord] = field(default_factory=list)
    _accepted: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stream = StreamReader(self.clients("kinesis"), self.places.stream_name)

    def check(self) -> Checked:
        """Compare the stream with the services. Raises requests.RequestException, botocore's ClientError."""
        with self._lock:
            began = time.monotonic()
            # The positions first: what is before them was delivered before the deliveries are read. The stream last:
            # all that was delivered is on it, and what has come since is beyond the positions.
            done = loopback.get(f"{self.places.functions}/_local/positions").json()
            self._read_accepted()
            self._records += [
                StreamRecord(one.shard, one.sequence_number, one.arrived_ms, one.data) for one in self._stream.new()
            ]
            still = {
                (record.shard_id, record.sequence_number)
                for record in self._records
                if int(record.sequence_number) > int(done.get(record.shard_id) or -1)
            }
            held = holdings(
                self._accepted,
                self.clients("s3"),
                quarantine_bucket=self.places.quarantine_bucket,
                on_failure_bucket=self.places.on_failure_bucket,
                still_on_stream=still,
            )
            return Checked.of(audit(self._records, held), time.monotonic() - began)

    def _read_accepted(self) -> None:
        while True:
            query = {"after": len(self._accepted), "limit": PAGE}
            answer = loopback.get(f"{self.places.personalize}/_local/events", params=query, timeout=30)
            page = answer.json()["events"]
            self._accepted += page
            if len(page) < PAGE:
                return
