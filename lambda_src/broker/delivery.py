"""How requests are delivered: several at once; a rejected one is bisected until each bad part stands alone.

A wrong tracker and a wrong schema are answered like a bad event, with 400. So a part is only called rejected if it is
refused alone, and if the configuration is verified for its kind before that and after. Where nothing shows that the
configuration works, the whole invocation fails and nothing is quarantined.
"""

import math
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

from broker import failures
from broker.failures import Failure, Misconfigured, Unavailable
from broker.outcomes import Accepted, Kind, Outcome, Part, Rejected, Result, Retryable, Unproven, only

T = TypeVar("T")

BREAKER_MINIMUM = 20
STRAGGLERS = 100  # one request in so many may be late,
MANY = 20  # and one of so many
TICK = 0.1  # seconds
GRACE, GRACE_SHARE = 0.75, 0.2  # for so many seconds, or for that share of the time so far, stragglers are waited for


# Returns which of the rejected parts no probe shows to be bad; None where nothing shows that anything can work.
Verify = Callable[[Mapping[Part, Outcome[Result]]], Collection[Part] | None]


def deliver(
    requests: Sequence[Sequence[Part]],
    send: Callable[[Sequence[Part]], Result],
    pool: Executor,
    verify: Verify[Part, Result],
) -> dict[Part, Outcome[Result]]:
    """Send every request, in order, as many at once as the pool has workers; return the outcome of each part.

    See Delivery for the rules and the errors.
    """
    delivery: Delivery[Part, Result] = Delivery(send, pool)
    for request in requests:
        delivery.start(request)
    return delivery.finish(verify)


def is_accepted(send_probe: Callable[[], object]) -> bool:
    """Return whether a probe is accepted, by the same rules as a request. Raises Unavailable, Misconfigured."""
    try:
        send_probe()
    except (Unavailable, Misconfigured):
        raise
    except Exception:
        return False
    return True


class Delivery(Generic[Part, Result]):
    """Requests that are delivered together: ``start`` each of them, then ``finish``.

    ``accepted(request, result)``, in a worker's thread, tells at once what is accepted at the first attempt, and
    ``meanwhile()`` is called several times a second while requests are waited for. A request that stays throttled lets
    no further one start. Stragglers are not waited for: where nearly all requests have an outcome, the parts of the
    others become retryable after a short time, whatever comes of them.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Part]], Result],
        pool: Executor,
        accepted: Callable[[Sequence[Part], Result], None] = lambda request, result: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._send = send
        self._pool = pool
        self._accepted = accepted
        self._meanwhile = meanwhile
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._attempts: list[Future[None]] = []
        self._parts: list[Part] = []
        self._stopped_by: Failure | None = None
        self._verified = False
        self._failed_requests: list[tuple[Sequence[Part], Rejected]] = []
        self._outcome_of: dict[Part, Outcome[Result]] = {}
        self._is_finished = False

    def start(self, request: Sequence[Part]) -> None:
        """Send a request as soon as the pool has a free worker."""
        self._parts += request
        self._attempts.append(self._pool.submit(self._attempt, request))

    def finish(self, verify: Verify[Part, Result]) -> dict[Part, Outcome[Result]]:
        """Wait for the requests; return the outcome of each part.

        ``verify(so_far)`` is called where parts are rejected: before they are sent once more, and after. Where it
        raises Unavailable, those parts are retryable. Raises Misconfigured, also where ``verify`` returns None.
        """
        self._await(self._attempts)
        # Not before all were tried: many bad parts in the first request are not a wrong configuration if others arrive.
        self._each(self._bisect, self._pop_failed_requests())
        self._verify_configuration(verify)
        self._each(self._bisect, self._pop_failed_requests())
        # The configuration may have become right, or wrong, since a part was rejected. So its kind must also be proven
        # before its second refusal.
        unproven = self._only(Unproven)
        self._each(self._send_alone, self._pop_rejected_parts())
        self._verify_configuration(verify)
        self._outcome_of |= {part: unproven[part] for part in self._only(Rejected) if part in unproven}
        with self._lock:
            self._is_finished = True
            return {part: self._outcome_of.get(part, Retryable()) for part in self._parts}

    def _each(self, do: Callable[[T], None], things: Sequence[T]) -> None:
        self._await([self._pool.submit(do, thing) for thing in things])

    def _await(self, futures: Sequence[Future[None]]) -> None:
        few = len(futures) // STRAGGLERS if len(futures) >= STRAGGLERS else int(len(futures) >= MANY)
        pending, until = _Pending(futures), math.inf
        while pending.number and time.monotonic() < until:
            pending.wait(TICK)
            self._meanwhile()
            if pending.number <= few and until == math.inf:
                now = time.monotonic()
                until = now + max(GRACE, GRACE_SHARE * (now - self._began))
        for future in futures:
            if future.done():
                future.result()
            else:
                future.cancel()

    def _attempt(self, request: Sequence[Part]) -> None:
        rejection = self._rejection(request)
        outcome = self._outcome_of.get(request[0])
        if rejection:
            self._keep_failed(request, rejection)
        elif isinstance(outcome, Accepted):
            self._accepted(request, outcome.result)

    def _pop_failed_requests(self) -> list[tuple[Sequence[Part], Rejected]]:
        """Return the requests to bisect: the longest first, since they are the likeliest to hold a good part."""
        failed, self._failed_requests = sorted(self._failed_requests, key=lambda failed: -len(failed[0])), []
        return failed

    def _bisect(self, failed: tuple[Sequence[Part], Rejected]) -> None:
        """Halve a rejected request until each bad part stands alone; keep it whole after too many rejections."""
        request, rejection = failed
        if self._too_many_rejections():
            self._keep_failed(request, rejection)
        elif len(request) == 1:
            self._set(request, rejection)
        else:
            middle = len(request) // 2
            for half in (request[:middle], request[middle:]):
                again = self._rejection(half)
                if again:
                    self._bisect((half, again))

    def _pop_rejected_parts(self) -> list[Part]:
        """Return the parts that are rejected or unproven, and forget their outcome."""
        parts = [*self._only(Rejected), *self._only(Unproven)]
        for part in parts:
            del self._outcome_of[part]
        return parts

    def _send_alone(self, part: Part) -> None:
        """Send a part by itself, and call it rejected if the request is."""
        rejection = self._rejection([part])
        if rejection:
            self._set([part], rejection)

    def _verify_configuration(self, verify: Verify[Part, Result]) -> None:
        """Tell rejected parts from unproven ones. Raises Misconfigured where nothing is seen to work."""
        if isinstance(self._stopped_by, Misconfigured):
            raise self._stopped_by
        rejected = self._only(Rejected)
        if not rejected:
            return
        try:
            if self._stopped_by:
                raise self._stopped_by
            unproven = verify(self._so_far())
        except Unavailable as failure:  # whether the parts or the configuration are wrong can't be known now
            self._stop(failure)
            self._set(self._pop_rejected_parts(), _retryable(failure))
            return
        if unproven is None:
            raise self._misconfigured(rejected)
        self._verified = True
        self._outcome_of |= {part: Unproven(rejected[part].detail) for part in rejected if part in unproven}

    def _rejection(self, request: Sequence[Part]) -> Rejected | None:
        """Send a request; return why it can never work, or None where it is accepted or retryable.

        When the delivery is finished, a straggler sends nothing further: nobody would know what becomes of it.
        """
        if self._is_finished:
            return None
        if self._stopped_by:
            self._set(request, _retryable(self._stopped_by))
            return None
        try:
            result = self._send(request)
        except failures.Rejected as failure:
            return Rejected(str(failure))
        except Failure as failure:
            if not isinstance(failure, Unavailable) or failure.throttled:
                self._stop(failure)
            self._set(request, _retryable(failure))
        except Exception as error:
            return Rejected(failures.described(error))
        else:
            self._set(request, Accepted(result))
        return None

    def _too_many_rejections(self) -> bool:
        if self._verified or self._only(Accepted):
            return False
        return len(self._only(Rejected)) >= BREAKER_MINIMUM

    def _misconfigured(self, rejected: Mapping[Part, Rejected]) -> Misconfigured:
        total = len(rejected) + len(self._only(Accepted))
        first = next(iter(rejected.values()))
        return Misconfigured(f"{len(rejected)} of {total} refused, so the configuration is wrong: {first.detail}")

    def _only(self, kind: type[Kind]) -> dict[Part, Kind]:
        with self._lock:
            return only(self._outcome_of, kind)

    def _so_far(self) -> dict[Part, Outcome[Result]]:
        with self._lock:  # a straggler may come
            return dict(self._outcome_of)

    def _set(self, parts: Sequence[Part], outcome: Outcome[Result]) -> None:
        with self._lock:
            if not self._is_finished:  # a straggler may still come
                self._outcome_of.update(dict.fromkeys(parts, outcome))

    def _keep_failed(self, request: Sequence[Part], rejection: Rejected) -> None:
        with self._lock:
            self._failed_requests.append((request, rejection))

    def _stop(self, failure: Failure) -> None:
        with self._lock:
            if not isinstance(self._stopped_by, Misconfigured):
                self._stopped_by = failure


class _Pending:
    """How many of some futures are not done. ``concurrent.futures.wait`` locks each of them at every call."""

    def __init__(self, futures: Sequence[Future[None]]) -> None:
        self.number = len(futures)
        self._lock = threading.Lock()
        self._all_done = threading.Event()
        for future in futures:
            future.add_done_callback(self._done)

    def wait(self, seconds: float) -> None:
        """Wait until all are done, or for so long."""
        if self.number:
            self._all_done.wait(seconds)

    def _done(self, _: Future[None]) -> None:
        with self._lock:
            self.number -= 1
        if not self.number:
            self._all_done.set()


def _retryable(failure: Failure) -> Retryable:
    return Retryable(failure.retry_after if isinstance(failure, Unavailable) else None)
