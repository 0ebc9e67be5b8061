"""The parts of a request that faults match: its operation, the users, items and events in it, and its access key."""

import base64
import binascii
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Subject → the keys under which the three services' requests name it, at any depth.
SUBJECTS = {
    "user": ("userId", "mpid"),
    "item": ("itemId",),
    "event": ("eventId", "event_id", "source_message_id"),
    "key": (),  # from the authorization, not from the body
}


@dataclass(frozen=True)
class Request:
    """One request: ``operation`` is ``service.Operation``, ``authorization`` the header."""

    operation: str
    body: bytes = b""
    authorization: str = ""

    @functools.cached_property
    def document(self) -> Any:
        """Return the body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def names(self, subject: str) -> frozenset[str]:
        """Return all values that the request holds for a subject."""
        if subject == "key":
            return frozenset(filter(None, [_key(self.authorization)]))
        return frozenset(_values(self.document, SUBJECTS[subject]))


def _values(document: Any, keys: tuple[str, ...]) -> Iterator[str]:
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            yield from (str(value[key]) for key in keys if isinstance(value.get(key), str | int))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _key(authorization: str) -> str | None:
    """Return the caller: the access key of AWS's signature, or the user of HTTP basic authentication."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return rest.partition("Credential=")[2].partition("/")[0] or None
