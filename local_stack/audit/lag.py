"""The lag of events: the time from an event's timestamp until Personalize has it."""

from collections.abc import Iterable, Mapping
from typing import Any

from local_stack.audit.rows import (
    StreamRecord,
    customer_events,
    documents,
    is_batch,
    is_event,
    split_event_id,
    whole_number,
)


def event_times(records: Iterable[StreamRecord]) -> dict[str, int]:
    """Return every dated event's time, in epoch milliseconds, by mParticle's event id."""
    times: dict[str, int] = {}
    for record in records:
        for batch in filter(is_batch, documents(record.data)):
            for event in filter(is_event, batch.get("events") or []):
                time_ms = whole_number(event["data"].get("timestamp_unixtime_ms"))
                if time_ms is not None:
                    times[str(event["data"].get("event_id"))] = time_ms
    return times


def lags(times: Mapping[str, int], accepted: Iterable[Mapping[str, Any]], since_ms: int) -> dict[int, float]:
    """Return the lag in milliseconds of each event with a timestamp from ``since_ms`` on; repeats don't count.

    ``accepted`` are the deliveries in order: ``eventId`` and ``received_at`` (epoch seconds).
    """
    lag_by_id: dict[str, float] = {}
    for delivery in customer_events(accepted):
        event_id = split_event_id(delivery["eventId"])[0]
        if times.get(event_id, 0) >= since_ms:
            lag_by_id.setdefault(event_id, delivery["received_at"] * 1000 - times[event_id])
    return {times[event_id]: lag for event_id, lag in lag_by_id.items()}


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return a percentile by nearest rank; ``share`` is 0 to 1; None if there are no values."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * round(share * 100) // 100) - 1)] if ranked else None
