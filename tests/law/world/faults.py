"""What goes wrong with calls: which call of which operation, how, and what the caller sees of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.broker.stubs import client_error

SPOILT = "spoilt"  # how the items begin that Personalize refuses in this world
QUICK, LONG = 0.02, 3.0  # seconds that a call takes, and a slow one
LANDS_AT_LAST = 29.9  # seconds: what mParticle has not processed 30 s after it was sent, it never does
NOWHERE = "http://127.0.0.1"


class Killed(BaseException):
    """The process is gone in the middle of what it did. No ``except Exception`` of the product sees this."""


@dataclass(frozen=True)
class Kind:
    """One way to fail: whether the service does the work, the seconds until the caller knows, and what it is told.

    ``lands``: the work is done so many seconds later, when the caller has given up.
    ``changes`` makes another request of the one that was sent, ``emptied`` an answer with nothing in it (which is what
    botocore can make of one that broke off); ``status`` is mParticle's answer.
    """

    works: bool
    seconds: float = QUICK
    error: Callable[[str], BaseException] | None = None
    changes: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    emptied: bool = False
    lands: float | None = None
    status: int = 202
    headers: Mapping[str, str] | None = None


def _aws(code: str, status: int = 400) -> Callable[[str], BaseException]:
    return lambda operation: client_error(code, status, "", operation)


def _killed(operation: str) -> BaseException:
    return Killed(operation)


def _closed(_: str) -> BaseException:
    return ConnectionClosedError(endpoint_url=NOWHERE)


def _no_answer(_: str) -> BaseException:
    return ReadTimeoutError(endpoint_url=NOWHERE)


def _half_an_answer(_: str) -> BaseException:
    return ResponseParserError("the answer ends in the middle")


def _spoil_values(request: dict[str, Any]) -> dict[str, Any]:
    """Let Personalize refuse every event with a value, as it does where the schema has no column for one."""
    events = [event | {"itemId": SPOILT} if "eventValue" in event else event for event in request["eventList"]]
    return request | {"eventList": events}


DEATHS = {"killed before": Kind(False, error=_killed), "killed after": Kind(True, error=_killed)}
AWS: dict[str, Kind] = {
    "slow": Kind(True, LONG),
    "throttled": Kind(False, error=_aws("ThrottlingException")),
    "throttled 429": Kind(False, error=_aws("TooManyRequestsException", 429)),
    "unavailable": Kind(False, error=_aws("ServiceUnavailableException", 503)),
    "failed": Kind(False, error=_aws("InternalFailure", 500)),
    "denied": Kind(False, error=_aws("AccessDeniedException", 403)),
    "reset before": Kind(False, error=_closed),
    "reset after": Kind(True, error=_closed),
    "half a reply": Kind(True, error=_half_an_answer),
    "half a reply, read as empty": Kind(True, emptied=True),
    "hangs before": Kind(False, 5.0, _no_answer),
    "hangs after": Kind(True, 5.0, _no_answer),
    **DEATHS,
}
WRONG_TRACKER = {"wrong tracker": Kind(True, changes=lambda request: request | {"trackingId": "of-another-account"})}
NO_VALUES = {"no column for values": Kind(True, changes=_spoil_values)}
NO_CAMPAIGN = {
    "not found": Kind(False, error=_aws("ResourceNotFoundException", 404)),
    "refused": Kind(False, error=_aws("InvalidInputException")),
}
EVERY_OTHER = {"every other entry": Kind(True)}
MPARTICLE: dict[str, Kind] = {
    "slow": Kind(True, LONG),
    "throttled": Kind(False, status=429),
    "throttled, come back in 7 s": Kind(False, status=429, headers={"Retry-After": "7"}),
    "throttled, come back in 400 s": Kind(False, status=429, headers={"Retry-After": "400"}),
    "unavailable": Kind(False, status=503),
    "failed": Kind(False, status=500),
    "denied": Kind(False, status=403),
    "refused": Kind(False, status=400),
    "redirected": Kind(False, status=301),
    "reset before": Kind(False, error=requests.exceptions.ConnectionError),
    "reset after": Kind(True, error=requests.exceptions.ConnectionError),
    "half a reply": Kind(True, error=requests.exceptions.ChunkedEncodingError),
    "hangs before": Kind(False, 8.0, requests.exceptions.ReadTimeout),
    "hangs after": Kind(True, 8.0, requests.exceptions.ReadTimeout),
    "hangs, and lands late": Kind(True, 8.0, requests.exceptions.ReadTimeout, lands=25.0),
    "hangs, and lands at the last moment": Kind(True, 8.0, requests.exceptions.ReadTimeout, lands=LANDS_AT_LAST),
    **DEATHS,
    "killed, and it lands at the last moment": Kind(True, error=_killed, lands=LANDS_AT_LAST),
}
# A write that the table does long after its caller gave up. No time is promised for that: its condition must do.
LATE_WRITE = {"hangs, and lands late": Kind(True, 5.0, _no_answer, lands=120.0)}
# Of the local stack's own calls it matters only whether they worked, and whether whoever called knows.
LOCAL = {"unavailable": Kind(False)}
KINDS: dict[str, dict[str, Kind]] = {
    "PutEvents": AWS | WRONG_TRACKER | NO_VALUES,
    "GetRecommendations": AWS | NO_CAMPAIGN,
    "SendMessageBatch": AWS | EVERY_OTHER,
    "ChangeMessageVisibilityBatch": AWS | EVERY_OTHER,
    "PutObject": AWS,
    "GetObject": AWS,
    "GetSecretValue": AWS,
    "BatchGetItem": AWS,
    "TransactWriteItems": AWS | LATE_WRITE,
    "bulkevents": MPARTICLE,
    "forward": LOCAL | {"reset after": Kind(True)},
    "read the stream": LOCAL,
    "receive": LOCAL | {"twice": Kind(True)},
    "delete": LOCAL,
    "on failure": LOCAL,
}
ORDINARY = Kind(True)
# mParticle answers that it has taken an upload, and does nothing. No history draws it: no program can know at once.
DROPPED = "accepted and dropped"
NOT_DRAWN = {"bulkevents": {DROPPED: Kind(False)}}


def is_death(kind: str) -> bool:
    """Return whether the process dies of it."""
    return kind.startswith("killed")


class Faults:
    """What is to go wrong: single calls, counted from when they were asked for, and spells of time."""

    def __init__(self) -> None:
        self._calls: dict[str, list[list[Any]]] = {}
        self._spells: dict[str, list[tuple[float, str]]] = {}

    def fail(self, operation: str, kind: str, after: int) -> None:
        """Let the next call but ``after`` of an operation fail."""
        self._calls.setdefault(operation, []).append([after, kind])

    def fail_until(self, operation: str, kind: str, until: float) -> None:
        """Let every call of an operation fail until an epoch second."""
        self._spells.setdefault(operation, []).append((until, kind))

    def clear(self) -> None:
        """End everything that goes wrong."""
        self._calls.clear()
        self._spells.clear()

    def next(self, operation: str, now: float) -> str | None:
        """Return the kind of failure of the call that begins now, or None."""
        found = None
        waiting = self._calls.get(operation, [])
        for call in list(waiting):
            if call[0] == 0:
                waiting.remove(call)
                found = found or call[1]
            else:
                call[0] -= 1
        spells = (kind for until, kind in self._spells.get(operation, ()) if now < until)
        # A death happens in a spell too; anything else is what the spell makes of it.
        return found if found and is_death(found) else next(spells, found)
