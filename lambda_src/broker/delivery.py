"""How requests are delivered: many at once, a refused one halved until the bad part stands alone, with a breaker.

A wrong tracker and a wrong schema are answered like a bad event, with 400. So a part counts as bad only where it is
refused between two proofs that the configuration works for its kind; without any proof the whole invocation fails, and
nothing is quarantined.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from broker.failures import Failure, Misconfigured, Rejected, Unavailable

Part = TypeVar("Part")
Result = TypeVar("Result")
T = TypeVar("T")

BREAKER_MINIMUM = 20


@dataclass
class Delivered(Generic[Part, Result]):
    """What became of every part of every request: exactly one of the four.

    ``unproven`` is what was refused while other kinds of parts are accepted: it may be bad, or a setting may be wrong.
    """

    accepted: list[tuple[Part, Result]] = field(default_factory=list)
    rejected: list[tuple[Part, str]] = field(default_factory=list)
    unproven: list[tuple[Part, str]] = field(default_factory=list)
    waiting: list[tuple[Part, float | None]] = field(default_factory=list)


# Of what is refused so far, which parts no proof says to be bad; None where nothing shows that anything can work.
Proof = Callable[[Delivered[Part, Result]], Collection[Part] | None]


def deliver(
    requests: Sequence[Sequence[Part]],
    send: Callable[[Sequence[Part]], Result],
    pool: Executor,
    proof: Proof[Part, Result],
) -> Delivered[Part, Result]:
    """Send every request, in order, as many at once as the pool has workers; then find what is bad in the refused.

    A request that stays throttled lets no further one start; what was not sent is ``waiting``, with the seconds that
    the other side asked for, if any. ``proof(so_far)`` is asked where anything is refused, before that is sent once
    more and after. Where it raises Unavailable, what was refused waits as well. Raises Misconfigured, also where there
    is no proof.
    """
    delivery: _Delivery[Part, Result] = _Delivery(send)
    _each(pool, delivery.attempt, requests)
    # Not before all were tried: many bad parts in the first request are no wrong configuration if others get through.
    _each(pool, delivery.narrow, delivery.take_refused())
    delivery.prove(proof)
    _each(pool, delivery.narrow, delivery.take_refused())
    # The configuration may have become right, or wrong, since a part was refused.
    _each(pool, delivery.send_alone, delivery.take_rejected())
    delivery.prove(proof)
    return delivery.done


def is_accepted(send_probe: Callable[[], object]) -> bool:
    """Return whether a probe is accepted, told as it is of a request. Raises Unavailable, Misconfigured."""
    try:
        send_probe()
    except (Unavailable, Misconfigured):
        raise
    except Exception:
        return False
    return True


def _each(pool: Executor, do: Callable[[T], None], things: Sequence[T]) -> None:
    for future in [pool.submit(do, thing) for thing in things]:
        future.result()


class _Delivery(Generic[Part, Result]):
    def __init__(self, send: Callable[[Sequence[Part]], Result]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._stopped_by: Failure | None = None
        self._proven = False
        self._refused: list[tuple[Sequence[Part], Rejected]] = []
        self.done: Delivered[Part, Result] = Delivered()

    def attempt(self, request: Sequence[Part]) -> None:
        failure = self._refusal(request)
        if failure:
            with self._lock:
                self._refused.append((request, failure))

    def take_refused(self) -> list[tuple[Sequence[Part], Rejected]]:
        """Return the requests to take apart: the longest first, in which something good is the likeliest."""
        refused, self._refused = sorted(self._refused, key=lambda refused: -len(refused[0])), []
        return refused

    def narrow(self, refused: tuple[Sequence[Part], Rejected]) -> None:
        """Halve a refused request until what is bad in it stands alone; leave it where nothing at all is accepted."""
        request, failure = refused
        if self._is_hopeless():
            with self._lock:
                self._refused.append(refused)
        elif len(request) == 1:
            self._reject(request[0], failure)
        else:
            middle = len(request) // 2
            for half in (request[:middle], request[middle:]):
                again = self._refusal(half)
                if again:
                    self.narrow((half, again))

    def take_rejected(self) -> list[Part]:
        """Return what is rejected, as if nothing were known of it."""
        parts = [part for part, _ in self.done.rejected + self.done.unproven]
        self.done.rejected, self.done.unproven = [], []
        return parts

    def send_alone(self, part: Part) -> None:
        """Send a part by itself; it is rejected if it is refused."""
        failure = self._refusal([part])
        if failure:
            self._reject(part, failure)

    def _refusal(self, request: Sequence[Part]) -> Rejected | None:
        """Send a request; return why it can never work, or None where it is delivered or has to wait."""
        if self._stopped_by:
            self._wait(request, self._stopped_by)
            return None
        try:
            result = self._send(request)
        except Rejected as failure:
            return failure
        except Failure as failure:
            if not isinstance(failure, Unavailable) or failure.throttled:
                self._stop(failure)
            self._wait(request, failure)
        except Exception as error:
            return Rejected(type(error).__name__)
        else:
            with self._lock:
                self.done.accepted += [(part, result) for part in request]
        return None

    def _wait(self, request: Sequence[Part], failure: Failure) -> None:
        retry_after = failure.retry_after if isinstance(failure, Unavailable) else None
        with self._lock:
            self.done.waiting += [(part, retry_after) for part in request]

    def _is_hopeless(self) -> bool:
        return not self._proven and not self.done.accepted and len(self.done.rejected) >= BREAKER_MINIMUM

    def _reject(self, part: Part, failure: Rejected) -> None:
        with self._lock:
            self.done.rejected.append((part, str(failure)))

    def _stop(self, failure: Failure) -> None:
        with self._lock:
            if not isinstance(self._stopped_by, Misconfigured):
                self._stopped_by = failure

    def prove(self, proof: Proof[Part, Result]) -> None:
        """Tell what is bad from what is unproven. Raises Misconfigured where nothing is seen to work."""
        if isinstance(self._stopped_by, Misconfigured):
            raise self._stopped_by
        accepted, rejected = len(self.done.accepted), len(self.done.rejected)
        if not rejected:
            return
        try:
            if self._stopped_by:
                raise self._stopped_by
            unproven = proof(self.done)
        except Unavailable as failure:  # whose fault it is can't be told now
            self._stop(failure)
            self._wait(self.take_rejected(), failure)
            return
        if unproven is None:
            reason = self.done.rejected[0][1]
            raise Misconfigured(f"{rejected} of {accepted + rejected} refused, so the configuration is wrong: {reason}")
        self._proven = True
        self.done.unproven = [(part, reason) for part, reason in self.done.rejected if part in unproven]
        self.done.rejected = [(part, reason) for part, reason in self.done.rejected if part not in unproven]
