"""The doors that data comes in by, each with one damaged value among good rows: what becomes of it."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from broker.intake import read as read_stream
from broker.interactions import Rules
from broker.telemetry import Counts

from evaluation.data import log
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.events_api import EventsApi
from local_stack.mparticle.ids import Ids
from personalize_data.consent import Consent
from personalize_data.conversion import convert
from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.import_summary import ImportSummary
from personalize_data.plan import Plan, Source
from personalize_data.prepare import pipeline, source
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.lines import LineTableSpec
from personalize_data.schema import interactions_schema, read_schema
from personalize_data.table import Mapped
from personalize_data.times import Times
from tests.broker.lambda_events import record
from tests.broker.stubs import NOW
from tests.law.world.ends import authorization

TAKEN, REFUSED = "taken", "the file is refused"
FORWARDED, REFUSED_UPLOAD = "forwarded as it is", "the upload is refused"
GOOD = 3  # rows beside the one in question
CONSENT = Consent("OK")
PURPOSE = "Personalisation"
EVENTS = LineTableSpec(user="USER_ID", item="ITEM_ID", time="TIMESTAMP", type="EVENT_TYPE")


@dataclass(frozen=True)
class Row:
    """One interaction as a sender writes it; every value may be damaged. ``consent``: None where it is not asked for.

    ``repeats``: how often it is written.
    """

    user: Any = "-5103277684950219001"
    item: Any = "sku-1"
    time: Any = int(NOW) - 60
    event_type: str = "view_detail"
    quantity: Any = None
    amount: Any = None
    consent: Any = None
    repeats: int = 1

    def values(self) -> dict[str, Any]:
        """Return its cells by column."""
        columns = {"USER_ID": self.user, "ITEM_ID": self.item, "TIMESTAMP": self.time, "EVENT_TYPE": self.event_type}
        columns |= {} if self.amount is None else {"EVENT_VALUE": self.amount}
        return columns | ({} if self.consent is None else {"OK": self.consent})


def good(number: int, like: Row) -> Row:
    """Return a good row beside another one: with a value and consent where that one has them."""
    return Row(
        user=str(1000 + number),
        item=f"good-{number}",
        time=int(NOW) - 60,
        amount=None if like.amount is None else "2.5",
        consent=None if like.consent is None else "true",
    )


def stream(row: Row, _: Path) -> str:
    """Send it as an mParticle batch through what ``ingest`` reads records with."""
    rules = Rules(consent_purpose=PURPOSE if row.consent is not None else None)
    counts = Counts()
    records = [record(number, batch(one)) for number, one in enumerate(_with_good_rows(row), 1)]
    intake = read_stream(records, rules, NOW, counts)
    bad = [entry.reason for _, entry in intake.bad]
    lines = [line for line in intake.lines if not line.interaction.item_id.startswith("good")]
    assert len(intake.lines) - len(lines) == GOOD, "the others are not concerned"
    reasons = [reason for (_, reason), number in counts.reasons.items() for _ in range(number)] + bad
    distinct = len({line.interaction.event_id for line in lines})
    repeated = ["duplicates"] * (len(lines) - distinct)  # which Personalize uses once: they have the same event id
    return _answer(distinct, [*map(str, reasons), *repeated], row.repeats)


def batch(row: Row) -> dict[str, Any]:
    """Return the batch of one row as mParticle forwards it; a time in seconds as a number of milliseconds."""
    time = row.time * 1000 if isinstance(row.time, int) and row.time < 10**11 else row.time
    product = {"id": row.item}
    product |= {} if row.quantity is None else {"quantity": row.quantity, "price": 2.5}
    product |= {} if row.amount is None else {"total_product_amount": row.amount}
    data = {"timestamp_unixtime_ms": time, "product_action": {"action": row.event_type, "products": [product]}}
    consent = {"gdpr": {PURPOSE: {"consented": row.consent}}}
    return {
        "mpid": row.user,
        "environment": "production",
        "events": [{"event_type": "commerce_event", "data": data | {"source_message_id": "the same"}}],
        **({} if row.consent is None else {"consent_state": consent}),
    }


def backfill(row: Row, folder: Path) -> str:
    """Convert it as a row of a CSV."""
    try:
        summary = converted(table(row, folder), with_consent=row.consent is not None)
    except BadFile:
        return REFUSED
    left_out = [reason for counts in (summary.skipped, summary.bad) for reason, n in counts.items() for _ in range(n)]
    return _answer(summary.rows - GOOD, left_out, row.repeats)


def converted(path: Path, *, with_consent: bool = False) -> ImportSummary:
    """Convert a table of interactions as ``./broker backfill`` does. Raises BadFile."""
    plan = Plan(
        "interactions",
        [Source(path.name, path, "")],
        read_schema(interactions_schema(), "interactions"),
        Mapped(),
        consent=CONSENT if with_consent else Consent(),
        rules=Rules(consent_purpose=PURPOSE if with_consent else None),
    )
    return convert(plan, io.StringIO(), NOW)


def prepare(row: Row, folder: Path) -> str:
    """Prepare it as a row of an event log."""
    path = table(row, folder, quantity=True)
    quantity, value = (
        name if cell is not None else None for name, cell in (("QUANTITY", row.quantity), ("EVENT_VALUE", row.amount))
    )
    spec = replace(EVENTS, quantity=quantity, value=value)
    try:
        summary = prepared(path, spec, "OK" if row.consent is not None else None)
    except (BadFile, InvalidRequest):
        return REFUSED
    reasons = [reason for reason, number in summary["left_out"].items() for _ in range(number)]
    return _answer(summary["interactions"] - GOOD, reasons, row.repeats)


def prepared(path: Path, spec: LineTableSpec, consent: str | None = None) -> Mapping[str, Any]:
    """Prepare a table as ``./broker prepare events`` does; return its summary. Raises BadFile and InvalidRequest."""
    opened = source.opened(path)
    opened.matching(spec.columns(), "--user")
    table_, without_consent = opened.with_consent(consent)
    nothing = pipeline.Attributes()
    result = pipeline.prepare_lines(table_, spec, nothing, Filling(table_), Times(None, NOW), lambda _: None)
    return {**result.summary, "left_out": {**without_consent, **result.summary["left_out"]}}


def evaluate(row: Row, folder: Path) -> str:
    """Read it as a row of the interactions that ``evaluate`` and ``features`` learn from."""
    try:
        found = log.read(table(row, folder), NOW)
    except BadFile:
        return REFUSED
    reasons = [reason for reason, entry in found.left_out.items() for _ in range(entry.rows)]
    reasons += ["duplicates"] * found.duplicates
    return _answer(len(found) - GOOD, reasons, row.repeats)


def local_mparticle(row: Row, _: Path) -> str:
    """Upload it to the local mParticle, as a shop's server does."""
    forwarded: list[dict[str, Any]] = []
    api = EventsApi(MParticle(clock=lambda: NOW, ids=Ids(1), forward=forwarded.append), clock=lambda: NOW, rate=None)
    answer = api.upload("UploadEvents", authorization("web"), json.dumps(batch(row)).encode())
    return FORWARDED if answer.status == 202 and forwarded else REFUSED_UPLOAD


def table(row: Row, folder: Path, *, quantity: bool = False) -> Path:
    """Write it as a CSV, the last row after good ones."""
    rows = [one.values() for one in _with_good_rows(row)]
    if quantity and row.quantity is not None:
        rows = [values | {"QUANTITY": row.quantity if n >= GOOD else 1} for n, values in enumerate(rows)]
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _with_good_rows(row: Row) -> list[Row]:
    return [*(good(number, row) for number in range(GOOD)), *[row] * row.repeats]


def _answer(taken: int, reasons: Sequence[str], rows: int) -> str:
    """Return one word for what became of the rows in question. Nothing may be silent."""
    assert taken + len([reason for reason in reasons if reason not in OMISSIONS]) == rows, (taken, reasons)
    words = sorted(set(reasons)) + ([TAKEN] if taken else [])
    return ", ".join(words)


OMISSIONS = ("unreadable_amount", "unusable_time")  # of an interaction that is taken without them


DOORS: Mapping[str, Callable[[Row, Path], str]] = {
    "stream": stream,
    "backfill": backfill,
    "prepare": prepare,
    "evaluate": evaluate,
    "mparticle": local_mparticle,
}
