"""The record that `verify` puts on the stream: of the operator's own identity, or one that nothing comes of.

It has no time, so that its event id is the same every time, and Personalize trains on it once per item.
"""

import json
from collections.abc import Mapping
from typing import Any

from broker.probe import PROBE
from broker.settings import IngestSettings
from broker.users import ENVIRONMENTS
from broker.values.amounts import PURCHASE

VIEW = "view_detail"


def event_of(mpid: int, item: str, settings: IngestSettings) -> bytes:
    """Return a batch of the operator's identity, whose event is reported and asks for a refresh."""
    product_action = {"action": _action(settings.refresh_actions), "products": [{"id": item, "quantity": 1}]}
    event = {
        "event_type": "commerce_event",
        "data": {"event_id": PROBE, "session_uuid": PROBE, "product_action": product_action},
    }
    batch: dict[str, Any] = {"mpid": mpid, "environment": settings.rules.environment, "events": [event]}
    return _record(batch | _consent(settings.rules.consent_purpose))


def ignored(settings: IngestSettings) -> bytes:
    """Return a batch without a user and of the other environment, which ``ingest`` reads and skips."""
    [other] = [environment for environment in ENVIRONMENTS if environment != settings.rules.environment]
    event = {"event_type": "custom_event", "data": {"event_name": PROBE, "custom_event_type": "other"}}
    return _record({"environment": other, "events": [event]})


def _action(actions: frozenset[str]) -> str:
    """Return a purchase if that asks for a refresh; a view, of which only a sample may be reported, is the last one."""
    return min(actions, key=lambda action: (action != PURCHASE, action == VIEW, action))


def _consent(purpose: str | None) -> dict[str, Any]:
    return {} if purpose is None else {"consent_state": {"gdpr": {purpose: {"consented": True}}}}


def _record(batch: Mapping[str, Any]) -> bytes:
    return json.dumps(batch).encode()
