"""The rule of a fault: which requests it strikes, how they fail, when and how often. Read from and shown as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from faults.request import SUBJECTS, Request

BEFORE, AFTER = "before", "after"
LATENCY, THROTTLING, UNAVAILABLE, INVALID, DENIED = "latency", "throttling", "unavailable", "invalid", "denied"
RESET, HALF_REPLY, HANGING, ENTRIES = "reset", "half-reply", "hanging", "entries"
FAULTS = {
    LATENCY: "the answer comes later (seconds)",
    THROTTLING: "too many requests: ThrottlingException, or 429 where that is the service's way (status, retry_after)",
    UNAVAILABLE: "the service fails: 503, or 500 (status)",
    INVALID: "400, the request is wrong; with user, item or event: only requests that name it",
    DENIED: "403, the credentials are refused; with key: only requests that carry that key",
    RESET: "the connection is cut, with no answer",
    HALF_REPLY: "the service does its work, and the connection is cut in the middle of its answer",
    HANGING: "no answer, and the connection stays open (seconds, then it is cut)",
    ENTRIES: "of a batch (SendMessageBatch, PutRecords), single entries fail; chance is each entry's",
}
_SECONDS = {LATENCY: 1.0, HANGING: 300.0}
_NUMBERS = ("chance", "every", "times", "from", "to", "seconds", "status", "retry_after")
_FIELDS = {"fault", "operation", "match", "when", *_NUMBERS}


class BadRule(ValueError):
    """An invalid fault; the message says what is wrong with it."""


@dataclass(frozen=True)
class Rule:
    """One fault. ``begin`` and ``end`` are seconds after it was added, ``times`` the most it may strike.

    ``operation`` is ``service.Operation``, with ``*`` for anything. ``match``: subject → patterns, each of which the
    request must name. ``moment``: whether the service does its work before it fails.
    """

    fault: str
    operation: str = "*"
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chance: float = 1.0
    every: int = 1
    times: int | None = None
    begin: float = 0.0
    end: float | None = None
    moment: str = BEFORE
    seconds: float = 0.0
    status: int | None = None
    retry_after: float | None = None

    def concerns(self, request: Request) -> bool:
        """Whether the rule matches a request."""
        return fnmatchcase(request.operation.lower(), self.operation.lower()) and all(
            any(fnmatchcase(name, pattern) for name in request.names(subject) for pattern in patterns)
            for subject, patterns in self.match.items()
        )

    def over(self, age: float, struck: int) -> bool:
        """Whether the fault has ended, ``age`` seconds after it was added."""
        return (self.end is not None and age >= self.end) or (self.times is not None and struck >= self.times)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object that ``read_rule`` reads, without default values."""
        shown = {
            "match": {subject: list(patterns) for subject, patterns in self.match.items()} or None,
            "chance": self.chance if self.chance < 1 else None,
            "every": self.every if self.every > 1 else None,
            "times": self.times,
            "from": self.begin or None,
            "to": self.end,
            "when": self.moment if self.moment != BEFORE else None,
            "seconds": self.seconds or None,
            "status": self.status,
            "retry_after": self.retry_after,
        }
        fields = {name: value for name, value in shown.items() if value is not None}
        return {"fault": self.fault, "operation": self.operation, **fields}


def read_rule(document: object) -> Rule:
    """Return the rule in a JSON object. Raises BadRule."""
    if not isinstance(document, dict) or document.get("fault") not in FAULTS:
        raise BadRule(f'a fault is an object with "fault": one of {", ".join(FAULTS)}')
    unknown = set(document) - _FIELDS
    if unknown:
        raise BadRule(f"unknown: {', '.join(sorted(unknown))}; a fault has {', '.join(sorted(_FIELDS))}")
    _check_numbers(document)
    fault = document["fault"]
    moment = document.get("when", AFTER if fault == HALF_REPLY else BEFORE)
    if moment not in (BEFORE, AFTER) or (fault == HALF_REPLY and moment == BEFORE):
        raise BadRule("when is before or after the service does its work; half a reply comes after it")
    return Rule(
        fault=fault,
        operation=_text(document.get("operation", "*")),
        match=_match(document.get("match", {})),
        chance=document.get("chance", 1.0),
        every=document.get("every", 1),
        times=document.get("times"),
        begin=document.get("from", 0.0),
        end=document.get("to"),
        moment=moment,
        seconds=document.get("seconds", _SECONDS.get(fault, 0.0)),
        status=document.get("status"),
        retry_after=document.get("retry_after"),
    )


def _check_numbers(document: Mapping[str, Any]) -> None:
    for name in _NUMBERS:
        value = document.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BadRule(f"{name} must be a number, not below 0")
    if document.get("chance", 1) > 1:
        raise BadRule("chance is a share, from 0 to 1")
    if not all(isinstance(document.get(name, 1), int) and document.get(name, 1) >= 1 for name in ("every", "times")):
        raise BadRule("every and times are whole numbers, at least 1")
    if "status" in document and not (isinstance(document["status"], int) and 400 <= document["status"] <= 599):
        raise BadRule("status is an HTTP status from 400 to 599")
    if document.get("to", float("inf")) <= document.get("from", 0):
        raise BadRule("to must be later than from")


def _match(document: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(document, dict) or not set(document) <= set(SUBJECTS):
        raise BadRule(f"match is an object with some of {', '.join(SUBJECTS)}")
    return {subject: _patterns(patterns) for subject, patterns in document.items()}


def _patterns(value: object) -> tuple[str, ...]:
    patterns = value if isinstance(value, list) else [value]
    if not patterns:
        raise BadRule("match: a list of patterns must not be empty")
    return tuple(_text(pattern) for pattern in patterns)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadRule("operation and what is matched are text, with * for anything")
    return value
