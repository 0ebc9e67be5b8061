"""Finds, lists and deletes resources by ARN, under the service's rules."""

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from personalize_local.control.resources import Resource, ResourceType
from personalize_local.errors import InvalidNextToken, ResourceAlreadyExists, ResourceInUse, ResourceNotFound
from personalize_local.region import partition, region_of
from personalize_local.request_context import RequestContext

ACCOUNT = "123456789012"
PAGE = 100  # List operations give at most this many at once; also AWS's largest maxResults


class Registry:
    """All resources, by ARN, as they are at the time of the current request.

    ``refuse(resource)`` raises ServiceError for a new one that there may not be.
    """

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._by_arn: dict[str, Resource] = {}
        self._by_type: dict[ResourceType, dict[str, Resource]] = defaultdict(dict)
        self._deleting: list[Resource] = []
        self._serial = 0
        self.refuse: Callable[[Resource], None] = lambda resource: None

    def now(self) -> float:
        """Return the time in epoch seconds."""
        return self._context.at

    def new_id(self) -> str:
        """Return a new UUID."""
        return self._context.new_id()

    def lag(self) -> float:
        """Return the seconds until the next event is visible."""
        return self._context.lag()

    def first(self, value: float) -> float:
        """Return the value that the request had when it first came in; in a replay ``value`` may have changed."""
        return self._context.first(value)

    def first_text(self, text: str) -> str:
        """Return the text that the request had when it first came in; in a replay ``text`` may have changed."""
        return self._context.first_text(text)

    def arn(self, path: str) -> str:
        """Return the ARN of a resource in the request's region; ``path`` is, for example, ``campaign/shop``."""
        region = self._context.region
        return f"arn:{partition(region)}:personalize:{region}:{ACCOUNT}:{path}"

    def here(self, resource_type: ResourceType) -> Iterator[Resource]:
        """Yield the existing resources of a type in the request's region, in order of creation."""
        return (each for each in self.all(resource_type) if region_of(each.arn) == self._context.region)

    def all(self, resource_type: ResourceType) -> Iterator[Resource]:
        """Yield the existing resources of a type in all regions, in order of creation."""
        self._drop_gone()
        return iter(list(self._by_type[resource_type].values()))

    def has(self, arn: str) -> bool:
        """Return whether a resource exists."""
        self._drop_gone()
        return arn in self._by_arn

    def _drop_gone(self) -> None:
        now = self._context.at
        if not any(resource.gone(now) for resource in self._deleting):
            return
        for resource in [value for value in self._by_arn.values() if value.gone(now)]:
            self._drop(resource)
        self._deleting = [resource for resource in self._deleting if not resource.gone(now)]

    def _drop(self, resource: Resource) -> None:
        del self._by_arn[resource.arn]
        del self._by_type[resource.kind][resource.arn]

    def get(self, resource_type: ResourceType, arn: str) -> Resource | None:
        """Return an existing resource, None if there is none."""
        resource = self._by_arn.get(arn)
        if resource is None or resource.kind is not resource_type or resource.gone(self._context.at):
            return None
        return resource

    def find(self, resource_type: ResourceType, arn: str) -> Resource:
        """Return an existing resource. Raises ResourceNotFound."""
        resource = self.get(resource_type, arn)
        if resource is None:
            raise ResourceNotFound.of(arn)
        return resource

    def existing(self, arn: str) -> Resource:
        """Return an existing resource of any type. Raises ResourceNotFound."""
        resource = self._by_arn.get(arn)
        if resource is None or resource.gone(self._context.at):
            raise ResourceNotFound.of(arn)
        return resource

    def refuse_duplicate(self, arn: str) -> None:
        """Raise ResourceAlreadyExists if the ARN is taken."""
        taken = self._by_arn.get(arn)
        if taken is not None and not taken.gone(self._context.at):
            raise ResourceAlreadyExists(f"Another resource with Arn {arn} already exists.")

    def add(self, resource: Resource) -> None:
        """Add a new resource. Raises ResourceAlreadyExists, and what ``refuse`` raises, but not in a replay."""
        self.refuse_duplicate(resource.arn)
        if not self._context.is_replay:
            self.refuse(resource)
        resource.seconds = self._context.first(resource.seconds)
        self._serial += 1
        resource.serial = self._serial
        # Removed first: a name that is used again must come last in the order of creation.
        if taken := self._by_arn.get(resource.arn):
            self._drop(taken)
        self._by_arn[resource.arn] = self._by_type[resource.kind][resource.arn] = resource

    def delete(self, resource: Resource, seconds: float) -> None:
        """Start a deletion that takes ``seconds``. Raises ResourceInUse while it has dependants or is pending."""
        now = self._context.at
        if not resource.is_settled(now):
            raise ResourceInUse(f"{resource.arn} is in status {resource.status(now)}")
        for other in self._by_arn.values():
            if not other.gone(now) and _holds(other, resource, now):
                raise ResourceInUse(f"{resource.arn} is in use by {other.arn}")
        resource.deleted_at, resource.deleting_seconds = now, self._context.first(seconds)
        self._deleting.append(resource)

    def running(self, resource_type: ResourceType, resource: Resource) -> Resource | None:
        """Return a resource of a type that is being created from ``resource``, None if there is none."""
        now = self._context.at
        return next(
            (
                candidate
                for candidate in self.all(resource_type)
                if resource in candidate.inputs and not candidate.is_settled(now)
            ),
            None,
        )

    def refuse_running(self, resource_type: ResourceType, resource: Resource) -> None:
        """Raise ResourceInUse if a resource of a type is being created from ``resource``."""
        if job := self.running(resource_type, resource):
            status = job.status(self._context.at)
            raise ResourceInUse(f"{resource.arn} is in use by {job.arn}, which is in status {status}")

    def page(self, resource_type: ResourceType, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a List request. Raises InvalidNextToken."""
        parent, after = request.get(resource_type.parent_key or ""), _serial_from(request.get("nextToken"))
        resources = [
            resource
            for resource in self.here(resource_type)
            if resource.serial > after and parent in (None, _parent_arn(resource))
        ]
        shown = resources[: request.get("maxResults", PAGE)]
        answer: dict[str, Any] = {resource_type.listed_as: [resource.summarise(self._context.at) for resource in shown]}
        if len(resources) > len(shown):
            answer["nextToken"] = _token(shown[-1].serial)
        return answer


def page_of(values: Sequence[Any], request: Mapping[str, Any]) -> tuple[list[Any], dict[str, str]]:
    """Return the values of a List request's page, and its ``nextToken`` if there are more. Raises InvalidNextToken."""
    start = _serial_from(request.get("nextToken"))
    end = start + request.get("maxResults", PAGE)
    return list(values[start:end]), {"nextToken": _token(end)} if end < len(values) else {}


def _token(serial: int) -> str:
    return base64.urlsafe_b64encode(f"after:{serial}".encode()).decode()


def _holds(other: Resource, resource: Resource, now: float) -> bool:
    """Whether ``other`` keeps ``resource`` from being deleted."""
    return resource in other.parents or (resource in other.inputs and not other.is_settled(now))


def _parent_arn(resource: Resource) -> str | None:
    key = resource.kind.parent_key or ""
    first: str | None = resource.description.get(key)
    return first or next((parent.arn for parent in resource.parents if parent.kind.arn_key == key), None)


def _serial_from(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, serial = base64.urlsafe_b64decode(token).decode().split(":")
        if word != "after":
            raise InvalidNextToken("The nextToken is not valid")
        return int(serial)
    except ValueError as error:
        raise InvalidNextToken("The nextToken is not valid") from error
