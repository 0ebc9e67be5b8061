"""Creation and deletion of Personalize resources, both idempotent.

A resource is described first: if it is not found it is created, if it is pending it is waited for. A deleted resource
is waited for until it is not found.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.resource_types import ResourceType

# Seconds between two polls: short at first (a local resource is ACTIVE at once), then ever longer (a training on AWS
# takes an hour, and Describe calls are throttled).
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 10.0, 1.3

# Of all kinds but data deletion jobs: ACTIVE, CREATE PENDING, CREATE IN_PROGRESS.
DONE, UNDER_WAY = ("ACTIVE", "COMPLETED"), ("CREATE ", "PENDING", "IN_PROGRESS")
DELETING = ("DELETE PENDING", "DELETE IN_PROGRESS")

State = Mapping[str, Any]
Show = Callable[[str, State], None]


class CreationFailed(Exception):
    """A resource ended in a FAILED status; the message is one line: which, the service's reason, what to do."""


def quiet(label: str, state: State) -> None:
    """Ignore a state."""


class Resources:
    """Finds, creates and waits for resources through a boto3 client. ``show`` is called with every state of a wait."""

    def __init__(self, personalize: Any, *, show: Show = quiet, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = personalize
        self._show = show
        self._sleep = sleep

    def all(self, resource_type: ResourceType, **scope: str) -> list[State]:
        """Return the summaries of all resources of a type, within a parent if the operation takes one."""
        pages = self.client.get_paginator(f"list_{resource_type.noun}s").paginate(**scope)
        return [summary for page in pages for summary in page[resource_type.list_key]]

    def find(self, resource_type: ResourceType, name: str, **scope: str) -> str | None:
        """Return the ARN of the resource of this name."""
        arns = (
            summary[resource_type.arn]
            for summary in self.all(resource_type, **scope)
            if summary.get(resource_type.named) == name
        )
        return next(arns, None)

    def describe(self, resource_type: ResourceType, arn: str) -> State:
        """Return a resource's description."""
        answer = getattr(self.client, f"describe_{resource_type.noun}")(**{resource_type.arn: arn})
        described: State = answer[resource_type.key]
        return described

    def create(self, resource_type: ResourceType, request: State) -> str:
        """Create a resource and return its ARN, without waiting."""
        arn: str = getattr(self.client, f"create_{resource_type.noun}")(**request)[resource_type.arn]
        return arn

    def ensure(self, resource_type: ResourceType, name: str, request: State, **scope: str) -> State:
        """Return the description of a resource once it is ACTIVE; ``request``: how to create a missing one.

        Raises CreationFailed.
        """
        arn = self.find(resource_type, name, **scope) or self.create(
            resource_type, {resource_type.named: name, **request}
        )
        return self.wait(resource_type, arn)

    def wait(self, resource_type: ResourceType, arn: str, part: str = "") -> State:
        """Wait until a resource is ACTIVE; return its description. ``part``: see ``states``. Raises CreationFailed."""
        waited = False
        for state in self.states(resource_type, arn, part):
            waited = waited or state.get("status", "ACTIVE") != "ACTIVE"
            if waited:  # a resource that was ACTIVE before needs no line
                self._show(resource_type.words, state)
        return state

    def states(self, resource_type: ResourceType, arn: str, part: str = "") -> Iterator[State]:
        """Yield a resource's description until it is ACTIVE; ``part``: the key of an update that decides instead.

        Raises CreationFailed.
        """
        pause = FIRST_PAUSE
        while True:
            described = self.describe(resource_type, arn)
            state = {**described, **described.get(part, {})}
            yield state
            status = state.get("status", "ACTIVE")  # a schema has none
            if status in DONE:
                return
            if not status.startswith(UNDER_WAY) or status.endswith(("FAILED", "STOPPED")):
                raise CreationFailed(failure(resource_type, state))
            self._sleep(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def delete(self, resource_type: ResourceType, arn: str) -> None:
        """Delete a resource, unless its deletion is already running, and wait until it is not found.

        Raises CreationFailed (the deletion failed), botocore's ClientError.
        """
        if self.describe(resource_type, arn)["status"] not in DELETING:
            getattr(self.client, f"delete_{resource_type.noun}")(**{resource_type.arn: arn})
        pause = FIRST_PAUSE
        while state := self._unless_gone(resource_type, arn):
            self._show(resource_type.words, state)
            if state["status"] == "DELETE FAILED":
                raise CreationFailed(failure(resource_type, state))
            self._sleep(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def _unless_gone(self, resource_type: ResourceType, arn: str) -> State | None:
        try:
            return self.describe(resource_type, arn)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise


def failure(resource_type: ResourceType, state: State) -> str:
    """Return one line: which resource has failed, why, and what to do."""
    name = state.get(resource_type.named) or state[resource_type.arn].rpartition(":")[2]
    reason = " ".join(str(state.get("failureReason", "no reason given")).split())
    return f"{resource_type.words} {name} is {state['status']}: {reason}{_advice(resource_type, state)}"


def _advice(resource_type: ResourceType, state: State) -> str:
    if state["status"] in DELETING:
        return " (wait until it is gone, then run this again)"
    if resource_type.noun.endswith("_job") or resource_type.noun == "solution_version":
        return " (mend that, then run this again: it makes a new one)"
    option = resource_type.noun.replace("_", "-")
    delete = f"aws personalize delete-{option} --{option}-arn {state[resource_type.arn]}"
    return f" (mend that, delete it with: {delete}, run this again)"
