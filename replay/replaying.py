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

from replay.destinations import Queue, Stream, batches
from replay.inventory import Inventory, QuarantinedRecord, RecordFilter, redriven_ids
from replay.records import USER, Record, UnrecognisedObject, read
from replay.store import Object, Store

OPEN_OBJECTS = 8  # up to about 8 MB each; records of one time are in few objects, one per shard
Moved = Callable[[int], None]


class Replay:
    """A redrive from both buckets to both destinations; ``rules`` are those of the stack."""

    def __init__(
        self,
        stores: Mapping[str, Store],
        destinations: Mapping[str, Stream | Queue],
        *,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._destinations = destinations
        self._rules = rules
        self._clock = clock
        self._marks: dict[str, dict[str, set[str]]] = {}
        self._open: OrderedDict[tuple[str, str], dict[str, Record]] = OrderedDict()

    def objects(self, choice: RecordFilter, key: str = "") -> list[Object]:
        """Return the objects to read: an object that was written before the filter's start holds nothing newer."""
        listing = [stored for store in self._stores.values() for stored in store.objects(key)]
        since = choice.since_ms
        return [stored for stored in listing if since is None or stored.written.timestamp() * 1000 >= since - 1000]

    def look(self, objects: Sequence[Object], moved: Moved) -> Inventory:
        """Read objects one by one; keep the records' metadata, not their content."""
        self._marks = {source: store.marks() for source, store in self._stores.items()}
        done = {id for marks in self._marks.values() for id in redriven_ids(marks)}
        inventory = Inventory()
        now_ms = int(self._clock.now() * 1000)
        for place in objects:
            try:
                records = read(place.source, place.key, self._stores[place.source].read(place.key))
            except UnrecognisedObject:
                inventory.unreadable.append(place)
                records = []
            for record in records:
                same = record.kind == USER or is_repeatable(record.data, record.arrived_ms, now_ms, self._rules)
                inventory.add(place, record, redriven=record.id in done, repeatable=same)
            moved(place.size)
        return inventory

    def redrive(self, chosen: Sequence[QuarantinedRecord], moved: Moved) -> None:
        """Redrive records in order and mark them. Raises Failure; the records delivered before it are marked."""
        by_id = {held.id: held for held in chosen}
        for kind, destination in self._destinations.items():
            records = self._records(held for held in chosen if held.kind == kind)
            for batch in batches(records, destination.most_records, destination.most_bytes):
                taken: list[QuarantinedRecord] = []

                def took(record: Record, taken: list[QuarantinedRecord] = taken) -> None:
                    taken.append(by_id[record.id])
                    moved(len(record.data))

                try:
                    destination.put(batch, took)
                finally:
                    self._mark(taken)

    def _records(self, chosen: Iterator[QuarantinedRecord]) -> Iterator[Record]:
        for record in chosen:
            yield self._opened(record.objects[0])[record.id]

    def _opened(self, place: Object) -> dict[str, Record]:
        where = place.source, place.key
        if where not in self._open:
            body = self._stores[place.source].read(place.key)
            self._open[where] = {record.id: record for record in read(place.source, place.key, body)}
        self._open.move_to_end(where)
        while len(self._open) > OPEN_OBJECTS:
            self._open.popitem(last=False)
        return self._open[where]

    def _mark(self, delivered: Sequence[QuarantinedRecord]) -> None:
        changed: dict[tuple[str, str], None] = {}
        for record in delivered:
            record.redriven = True
            for place in record.objects:
                self._marks[place.source].setdefault(place.key, set()).add(record.id)
                changed[place.source, place.key] = None
        at = datetime.fromtimestamp(self._clock.now(), UTC)
        for source, key in changed:
            self._stores[source].mark(key, self._marks[source][key], at)


def is_repeatable(data: bytes, arrived_ms: int, now_ms: int, rules: Rules) -> bool:
    """Whether a record that arrives again now gives the same event ids as on its first arrival."""
    return _ids(data, arrived_ms, rules) == _ids(data, now_ms, rules)


def _ids(data: bytes, arrived_ms: int, rules: Rules) -> list[str]:
    batches = [batch for batch in decode(data, arrived_ms) if not isinstance(batch, BadBatch)]
    return [interaction.event_id for batch in batches for interaction in extract(batch, rules)[0]]
