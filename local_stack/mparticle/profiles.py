"""The user profiles of one mParticle environment, and the identity resolution of uploads."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_stack.mparticle.ids import Ids

FIELDS = ("device_identities", "user_identities", "user_attributes", "audience_memberships", "attribution")
"""What the Profile API can be asked for (docs.mparticle.com/developers/profile-api/)."""


@dataclass
class Profile:
    """One user's profile; times are in epoch milliseconds."""

    mpid: int
    created_ms: int
    stored_ms: int = 0
    identities: dict[str, tuple[str, int]] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    written_ms: dict[str, int] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    consent: dict[str, Any] | None = None
    opted_out: bool = False

    def as_api(self, fields: tuple[str, ...]) -> dict[str, Any]:
        """Return the Profile API's answer; the mpid is an exact JSON number, as mParticle writes it."""
        parts = {
            "device_identities": [{"type": "unknown", "encoding": "none", "value": each} for each in self.devices],
            "user_identities": [
                {"type": kind, "encoding": "none", "value": value} for kind, (value, _) in self.identities.items()
            ],
            "user_attributes": dict(self.attributes),
            "audience_memberships": [],
            "attribution": None,
        }
        return {
            "mpid": self.mpid,
            "created_timestamp_ms": self.created_ms,
            "last_stored_timestamp_ms": self.stored_ms,
            "is_opted_out": self.opted_out,
            "limit_ad_tracking": None,
            "account_userattributes": None,
            **{name: parts[name] for name in fields},
        }

    def write(self, batch: Mapping[str, Any], now_ms: int) -> None:
        """Apply a batch's attributes (a list replaces a list, null makes a tag), consent and opt-out."""
        self.stored_ms = now_ms
        for name in batch.get("deleted_user_attributes") or ():
            self.attributes.pop(name, None)
        for name, value in (batch.get("user_attributes") or {}).items():
            self.attributes[name] = value
            self.written_ms[name] = now_ms
        if batch.get("consent_state"):
            self.consent = batch["consent_state"]
        for event in batch.get("events") or ():
            if event["event_type"] == "opt_out":
                self.opted_out = bool(event["data"]["is_opted_out"])


class Profiles:
    """All profiles of one environment (production or development). Not thread-safe: the owner locks."""

    def __init__(self, environment: str, ids: Ids) -> None:
        self._environment = environment
        self._ids = ids
        self._profiles: dict[int, Profile] = {}
        self._by_identity: dict[tuple[str, str], int] = {}
        self._by_device: dict[str, int] = {}
        self._logouts: Counter[str] = Counter()

    def get(self, mpid: int) -> Profile | None:
        """Return the profile of an mpid, or None."""
        return self._profiles.get(mpid)

    def find(self, kind: str, value: str) -> int | None:
        """Return the mpid that an identity belongs to, or None."""
        return self._by_identity.get((kind, value))

    def mpids(self) -> list[int]:
        """Return every mpid, in ascending order."""
        return sorted(self._profiles)

    def resolve(self, mpid: int | None, identities: Mapping[str, Any], device: str | None, now_ms: int) -> Profile:
        """Return the profile of an upload; create it if it is missing.

        An explicit mpid wins, and the identities are ignored. A known customer's upload belongs to that customer on any
        device; an unknown customer takes over the device's profile if it belongs to no other customer (profile
        conversion, docs.mparticle.com/guides/idsync/). A device without a login stays with its last user.
        """
        if mpid is not None:
            return self._profiles.setdefault(mpid, Profile(mpid, now_ms))
        login = {kind: str(value) for kind, value in identities.items() if value is not None and value != ""}
        login = {"customer_id": login["customer_id"], **login} if "customer_id" in login else login
        profile = self._find(login, device) or self._create(login, device, now_ms)
        for kind, value in login.items():
            if profile.identities.get(kind, ("", 0))[0] != value:
                profile.identities[kind] = (value, now_ms)
            self._by_identity[kind, value] = profile.mpid
        if device:
            profile.devices[device] = None
            self._by_device[device] = profile.mpid
        return profile

    def log_out(self, identities: Mapping[str, Any], device: str | None, now_ms: int) -> Profile:
        """Return the profile after a logout: on a device that a known user has left, a new one.

        Somebody else may use the device next. A device whose user was never known keeps its profile.
        """
        owner = self._by_device.get(device) if device else None
        if device and owner is not None and self._profiles[owner].identities:
            del self._by_device[device]
            self._logouts[device] += 1
        return self.resolve(None, identities, device, now_ms)

    def modify(self, mpid: int, changes: Mapping[str, str | None], now_ms: int) -> bool:
        """Set identities of a profile, None to remove one; return False if there is no such profile."""
        profile = self._profiles.get(mpid)
        if profile is None:
            return False
        for kind, value in changes.items():
            before = profile.identities.pop(kind, None)
            if before and self._by_identity.get((kind, before[0])) == mpid:
                del self._by_identity[kind, before[0]]
            if value is not None:
                profile.identities[kind] = (value, now_ms)
                self._by_identity[kind, value] = mpid
        return True

    def _find(self, login: Mapping[str, str], device: str | None) -> Profile | None:
        candidates = [self._by_identity.get(identity) for identity in login.items()]
        candidates.append(self._by_device.get(device) if device else None)
        for mpid in candidates:
            if mpid is not None and not _contradicts(self._profiles[mpid], login):
                return self._profiles[mpid]
        return None

    def _create(self, login: Mapping[str, str], device: str | None, now_ms: int) -> Profile:
        identity = next(iter(login.items()), None) or self._unknown_user(device)
        mpid = self._ids.number("mpid", self._environment, *identity)
        return self._profiles.setdefault(mpid, Profile(mpid, now_ms))

    def _unknown_user(self, device: str | None) -> tuple[object, ...]:
        """Return what the mpid of a device's unknown user is made of."""
        logouts = self._logouts[device or ""]
        return ("device", device, logouts) if logouts else ("device", device)


def _contradicts(profile: Profile, login: Mapping[str, str]) -> bool:
    """Return whether the profile belongs to another customer or, without customer ids, to another login."""
    kinds = ("customer_id",) if "customer_id" in login and "customer_id" in profile.identities else tuple(login)
    return any(kind in profile.identities and profile.identities[kind][0] != login[kind] for kind in kinds)
