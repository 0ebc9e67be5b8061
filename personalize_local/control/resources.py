"""What a resource is, and which status it is in at a given time.

Nothing runs in the background: a status is a function of the clock, so that a test, or a history in virtual time, can
look at any moment it likes.
"""

from dataclasses import dataclass
from typing import Any

from personalize_local.errors import ResourceInUse

ARN_PREFIX = "arn:aws:personalize:us-east-1:123456789012:"
PENDING_SHARE = 1 / 3  # of the time until ACTIVE is spent PENDING, the rest IN_PROGRESS
ACTIVE, FAILED = "ACTIVE", "CREATE FAILED"


@dataclass(frozen=True)
class ResourceType:
    """One kind of resource: its name in operations, its keys in requests and answers, what a List shows of it."""

    noun: str
    listed_as: str
    summary: tuple[str, ...]
    parent_key: str | None = None
    has_status: bool = True
    words: tuple[tuple[str, str], ...] = ()  # status → what AWS calls it for this kind

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

    ``parents`` cannot be deleted before this one is; ``inputs`` not as long as it is being created; with its ``owner``
    it is deleted.
    With ``works``, a job must settle it before it is ACTIVE or FAILED.
    """

    kind: ResourceType
    arn: str
    view: dict[str, Any]
    created_at: float
    seconds: float
    parents: tuple["Resource", ...] = ()
    inputs: tuple["Resource", ...] = ()
    owner: "Resource | None" = None
    failure: str | None = None
    works: bool = False
    settled_at: float | None = None
    serial: int = 0
    deleted_at: float | None = None
    deleting_seconds: float = 0.0

    def phase(self, now: float) -> tuple[str, float]:
        """Return the status and since when it holds."""
        if self.deleted_at is not None:
            return _step("DELETE", self.deleted_at, self.deleting_seconds, now)
        ready_at = max(self.created_at + self.seconds, self.settled_at or 0)
        if now < ready_at or (self.works and self.settled_at is None):
            return _step("CREATE", self.created_at, self.seconds, now)
        return (FAILED if self.failure else ACTIVE), ready_at

    def settle(self, now: float, failure: str | None) -> None:
        """Say that the job has ended, well or with the reason why not."""
        self.settled_at, self.failure = now, failure

    def status(self, now: float) -> str:
        """Return the status, e.g. ``CREATE IN_PROGRESS``."""
        return self.phase(now)[0]

    def is_settled(self, now: float) -> bool:
        """Whether it was created, well or not, and is not being deleted."""
        return self.status(now) in (ACTIVE, FAILED)

    def gone(self, now: float) -> bool:
        """Whether its deletion, or its owner's, is over."""
        ended = self.deleted_at is not None and now >= self.deleted_at + self.deleting_seconds
        return ended or (self.owner is not None and self.owner.gone(now))

    def describe(self, now: float) -> dict[str, Any]:
        """Return the description, times in epoch seconds."""
        status, since = self.phase(now)
        described = {**self.view, self.kind.arn_key: self.arn}
        described |= {"creationDateTime": self.created_at, "lastUpdatedDateTime": since}
        if self.kind.has_status:
            described["status"] = dict(self.kind.words).get(status, status)
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

    def require_lasting(self, now: float) -> None:
        """Raise ResourceInUse if it is being deleted or could not be created. One that is being created will do.

        The service's own tutorials import into a dataset, and train a solution, that they have just created.
        """
        status = self.status(now)
        if status == FAILED or status.startswith("DELETE"):
            raise ResourceInUse(f"{self.arn} is in status {status}")


def _step(action: str, started_at: float, seconds: float, now: float) -> tuple[str, float]:
    turn = started_at + seconds * PENDING_SHARE
    return (f"{action} PENDING", started_at) if now < turn else (f"{action} IN_PROGRESS", turn)
