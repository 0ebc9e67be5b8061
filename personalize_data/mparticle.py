"""mParticle's batch exports as rows of the Interactions dataset, by the same code that reads the stream.

So history that overlaps with streamed events gives the same user, item, type, second and value for each of them, and
Personalize counts two such interactions as one.
"""

from collections.abc import Iterable, Iterator

from broker.batch import BadBatch, Batch, decode
from broker.interactions import Interaction, extract
from broker.reasons import SkipReason

from personalize_data.import_summary import RowCounts
from personalize_data.plan import Plan
from personalize_data.schema import Schema, SchemaError

WRITTEN = ("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP", "SESSION_ID", "EVENT_VALUE")


def check_schema(schema: Schema) -> None:
    """Raise SchemaError where a column must be filled that no batch can fill."""
    lacking = [column.name for column in schema.columns if not column.nullable and column.name not in WRITTEN]
    if lacking:
        raise SchemaError(f"mParticle's batches have nothing for {', '.join(lacking)}, which may not be empty")


def rows(
    file: str, lines: Iterable[tuple[int, bytes]], plan: Plan, now: float, counts: RowCounts
) -> Iterator[list[str]]:
    """Yield a row in the schema's order for each interaction in a file's numbered lines; count what is left out.

    ``now``: epoch seconds. An event without a usable time of its own is left out: in a stream it gets the time of its
    arrival, which an export does not tell.
    """
    arrived_ms = int(now * 1000)
    for number, line in lines:
        for batch in decode(line, arrived_ms) if line.strip() else ():
            yield from _rows(file, number, batch, plan, counts)


def _rows(file: str, number: int, batch: Batch | BadBatch, plan: Plan, counts: RowCounts) -> Iterator[list[str]]:
    if isinstance(batch, BadBatch):
        counts.refuse(file, number, batch.reason)
        return
    interactions, skipped = extract(batch, plan.rules)
    counts.skipped.update(skipped)
    names = plan.schema.names if plan.schema else ()
    for interaction in interactions:
        if plan.suppressed and plan.suppressed.covers(interaction.user_id):
            counts.skipped[SkipReason.SUPPRESSED] += 1
            continue
        if interaction.time_ms == batch.arrived_ms:
            counts.skipped["no_time"] += 1
            continue
        values = _values(interaction)
        yield [values.get(name, "") for name in names]
        counts.keep(interaction.user_id, interaction.sent_at)


def _values(interaction: Interaction) -> dict[str, str]:
    return {
        "USER_ID": interaction.user_id,
        "ITEM_ID": interaction.item_id,
        "EVENT_TYPE": interaction.event_type,
        "TIMESTAMP": str(interaction.sent_at),
        "SESSION_ID": interaction.session_id,
        "EVENT_VALUE": "" if interaction.event_value is None else repr(interaction.event_value),
        "RECOMMENDATION_ID": interaction.recommendation_id or "",
    }
