"""Whether a record, read again, gives the same event ids: then a repeat is not counted twice in training.

Ids do not hold the arrival. But an event that is dated more than a day after its arrival has no usable date, and gets
one as soon as the record arrives later.
"""

from broker.batch import BadBatch, decode
from broker.interactions import Rules, extract


def is_repeatable(data: bytes, arrived_ms: int, now_ms: int, rules: Rules) -> bool:
    """Whether a record that arrived then and arrives again now says the same."""
    return _ids(data, arrived_ms, rules) == _ids(data, now_ms, rules)


def _ids(data: bytes, arrived_ms: int, rules: Rules) -> list[str]:
    batches = [batch for batch in decode(data, arrived_ms) if not isinstance(batch, BadBatch)]
    return [interaction.event_id for batch in batches for interaction in extract(batch, rules)[0]]
