"""What a rewind reads again, and how far it is: the objects by which ``./broker rewind`` and the function talk."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

PLAN, PROGRESS = "rewind/plan.json", "rewind/progress/"
ARCHIVE = "archive"  # the shard that records of the raw archive name; they are no part of a plan


class NoPlan(ValueError):
    """What is stored is no plan or no progress of a rewind."""


@dataclass(frozen=True)
class RewindPlan:
    """``ends``: the last sequence number to read of each shard; a shard without one has nothing to read.

    ``id`` tells a rewind from an earlier one. ``since_ms`` and ``until_ms``: arrival at the stream, epoch milliseconds.
    """

    id: str
    since_ms: int
    until_ms: int
    ends: Mapping[str, str]

    def covers(self, shard: str, sequence_number: str) -> bool:
        """Return whether a record is to be read again; later ones are left to ``ingest``."""
        return shard in self.ends and int(sequence_number) <= int(self.ends[shard])

    def as_json(self) -> bytes:
        """Return what is stored."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True)
class ShardProgress:
    """Up to which record a shard is read again, and when that record arrived (epoch milliseconds)."""

    id: str
    sequence_number: str
    arrived_ms: int

    def as_json(self) -> bytes:
        """Return what is stored."""
        return json.dumps(asdict(self)).encode()


def plan_from_json(stored: bytes) -> RewindPlan:
    """Read a plan. Raises NoPlan."""
    try:
        document = json.loads(stored)
        ends = {str(shard): str(int(number)) for shard, number in document["ends"].items()}
        return RewindPlan(str(document["id"]), int(document["since_ms"]), int(document["until_ms"]), ends)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NoPlan("the plan of the rewind can't be read") from None


def progress_from_json(stored: bytes) -> ShardProgress:
    """Read how far a shard is. Raises NoPlan."""
    try:
        document = json.loads(stored)
        return ShardProgress(str(document["id"]), str(int(document["sequence_number"])), int(document["arrived_ms"]))
    except (ValueError, TypeError, KeyError):
        raise NoPlan("the progress of the rewind can't be read") from None
