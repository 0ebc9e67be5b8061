"""mParticle's Events API without HTTP: from an upload's headers and body to its answer.

Source of statuses, headers and limits: docs.mparticle.com/developers/server/http/ and …/guides/default-service-limits/.
"""

import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from faults.token_bucket import TokenBucket
from local_stack.mparticle.core import MParticle
from local_stack.mparticle.inputs import INPUTS, Input, MissingCredentials, WrongCredentials, authenticate, of_pages
from local_stack.mparticle.rules.accepted import accepted_form
from local_stack.mparticle.rules.batch import check_batch
from local_stack.mparticle.rules.checks import Invalid

MAX_REQUEST_BYTES = 256 * 1024
MAX_BATCH_BYTES = 128 * 1024
MAX_BATCHES = 100
MAX_EVENTS = 100
BATCHES_PER_SECOND = 270.0  # per input, by default
DROPPED_SHOWN = 100
EVERY_INPUT = "*"

Operation = Literal["UploadEvents", "BulkUploadEvents"]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``status`` 0 means: close the connection without one."""

    status: int
    code: str = ""
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    source: Input | None = None

    @property
    def body(self) -> bytes:
        """Return mParticle's error body, or nothing for an accepted upload."""
        if not self.code:
            return b""
        return json.dumps({"errors": [{"code": self.code, "message": self.message}]}).encode()


class Refused(Exception):
    """An upload that is refused as a whole, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def _bad_request(message: str) -> Refused:
    return Refused(Answer(400, "BAD_REQUEST", message))


class EventsApi:
    """The upload operations. Thread-safe; no I/O. ``rate`` is in batches per second and input; None is no limit."""

    def __init__(self, workspace: MParticle, *, clock: Callable[[], float], rate: float | None) -> None:
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()
        self._limits = {name: TokenBucket(rate, clock=clock) for name in INPUTS} if rate else {}
        self._outages: dict[str, tuple[int, float]] = {}
        self._dropped: Counter[str] = Counter()
        self._latest_dropped: deque[dict[str, Any]] = deque(maxlen=DROPPED_SHOWN)

    def upload(self, operation: Operation, authorization: str | None, body: bytes) -> Answer:
        """Answer one request; ``operation`` says whether the body is one batch or an array of them."""
        bulk = operation == "BulkUploadEvents"
        return self._answer(lambda: authenticate(authorization), body, bulk=bulk, tolerant=bulk)

    def upload_of_page(self, key: str, body: bytes) -> Answer:
        """Answer mParticle's web SDK: one batch, and the page's key is all that it shows.

        A bad batch is dropped behind a 202, as one of many is: the SDK would send what is answered 400 again and again,
        and everything later would wait behind it.
        """
        return self._answer(lambda: of_pages(key), body, bulk=False, tolerant=True)

    def _answer(self, authenticated: Callable[[], Input], body: bytes, *, bulk: bool, tolerant: bool) -> Answer:
        source: Input | None = None
        try:
            self._fail_during_outage(EVERY_INPUT)
            source = _authenticated(authenticated)
            self._fail_during_outage(source.name)
            batches = _batches(body, bulk=bulk)
            headers = self._within_rate(source, len(batches))
            self._take(source, batches, len(body), tolerant=tolerant)
        except Refused as refused:
            return _with_source(refused.answer, source)
        return Answer(202, headers=headers, source=source)

    def start_outage(self, name: str, status: int, seconds: float) -> None:
        """Answer ``status`` (0: no answer) to one input, or to all with ``*``, for ``seconds``."""
        with self._lock:
            self._outages[name] = (status, self._clock() + seconds)

    def end_outages(self) -> None:
        """Answer normally again."""
        with self._lock:
            self._outages.clear()

    def dropped(self) -> dict[str, Any]:
        """Return how many batches and single events were refused, by reason, and the latest with the batch's ids.

        Never their content.
        """
        with self._lock:
            return {
                "count": self._dropped.total(),
                "reasons": dict(self._dropped),
                "latest": list(self._latest_dropped),
            }

    def _fail_during_outage(self, name: str) -> None:
        with self._lock:
            status, until = self._outages.get(name, (0, 0.0))
            if self._clock() >= until:
                return
        code = "" if status == 0 else "SERVICE_UNAVAILABLE"
        raise Refused(Answer(status, code, "an outage that was asked for"))

    def _within_rate(self, source: Input, batches: int) -> dict[str, str]:
        limit = self._limits.get(source.name)
        if limit is None:
            return {}
        with self._lock:
            seconds = limit.take(batches)
            used = limit.percentage_used()
        if seconds:
            headers = {"Retry-After": str(seconds), "X-mp-rate-limit-exceeded": source.limit_scope}
            raise Refused(Answer(429, "TOO_MANY_REQUESTS", "too many batches in a second", headers))
        return {"X-mp-rate-limit-percentage-used": str(used)}

    def _take(self, source: Input, batches: list[Any], size: int, *, tolerant: bool) -> None:
        for batch in batches:
            try:
                bad_events = check_batch(batch)
                form = accepted_form(batch, bad_events)
                if size > MAX_BATCH_BYTES:
                    _check_size(form)
            except Invalid as reason:
                self._drop(source, batch, str(reason))
                if not tolerant:
                    raise _bad_request(str(reason)) from None
            else:
                for bad in bad_events.values():
                    self._drop(source, batch, str(bad))
                self._workspace.accept(source, form)

    def _drop(self, source: Input, batch: Any, reason: str) -> None:
        ids = {name: batch.get(name) for name in ("mpid", "source_request_id")} if isinstance(batch, dict) else {}
        with self._lock:
            self._dropped[reason] += 1
            self._latest_dropped.append({"input": source.name, "reason": reason, **ids})


def _authenticated(authenticated: Callable[[], Input]) -> Input:
    try:
        return authenticated()
    except MissingCredentials:
        raise Refused(Answer(401, "UNAUTHORIZED", "Basic credentials are missing")) from None
    except WrongCredentials:
        raise Refused(Answer(403, "FORBIDDEN", "the key or the secret is wrong")) from None


def _batches(body: bytes, *, bulk: bool) -> list[Any]:
    if len(body) > MAX_REQUEST_BYTES:
        raise _bad_request(f"the request is larger than {MAX_REQUEST_BYTES} bytes")
    try:
        content = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _bad_request("the body is not JSON") from None
    if not bulk:
        return [content]
    if not isinstance(content, list):
        raise _bad_request("the body is not an array of batches")
    if len(content) > MAX_BATCHES:
        raise _bad_request(f"more than {MAX_BATCHES} batches")
    if sum(map(_event_count, content)) > MAX_EVENTS:
        raise _bad_request(f"more than {MAX_EVENTS} events")
    return content


def _check_size(batch: dict[str, Any]) -> None:
    # Only for requests that could hold such a batch: serialising every batch again would double the time of an upload.
    if len(json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")) > MAX_BATCH_BYTES:
        raise Invalid(f"batch is larger than {MAX_BATCH_BYTES} bytes")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _event_count(batch: Any) -> int:
    events = batch.get("events") if isinstance(batch, dict) else None
    return len(events) if isinstance(events, list) else 0


def _with_source(answer: Answer, source: Input | None) -> Answer:
    return Answer(answer.status, answer.code, answer.message, answer.headers, source)
