"""The made-up shop's events as the files that people have: a warehouse's CSV, and mParticle's batches."""

import csv
import json
from pathlib import Path
from typing import Any

from experiments.events import ACTIVITY, IMPRESSION, LIST, PURCHASE, Row

SLOT = "recommendations"
WORDS = {ACTIVITY: "view", IMPRESSION: "impression", PURCHASE: "purchase", LIST: "Recommendations Updated"}
COLUMNS = ("mpid", "at", "what", "sku", "amount", "units", "event", "variant")
MAPPED = [
    *("--user", "mpid", "--time", "at", "--event", "what", "--item", "sku"),
    *("--value", "amount", "--quantity", "units", "--id", "event"),
]


def write_csv(path: Path, rows: list[Row]) -> Path:
    """Write the events as a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for user, time, kind, item, value, quantity, _, key, _, variant, items in rows:
            sku = ",".join(items) if items else item
            writer.writerow([user, time, WORDS[kind], sku, value, quantity, key or f"{kind}{user}{time}", variant])
    return path


def write_batches(path: Path, rows: list[Row]) -> Path:
    """Write the events as an mParticle export, one batch a line."""
    path.write_text("".join(json.dumps(batch(row)) + "\n" for row in rows if row[0] != "last"), encoding="utf-8")
    return path


def batch(row: Row, **more: Any) -> dict[str, Any]:
    """Return one event as a batch."""
    user, time, kind, item, value, quantity, _, key, session, variant, items = row
    data: dict[str, Any] = {"timestamp_unixtime_ms": str(time), "source_message_id": key or f"{kind}{user}{time}"}
    if session:
        data["session_uuid"] = session
    kind_of_event = "commerce_event"
    if kind == ACTIVITY:
        data["product_action"] = {"action": "view_detail", "products": [{"id": "seen"}]}
    elif kind == IMPRESSION:
        data["product_impressions"] = [{"product_impression_list": SLOT, "products": [{"id": "a"}]}]
    elif kind == PURCHASE:
        product = {"id": item, "total_product_amount": value, "quantity": quantity}
        data["product_action"] = {"action": "purchase", "products": [product]}
    else:
        kind_of_event = "custom_event"
        attributes = {"product_recs": ",".join(items or []), "ml_variant": variant}
        data |= {"event_name": "Recommendations Updated", "custom_attributes": attributes}
    return {
        "mpid": int(user),
        "environment": "production",
        "timestamp_unixtime_ms": time,
        "events": [{"event_type": kind_of_event, "data": data}],
        **more,
    }
