"""How every resource comes to be: described; not found → created; pending → waited for. Repeated, nothing changes.

And how one goes: deleted, and waited for until it is not found.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.resource_types import Kind

# Seconds between two looks: short at first (a local resource is there at once), then ever longer (a training on AWS
# takes an hour, and DescribeX calls are throttled).
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.1, 10.0, 1.3

# Of all kinds but data deletion jobs: ACTIVE, CREATE PENDING, CREATE IN_PROGRESS.
DONE, UNDER_WAY = ("ACTIVE", "COMPLETED"), ("CREATE ", "PENDING", "IN_PROGRESS")
DELETING = ("DELETE PENDING", "DELETE IN_PROGRESS")

State = Mapping[str, Any]
Show = Callable[[str, State], None]


class CreationFailed(Exception):
    """A resource ended in a FAILED status; the message is one line: which, the service's reason, what to do."""


def quiet(what: str, state: State) -> None:
    """Show nothing."""


class Resources:
    """Finds, creates and waits for resources through a boto3 client. ``show`` gets every state while it waits."""

    def __init__(self, personalize: Any, *, show: Show = quiet, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = personalize
        self._show = show
        self._sleep = sleep

    def all(self, kind: Kind, **scope: str) -> list[State]:
        """Return the summaries of all resources of a kind, within a parent where the operation takes one."""
        pages = self.client.get_paginator(f"list_{kind.noun}s").paginate(**scope)
        return [summary for page in pages for summary in page[kind.list_key]]

    def find(self, kind: Kind, name: str, **scope: str) -> str | None:
        """Return the ARN of the resource of this name."""
        found = (one[kind.arn] for one in self.all(kind, **scope) if one.get(kind.named) == name)
        return next(found, None)

    def describe(self, kind: Kind, arn: str) -> State:
        """Return a resource's description."""
        answer = getattr(self.client, f"describe_{kind.noun}")(**{kind.arn: arn})
        described: State = answer[kind.key]
        return described

    def create(self, kind: Kind, request: State) -> str:
        """Create a resource and return its ARN, without waiting."""
        arn: str = getattr(self.client, f"create_{kind.noun}")(**request)[kind.arn]
        return arn

    def ensure(self, kind: Kind, name: str, request: State, **scope: str) -> State:
        """Return the resource of this name as it is once ACTIVE; ``request``: how to create it if there is none.

        Raises CreationFailed.
        """
        arn = self.find(kind, name, **scope) or self.create(kind, {kind.named: name, **request})
        return self.wait(kind, arn)

    def wait(self, kind: Kind, arn: str, part: str = "") -> State:
        """Wait until a resource is ACTIVE; return its description. ``part``: see ``states``. Raises CreationFailed."""
        waited = False
        for state in self.states(kind, arn, part):
            waited = waited or state.get("status", "ACTIVE") != "ACTIVE"
            if waited:  # what was there already is not worth a line
                self._show(kind.words, state)
        return state

    def states(self, kind: Kind, arn: str, part: str = "") -> Iterator[State]:
        """Yield a resource's description until it is ACTIVE; ``part``: an update in it that decides instead.

        Raises CreationFailed.
        """
        pause = FIRST_PAUSE
        while True:
            described = self.describe(kind, arn)
            state = {**described, **described.get(part, {})}
            yield state
            status = state.get("status", "ACTIVE")  # a schema has none
            if status in DONE:
                return
            if not status.startswith(UNDER_WAY) or status.endswith(("FAILED", "STOPPED")):
                raise CreationFailed(failure(kind, state))
            self._sleep(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def delete(self, kind: Kind, arn: str) -> None:
        """Delete a resource, unless that is under way already, and wait until it is gone.

        Raises CreationFailed (the deletion has), botocore's ClientError.
        """
        if self.describe(kind, arn)["status"] not in DELETING:
            getattr(self.client, f"delete_{kind.noun}")(**{kind.arn: arn})
        pause = FIRST_PAUSE
        while state := self._unless_gone(kind, arn):
            self._show(kind.words, state)
            if state["status"] == "DELETE FAILED":
                raise CreationFailed(failure(kind, state))
            self._sleep(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)

    def _unless_gone(self, kind: Kind, arn: str) -> State | None:
        try:
            return self.describe(kind, arn)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise


def failure(kind: Kind, state: State) -> str:
    """Return one line: which resource is in a state that nothing follows, why, and what to do."""
    name = state.get(kind.named) or state[kind.arn].rpartition(":")[2]
    reason = " ".join(str(state.get("failureReason", "no reason given")).split())
    return f"{kind.words} {name} is {state['status']}: {reason}{_advice(kind, state)}"


def _advice(kind: Kind, state: State) -> str:
    if state["status"] in DELETING:
        return " (wait until it is gone, then run this again)"
    if kind.noun in ("dataset_import_job", "batch_inference_job", "data_deletion_job", "solution_version"):
        return " (mend that, then run this again: it makes a new one)"
    option = kind.noun.replace("_", "-")
    delete = f"aws personalize delete-{option} --{option}-arn {state[kind.arn]}"
    return f" (mend that, delete it with: {delete}, run this again)"
