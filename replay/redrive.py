"""The two passes of a redrive: list everything in quarantine, then redrive the selected records and mark each batch.

After a crash, a repeat redrives the records without a mark. Records that were put and not yet marked are put twice; the
event ids make that harmless.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from broker.batch import BadBatch, decode
from broker.clock import Clock
from broker.interactions import Rules, extract
from broker.suppression import SuppressionList
from broker.users import user_from_body

from replay.destinations import Queue, Stream, batches
from replay.inventory import Inventory, QuarantinedRecord, RecordFilter, redriven_ids
from replay.records import USER, Record, UnrecognisedObject, read
from replay.store import Store, StoredObject

OPEN_OBJECTS = 8  # up to about 8 MB each; records of one time are in few objects, one per shard
OnProgress = Callable[[int], None]


class Replay:
    """A redrive from both buckets to both destinations; ``rules`` are those of the stack.

    ``suppressed``: of whom nothing is redriven. If a record has other users' events, too, ``ingest`` leaves theirs out.
    """

    def __init__(
        self,
        stores: Mapping[str, Store],
        destinations: Mapping[str, Stream | Queue],
        *,
        rules: Rules,
        clock: Clock,
        suppressed: SuppressionList | None = None,
    ) -> None:
        self._stores = stores
        self._destinations = destinations
        self._rules = rules
        self._clock = clock
        self._suppressed = suppressed
        self._marks: dict[str, dict[str, set[str]]] = {}
        self._open: OrderedDict[tuple[str, str], dict[str, Record]] = OrderedDict()

    def objects(self, record_filter: RecordFilter, key: str = "") -> list[StoredObject]:
        """Return the objects to read: an object that was written before the filter's start holds nothing newer."""
        listing = [stored for store in self._stores.values() for stored in store.objects(key)]
        since = record_filter.since_ms
        return [stored for stored in listing if since is None or stored.written.timestamp() * 1000 >= since - 1000]

    def inventory(self, objects: Sequence[StoredObject], on_progress: OnProgress) -> Inventory:
        """Read objects one by one; keep the records' metadata, not their content."""
        self._marks = {source: store.marks() for source, store in self._stores.items()}
        done = {id for marks in self._marks.values() for id in redriven_ids(marks)}
        inventory = Inventory()
        now_ms = int(self._clock.now() * 1000)
        for stored in objects:
            try:
                records = read(stored.source, stored.key, self._stores[stored.source].read(stored.key))
            except UnrecognisedObject:
                inventory.unreadable.append(stored)
                records = []
            for record in records:
                same = record.kind == USER or is_repeatable(record.data, record.arrived_ms, now_ms, self._rules)
                inventory.add(
                    stored,
                    record,
                    redriven=record.id in done,
                    repeatable=same,
                    suppressed=self._suppressed is not None and is_of(self._suppressed, record),
                )
            on_progress(stored.size)
        return inventory

    def redrive(self, chosen: Sequence[QuarantinedRecord], on_progress: OnProgress) -> None:
        """Redrive records in order and mark them. Raises Failure; the records delivered before it are marked."""
        by_id = {record.id: record for record in chosen}
        for kind, destination in self._destinations.items():
            records = self._records(record for record in chosen if record.kind == kind)
            for batch in batches(records, destination.most_records, destination.most_bytes):
                delivered: list[QuarantinedRecord] = []

                def record_delivered(record: Record, delivered: list[QuarantinedRecord] = delivered) -> None:
                    delivered.append(by_id[record.id])
                    on_progress(len(record.data))

                try:
                    destination.put(batch, record_delivered)
                finally:
                    self._mark(delivered)

    def _records(self, chosen: Iterator[QuarantinedRecord]) -> Iterator[Record]:
        for record in chosen:
            yield self._opened(record.objects[0])[record.id]

    def _opened(self, stored: StoredObject) -> dict[str, Record]:
        location = stored.source, stored.key
        if location not in self._open:
            body = self._stores[stored.source].read(stored.key)
            self._open[location] = {record.id: record for record in read(stored.source, stored.key, body)}
        self._open.move_to_end(location)
        while len(self._open) > OPEN_OBJECTS:
            self._open.popitem(last=False)
        return self._open[location]

    def _mark(self, delivered: Sequence[QuarantinedRecord]) -> None:
        changed: dict[tuple[str, str], None] = {}
        for record in delivered:
            record.redriven = True
            for stored in record.objects:
                self._marks[stored.source].setdefault(stored.key, set()).add(record.id)
                changed[stored.source, stored.key] = None
        at = datetime.fromtimestamp(self._clock.now(), UTC)
        for source, key in changed:
            self._stores[source].mark(key, self._marks[source][key], at)


def is_of(suppressed: SuppressionList, record: Record) -> bool:
    """Whether all that can be read of a record is about users on the suppression list."""
    if record.kind == USER:
        try:
            users = [user_from_body(record.data.decode()).mpid]
        except ValueError:
            return False
    else:
        found = decode(record.data, record.arrived_ms)
        users = [batch.mpid for batch in found if not isinstance(batch, BadBatch) and batch.mpid is not None]
    return bool(users) and all(map(suppressed.covers, users))


def is_repeatable(data: bytes, arrived_ms: int, now_ms: int, rules: Rules) -> bool:
    """Whether a record that arrives again now gives the same event ids as on its first arrival."""
    return _ids(data, arrived_ms, rules) == _ids(data, now_ms, rules)


def _ids(data: bytes, arrived_ms: int, rules: Rules) -> list[str]:
    batches = [batch for batch in decode(data, arrived_ms) if not isinstance(batch, BadBatch)]
    return [interaction.event_id for batch in batches for interaction in extract(batch, rules)[0]]
