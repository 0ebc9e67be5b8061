"""Resources, and the status of each at a given time.

Nothing runs in the background. A status is a function of the clock, so that a test in virtual time can look at any
moment.
"""

from dataclasses import dataclass, field
from typing import Any

from personalize_local.errors import ResourceInUse

PENDING_SHARE = 1 / 3  # of the time until ACTIVE is spent PENDING, the rest IN_PROGRESS
ACTIVE, FAILED, INACTIVE, STOPPED = "ACTIVE", "CREATE FAILED", "INACTIVE", "CREATE STOPPED"
PENDING, IN_PROGRESS = "CREATE PENDING", "CREATE IN_PROGRESS"
SETTLED = (ACTIVE, FAILED, INACTIVE, STOPPED)


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One resource type: its name in operations, its keys in requests and answers, the fields that List shows."""

    noun: str
    listed_as: str
    summary: tuple[str, ...]
    parent_key: str | None = None
    has_status: bool = True
    words: tuple[tuple[str, str], ...] = ()  # status → AWS's word for it in this type

    @property
    def described_as(self) -> str:
        """The key of a Describe answer, e.g. ``datasetGroup``."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_key(self) -> str:
        """The key that holds the ARN, e.g. ``datasetGroupArn``."""
        return f"{self.described_as}Arn"


@dataclass(frozen=True)
class Switch:
    """A change of status, by START or STOP, that takes ``seconds``."""

    action: str
    status: str
    at: float
    seconds: float

    def phase(self, now: float) -> tuple[str, float]:
        """Return the status and the time at which it began."""
        over = self.at + self.seconds
        return (self.status, over) if now >= over else _step(self.action, self.at, self.seconds, now)


@dataclass(eq=False)
class Resource:
    """One resource. ``description`` holds the fields that Describe shows, without status and times.

    ``parents`` cannot be deleted before this resource is. ``inputs`` cannot be deleted while it is being created. It is
    deleted with its ``owner``. If ``has_job`` is set, a job must settle it before it is ACTIVE or FAILED.
    ``columns_added_at``: the columns of a dataset that its first schema did not have.
    """

    kind: ResourceType
    arn: str
    description: dict[str, Any]
    created_at: float
    seconds: float
    parents: tuple["Resource", ...] = ()
    inputs: tuple["Resource", ...] = ()
    owner: "Resource | None" = None
    failure: str | None = None
    has_job: bool = False
    settled_at: float | None = None
    stopped_at: float | None = None
    stopping_seconds: float = 0.0
    switch: Switch | None = None
    serial: int = 0
    deleted_at: float | None = None
    deleting_seconds: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    columns_added_at: dict[str, float] = field(default_factory=dict)

    def phase(self, now: float) -> tuple[str, float]:
        """Return the status and the time at which it began."""
        if self.deleted_at is not None:
            return _step("DELETE", self.deleted_at, self.deleting_seconds, now)
        if self.stopped_at is not None:
            over = self.stopped_at + self.stopping_seconds
            return (STOPPED, over) if now >= over else ("CREATE STOPPING", self.stopped_at)
        ready_at = max(self.created_at + self.seconds, self.settled_at or 0)
        if now < ready_at or (self.has_job and self.settled_at is None):
            return _step("CREATE", self.created_at, self.seconds, now)
        if self.failure:
            return FAILED, ready_at
        return self.switch.phase(now) if self.switch else (ACTIVE, ready_at)

    def settle(self, now: float, failure: str | None) -> None:
        """Record that the job has ended; ``failure``: the reason, or None if it succeeded."""
        self.settled_at, self.failure = now, failure

    def stop(self, now: float, seconds: float) -> None:
        """Give up the creation, at once if it is PENDING, else within ``seconds``."""
        is_pending = self.status(now) == PENDING
        self.stopped_at, self.stopping_seconds = now, 0.0 if is_pending else seconds

    def status(self, now: float) -> str:
        """Return the status, e.g. ``CREATE IN_PROGRESS``."""
        return self.phase(now)[0]

    def is_settled(self, now: float) -> bool:
        """Whether the creation has succeeded, failed or been stopped, and nothing else has begun."""
        return self.status(now) in SETTLED

    def gone(self, now: float) -> bool:
        """Whether the deletion of the resource, or of its owner, is over."""
        ended = self.deleted_at is not None and now >= self.deleted_at + self.deleting_seconds
        return ended or (self.owner is not None and self.owner.gone(now))

    def describe(self, now: float) -> dict[str, Any]:
        """Return the description, times in epoch seconds."""
        status, since = self.phase(now)
        described = {**self.description, self.kind.arn_key: self.arn}
        described |= {"creationDateTime": self.created_at, "lastUpdatedDateTime": since}
        if self.kind.has_status:
            described["status"] = dict(self.kind.words).get(status, status)
        if status == FAILED:
            described["failureReason"] = self.failure
        return described

    def summarise(self, now: float) -> dict[str, Any]:
        """Return the fields that List shows."""
        described = self.describe(now)
        return {key: described[key] for key in self.kind.summary if key in described}

    def require_active(self, now: float) -> None:
        """Raise ResourceInUse unless the status is ACTIVE."""
        status = self.status(now)
        if status != ACTIVE:
            raise ResourceInUse(f"{self.arn} must be ACTIVE, but it is in status {status}")

    def require_lasting(self, now: float) -> None:
        """Raise ResourceInUse if the resource is being deleted or its creation failed.

        A pending resource is allowed: the service's tutorials import into a dataset, and train a solution, that they
        have just created.
        """
        status = self.status(now)
        if status in (FAILED, STOPPED) or status.startswith("DELETE"):
            raise ResourceInUse(f"{self.arn} is in status {status}")


def _step(action: str, started_at: float, seconds: float, now: float) -> tuple[str, float]:
    turn = started_at + seconds * PENDING_SHARE
    return (f"{action} PENDING", started_at) if now < turn else (f"{action} IN_PROGRESS", turn)
