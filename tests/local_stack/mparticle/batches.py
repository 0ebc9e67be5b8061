"""Batches in input form, and a workspace whose clock the test turns."""

import base64
import json
from typing import Any

from local_stack.mparticle import idsync
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.events_api import Answer, EventsApi, Operation
from local_stack.mparticle.forwarding.connection import Connection
from local_stack.mparticle.ids import Ids

NOW = 1_800_000_000.0
DEVICE = "9d4c3f0e-7b1a-4c55-8e0f-2f6f3d1f0a11"
OTHER_DEVICE = "0b8a6a3c-90ce-4a7e-a0f2-6b6f0c8f9b22"


def batch(**fields: Any) -> dict[str, Any]:
    """Return a valid batch with these fields laid over it; a field that is ... is left out."""
    whole = {"environment": "production", "mp_deviceid": DEVICE, "events": [purchase("A-1")], **fields}
    return {name: value for name, value in whole.items() if value is not ...}


def purchase(*item_ids: str, **data: Any) -> dict[str, Any]:
    """Return a purchase of some items."""
    products = [{"id": each, "name": each, "price": 2.5, "quantity": 2} for each in item_ids]
    action = {"action": "purchase", "transaction_id": "T1", "products": products}
    return {"event_type": "commerce_event", "data": {"product_action": action, **data}}


class Clock:
    """A clock that stands until the test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Workspace:
    """A local mParticle in this process: what is posted to it, and what it forwards."""

    def __init__(self, *, rate: float | None = None, connection: Connection | None = None) -> None:
        self.clock = Clock()
        self.forwarded: list[dict[str, Any]] = []
        self.core = MParticle(
            clock=self.clock, ids=Ids(7), forward=self.forwarded.append, connection=connection or Connection()
        )
        self.events = EventsApi(self.core, clock=self.clock, rate=rate)

    def identify(self, content: Any, *, logout: bool = False) -> dict[str, Any]:
        """Identify a user, or log them out. Raises idsync.BadRequest."""
        return idsync.identify(self.core, content, logout=logout)

    def modify(self, mpid: str, *changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Change identities of a user. Raises idsync.BadRequest."""
        return idsync.modify(self.core, mpid, {"environment": "production", "identity_changes": [*changes], **fields})

    def post_of_page(self, content: Any, *, key: str = "web-key") -> Answer:
        """Post one batch as mParticle's web SDK does."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.events.upload_of_page(key, body)

    def post(self, content: Any, *, name: str = "web") -> Answer:
        """Post one batch, or a list of them in bulk."""
        operation: Operation = "BulkUploadEvents" if isinstance(content, list) else "UploadEvents"
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.events.upload(operation, basic(f"{name}-key", f"{name}-secret"), body)


def basic(key: str, secret: str) -> str:
    """Return an Authorization header."""
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
