"""OTTO's shop sessions as mParticle batches, one per visit. A session there lasts weeks, so it is a customer."""

import argparse
import json
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

from local_stack.audit.rows import Row
from tests.real_data import data_folder, wire

FILE = "interactions/otto_sessions_20.jsonl"
ACTIONS = {"clicks": "view_detail", "carts": "add_to_cart", "orders": "purchase"}
VISIT_ENDS_AFTER_MS = 30 * 60 * 1000


def convert(jsonl: Path) -> wire.Converted:
    """Return all sessions as batches, in time order, and the interactions expected of them."""
    sessions = [json.loads(line) for line in jsonl.read_text("utf-8").splitlines()]
    batches = [_batch(session["session"], visit) for session in sessions for visit in _visits(session["events"])]
    expected = {row for session in sessions for row in _expected(session["session"], session["events"])}
    return wire.Converted(sorted(batches, key=lambda batch: batch["timestamp_unixtime_ms"]), expected)


def mpid(session: int) -> int:
    """Return the shopper's mParticle id: any signed 64-bit number, always the same for one shopper."""
    return wire.int64("otto session", session)


def event_id(session: int, ts: int, kind: str) -> int:
    """Return mParticle's id for all that a shopper clicked, put into the cart or ordered at one moment."""
    return wire.int64("otto event", session, ts, kind)


def _visits(actions: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    visits: list[list[dict[str, Any]]] = []
    for action in actions:
        if not visits or action["ts"] - visits[-1][-1]["ts"] > VISIT_ENDS_AFTER_MS:
            visits.append([])
        visits[-1].append(action)
    return visits


def _batch(session: int, visit: list[dict[str, Any]]) -> dict[str, Any]:
    events = [
        wire.product_event(
            action=ACTIONS[kind],
            products=[{"id": str(line["aid"]), "quantity": 1} for line in lines],
            event_id=event_id(session, ts, kind),
            session=wire.session_uuid("otto", session, visit[0]["ts"]),
            time_ms=ts,
        )
        for (ts, kind), lines in groupby(visit, key=lambda action: (action["ts"], action["type"]))
    ]
    return wire.batch(customer=f"otto-{session}", mpid=mpid(session), events=events, time_ms=visit[-1]["ts"] + 1000)


def _expected(session: int, actions: list[dict[str, Any]]) -> set[Row]:
    lines_so_far: Counter[tuple[int, str]] = Counter()
    rows = set()
    for action in actions:
        ts, kind = action["ts"], action["type"]
        index = lines_so_far[ts, kind]
        lines_so_far[ts, kind] += 1
        own_id = str(event_id(session, ts, kind))
        rows.add(Row(str(mpid(session)), str(action["aid"]), ACTIONS[kind], ts // 1000, own_id, index))
    return rows


def main() -> None:
    """Write the batches as NDJSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_data.otto", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.ndjson")
    wire.write_ndjson(parser.parse_args().out, convert(data_folder() / FILE).batches)


if __name__ == "__main__":
    main()
