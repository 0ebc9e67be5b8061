"""The stream in memory: shards with records, which are forgotten after the retention."""

from collections.abc import Callable, Sequence

from local_stack.audit.rows import StreamRecord
from local_stack.lambda_emulator.polling.events import Record

FIRST = 49_590_338_000_000_000_000_000


class Stream:
    """See the module. ``written(shard)`` is called after each record; ``retention`` in seconds."""

    def __init__(self, shards: Sequence[str], clock: Callable[[], float], retention: float) -> None:
        self.shards: dict[str, list[Record]] = {shard: [] for shard in shards}
        self.written: Callable[[str], None] = lambda shard: None
        self._clock = clock
        self._retention = retention
        self._number = FIRST

    def put(self, shard: str, key: str, data: bytes) -> None:
        """Append a record."""
        self._number += 1
        self.shards[shard].append(Record(str(self._number), key, data, round(self._clock(), 3)))
        self.written(shard)

    def read(self, shard: str, position: str | None, limit: int) -> Sequence[Record]:
        """See ``RecordSource``."""
        oldest, after = self._clock() - self._retention, int(position or 0)
        records = self.shards[shard]
        return [record for record in records if int(record.sequence_number) > after and record.arrival >= oldest][
            :limit
        ]

    def last(self, shard: str) -> str | None:
        """Return the newest record's sequence number."""
        records = self.shards[shard]
        return records[-1].sequence_number if records else None

    def ever(self) -> list[StreamRecord]:
        """Return every record that was ever put, for the ledger."""
        return [
            StreamRecord(shard, record.sequence_number, int(record.arrival * 1000), record.data)
            for shard, records in self.shards.items()
            for record in records
        ]

    def still_there(self, checkpoints: dict[str, str | None]) -> set[tuple[str, str]]:
        """Return shard and number of the records beyond the checkpoints that are not forgotten yet."""
        oldest = self._clock() - self._retention
        return {
            (shard, record.sequence_number)
            for shard, records in self.shards.items()
            for record in records
            if int(record.sequence_number) > int(checkpoints[shard] or 0) and record.arrival >= oldest
        }
