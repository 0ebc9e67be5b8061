"""Where an invocation stands: shards, sequence numbers and the oldest arrival, for its line in the log.

Only what the stream has made itself: a name that is no shard's, and a number so short that it may be an mpid or a
telephone number, is left out. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

_SHARD = re.compile(r"shardId-[0-9]{12}")
_SEQUENCE_NUMBER = re.compile(r"[0-9]{21,129}")  # longer than any 64-bit integer
MAX_SHARDS = 20  # of one line: ``refresh`` gets messages from all shards


class Position(NamedTuple):
    """The shards in order, the least and the greatest sequence number, and the oldest arrival in epoch milliseconds."""

    shards: tuple[str, ...]
    first_sequence_number: str | None
    last_sequence_number: str | None
    oldest_arrival_ms: int

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of the log line; what is not known is left out."""
        fields = {**self._asdict(), "shards": self.shards[:MAX_SHARDS]}
        return {name: value for name, value in fields.items() if value}


def position(places: Iterable[tuple[str | None, str, int]]) -> Position | None:
    """Return the position of (shard, sequence number, arrival in epoch milliseconds); None where there are none."""
    places = list(places)
    if not places:
        return None
    shards = {shard for shard, _, _ in places if shard and _SHARD.fullmatch(shard)}
    numbers = [number for _, number, _ in places if _SEQUENCE_NUMBER.fullmatch(number)]
    return Position(
        tuple(sorted(shards)),
        min(numbers, key=int, default=None),
        max(numbers, key=int, default=None),
        min(arrived_ms for _, _, arrived_ms in places),
    )
