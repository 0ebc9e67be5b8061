"""`./broker invoke`: what the broker makes of sample batches, decoded here or by the real function under `serve`."""

import json
from pathlib import Path
from typing import Any

import click
from broker.batch import BadBatch, Batch, decode
from broker.interactions import Interaction, Rules, extract, pack, put_events_request, unique

from cli.records import whole_files

TRACKER = "<tracker>"


@click.command("invoke", short_help="What the broker makes of sample batches.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--local", is_flag=True, help="Send them to the real function under a running `./broker serve`.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines, one object a batch, and nothing else on stdout.")
def command(files: tuple[Path, ...], local: bool, as_json: bool) -> None:
    """Show what the broker makes of mParticle batches: JSON, JSON Lines (both also gzipped) or a Kinesis event.

    Without --local this only decodes: no settings, no AWS, no network. Per batch it prints the verdict, the
    interactions, what is skipped and why, and the PutEvents requests.

    Exit code: 0 all are batches, 1 some are not, 2 wrong use.

    \b
    Examples:
      ./broker invoke events/purchase.json
      ./broker invoke --json events/*.json | python3 -m json.tool --json-lines
      ./broker invoke --local events/kinesis_event.json
    """
    if local:
        from cli.invoke_local import invoke_local

        raise SystemExit(invoke_local(files, as_json))
    answers = [
        (answer(batch), batch) for record in whole_files(files) for batch in decode(record.data, record.arrived_ms)
    ]
    for found, batch in answers:
        click.echo(json.dumps(found) if as_json else text(found, batch))
    raise SystemExit(any(isinstance(batch, BadBatch) for _, batch in answers))


def answer(batch: Batch | BadBatch) -> dict[str, Any]:
    """Return the JSON object that is printed for one batch."""
    if isinstance(batch, BadBatch):
        empty: dict[str, Any] = {"interactions": [], "skipped": {}, "put_events": []}
        return {"verdict": "bad_batch", "reason": batch.reason, "mpid": None} | empty
    interactions, skipped = extract(batch, Rules())
    return {
        "verdict": "batch",
        "reason": None,
        "mpid": batch.mpid,
        "interactions": [_shown(one) for one in interactions],
        "skipped": dict(skipped),
        "put_events": [put_events_request(request, TRACKER) for request in pack(unique(interactions))],
    }


def _shown(one: Interaction) -> dict[str, Any]:
    return {
        "eventId": one.event_id,
        "eventType": one.event_type,
        "itemId": one.item_id,
        "userId": one.user_id,
        "sessionId": one.session_id,
        "sentAt": one.sent_at,
    }


def text(found: dict[str, Any], batch: Batch | BadBatch) -> str:
    """Return the same for people."""
    if isinstance(batch, BadBatch):
        return f"bad batch: {batch.reason} ({batch.detail or 'see the sample batches in events/'})"
    whose = f"batch of customer {found['mpid']}" if found["mpid"] else "batch without a customer"
    count = len(found["interactions"])
    lines = [f"{whose}: {count} interaction{'' if count == 1 else 's'}"]
    lines += [
        f"  {one['eventType']:<16} {one['itemId']:<24} sentAt {one['sentAt']}  {one['eventId']}"
        for one in found["interactions"]
    ]
    lines += [f"  skipped {reason}: {number}" for reason, number in found["skipped"].items()]
    lines += [f"  PutEvents {json.dumps(request, ensure_ascii=False)}" for request in found["put_events"]]
    return "\n".join(lines)
