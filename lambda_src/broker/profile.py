"""A user's new list as an mParticle upload, and uploads as bulk requests within mParticle's limits.

mParticle answers 202 to a bulk request even where some of its batches are bad, so everything is checked here. Limits:
a batch 128 KB, a request 256 KB, 100 batches and 100 events; attribute values 4,096 characters (mParticle HTTP API and
default service limits). A write of a list replaces the one on the profile.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.interactions import WRITE_BACK_EVENT
from broker.item_columns import attribute_of
from broker.recommendations import Recommendations, within

MAX_BATCH_BYTES = 128_000
MAX_REQUEST_BYTES = 256_000
MAX_BATCHES = 100
MAX_VALUE = 4096
OF_A_LIST = ("product_recs", "product_recs_id")  # the attributes that go with a list


@dataclass(frozen=True)
class Upload:
    """One batch, ready to send, for one user; ``requested_at`` (epoch seconds) is how old its list is."""

    mpid: int
    body: bytes
    requested_at: float


def upload(
    mpid: int,
    environment: str,
    generation: int,
    new: Recommendations,
    now_ms: int,
    *,
    with_event: bool,
    variant: str | None = None,
    columns: Sequence[str] = (),
) -> Upload:
    """Return the batch that puts a list on a profile, or takes the one off that is there if the list is empty.

    ``variant``: the user's in an experiment, which the profile and the event then say. ``columns``: of the Items
    dataset, whose values the profile has beside the list; those that the list came without are taken off.

    A retry of it has the same ids. A list of another generation has others, even if it is the same list: mParticle
    ignores a batch whose id it has seen within the last 30 to 60 days. Generations begin again when a user's state is
    gone, but not at the same time.
    """
    items = list(new.items)
    of_experiment = {} if variant is None else {"ml_variant": variant}
    identity = json.dumps([mpid, generation, new.requested_at, items, *of_experiment.values()])
    digest = hashlib.sha256(identity.encode()).hexdigest()
    attributes: dict[str, Any] = {"product_recs": items} if items else {}
    if items and new.recommendation_id:
        attributes["product_recs_id"] = new.recommendation_id
    beside = _beside(new, columns)
    batch: dict[str, Any] = {
        "environment": environment,
        "mpid": mpid,
        "source_request_id": digest,
        "user_attributes": attributes | beside | of_experiment,
    }
    # What is left of the list before would go with this one. A null would make a tag of the attribute.
    left = [name for name in (*OF_A_LIST, *map(attribute_of, columns)) if name not in attributes and name not in beside]
    if left:
        batch["deleted_user_attributes"] = left
    if with_event:
        batch["events"] = [_event(_scalars(attributes) | of_experiment, digest, now_ms)]
    body = json.dumps(batch, separators=(",", ":")).encode()
    if len(body) > MAX_BATCH_BYTES:
        raise ValueError(f"a batch of {len(body)} bytes")
    return Upload(mpid, body, new.requested_at)


def no_change(mpid: int, environment: str, now: float) -> Upload:
    """Return a valid batch that changes nothing on a profile: it only shows whether uploads are accepted."""
    return Upload(mpid, json.dumps({"environment": environment, "mpid": mpid}).encode(), now)


def bulk_body(uploads: Sequence[Upload]) -> bytes:
    """Return the JSON array that ``POST /v2/bulkevents`` takes."""
    return b"[" + b",".join(upload_.body for upload_ in uploads) + b"]"


def _beside(new: Recommendations, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of columns as attributes; none where the list came without, as a batch inference job's does."""
    if not new.columns:
        return {}
    return {attribute_of(column): list(values) for column, values in zip(columns, new.columns, strict=True)}


def _scalars(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes as an event's, which are scalars only: the list is joined, as far as it fits."""
    joined = {
        name: ",".join(within(value, MAX_VALUE + 1, lambda item: len(item) + 1))
        for name, value in attributes.items()
        if isinstance(value, list)
    }
    return {**attributes, **joined}


def _event(attributes: Mapping[str, str], digest: str, now_ms: int) -> dict[str, Any]:
    return {
        "event_type": "custom_event",
        "data": {
            "event_name": WRITE_BACK_EVENT,
            "custom_event_type": "other",
            "timestamp_unixtime_ms": now_ms,
            "source_message_id": str(uuid.UUID(digest[:32])),
            "custom_attributes": dict(attributes),
        },
    }
