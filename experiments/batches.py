"""mParticle's batches, of an export, an archive or a stream, as the events of an analysis.

What is an event and whose, and who has consented, is decided by the code that reads the stream. The broker's own
write-back tells which list a customer had, and when; it is never an outcome.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker import product_lines
from broker.batch import BadBatch, Batch, Event, decode, usable_time
from broker.consent import REASONS
from broker.interactions import WRITE_BACK_EVENT, Rules, extract
from broker.json_values import mapping
from broker.reasons import SkipReason
from broker.recommendation_ids import from_attributes
from broker.values import amounts, ids

from experiments.events import ACTIVITY, IMPRESSION, LIST, LOGIN, PURCHASE, Events, Row, events
from personalize_data.id_changes import id_change

REFUND = "refund"  # mParticle's product action
NOBODY = {SkipReason.OTHER_ENVIRONMENT, SkipReason.NO_CUSTOMER}
WITHOUT_CONSENT = {*REASONS.values()}


@dataclass
class Reader:
    """Reads batches by ``rules``. ``slot``: the name of the impressions' list that is the recommendations' slot."""

    rules: Rules
    slot: str | None = None
    rows: list[Row] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _consented: dict[str, int] = field(default_factory=dict)
    _refused: dict[str, int] = field(default_factory=dict)

    def read(self, data: bytes, arrived_ms: int) -> None:
        """Read one record: a batch, or several in any of the forms that a stream's record may have."""
        for batch in decode(data, arrived_ms):
            if isinstance(batch, BadBatch):
                self.left_out[str(batch.reason)] += 1
            else:
                self._batch(batch)

    def events(self) -> Events:
        """Return what was read. Whose newest batch is without consent is left out with all they did."""
        refused = {user for user, time in self._refused.items() if time >= self._consented.get(user, 0)}
        return events(self.rows, refused, [f"{count:,} left out: {reason}" for reason, count in self.left_out.items()])

    def _batch(self, batch: Batch) -> None:
        _, skipped = extract(batch, self.rules)
        user, own = str(batch.mpid), [event for event in batch.events if is_own(event)]
        if NOBODY & skipped.keys() or not batch.mpid:
            self.left_out.update(str(reason) for reason in NOBODY & skipped.keys())
            return
        for event in own:
            self.rows += self._timed(batch, event, lambda event, time: [_list(user, event, time)])
        others = [event for event in batch.events if not is_own(event)]
        if not others:
            return
        time = batch.time_ms or batch.arrived_ms
        last = self._refused if WITHOUT_CONSENT & skipped.keys() else self._consented
        last[user] = max(time, last.get(user, 0))
        if last is self._consented:
            for event in others:
                self.rows += self._timed(batch, event, lambda event, time: self._rows(user, event, time))

    def _timed(self, batch: Batch, event: Event, rows: Any) -> list[Row]:
        given = usable_time(event.data.get("timestamp_unixtime_ms"), batch.arrived_ms)
        time = batch.time_ms if given is None else given
        if time is None:
            self.left_out["no_time"] += 1
            return []
        return list(rows(event, time))

    def _rows(self, user: str, event: Event, time: int) -> Iterator[Row]:
        change = id_change(event)
        if change:
            for mpid in change:
                yield (str(mpid), time, LOGIN, None, None, None, False, None, f"login of {change}", None, None)
        if event.type != "commerce_event":
            return
        session, of_event = _text(event.data.get("session_uuid") or event.data.get("session_id")), _key(event, time)
        if self.slot is not None and _shows(event, self.slot):
            yield (user, time, IMPRESSION, None, None, None, False, of_event, session, None, None)
        product_action = mapping(event.data.get("product_action"))
        action = product_action.get("action")
        if action in self.rules.event_types:
            yield (user, time, ACTIVITY, None, None, None, False, of_event, session, None, None)
        if action in (amounts.PURCHASE, REFUND):
            of_list = from_attributes(event.data.get("custom_attributes"), self.rules.recommendation_id_attribute)
            for index, product in enumerate(product_lines.listed(product_action)):
                if isinstance(product, dict):
                    attributes = product.get("custom_attributes")
                    own = from_attributes(attributes, self.rules.recommendation_id_attribute, of_list)
                    key, is_refund = f"{of_event}-{index}", action == REFUND
                    yield from self._line(user, time, product, is_refund, own.text is not None, key, session)

    def _line(
        self,
        user: str,
        time: int,
        product: Mapping[str, Any],
        refund: bool,
        credited: bool,
        key: str,
        session: str | None,
    ) -> Iterator[Row]:
        item, amount = product_lines.item_id(product), product_lines.amounts_of(product)
        if isinstance(item, SkipReason):
            self.left_out[str(item)] += 1
            return
        if amount.value is None:
            self.left_out["purchases_without_an_amount"] += 1
        quantity = amounts.from_json(product.get(product_lines.QUANTITY))
        sign = -1.0 if refund or amount.is_return else 1.0
        value, units = sign * abs(amount.value or 0.0), sign * abs(1.0 if quantity is None else quantity)
        yield (user, time, PURCHASE, item, value, units, credited, key, session, None, None)


def is_own(event: Event) -> bool:
    """Return whether an event is the broker's own write-back."""
    return event.type == "custom_event" and event.data.get("event_name") == WRITE_BACK_EVENT


def read(records: Iterable[tuple[bytes, int]], rules: Rules, slot: str | None) -> Events:
    """Return the events in records, each with its arrival in epoch milliseconds."""
    reader = Reader(rules, slot)
    for data, arrived_ms in records:
        reader.read(data, arrived_ms)
    return reader.events()


def _list(user: str, event: Event, time: int) -> Row:
    attributes = mapping(event.data.get("custom_attributes"))
    items = [item for item in str(attributes.get("product_recs") or "").split(",") if item]
    key, variant = _text(event.data.get("source_message_id")), _text(attributes.get("ml_variant"))
    return (user, time, LIST, None, None, None, False, key, None, variant, items)


def _shows(event: Event, slot: str) -> bool:
    """Return whether an event has impressions of the slot's list."""
    impressions = event.data.get("product_impressions")
    listed = impressions if isinstance(impressions, list) else [impressions]
    return any(mapping(each).get("product_impression_list") == slot for each in listed)


def _key(event: Event, time: int) -> str | None:
    """Return what a second delivery of the event has, too; None where nothing tells two events apart."""
    given = _text(event.data.get("source_message_id")) or _text(event.data.get("event_id"))
    text = given or hashlib.sha256(repr(sorted(event.data.items(), key=str)).encode()).hexdigest()[:32]
    return f"{text}-{time}"


def _text(value: object) -> str | None:
    return ids.from_json(value)
