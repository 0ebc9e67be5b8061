"""The core of the local mParticle: accepts checked batches, keeps profiles and forwards batches to its output."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from local_stack.mparticle.forwarding.connection import Connection
from local_stack.mparticle.forwarding.style import forwarded
from local_stack.mparticle.ids import Ids
from local_stack.mparticle.inputs import Input
from local_stack.mparticle.profiles import Profile, Profiles

ENVIRONMENTS = ("production", "development")
DEDUPLICATION_SECONDS = 30 * 24 * 3600
"""How long a ``source_request_id`` is remembered (mParticle: 30 to 60 days, per API key)."""

RECENT = 20_000  # writes of lists that are remembered, for whoever watches


class MParticle:
    """A workspace. Thread-safe; no I/O: the clock (epoch seconds) and the output are passed in.

    ``forward`` gets each batch in output form, once, outside the lock.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        ids: Ids,
        forward: Callable[[dict[str, Any]], None],
        connection: Connection | None = None,
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._forward = forward
        self._connection = connection or Connection()
        self._lock = threading.Lock()
        self._profiles = {name: Profiles(name, ids) for name in ENVIRONMENTS}
        self._seen: dict[tuple[str, str], float] = {}
        self._received = 0
        self._repeats = 0
        self._writes: deque[dict[str, Any]] = deque(maxlen=RECENT)
        self._written = 0

    def accept(self, source: Input, batch: Mapping[str, Any]) -> bool:
        """Accept a valid batch in input form; return False for a repeated ``source_request_id``."""
        with self._lock:
            now = self._clock()
            if self._is_repeat(source, batch.get("source_request_id"), now):
                self._repeats += 1
                return False
            self._received += 1
            output = self._store(source, batch, int(now * 1000))
        if output["events"] or self._connection.batches_without_events:
            self._forward(output)
        return True

    def identify(
        self, environment: str, identities: Mapping[str, Any], device: str | None, *, logout: bool = False
    ) -> tuple[int, set[tuple[str, str]]]:
        """Return the mpid of a user, and the identities that were theirs before.

        Creates the profile if it is missing, as mParticle's IDSync API does. A ``logout`` leads to a new user.
        """
        with self._lock:
            profiles, now_ms = self._profiles[environment], int(self._clock() * 1000)
            owners = {(kind, value): profiles.find(kind, value) for kind, value in identities.items()}
            profile = (
                profiles.log_out(identities, device, now_ms)
                if logout
                else profiles.resolve(None, identities, device, now_ms)
            )
            return profile.mpid, {identity for identity, owner in owners.items() if owner == profile.mpid}

    def modify(self, environment: str, mpid: int, changes: Mapping[str, str | None]) -> bool:
        """Set identities of a profile, None to remove one; return False if there is no such profile."""
        with self._lock:
            return self._profiles[environment].modify(mpid, changes, int(self._clock() * 1000))

    def find(self, environment: str, kind: str, value: str) -> int | None:
        """Return the mpid that an identity belongs to, None if it belongs to nobody."""
        if environment not in self._profiles:
            return None
        with self._lock:
            return self._profiles[environment].find(kind, value)

    def profile(self, mpid: int, fields: tuple[str, ...], environment: str = "production") -> dict[str, Any] | None:
        """Return a profile as the Profile API shows it, None if there is none."""
        with self._lock:
            profile = self._profiles[environment].get(mpid)
            return profile.as_api(fields) if profile else None

    def recommendations(self, environment: str, after: int | None, limit: int) -> list[dict[str, Any]]:
        """Return up to ``limit`` profiles with an mpid above ``after``, each with its recommendations (null: none)."""
        with self._lock:
            profiles = self._profiles[environment]
            mpids = [mpid for mpid in profiles.mpids() if after is None or mpid > after][:limit]
            return [_recommendations(profile) for mpid in mpids if (profile := profiles.get(mpid))]

    def writes(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return at most ``limit`` of the newest writes of lists whose number is above ``after``, in order."""
        with self._lock:
            return [write for write in self._writes if write["number"] > after][:limit]

    def counts(self) -> dict[str, int]:
        """Return how many batches were accepted, and how many were ignored as repeats."""
        with self._lock:
            return {"received": self._received, "repeats": self._repeats}

    def _is_repeat(self, source: Input, request_id: Any, now: float) -> bool:
        if request_id is None or request_id == "":
            return False
        while self._seen and now - next(iter(self._seen.values())) > DEDUPLICATION_SECONDS:
            del self._seen[next(iter(self._seen))]
        key = (source.key, str(request_id))
        if key in self._seen:
            return True
        self._seen[key] = now
        return False

    def _store(self, source: Input, batch: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
        identities = batch.get("user_identities") or {}
        profile = self._profiles[batch["environment"]].resolve(
            batch.get("mpid"), identities, batch.get("mp_deviceid"), now_ms
        )
        profile.write(batch, now_ms)
        if "product_recs" in (batch.get("user_attributes") or {}):
            self._written += 1
            list_id = batch["user_attributes"].get("product_recs_id")
            write = {"number": self._written, "mpid": str(profile.mpid), "product_recs_id": list_id}
            self._writes.append(write | {"written_ms": now_ms})
        numbered = {**batch, "batch_id": self._ids.number("batch", self._received)}
        return forwarded(numbered, profile, source, connection=self._connection, ids=self._ids, received_ms=now_ms)


def _recommendations(profile: Profile) -> dict[str, Any]:
    attributes = profile.attributes
    return {
        "mpid": str(profile.mpid),
        "product_recs": attributes.get("product_recs"),
        "product_recs_id": attributes.get("product_recs_id"),
        "product_recs_written_ms": profile.written_ms.get("product_recs"),
    }
