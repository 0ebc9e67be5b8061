"""mParticle's batch exports as rows of the Interactions dataset, by the same code that reads the stream.

So history that overlaps with streamed events gives the same user, item, type, second and value for each of them, and
Personalize counts two such interactions as one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

from broker.batch import BadBatch, Batch, decode
from broker.interactions import Interaction, extract
from broker.reasons import SkipReason

from personalize_data.exports import quick_json
from personalize_data.exports.settings import Conversion
from personalize_data.import_summary import RowCounts
from personalize_data.schema import Schema, SchemaError

Values = tuple[str, str, str, str, str, str, str, str]
WRITTEN = ("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP", "SESSION_ID", "EVENT_VALUE")


def check_schema(schema: Schema) -> None:
    """Raise SchemaError where a column must be filled that no batch can fill."""
    lacking = [column.name for column in schema.columns if not column.nullable and column.name not in WRITTEN]
    if lacking:
        raise SchemaError(f"mParticle's batches have nothing for {', '.join(lacking)}, which may not be empty")


def rows(
    file: str, lines: Iterable[tuple[int, bytes]], conversion: Conversion, counts: RowCounts
) -> Iterator[Sequence[str]]:
    """Yield a row in the schema's order for each interaction in a file's numbered lines; count what is left out.

    An event without a usable time of its own is left out: in a stream it gets the time of its
    arrival, which an export does not tell.
    """
    arrived_ms = int(conversion.now * 1000)
    in_order = _in_order(conversion.schema.names)
    for number, line in lines:
        for batch in decode(line, arrived_ms, quick_json.document) if line.strip() else ():
            if isinstance(batch, BadBatch):
                counts.refuse(file, number, batch.reason)
            else:
                yield from map(in_order, _rows(batch, conversion, counts))


def _rows(batch: Batch, conversion: Conversion, counts: RowCounts) -> list[Values]:
    """Return the values of a batch's interactions, and count them."""
    interactions, skipped = extract(batch, conversion.rules, with_ids=False)
    for reason, number in skipped.items():
        counts.skipped[reason] += number
    if not interactions:
        return []
    user = interactions[0].user_id  # a batch has one
    if conversion.suppressed and conversion.suppressed.covers(user):
        counts.skipped[SkipReason.SUPPRESSED] += len(interactions)
        return []
    timed = [interaction for interaction in interactions if interaction.time_ms != batch.arrived_ms]
    if len(timed) < len(interactions):
        counts.skipped["no_time"] += len(interactions) - len(timed)
    if timed:
        counts.keep_all(user, [interaction.sent_at for interaction in timed])
    return [_values(interaction) for interaction in timed]


def _values(interaction: Interaction) -> Values:
    value = interaction.event_value
    return (
        interaction.user_id,
        interaction.item_id,
        interaction.event_type,
        str(interaction.sent_at),
        interaction.session_id,
        "" if value is None else repr(value),
        interaction.recommendation_id or "",
        "",
    )


def _in_order(names: Sequence[str]) -> Callable[[Values], Sequence[str]]:
    """Return the function from values to those of a schema's columns; a column that no batch fills is empty."""
    places = {name: place for place, name in enumerate((*WRITTEN, "RECOMMENDATION_ID"))}
    return itemgetter(*(places.get(name, len(places)) for name in names))
