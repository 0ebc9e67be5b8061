"""All lists that Personalize gives and mParticle writes during a soak, read from both every few seconds."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_stack import loopback
from local_stack.audit.lag import event_times
from local_stack.audit.rows import StreamRecord, customer_events, split_event_id
from local_stack.soak.profile_lag import GivenList, SentEvent, Write

LIMIT = 5_000
Page = Callable[[str, int, int], list[dict[str, Any]]]


def pages_of(personalize_url: str, mparticle_url: str) -> Page:
    """Return what reads the pages of the running services."""
    urls = {"lists": personalize_url, "writes": mparticle_url}

    def page(name: str, after: int, limit: int) -> list[dict[str, Any]]:
        answer = loopback.get(f"{urls[name]}/_local/{name}", params={"after": after, "limit": limit})
        entries: list[dict[str, Any]] = answer.json()[name]
        return entries

    return page


class ListLog:
    """Reads what is new since it was last read. Both services forget what is older than their newest 20,000.

    ``page(name, after, limit)`` returns the entries of ``lists`` or ``writes`` whose number is above ``after``.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._read: dict[str, int] = {}
        self.lists: list[GivenList] = []
        self.writes: list[Write] = []

    def read(self) -> None:
        """Read both. Raises LookupError where a service has forgotten some before they were read.

        After RequestException, the next read goes on where the last one ended.
        """
        self.lists += [
            GivenList(entry["userId"], entry["recommendationId"], tuple(entry["items"]), entry["given_at"])
            for entry in self._new("lists")
        ]
        self.writes += [
            Write(entry["mpid"], entry["product_recs_id"], entry["written_ms"] / 1000) for entry in self._new("writes")
        ]

    def _new(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        while True:
            after = self._read.get(name, 0) + len(entries)
            page = self._page(name, after, LIMIT)
            if page and page[0]["number"] != after + 1:
                raise LookupError(f"{name}: the service has forgotten {page[0]['number'] - after - 1} entries")
            entries += page
            if len(page) < LIMIT:
                self._read[name] = after + len(page)
                return entries


def sent_events(
    records: Iterable[StreamRecord], accepted: Iterable[Mapping[str, Any]], since: float
) -> list[SentEvent]:
    """Return the events that the shop made from a time on (epoch seconds), each once, at its first acceptance."""
    times = event_times(records)
    events: dict[str, SentEvent] = {}
    for delivery in customer_events(accepted):
        event_id = split_event_id(delivery["eventId"])[0]
        made_at = times.get(event_id, 0) / 1000
        if made_at >= since:
            events.setdefault(event_id, SentEvent(delivery["userId"], made_at, delivery["received_at"]))
    return list(events.values())
