"""What a resource is, which status it is in at a given time, and the registry that finds, lists and deletes them.

Nothing runs in the background: a status is a function of the clock, so that a test, or a history in virtual time, can
look at any moment it likes.
"""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from personalize_local.errors import InvalidNextToken, ResourceAlreadyExists, ResourceInUse, ResourceNotFound

ARN_PREFIX = "arn:aws:personalize:us-east-1:123456789012:"
PAGE = 100  # List operations give at most this many at once; also AWS's largest maxResults
PENDING_SHARE = 1 / 3  # of the time until ACTIVE is spent PENDING, the rest IN_PROGRESS
ACTIVE, FAILED = "ACTIVE", "CREATE FAILED"


@dataclass(frozen=True)
class Kind:
    """One kind of resource: its name in operations, its keys in requests and answers, what a List shows of it."""

    noun: str
    listed_as: str
    summary: tuple[str, ...]
    parent_key: str | None = None

    @property
    def described_as(self) -> str:
        """The key of a Describe answer, e.g. ``datasetGroup``."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_key(self) -> str:
        """The key that holds the ARN, e.g. ``datasetGroupArn``."""
        return f"{self.described_as}Arn"


@dataclass(eq=False)
class Resource:
    """One resource. ``view`` holds the fields of its description that are neither status nor time.

    ``parents`` are the resources that cannot be deleted before this one; ``owner`` takes it along when it goes.
    ``work``, if any, must end before the resource is ACTIVE; an exception in it is the failure reason.
    """

    kind: Kind
    arn: str
    view: dict[str, Any]
    created_at: float
    seconds: float
    parents: tuple["Resource", ...] = ()
    owner: "Resource | None" = None
    failure: str | None = None
    work: "Future[Any] | None" = None
    serial: int = 0
    deleted_at: float | None = None
    deleting_seconds: float = 0.0
    _worked_until: float | None = field(default=None, repr=False)

    def phase(self, now: float) -> tuple[str, float]:
        """Return the status and since when it holds."""
        if self.deleted_at is not None:
            return _step("DELETE", self.deleted_at, self.deleting_seconds, now)
        if now < self.created_at + self.seconds or not self._work_done(now):
            return _step("CREATE", self.created_at, self.seconds, now)
        since = max(self.created_at + self.seconds, self._worked_until or 0)
        return (FAILED if self.failure else ACTIVE), since

    def _work_done(self, now: float) -> bool:
        if self.work is None or self._worked_until is not None:
            return True
        if not self.work.done():
            return False
        self._worked_until = now
        if error := self.work.exception():
            self.failure = f"training failed: {error}"
        return True

    def status(self, now: float) -> str:
        """Return the status, e.g. ``CREATE IN_PROGRESS``."""
        return self.phase(now)[0]

    def gone(self, now: float) -> bool:
        """Whether its deletion, or its owner's, is over."""
        ended = self.deleted_at is not None and now >= self.deleted_at + self.deleting_seconds
        return ended or (self.owner is not None and self.owner.gone(now))

    def describe(self, now: float) -> dict[str, Any]:
        """Return the description, times in epoch seconds."""
        status, since = self.phase(now)
        described = {**self.view, self.kind.arn_key: self.arn, "status": status}
        described |= {"creationDateTime": self.created_at, "lastUpdatedDateTime": since}
        if status == FAILED:
            described["failureReason"] = self.failure
        return described

    def summarise(self, now: float) -> dict[str, Any]:
        """Return what a List shows."""
        described = self.describe(now)
        return {key: described[key] for key in self.kind.summary if key in described}

    def require_active(self, now: float) -> None:
        """Raise ResourceInUse unless the status is ACTIVE."""
        status = self.status(now)
        if status != ACTIVE:
            raise ResourceInUse(f"{self.arn} must be ACTIVE, but it is in status {status}")


def _step(action: str, started_at: float, seconds: float, now: float) -> tuple[str, float]:
    turn = started_at + seconds * PENDING_SHARE
    return (f"{action} PENDING", started_at) if now < turn else (f"{action} IN_PROGRESS", turn)


class Registry:
    """All resources, by ARN."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_arn: dict[str, Resource] = {}
        self._serial = 0

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._clock()

    def all(self, kind: Kind) -> Iterator[Resource]:
        """Yield the resources of a kind that exist, in the order of their creation."""
        now = self._clock()
        for resource in [found for found in self._by_arn.values() if found.gone(now)]:
            del self._by_arn[resource.arn]
        return (resource for resource in list(self._by_arn.values()) if resource.kind is kind)

    def find(self, kind: Kind, arn: str) -> Resource:
        """Return a resource that exists. Raises ResourceNotFound."""
        resource = self._by_arn.get(arn)
        if resource is None or resource.kind is not kind or resource.gone(self._clock()):
            raise ResourceNotFound(f"Could not find {kind.noun} {arn}")
        return resource

    def refuse_duplicate(self, arn: str) -> None:
        """Raise ResourceAlreadyExists if the ARN is taken."""
        taken = self._by_arn.get(arn)
        if taken is not None and not taken.gone(self._clock()):
            raise ResourceAlreadyExists(f"Another resource with Arn {arn} already exists.")

    def add(self, resource: Resource) -> None:
        """Add a new resource. Raises ResourceAlreadyExists."""
        self.refuse_duplicate(resource.arn)
        self._serial += 1
        resource.serial = self._serial
        # Taken out first: a name that is used again must come last in the order of creation.
        self._by_arn.pop(resource.arn, None)
        self._by_arn[resource.arn] = resource

    def delete(self, resource: Resource, seconds: float) -> None:
        """Start a deletion that takes ``seconds``. Raises ResourceInUse while it has dependants or is not settled."""
        now = self._clock()
        if resource.status(now) not in (ACTIVE, FAILED):
            raise ResourceInUse(f"{resource.arn} is in status {resource.status(now)}")
        for other in self._by_arn.values():
            if not other.gone(now) and _holds(other, resource, now):
                raise ResourceInUse(f"{resource.arn} is in use by {other.arn}")
        resource.deleted_at, resource.deleting_seconds = now, seconds

    def page(self, kind: Kind, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a List request. Raises InvalidNextToken."""
        parent, after = request.get(kind.parent_key or ""), _serial_of(request.get("nextToken"))
        found = [one for one in self.all(kind) if one.serial > after and parent in (None, _parent_arn(one))]
        shown = found[: request.get("maxResults", PAGE)]
        answer: dict[str, Any] = {kind.listed_as: [resource.summarise(self._clock()) for resource in shown]}
        if len(found) > len(shown):
            answer["nextToken"] = base64.urlsafe_b64encode(f"after:{shown[-1].serial}".encode()).decode()
        return answer


def _holds(other: Resource, resource: Resource, now: float) -> bool:
    """Whether ``other`` keeps ``resource`` from being deleted: a dependant, or a version of it still in training."""
    training = other.owner is resource and other.status(now).startswith("CREATE ") and other.status(now) != FAILED
    return resource in other.parents or training


def _parent_arn(resource: Resource) -> str | None:
    key = resource.kind.parent_key or ""
    first: str | None = resource.view.get(key)
    return first or next((parent.arn for parent in resource.parents if parent.kind.arn_key == key), None)


def _serial_of(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, serial = base64.urlsafe_b64decode(token).decode().split(":")
        if word != "after":
            raise InvalidNextToken("The nextToken is not valid")
        return int(serial)
    except ValueError as error:
        raise InvalidNextToken("The nextToken is not valid") from error
